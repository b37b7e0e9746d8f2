"""What `status` said is said again only while a whole look would say the same."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from gitrepo import Repo

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry import main
from hermes_dist.cli.package import whole_status
from hermes_dist.cli.shared.session import Invocation
from hermes_dist.errors import DistError
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops import keep_status, last_status
from hermes_dist.world.disk import last_look

CALLED = Invocation(HERMES, "hermes-dist")
BOT = ProfileName("bot")
FILES = {
    "distribution.yaml": "name: bot\nversion: 1.0.0\nenv_requires:\n  - name: BOT_KEY\n",
    "SOUL.md": "# Bot\nBe kind.\n",
    "config.yaml": "model:\n  default: small\n",
    "skills/a/SKILL.md": "Say hello.\n",
    "cron/jobs.json": json.dumps({"jobs": []}),
    "mcp.json": json.dumps({"mcpServers": {"web": {"command": "npx"}}}),
}
Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def bot(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a profile, all of whose files count as changed long ago; its source is beside it."""
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 10_000_000_000)
    source = Repo(tmp_path / "source", bare=True)
    source.commit(FILES)
    assert _run("install", f"file://{source.path}", "--name", "bot", "-y") == 0
    return home / ".hermes/profiles/bot"


def _run(*words: str) -> int:
    return main.run(CALLED, words)


def _said(capsys: Capsys, *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = _run("status", "bot", *words)
    return (code, *capsys.readouterr())


def _looked_anew(bot: Path, capsys: Capsys, *words: str) -> tuple[int, str, str]:
    (bot / last_look.FILE).unlink(missing_ok=True)
    return _said(capsys, *words)


def _no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*words: object) -> object:
        raise AssertionError(words)

    monkeypatch.setattr(whole_status, "look_anew", refuse)


@pytest.mark.parametrize("words", [(), ("--exit-code",), ("--json",)])
def test_a_second_status_says_the_same_without_a_whole_look(
    words: tuple[str, ...], bot: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bot / "skills/mine").mkdir()
    (bot / "skills/mine/SKILL.md").write_text("Mine.\n")
    (bot / "SOUL.md").write_text("Mine.\n")
    first = _looked_anew(bot, capsys, *words)
    if "--json" not in words:
        assert "SOUL.md" in first[1]
        assert "mcp_servers.web" in first[1]
    _no_look(monkeypatch)
    assert _said(capsys, *words) == first
    assert _run("status", "--all") == 0


def _edit(name: str, text: str) -> Callable[[Path], object]:
    return lambda bot: (bot / name).write_text(text)


def _add(name: str, text: str = "Mine.\n") -> Callable[[Path], object]:
    def add(bot: Path) -> None:
        (bot / name).parent.mkdir(parents=True, exist_ok=True)
        (bot / name).write_text(text)

    return add


def _linked_skill(bot: Path) -> None:
    (bot.parent / "shared").mkdir()
    (bot / "skills/shared").symlink_to(bot.parent / "shared")


