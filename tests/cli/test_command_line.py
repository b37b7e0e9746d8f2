"""What the command line says to words that are not a command, and to streams that are not there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry.start import start

Capture = pytest.CaptureFixture[str]


def line(*words: str) -> int:
    return start(HERMES, list(words), prog="hermes-dist", profile=None)


@pytest.mark.parametrize(
    ("words", "verbs"),
    [
        (["gateways"], "check, disable, enable, list, logs, restart, start, status, stop"),
        (["gateway", "route"], "add, lint, list, remove, test"),
        (["registry"], "add, check, list, remove, sync"),
        (["trust"], "add, list, remove, require"),
        (["front-door"], "install, remove, status"),
    ],
)
def test_a_group_without_a_verb_names_its_verbs_in_one_line(
    words: list[str], verbs: str, home: Path, capsys: Capture
) -> None:
    assert line(*words) == 2
    assert capsys.readouterr() == (
        "",
        f"error: {words[-1]} needs a verb: {verbs}\n  see: hermes-dist {' '.join(words)} --help\n",
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["upate"], "No such command 'upate'. Did you mean update or outdated?"),
        (["route", "add"], "No such command 'route'. Did you mean gateway route?"),
        (["restart", "bot"], "No such command 'restart'. Did you mean gateways restart?"),
        (["registry", "lst"], "No such command 'lst'. Did you mean list?"),
        (["clone", "a"], "No such command 'clone'. Did you mean create NEW --clone-from OLD?"),
        (["remove", "a"], "No such command 'remove'. Did you mean delete or uninstall?"),
        (
            ["gateway", "list"],
            "No such command 'list'. Did you mean gateway route list or gateways list?",
        ),
        (["layer", "lab"], "No such command 'lab'. Choose one of: add, list, remove"),
        (
            ["install", "a", "--to", "v1"],
            "No such option '--to'. A tag or branch comes after the address: SOURCE#v1.0.0",
        ),
        (
            ["gateway", "route", "add", "--chat", "1"],
            "No such option '--chat'. Did you mean --channel?",
        ),
        (["bogus"], "No such command 'bogus'"),
        (["status", "--bogus"], "No such option '--bogus'"),
        (["update", "--dryrun"], "No such option '--dryrun'. Did you mean --dry-run?"),
        (["info", "--package"], "Option '--package' requires an argument"),
        (["history", "bot", "abc"], "NUMBER takes a whole number"),
        (["search", "--limit", "abc"], "--limit takes a whole number"),
        (["-p"], "Option '-p' requires an argument"),
    ],
)
def test_a_slip_is_told_with_what_is_near_it_and_nothing_that_is_not(
    words: list[str], said: str, home: Path, capsys: Capture
) -> None:
    assert line(*words) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"error: {said}"


def test_the_options_of_every_command_stand_before_the_verb_as_well(
    home: Path, capsys: Capture
) -> None:
    assert line("create", "coder", "-q") == 0
    capsys.readouterr()
    assert line("-p", "coder", "--json", "status") == 0
    assert json.loads(capsys.readouterr().out)["profile"] == "coder"
    assert line("--profile=coder", "-q") == 0
    assert capsys.readouterr().out.startswith("Profile:     coder")
    assert line("--color", "never", "--json", "gateways", "list") == 0
    assert len(json.loads(capsys.readouterr().out)["gateways"]) == 2


def process(home: Path, command: str) -> subprocess.CompletedProcess[str]:
    ours = f"{sys.executable} -m hermes_dist"
    return subprocess.run(
        ["sh", "-c", command.replace("hermes-dist", ours)],
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_an_input_or_output_that_the_caller_closed_changes_nothing_else(
    closed: str, home: Path
) -> None:
    for verb in [
        "list",
        "--help",
        "create coder",
        "export coder -o coder.tar.gz",
        "delete coder -y",
    ]:
        done = process(home, f"cd {home} && hermes-dist {verb} {closed}")
        assert (done.returncode, "fault" in done.stderr) == (0, False), (verb, done.stderr)
    assert process(home, f"hermes-dist delete none {closed}").returncode == 1


@pytest.mark.parametrize("verb", ["status", "--help", "--version", "status --json"])
def test_an_output_that_takes_no_more_is_no_fault_of_ours(verb: str, home: Path) -> None:
    done = process(home, f"ulimit -f 0; hermes-dist {verb} >{home}/output")
    assert done.returncode == 1
    assert done.stderr.endswith(
        "error: can't write the output: File too large\n  check where it is sent\n"
    )
    assert "fault" not in done.stderr


WRONG = {"status --bogus": 2, "delete none": 1, "--offline install https://example.org/bot -y": 7}
"""Commands that end with an error, and their exit codes."""


@pytest.mark.parametrize("full", ["2>/dev/full", ">/dev/full 2>/dev/full", "--json >/dev/full"])
def test_an_error_that_can_not_be_written_keeps_its_exit_code(full: str, home: Path) -> None:
    for words, code in WRONG.items():
        done = process(home, f"hermes-dist {words} {full}")
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    if "2>" not in full:
        assert done.stderr.startswith("error: "), "where it can be told, it is"


def test_a_note_that_can_not_be_written_does_not_stop_the_work(home: Path) -> None:
    assert process(home, "hermes-dist create coder 2>/dev/full").returncode == 0
    done = process(home, "hermes-dist completion words ours -- status '' >/dev/full")
    assert (done.returncode, done.stderr) == (1, "")
