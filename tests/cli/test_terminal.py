"""On a real terminal: what is asked, what is hidden, what Ctrl-C leaves, and what a pipe gets."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import forked
import pytest
from gitrepo import Repo
from terminal import Terminal, rendered

from hermes_dist.decide.profiles.lifecycle import NEW_ENV

SECRET = "s3cr3t-value"
CONTENT, EFFECTS = "Install it? [y/N] ", "Let it run these now? [y/N] "
KEY = "  KEY (What for): "
CITY = "  CITY [= takes Bern]: "
CONFLICT = "[later]: "
FILES = {
    "distribution.yaml": "name: bot\nversion: 1.0.0\nenv_requires:\n  - name: KEY\n    description: What for\n"
    "  - name: EXTRA\n    required: false\n  - name: CITY\n    default: Bern\n",
    "SOUL.md": "Soul.\n",
    "mcp.json": '{"mcpServers": {"web": {"command": "npx", "args": ["web-server"]}}}',
}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "source", bare=True)
    repo.commit(FILES)
    return repo


@pytest.fixture
def source(repo: Repo) -> str:
    return f"file://{repo.path}"


@pytest.fixture
def bot(home: Path) -> Path:
    return home / ".hermes" / "profiles" / "bot"


@pytest.fixture(autouse=True)
def _agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent is there: the front door is not offered."""
    agent = tmp_path / "bin" / "hermes"
    agent.parent.mkdir()
    agent.write_text("#!/bin/sh\nexit 0\n")
    agent.chmod(0o755)
    monkeypatch.setenv("PATH", f"{agent.parent}{os.pathsep}{os.environ['PATH']}")


