"""The one error boundary: every way a command can end has its sentence and its exit code."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry import main, plain
from hermes_dist.cli.entry.start import start
from hermes_dist.cli.shared import boundary
from hermes_dist.cli.shared.boundary import Guard
from hermes_dist.cli.shared.session import Invocation
from hermes_dist.errors import Busy, DistError, ExitCode, Refused, StoppedAfter, Unreachable

Capture = pytest.CaptureFixture[str]


def guarded(work: Callable[[], int | None], argv: Sequence[str], prog: str) -> int | None:
    with Guard(argv, Invocation(HERMES, prog)) as guard:
        guard.code = work()
    return guard.code


def fails(error: BaseException) -> int:
    raise error


@pytest.mark.parametrize(
    ("error", "code"),
    [(DistError("w"), 1), (Refused("w"), 4), (Unreachable("w"), 7), (Busy("w"), 8)],
)
def test_an_error_of_ours_is_one_sentence_and_its_code(
    error: DistError, code: int, capsys: Capture
) -> None:
    assert guarded(lambda: fails(error), ["update"], "hermes-dist") == code
    assert capsys.readouterr() == ("", "error: w\n")


def test_a_result_is_passed_on(capsys: Capture) -> None:
    assert guarded(lambda: 3, [], "hermes-dist") == 3
    assert guarded(lambda: None, [], "hermes-dist") is None
    assert capsys.readouterr() == ("", "")


def test_an_interruption_is_130_and_says_that_nothing_is_half_done(capsys: Capture) -> None:
    assert guarded(lambda: fails(KeyboardInterrupt()), [], "hermes-dist") == 130
    assert "as before, or finished by the next command" in capsys.readouterr().err


def test_an_interruption_says_what_it_left(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boundary, "has_written", lambda: False)
    assert guarded(lambda: fails(KeyboardInterrupt()), ["update", "bot"], "hermes-dist") == 130
    assert capsys.readouterr().err == "\ninterrupted; nothing was changed\n"
    assert guarded(lambda: fails(KeyboardInterrupt()), ["publish", "bot"], "hermes-dist") == 130
    assert "nothing was changed" not in capsys.readouterr().err
    assert guarded(lambda: fails(StoppedAfter()), ["update", "bot"], "hermes-dist") == 130
    assert "it was finished first" in capsys.readouterr().err
    monkeypatch.setattr(boundary, "has_written", lambda: True)
    assert guarded(lambda: fails(KeyboardInterrupt()), ["update", "--all"], "hermes-dist") == 130
    assert "finished by the next command" in capsys.readouterr().err


def test_an_interruption_before_anything_began_is_130_too(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain, "attempt", lambda *_: fails(KeyboardInterrupt()))
    assert start(HERMES, ["list"], prog="hermes-dist", profile=None) == 130
    assert capsys.readouterr() == ("", "\ninterrupted; nothing had begun\n")


def test_a_fault_of_ours_is_a_sentence_without_a_traceback_unless_asked_for(
    capsys: Capture,
) -> None:
    assert guarded(lambda: fails(ZeroDivisionError("oh")), ["update"], "hermes-dist") == 1
    err = capsys.readouterr().err
    assert "a bug in this program: ZeroDivisionError: oh" in err
    assert "please report it" in err
    assert "Traceback" not in err
    assert guarded(lambda: fails(ZeroDivisionError("oh")), ["update", "-v"], "hermes-dist") == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_folder_that_may_not_be_read_is_no_fault_of_ours(capsys: Capture) -> None:
    error = PermissionError(errno.EACCES, "Permission denied", "/srv/bot")
    assert guarded(lambda: fails(error), ["list"], "hermes-dist") == 1
    err = capsys.readouterr().err
    assert err.startswith("error: /srv/bot: the system refuses that: Permission denied\n")
    assert "who owns the folder" in err


def test_a_name_that_is_too_long_is_no_fault_of_ours(home: Path, capsys: Capture) -> None:
    for verb in ("init", "validate"):
        assert start(HERMES, [verb, "a" * 300], prog="hermes-dist", profile=None) == 1
        assert "choose a shorter name" in capsys.readouterr().err


def test_an_error_of_the_system_without_a_place_is_a_fault(capsys: Capture) -> None:
    assert guarded(lambda: fails(PermissionError("oh")), ["list"], "hermes-dist") == 1
    assert "a bug in this program" in capsys.readouterr().err


def test_with_json_an_error_is_an_object_as_well(capsys: Capture) -> None:
    assert (
        guarded(
            lambda: fails(Refused("no", where="there", hint="do")), ["x", "--json"], "hermes-dist"
        )
        == 4
    )
    out, err = capsys.readouterr()
    assert '"code": 4' in out
    assert err == "error: there: no\n  do\n"


@pytest.mark.parametrize("words", [("install", "./bot"), ("export", "default")])
def test_a_folder_that_is_gone_is_told_as_such_and_not_as_a_bug(
    words: tuple[str, ...],
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert main.run(Invocation(HERMES, "hermes-dist"), words) == ExitCode.ERROR
    assert capsys.readouterr().err == (
        "error: the folder that you are in is gone\n  go to another one with cd\n"
    )
    assert not list(home.glob(".hermes/distributions/crashes/*"))