CHANGES: dict[str, Callable[[Path], object]] = {
    "an edit": _edit("SOUL.md", "# Bot\nBe rude.\n"),
    "a setting": _edit("config.yaml", "model:\n  default: large\n"),
    "settings that can't be read": _edit("config.yaml", "model: [\n"),
    "a manifest": _edit("distribution.yaml", "name: bot\nversion: [\n"),
    "a skill": _add("skills/mine/SKILL.md"),
    "a file in an empty folder": _add("skins/mine.yaml"),
    "a shared folder that was not there": _add("hooks/mine/run.py"),
    "a job": _edit("cron/jobs.json", json.dumps({"jobs": [{"id": "a" * 12, "name": "mine"}]})),
    "a file less": lambda bot: (bot / "skills/a/SKILL.md").unlink(),
    "a mode": lambda bot: (bot / "skills/a/SKILL.md").chmod(0o755),
    "a move": lambda bot: (bot / "skills/a").rename(bot / "skills/b"),
    "a link": _linked_skill,
    "a variable": _edit(".env", "BOT_KEY=x\n"),
    "bundled skills": _add("skills/.bundled_manifest", "a:1c2fc3d1ff6bb5a5ac84ee0be4a6a5e8\n"),
    "a hold": lambda _: _run("hold", "bot"),
    "a kept file": lambda _: _run("keep", "bot", "SOUL.md"),
    "an approval": lambda _: _run("approve", "bot", "-y"),
    "an uninstall": lambda _: _run("uninstall", "bot", "-y"),
    "a damaged record of sync": _add(".dist/sync/record.json", "{"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_happens_status_says_what_a_whole_look_says(
    name: str, bot: Path, capsys: Capsys
) -> None:
    before = _said(capsys)
    assert _said(capsys) == before
    assert (bot / last_look.FILE).exists()
    time.sleep(0.02)
    CHANGES[name](bot)
    after = _said(capsys)
    again = _said(capsys)
    assert after == again == _looked_anew(bot, capsys)
    assert (after == before) == (name == "bundled skills"), (
        "the package's own skill is none of these"
    )


COMMANDS = (
    ("update", "bot", "-y"),
    ("approve", "bot", "-y"),
    ("resolve", "bot", "--theirs"),
    ("resolve", "bot", "--ours"),
    ("undo", "bot", "-y"),
    ("rollback", "bot", "-y"),
    ("keep", "bot", "SOUL.md"),
    ("unkeep", "bot", "SOUL.md"),
    ("hold", "bot"),
    ("unhold", "bot"),
    ("gc", "--older-than", "0", "--keep", "1"),
)
PLACES = (*FILES, ".env", "skills/mine/SKILL.md", "skills/a", "hooks/h/run.py", ".dist/txn")


def _disturb(bot: Path, source: Repo, chance: random.Random) -> str:
    """Do one thing that a user, an author or another program may do; return what."""
    place = chance.choice(PLACES)
    file = bot / place
    how = chance.choice(
        ["command", "author", "write", "copy", "move", "remove", "chmod", "in place"]
    )
    if how == "command":
        words = chance.choice(COMMANDS)
        return f"{words}: {_run(*words)}"
    if how == "author":
        place = chance.choice(["SOUL.md", "config.yaml", "skills/a/SKILL.md"])
        source.commit({place: FILES[place] + f"# {chance.random()}\n"})
        return f"author {place}"
    with suppress(OSError):
        if how == "write":
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(chance.choice([FILES.get(place, ""), "", "Mine.\n", "BOT_KEY=x\n"]))
        elif how == "copy":
            shutil.copy2(bot / chance.choice(PLACES), file)
        elif how == "move":
            file.rename(bot / chance.choice(PLACES))
        elif how == "remove":
            file.unlink()
        elif how == "chmod":
            file.chmod(chance.choice([0o755, 0o644]) | 0o700)
        else:
            before = file.stat()
            file.write_text("z" * before.st_size)
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    return f"{how} {place}"


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_in_whatever_order_status_says_what_a_whole_look_says(
    seed: int, bot: Path, tmp_path: Path, capsys: Capsys
) -> None:
    chance, done, kept = random.Random(seed), [], 0
    source = Repo(tmp_path / "source", bare=True)
    source.commit(FILES)
    for _ in range(12):
        done.append(_disturb(bot, source, chance))
        time.sleep(0.01)
        words = chance.choice([(), ("--json",), ("--exit-code",)])
        said = [_said(capsys, *words), _said(capsys, *words)]
        kept += (bot / last_look.FILE).exists()
        assert said == [_looked_anew(bot, capsys, *words)] * 2, done
    assert kept, "none of it was said again"


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_content_that_the_store_has_lost_is_noticed(
    many: bool, is_there: bool, bot: Path, capsys: Capsys, tmp_path: Path
) -> None:
    if many:  # they share a file of the store
        more = {f"skills/a/notes/{number}.md": f"note {number}\n" for number in range(30)}
        source = Repo(tmp_path / "large", bare=True)
        source.commit({**FILES, **more})
        assert _run("uninstall", "bot", "-y") == 0
        assert _run("install", f"file://{source.path}", "--name", "bot", "-y", "--force") == 0
        for path in more:
            assert (bot / path).exists()
    (bot / "SOUL.md").write_text("Mine.\n")
    first = _looked_anew(bot, capsys)
    assert (bot / last_look.FILE).exists()
    if not is_there:
        for source_folder in (tmp_path / "source", tmp_path / "large"):
            shutil.rmtree(source_folder, ignore_errors=True)
        shutil.rmtree(bot.parents[1] / "distributions/git")
    shutil.rmtree(bot.parents[1] / "distributions/store")
    said = _said(capsys)
    if is_there:
        assert said == first
        assert list((bot.parents[1] / "distributions/store").iterdir()), "it is fetched again"
    else:
        assert "what was received is lost" in "".join(said[1:])


def test_a_variable_of_the_shell_counts_as_it_is_now(
    bot: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = "Missing in .env: BOT_KEY"
    monkeypatch.delenv("BOT_KEY", raising=False)
    assert missing in _said(capsys)[1]
    monkeypatch.setenv("BOT_KEY", "x")
    assert missing not in _said(capsys)[1]
    assert missing not in _said(capsys)[1]
    monkeypatch.delenv("BOT_KEY")
    assert missing in _said(capsys)[1]
    (bot / ".env").write_text("BOT_KEY=x\n")
    assert missing not in _said(capsys)[1]


def test_a_profile_with_another_name_is_called_by_it(bot: Path, capsys: Capsys) -> None:
    _said(capsys)
    _said(capsys)
    assert _run("rename", "bot", "lab") == 0
    capsys.readouterr()
    _run("status", "lab")
    assert "lab" in capsys.readouterr().out
    assert not bot.exists()


def test_another_version_of_the_program_looks_anew(
    bot: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    _said(capsys)
    _said(capsys)
    assert (bot / last_look.FILE).exists()
    monkeypatch.setattr(last_status, "__version__", "99")
    looks: list[object] = []
    real = whole_status.look
    monkeypatch.setattr(whole_status, "look", lambda *words: (looks.append(words), real(*words))[1])
    assert _said(capsys) == _said(capsys)
    assert len(looks) == 1


def test_what_another_program_kept_is_not_shown(bot: Path, capsys: Capsys) -> None:
    said = _said(capsys)
    record = last_look.record_of(bot, ("",), time.time_ns(), last_status.kept(BOT, {}, {"x": 1}))
    assert record is not None
    (bot / last_look.FILE).write_bytes(record)
    assert _said(capsys) == said


def test_a_full_disk_is_no_error(
    bot: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_words: object) -> None:
        raise DistError("the disk is full")

    monkeypatch.setattr(keep_status, "atomic_write", refuse)
    assert _looked_anew(bot, capsys)[0] == 0
    assert not (bot / last_look.FILE).exists()


def test_values_of_edited_settings_are_not_kept(bot: Path, capsys: Capsys) -> None:
    (bot / "config.yaml").write_text("model:\n  default: hidden-word\n")
    assert "hidden-word" in _looked_anew(bot, capsys)[1]
    assert not (bot / last_look.FILE).exists()