def piped(*words: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    return forked.run(["hermes-dist", *words], {**os.environ, **env}, Path.cwd())


def plain(repo: Repo) -> None:
    """Nothing to ask about but the content."""
    repo.commit({"distribution.yaml": "name: bot\n", "mcp.json": None})


def test_an_install_asks_for_the_content_the_effects_and_what_is_missing(
    source: str, bot: Path, tmp_path: Path
) -> None:
    terminal = Terminal("install", source, stdout=tmp_path / "out")
    terminal.answer(CONTENT, "y")
    assert "mcp_servers.web: npx web-server" in terminal.text
    terminal.answer(EFFECTS, "y")
    terminal.expect(KEY)
    assert not terminal.echoes()
    terminal.send(f"{SECRET}\n")
    terminal.answer(CITY, "=")
    assert terminal.end() == 0
    assert SECRET not in terminal.raw.decode()
    assert (bot / ".env").read_text() == f"KEY={SECRET}\nCITY=Bern\n"
    assert (bot / ".env").stat().st_mode & 0o777 == 0o600
    assert "enabled: true" in (bot / "config.yaml").read_text()
    result = (tmp_path / "out").read_text()
    assert result.startswith("✓ Installed bot@1.0.0")
    assert "written to .env: CITY, KEY" in result
    assert "[y/N]" not in result
    assert SECRET not in result


def test_enter_skips_what_is_missing_and_no_leaves_effects_waiting(source: str, bot: Path) -> None:
    terminal = Terminal("install", source)
    terminal.answer(CONTENT, "yes")
    terminal.answer(EFFECTS, "")
    terminal.answer(KEY, "")
    terminal.answer(CITY, "\t\x07b")
    terminal.answer(CITY, "Basel")
    assert terminal.end() == 0
    assert "control character" in terminal.text
    assert (bot / ".env").read_text() == "CITY=Basel\n"
    assert "enabled: false" in (bot / "config.yaml").read_text()
    assert "1 item needs approval" in terminal.text
    assert re.search(r"missing in .*\.env: KEY\n", terminal.text)


def test_enter_takes_no_value_of_the_authors(source: str, bot: Path) -> None:
    terminal = Terminal("install", source)
    terminal.answer(CONTENT, "yes")
    terminal.answer(EFFECTS, "")
    terminal.answer(KEY, "")
    terminal.answer(CITY, "")
    assert terminal.end() == 0
    assert (bot / ".env").read_text() == NEW_ENV
    assert re.search(
        r"missing in .*\.env: CITY, KEY\n|missing in .*\.env: KEY, CITY\n", terminal.text
    )


def test_yes_to_the_content_is_no_yes_to_effects_and_asks_nothing(source: str, bot: Path) -> None:
    terminal = Terminal("install", source, "-y")
    assert terminal.end() == 0
    assert "?" not in terminal.text
    assert "enabled: false" in (bot / "config.yaml").read_text()
    assert (bot / ".env").read_text() == NEW_ENV


def test_what_is_given_is_not_asked_for(source: str, bot: Path) -> None:
    terminal = Terminal(
        "install", source, "--env", f"KEY={SECRET}", "--env", "CITY=Bern", "--allow-effects"
    )
    terminal.answer(CONTENT, "y")
    assert terminal.end() == 0
    assert SECRET not in terminal.text
    assert (bot / ".env").read_text() == f"KEY={SECRET}\nCITY=Bern\n"


def test_a_quiet_screen_still_shows_what_is_agreed_to(source: str) -> None:
    terminal = Terminal("install", source, "-q")
    terminal.expect(CONTENT)
    assert "mcp_servers.web: npx web-server" in terminal.text
    terminal.send("n\n")
    assert terminal.end() == 1


@pytest.mark.parametrize("step", range(4))
def test_ctrl_c_at_any_question_is_130_and_nothing_changed(
    source: str, bot: Path, step: int
) -> None:
    terminal = Terminal("install", source)
    for question, answer in ((CONTENT, "y"), (EFFECTS, "y"), (KEY, SECRET))[:step]:
        terminal.answer(question, answer)
    terminal.expect((CONTENT, EFFECTS, KEY, CITY)[step])
    terminal.send("\x03")
    assert terminal.end() == 130
    assert "interrupted" in terminal.text
    assert "Traceback" not in terminal.text
    assert not bot.exists()
    assert list((bot.parent.parent / "distributions" / "staging").glob("*")) == []


def test_ctrl_c_gives_the_terminal_its_echo_back(source: str) -> None:
    terminal = Terminal("install", source, "--allow-effects")
    terminal.answer(CONTENT, "y")
    terminal.expect(KEY)
    assert not terminal.echoes()
    terminal.send("\x03")
    terminal.expect("nothing was changed\n")
    assert terminal.echoes()
    assert terminal.end() == 130


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04"])
def test_no_nothing_and_the_end_of_input_cancel(source: str, bot: Path, answer: str) -> None:
    terminal = Terminal("install", source)
    terminal.expect(CONTENT)
    terminal.send(answer)
    assert terminal.end() == 1
    assert "cancelled, nothing changed" in terminal.text
    assert not bot.exists()


def test_a_terminal_that_goes_away_leaves_nothing_behind(source: str, bot: Path) -> None:
    terminal = Terminal("install", source)
    terminal.expect(CONTENT)
    assert terminal.hang_up() != 0
    assert not bot.exists()


def test_without_a_terminal_the_code_is_6_and_the_flag_is_named(source: str, bot: Path) -> None:
    done = piped("install", source)
    assert done.returncode == 6
    assert b"pass --yes" in done.stderr
    assert done.stdout == b""
    assert not bot.exists()
    terminal = Terminal("install", source, "--no-input")
    assert terminal.end() == 6
    assert piped("install", source, "-y").returncode == 0
    done = piped("approve", "bot")
    assert (done.returncode, b"--yes" in done.stderr) == (6, True)


def test_conflicts_are_asked_about_as_dpkg_does(repo: Repo, source: str, bot: Path) -> None:
    plain(repo)
    assert piped("install", source, "-y").returncode == 0
    (bot / "SOUL.md").write_text("Mine.\n")
    repo.commit({"SOUL.md": "Theirs.\n"})
    later = Terminal("update", "bot")
    later.answer(CONFLICT, "?")
    later.answer(CONFLICT, "d")
    later.answer(CONFLICT, "l")
    later.answer("Apply it? [y/N] ", "y")
    assert later.end() == 3
    assert "t  take upstream's in place" in later.text
    assert "-Mine." in later.text
    assert "+Theirs." in later.text
    assert (bot / "SOUL.md").read_text() == "Mine.\n"
    repo.commit({"SOUL.md": "Theirs 2.\n"})
    unattended = Terminal("update", "bot", "-y")
    assert unattended.end() == 3
    assert CONFLICT not in unattended.text
    repo.commit({"SOUL.md": "Theirs 3.\n"})
    take = Terminal("update", "bot")
    take.answer(CONFLICT, "t")
    take.answer("Apply it? [y/N] ", "y")
    assert take.end() == 0
    assert (bot / "SOUL.md").read_text() == "Theirs 3.\n"


def test_resolve_without_a_side_asks_on_a_terminal_about_each_conflict(
    repo: Repo, source: str, bot: Path
) -> None:
    plain(repo)
    repo.commit({"config.yaml": "model: a\nmax_turns: 1\n"})
    assert piped("install", source, "-y").returncode == 0
    (bot / "config.yaml").write_text("model: mine\nmax_turns: 5\n")
    repo.commit({"config.yaml": "model: b\nmax_turns: 2\n"})
    assert piped("update", "bot", "-y").returncode == 3
    assert piped("resolve", "bot").returncode == 6
    terminal = Terminal("resolve", "bot")
    terminal.answer(CONFLICT, "t")
    terminal.answer(CONFLICT, "l")
    assert terminal.end() == 3
    assert (bot / "config.yaml").read_text() == "model: mine\nmax_turns: 2\n"
    terminal = Terminal("resolve", "bot", "config.yaml")
    terminal.answer(CONFLICT, "k")
    assert terminal.end() == 0
    assert (bot / "config.yaml").read_text() == "model: mine\nmax_turns: 2\n"


def test_a_conflict_can_be_settled_in_an_editor(
    repo: Repo, source: str, bot: Path, tmp_path: Path
) -> None:
    plain(repo)
    repo.commit({"config.yaml": "model: a\nmax_turns: 1\n"})
    assert piped("install", source, "-y").returncode == 0
    (bot / "config.yaml").write_text("model: mine  # why\nmax_turns: 5\n")
    repo.commit({"config.yaml": "model: b\nmax_turns: 2\nstt_echo_transcripts: true\n"})
    editor = tmp_path / "editor"
    editor.write_text(
        "#!/bin/sh\nsed -i -e '/^|||||||/,/^>>>>>>>/d' -e '/^<<<<<<</d' -e s/mine/edited/ \"$1\"\n"
    )
    editor.chmod(0o755)
    nothing = Terminal("update", "bot", env={"VISUAL": "true"})
    nothing.answer(CONFLICT, "e")
    nothing.expect(CONFLICT)
    assert "nothing was edited" in nothing.text
    nothing.send("\x03")
    assert nothing.end() == 130
    terminal = Terminal("update", "bot", env={"VISUAL": str(editor)})
    terminal.answer(CONFLICT, "e")
    terminal.answer("Apply it? [y/N] ", "y")
    assert terminal.end() == 0, terminal.text
    assert (
        bot / "config.yaml"
    ).read_text() == "model: edited  # why\nmax_turns: 5\nstt_echo_transcripts: true\n"
    assert piped("update", "bot", "-y").returncode == 0


def test_the_spinner_turns_on_a_terminal_and_leaves_no_trace(repo: Repo, source: str) -> None:
    plain(repo)
    terminal = Terminal("install", source, "-y")
    assert terminal.end() == 0
    assert b"\x1b[?25l" in terminal.raw
    assert terminal.raw.count(b"\x1b[?25l") == terminal.raw.count(b"\x1b[?25h")
    shown = rendered(terminal.raw)
    assert not any(re.search("[⠁-⣿]|writing|fetching", line) for line in shown), shown
    assert shown[0] == "Install bot as bot"
    still = Terminal("install", source, "-y", "--name", "two", "--no-progress")
    assert still.end() == 0
    assert b"\x1b[?25l" not in still.raw


def test_a_pipe_gets_no_escape_codes_and_a_terminal_colours(repo: Repo, source: str) -> None:
    plain(repo)
    done = piped("install", source, "-y")
    assert b"\x1b" not in done.stdout + done.stderr
    assert b"\x1b[32m" in piped("install", source, "-y", "--name", "b", "--color", "always").stdout
    on = Terminal("list", "--no-progress")
    assert on.end() == 0
    assert b"\x1b[1m" in on.raw


@pytest.mark.parametrize(
    ("flags", "env"),
    [((), {"NO_COLOR": "1"}), (("--color", "never"), {}), (("--color=never",), {})],
)
def test_colour_can_be_switched_off_also_for_errors(
    source: str, flags: tuple[str, ...], env: dict[str, str]
) -> None:
    for words in (("list",), ("update", "nobody"), ("nonsense",)):
        terminal = Terminal(*words, "--no-progress", *flags, env=env)
        terminal.end()
        assert b"\x1b" not in terminal.raw, words
    always = piped("update", "nobody", "--color", "always", NO_COLOR="1")
    assert b"\x1b[1;31m" in always.stderr
    assert piped("list", "--color", "sometimes").returncode == 2


def test_an_output_that_is_closed_changes_neither_what_is_done_nor_the_code(
    repo: Repo, source: str, bot: Path
) -> None:
    plain(repo)
    for words in (
        ("install", source, "-y"),
        ("list",),
        ("list", "--json"),
        ("diff", "bot"),
        ("--help",),
        ("info", "bot"),
    ):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(
            [sys.executable, "-m", "hermes_dist", *words],
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
        )
        os.close(writer)
        assert b"Traceback" not in done.stderr, (words, done.stderr)
        assert b"Exception" not in done.stderr, (words, done.stderr)
        assert done.returncode == 0, (words, done)
    assert (bot / "SOUL.md").exists()


@pytest.mark.parametrize("more", [[], ["--name", "bot"]])
def test_an_error_stops_the_spinner_and_gives_the_cursor_back(
    tmp_path: Path, home: Path, more: list[str]
) -> None:
    """Both ways of reading a line: the short form, and the one with more options."""
    empty = Repo(tmp_path / "empty", bare=True)
    empty.commit({"README.md": "No manifest.\n"})
    terminal = Terminal("install", f"file://{empty.path}", "-y", *more)
    assert terminal.end() == 1
    assert b"\x1b[?25l" in terminal.raw
    assert terminal.raw.count(b"\x1b[?25l") == terminal.raw.count(b"\x1b[?25h")


def test_a_quiet_uninstall_still_shows_what_it_removes(source: str, bot: Path) -> None:
    assert Terminal("install", source, "--name", "bot", "-y").end() == 0
    terminal = Terminal("uninstall", "bot", "-q")
    terminal.expect("Uninstall it? [y/N] ")
    assert "SOUL.md" in terminal.text
    terminal.send("n\n")
    assert terminal.end() == 1
