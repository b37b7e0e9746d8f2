"""When it crashes: a private log says what was done, and no secret of this machine is in it."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry.start import start
from hermes_dist.ops import crash
from hermes_dist.world import trace
from hermes_dist.world.git.repositories import BareGit

Capture = pytest.CaptureFixture[str]

IN_URL = "ghp_0123456789abcdefABCDEF0123456789abcd"
IN_ENV = "correct-horse-battery"
IN_FILE = "a plain sentence of the user"
GIVEN = "given-on-the-line"
URL = f"https://ada:{IN_URL}@git.example/x.git"


@pytest.fixture
def root(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = home / ".hermes"
    root.mkdir()
    (root / ".env").write_text(f'SOMETHING="{IN_FILE}"\n')
    monkeypatch.setenv("MY_PASSPHRASE", IN_ENV)
    trace._trace.notes.clear()
    return root


def crashing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(git: BareGit, url: str) -> None:
        trace.note("git", "refs", url, IN_ENV, IN_FILE)
        raise ZeroDivisionError(f"while asking {url} with {IN_ENV} and {IN_FILE}")

    monkeypatch.setattr(BareGit, "refs", broken)


def run(*words: str) -> int:
    return start(HERMES, list(words), prog="hermes-dist", profile=None)


def clean(text: str) -> bool:
    return not any(secret in text for secret in (IN_URL, IN_ENV, IN_FILE, GIVEN))


@pytest.mark.parametrize("more", [(), ("-v",), ("-vv",), ("-v", "-v"), ("--json",)])
def test_a_crash_leaves_a_private_log_that_the_message_names(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, more: tuple[str, ...]
) -> None:
    crashing(monkeypatch)
    assert run("install", URL, "--yes", "--env", f"ANY_NAME={GIVEN}", *more) == 1
    out, err = capsys.readouterr()
    (log,) = (root / "distributions" / "crashes").iterdir()
    assert str(log) in err
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o700
    text = log.read_text()
    assert "ZeroDivisionError: while asking https://git.example/x.git with" in text
    assert "command: install https://git.example/x.git --yes" in text
    assert re.search(r"\d\.\d{3} git    refs https://git.example/x.git", text)
    assert clean(text)
    assert clean(out + err)
    assert ("Traceback" in err) == (more not in {(), ("--json",)})
    assert ("git    refs" in err) == (more in {("-vv",), ("-v", "-v")})


@pytest.mark.parametrize("words", [("-vv", "list"), ("list", "-vv"), ("list", "-v", "-v")])
def test_steps_are_shown_while_they_are_done_and_no_longer(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, words: tuple[str, ...]
) -> None:
    def listed(*_: object) -> list[object]:
        trace.note("decide", "to list nothing", IN_ENV)
        return []

    monkeypatch.setattr("hermes_dist.ops.profiles.list.list_profiles", listed)
    monkeypatch.setattr("hermes_dist.cli.profile_list.list_profiles", listed, raising=False)
    assert run(*words) == 0
    err = capsys.readouterr().err
    assert "decide to list nothing ${MY_PASSPHRASE}" in err
    trace.note("decide", "later")
    assert capsys.readouterr().err == ""


def test_only_the_newest_logs_stay(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    crashing(monkeypatch)
    for _ in range(12):
        assert run("install", URL, "--yes") == 1
    assert len(list((root / "distributions" / "crashes").iterdir())) == 10
    assert "a bug in this program" in capsys.readouterr().err


def test_where_no_log_can_be_written_the_message_is_there_all_the_same(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    crashing(monkeypatch)
    (root / "distributions").write_text("in the way")
    assert run("install", URL, "--yes") == 1
    err = capsys.readouterr().err
    assert "a bug in this program: ZeroDivisionError" in err
    assert "please report it with the output of the same command and -v" in err
    assert clean(err)


def test_a_fault_in_telling_does_not_hide_the_first_one(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashing(monkeypatch)
    monkeypatch.setattr(crash, "report", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError, match="while asking"):
        run("install", URL, "--yes")
