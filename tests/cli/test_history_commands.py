"""The commands that look back, go back and keep house, with their exit codes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from story import FIRST, Story, agent_installs

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry.start import start as run

SOUL = FIRST["SOUL.md"]


class Cli:
    """The command line in this process, on a story's home."""

    def __init__(self, story: Story, capture: pytest.CaptureFixture[str]) -> None:
        self.story = story
        self.capture = capture

    def __call__(self, *words: str) -> tuple[int, str, str]:
        code = run(HERMES, list(words), prog="hermes-dist", profile=None)
        out, err = self.capture.readouterr()
        return code, out, err

    def json(self, *words: str) -> dict[str, Any]:
        _, out, _ = self(*words, "--json")
        data = json.loads(out)
        assert isinstance(data, dict)
        return data


@pytest.fixture
def cli(home: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(Story(home), capsys)


def _two(cli: Cli) -> None:
    cli.story.install()
    cli.story.ship(
        {
            "distribution.yaml": "name: bot\nversion: 2.0.0\n",
            "SOUL.md": SOUL.replace("Rule 3 stands", "Rule 3 is new"),
        }
    )
    cli.story.update()


def test_history_lists_the_newest_first(cli: Cli) -> None:
    _two(cli)
    code, out, err = cli("history", "bot")
    assert code == 0
    rows = out.splitlines()
    assert rows[1].split()[0] == "2"
    assert "update" in rows[1]
    assert "~SOUL.md" in rows[1]
    assert "install" in rows[2]
    assert "rollback bot NUMBER" in err
    data = cli.json("history", "bot")
    assert data["schema"] == "hermes-dist/history/1"
    assert [(g["number"], g["verb"]) for g in data["generations"]] == [
        (1, "install"),
        (2, "update"),
    ]


def test_the_history_of_a_clone_begins_with_its_first_change(cli: Cli) -> None:
    _two(cli)
    assert cli("create", "twin", "--clone-from", "bot")[0] == 0
    _, out, err = cli("history", "twin")
    assert "no change of its package is recorded here" in out
    assert "status twin" in err
    cli.story.ship({"SOUL.md": SOUL.replace("Rule 3 stands", "Rule 3 is newer")})
    assert cli("update", "twin", "-y")[0] == 0
    assert cli("undo", "twin", "-y")[0] == 0
    _, out, _ = cli("history", "twin")
    assert "undo to before 1" in out
    assert "undo to before 1" in cli("history", "twin", "2")[1]
    assert cli.json("history", "twin")["generations"][1]["back_to"] == 0
    # What the history shows is still called by its number.
    assert cli("undo", "bot", "-y")[0] == 0
    assert "undo to 1" in cli("history", "bot")[1]


def test_rollback_asks_goes_back_and_says_that_it_holds(cli: Cli) -> None:
    _two(cli)
    assert cli("rollback", "bot")[0] == 6
    code, out, err = cli("rollback", "bot", "-y")
    assert (code, "Rule 3 stands" in cli.story.read("SOUL.md")) == (0, True)
    assert "unhold bot" in out + err
    code, out, err = cli("update", "bot", "-y")
    assert code == 0
    assert "held at" in out + err
    assert "up to date" not in out
    assert "is no longer held" in cli("unhold", "bot")[1]
    assert "is not held" in cli("unhold", "bot")[1]
    cli("update", "bot", "-y")
    assert "Rule 3 is new" in cli.story.read("SOUL.md")
    assert cli("rollback", "bot", "77", "-y")[0] == 1
    assert cli("rollback", "bot", "1", "--exact", "--conflict", "keep", "-y")[0] == 2


def test_rollback_with_a_conflict_ends_with_three(cli: Cli) -> None:
    _two(cli)
    cli.story.edit("SOUL.md", "Rule 3 is new", "Rule 3 is mine")
    assert cli("rollback", "bot", "-y")[0] == 3


def test_update_abort_puts_the_state_before_back(cli: Cli) -> None:
    cli.story.install()
    cli.story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    before = cli.story.files()
    cli.story.ship(
        {"SOUL.md": SOUL.replace("Rule 3 stands", "Rule 3 is new"), "skills/new/SKILL.md": "new\n"}
    )
    assert cli("update", "bot", "-y")[0] == 3
    assert cli("update", "bot", "--abort")[0] == 6
    assert cli("update", "bot", "--abort", "-n")[0] == 0
    assert cli("update", "bot", "--abort", "-y")[0] == 0
    assert cli.story.files() == before
    assert cli("update", "bot", "--abort", "-y")[0] == 1
    assert cli("update", "--abort", "--all")[0] == 2


def test_hold_and_unhold(cli: Cli) -> None:
    cli.story.install()
    assert cli("hold", "bot")[0] == 0
    assert cli.json("hold", "bot") == {
        "schema": "hermes-dist/hold/1",
        "profile": "bot",
        "held": "*",
        "done": False,
    }
    assert cli("unhold", "bot")[0] == 0
    assert cli.story.lock.held == ""


def test_uninstall_shows_what_goes_and_what_stays(cli: Cli) -> None:
    cli.story.install()
    cli.story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    cli.story.write("skills/own/SKILL.md", "own\n")
    cli.story.write("memories/a.md", "a\n")
    assert cli("uninstall", "bot")[0] == 6
    code, out, err = cli("uninstall", "bot", "-n")
    assert (code, (cli.story.home / "config.yaml").exists()) == (0, True)
    code, out, err = cli("uninstall", "bot", "-y")
    assert code == 0
    assert "- config.yaml  (is removed)" in err
    assert "SOUL.md  (edited, stays)" in err
    assert "skills/own/SKILL.md  (your own, stays)" in err
    assert "memories/  (this machine's, stays)" in err
    assert "4 files removed" in out
    assert cli("uninstall", "bot", "-y")[0] == 1
    assert cli("rollback", "bot", "-y")[0] == 0
    assert (cli.story.home / "config.yaml").exists()


def test_adopt_needs_no_answer_when_sure_and_one_when_not(cli: Cli) -> None:
    agent_installs(cli.story, FIRST)
    assert cli("update", "bot", "-y")[0] == 1
    code, out, err = cli("adopt", "bot", "-n")
    assert (code, (cli.story.home / "distribution.lock").exists()) == (0, False)
    code, out, err = cli("adopt", "bot")
    assert code == 0
    assert "100%: 5 files as shipped" in err
    assert "none of its files changed" in out
    (cli.story.home / "distribution.lock").unlink()
    for path in ("SOUL.md", "config.yaml", "skills/bye/SKILL.md"):
        cli.story.write(path, "all: different\n")
    assert cli("adopt", "bot")[0] == 6
    assert not (cli.story.home / "distribution.lock").exists()
    code, out, err = cli("adopt", "bot", "-y")
    assert (code, "not certain" in err) == (0, True)


def test_adopt_all_takes_what_it_can_and_gives_the_worst_code(cli: Cli) -> None:
    assert cli("adopt", "--all")[0] == 0
    agent_installs(cli.story, FIRST)
    other = cli.story.root / "profiles" / "zed"
    other.mkdir(parents=True)
    (other / "distribution.yaml").write_text(
        f"name: zed\nversion: 9.0.0\nsource: {cli.story.url}\n"
    )
    code, out, err = cli("adopt", "--all")
    assert code == 1
    assert "Adopted bot" in out
    assert "no version of" in err
    assert cli("adopt", "bot", "--all")[0] == 2


def test_verify_and_gc_say_what_they_found(cli: Cli) -> None:
    cli.story.install()
    code, out, _ = cli("verify", "bot")
    assert code == 0
    assert "5 files as received, 0 edited, 0 missing" in out
    assert "sound" in out
    assert cli.json("verify", "bot")["sound"] is True
    lock = cli.story.home / "distribution.lock"
    lock.write_text(lock.read_text().replace(cli.story.lock.pin.tree, "0" * 64))
    assert cli("verify", "bot")[0] == 1
    assert cli.json("gc", "-n")["blobs"] == 0
    assert cli("gc", "--keep", "0")[0] == 2
    assert cli("gc")[1].startswith(
        "Removed 0 contents (0 B), 0 old generations and 0 cached sources."
    )


def _editor(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "editor"
    program.write_text(
        f"#!{sys.executable}\nimport sys, pathlib\nmine, *theirs = map(pathlib.Path, sys.argv[1:])\n{script}\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(program))
    monkeypatch.delenv("VISUAL", raising=False)


def test_resolve_edit_takes_the_edited_copy_and_settles(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.story.install()
    cli.story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    cli.story.ship({"SOUL.md": SOUL.replace("Rule 3 stands", "Rule 3 is new")})
    cli("update", "bot", "-y")
    _editor(
        home,
        "text = mine.read_text()\n"
        "assert '<<<<<<< yours\\nRule 3 is mine.\\n||||||| was\\nRule 3 stands.\\n' in text\n"
        "assert '=======\\nRule 3 is new.\\n>>>>>>> theirs\\n' in text and not theirs",
        monkeypatch,
    )
    assert cli("resolve", "bot", "SOUL.md", "--edit")[0] == 3
    assert cli.story.lock.conflicts
    assert cli("resolve", "bot", "SOUL.md", "--edit", "--no-input")[0] == 6
    monkeypatch.delenv("EDITOR")
    # Without a terminal, no editor is started that nobody chose: it would wait for keys.
    code, _, err = cli("resolve", "bot", "SOUL.md", "--edit")
    assert (code, "or name a program in $EDITOR" in err) == (6, True), err
    before = cli.story.files()
    _editor(home, "mine.write_text(mine.read_text().replace('is mine', 'is both'))", monkeypatch)
    code, _, err = cli("resolve", "bot", "SOUL.md", "--edit")
    assert (code, "a conflict marker is left in line 4" in err) == (1, True), err
    assert cli.story.files() == before
    _editor(home, "mine.write_text('Lost.')\nsys.exit(1)", monkeypatch)
    assert cli("resolve", "bot", "SOUL.md", "--edit")[0] == 3
    assert cli.story.files() == before
    _editor(
        home,
        "import re\ntext = mine.read_text().replace('3 is mine', '3 is both')\n"
        "text = re.sub(r'(?ms)^\\|{7}.*?^>{7} theirs\\n', '', text)\n"
        "mine.write_text(text.replace('<<<<<<< yours\\n', ''))",
        monkeypatch,
    )
    assert cli("resolve", "bot", "SOUL.md", "--edit")[0] == 0
    assert cli.story.lock.conflicts == ()
    assert "Rule 3 is both" in cli.story.read("SOUL.md")
    assert cli("update", "bot", "-y")[0] == 0
    assert cli("resolve", "bot", "--edit", "--ours")[0] == 2


def test_what_stays_yours_by_your_choice_is_shown_before_it_is_settled(cli: Cli) -> None:
    cli.story.install()
    cli.story.edit("config.yaml", "max_tokens: 1", "max_tokens: 2")
    cli.story.ship({"config.yaml": FIRST["config.yaml"].replace("max_tokens: 1", "max_tokens: 3")})
    assert cli("update", "bot", "-y")[0] == 3
    code, out, _ = cli("resolve", "bot", "--ours", "-n")
    assert code == 0
    assert "config.yaml: model.max_tokens  yours stays (your choice)" in out


def test_an_edited_document_that_can_not_be_read_settles_nothing(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.story.install()
    cli.story.edit("config.yaml", "small", "mine")
    cli.story.ship({"config.yaml": FIRST["config.yaml"].replace("small", "big")})
    cli("update", "bot", "-y")
    before = cli.story.files()
    _editor(home, "mine.write_text('a: [')", monkeypatch)
    code, _, err = cli("resolve", "bot", "--edit")
    assert code == 1
    assert "could not be read any more" in err
    assert cli.story.files() == before


def test_the_copy_to_edit_has_nothing_between_markers_that_only_the_user_has(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.story.install()
    cli.story.write("config.yaml", FIRST["config.yaml"].replace("small", "mine") + "own: 1\n")
    cli.story.edit("config.yaml", "  max_tokens: 1\n", "  max_tokens: 1\n  own: 2\n")
    cli.story.ship({"config.yaml": FIRST["config.yaml"].replace("small", "big")})
    cli("update", "bot", "-y")
    script = (
        "import re\ntext = mine.read_text()\n"
        "mine.write_text(re.sub('<<<<<<< yours\\n.*?=======\\n(.*?)>>>>>>> theirs\\n', r'\\1', text, flags=re.S))"
    )
    _editor(home, script, monkeypatch)
    assert cli("resolve", "bot", "default", "--edit")[0] == 0
    assert cli.story.read("config.yaml") == (
        "# ours\nmodel:\n  default: big\n  max_tokens: 1\n  own: 2\ntoolsets: [web]\nown: 1\n"
    )


def test_a_document_with_a_slip_is_settled_by_a_text_that_can_be_read_or_by_mending_it(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.story.install()
    cli.story.edit("config.yaml", "small", "[mine")
    cli.story.ship({"config.yaml": FIRST["config.yaml"].replace("small", "big")})
    cli("update", "bot", "-y")
    before = cli.story.files()
    _editor(home, "mine.write_text('a: [')", monkeypatch)
    code, _, err = cli("resolve", "bot", "--edit")
    assert code == 1
    assert "line 2, column 1" in err
    assert cli.story.files() == before
    assert cli("resolve", "bot")[0] == 6
    cli.story.write("config.yaml", FIRST["config.yaml"])
    assert cli("resolve", "bot")[0] == 0
    assert "big" in cli.story.read("config.yaml")


def test_every_row_of_these_commands_has_help(cli: Cli) -> None:
    for verb in ("history", "rollback", "hold", "unhold", "uninstall", "adopt", "verify", "gc"):
        code, out, _ = cli(verb, "--help")
        assert code == 0, verb
        assert "Usage: hermes-dist" in out
    assert os.environ["HOME"] == str(cli.story.root.parent)


def test_gc_says_how_it_puts_the_store_in_order(cli: Cli) -> None:
    store = cli.story.ctx.store
    for turn in range(3):
        store.put_many(b"%d %d" % (turn, n) for n in range(60))
    box = min((store.root / "packs").iterdir())
    box.write_bytes(box.read_bytes()[:-1])
    shown = cli.json("gc", "-n")
    assert [shown[name] for name in ("joined", "into", "damaged", "rescued", "lost")] == [
        3,
        1,
        1,
        60,
        0,
    ]
    code, out, _ = cli("gc", "-n")
    assert (code, out.splitlines()[1:]) == (
        0,
        [
            "1 damaged file in the store, would be written anew with 60 readable contents.",
            "Would join 3 files of the store into 1.",
            "Dry run: nothing was changed.",
        ],
    )
    assert cli("gc")[1].splitlines()[1:] == [
        "1 damaged file in the store, written anew with 60 readable contents.",
        "Joined 3 files of the store into 1.",
    ]
    assert cli("gc")[1].splitlines()[1:] == []
