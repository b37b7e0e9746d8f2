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
    ("words", "said", "instead"),
    [
        (["upate"], "there is no command 'upate'", "did you mean update or outdated?"),
        (["route", "add"], "there is no command 'route'", "did you mean gateway route?"),
        (["restart", "bot"], "there is no command 'restart'", "did you mean gateways restart?"),
        (["registry", "lst"], "registry has no verb 'lst'", "did you mean list?"),
        (
            ["clone", "a"],
            "there is no command 'clone'",
            "did you mean create NEW --clone-from OLD?",
        ),
        (["remove", "a"], "there is no command 'remove'", "did you mean delete or uninstall?"),
        (["undelete", "a"], "there is no command 'undelete'", "did you mean restore?"),
        (["blame", "a"], "there is no command 'blame'", "did you mean why?"),
        (["pin"], "there is no command 'pin'", "did you mean hold or update NAME --to VERSION?"),
        (
            ["gateway", "list"],
            "gateway has no verb 'list'",
            "did you mean gateway route list or gateways list?",
        ),
        (["layer", "lab"], "layer has no verb 'lab'", "choose one of: add, list, remove;"),
        (["layer", "rm", "lab"], "layer has no verb 'rm'", "did you mean remove?"),
        (["layer", "update"], "layer has no verb 'update'", "did you mean update?"),
        (
            ["registry", "init"],
            "registry has no verb 'init'",
            'a registry is a folder or repository with the file registry.json: {"format": 1};',
        ),
        (
            ["create", "a", "-y"],
            "there is no option '-y'",
            "the command asks nothing: leave it out;",
        ),
        (
            ["backup", "a", "-y"],
            "there is no option '-y'",
            "the passphrase that it asks for is given",
        ),
        (["gc", "-y"], "there is no option '-y'", "the command asks nothing: leave it out;"),
        (["install", "a", "--yes=1"], "--yes takes no value", "see: hermes-dist install --help"),
        (["resolve", "a", "--yes"], "there is no option '--yes'", "choose a side instead: --ours"),
        (
            ["install", "a", "--to", "v1"],
            "there is no option '--to'",
            "a tag or branch comes after the address: SOURCE#v1.0.0;",
        ),
        (
            ["gateway", "route", "add", "--chat", "1"],
            "there is no option '--chat'",
            "did you mean --channel?",
        ),
        (["resolve", "a", "b", "--mine"], "there is no option '--mine'", "did you mean --ours?"),
        (["import", "a", "--as", "b"], "there is no option '--as'", "did you mean --name?"),
        (["restore", "a", "--name", "b"], "there is no option '--name'", "did you mean --as?"),
        (["export", "a", "--to", "b"], "there is no option '--to'", "did you mean -o?"),
        (["outdated", "--all"], "there is no option '--all'", "without a name, it shows every"),
        (["bogus"], "there is no command 'bogus'", ""),
        (["status", "--bogus"], "there is no option '--bogus'", ""),
        (["update", "--dryrun"], "there is no option '--dryrun'", "did you mean --dry-run?"),
        (["info", "--package"], "--package needs a value: NAME", ""),
        (["install", "a", "--alias=b"], "--alias takes no value", "the command is named after"),
        (
            ["history", "bot", "abc"],
            "NUMBER takes a whole number",
            "the numbers: hermes-dist history bot; see: ",
        ),
        (["search", "--limit", "abc"], "--limit takes a whole number", ""),
        (["-p"], "-p needs a value: NAME", ""),
        (["--color"], "--color needs a value: auto|always|never", ""),
    ],
)
def test_a_slip_is_told_with_what_is_near_it_and_nothing_that_is_not(
    words: list[str], said: str, instead: str, home: Path, capsys: Capture
) -> None:
    assert line(*words) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == f"error: {said}"
    assert second.startswith(f"  {instead}" if instead else "  see: hermes-dist ")
    assert second.endswith(" --help")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("rename", "OLD and NEW are missing\n  write: hermes-dist rename OLD NEW"),
        ("rename a", "NEW is missing\n  write: hermes-dist rename OLD NEW"),
        ("trust add Ada", "KEY is missing\n  write: hermes-dist trust add NAME KEY"),
        (
            "gateway route add",
            "--profile is missing\n  write: hermes-dist gateway route add --profile NAME",
        ),
    ],
)
def test_what_is_missing_is_named_with_the_whole_line(
    words: str, said: str, home: Path, capsys: Capture
) -> None:
    assert line(*words.split()) == 2
    assert capsys.readouterr().err.startswith(f"error: {said}; see: hermes-dist ")


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        ("create new --clone old", "create new --clone-from old --clone"),
        ("create new --clone-all old", "create new --clone-from old --clone-all"),
        ("export bot bot.tar.gz", "export bot -o bot.tar.gz"),
        ("import bot.tar.gz lab", "import bot.tar.gz --name lab"),
        ("install ./bot as lab", "install ./bot --name lab"),
        ("install ./bot --alias lab", "install ./bot --name lab --alias"),
        ("alias bot lab", "alias bot --name lab"),
        ("publish bot you/bot", "publish bot --to you/bot"),
        ("snapshot team.toml", "snapshot -o team.toml"),
        ("list bot", "show bot"),
        ("registry add team ./index", "registry add PLACE --name NAME"),
    ],
)
def test_a_word_too_many_leads_to_the_option_that_it_belongs_to(
    words: str, instead: str, home: Path, capsys: Capture
) -> None:
    assert line(*words.split()) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: unexpected word")
    assert second.startswith(f"  did you mean: hermes-dist {instead}; see: hermes-dist ")


def test_a_word_too_many_that_fits_nowhere_is_met_with_what_does(
    home: Path, capsys: Capture
) -> None:
    assert line("delete", "a", "b") == 2
    assert capsys.readouterr().err == (
        "error: unexpected word: 'b'\n"
        "  one profile at a time: hermes-dist delete PROFILE; see: hermes-dist delete --help\n"
    )
    assert line("why", "a", "b", "c", "d e") == 2
    assert capsys.readouterr().err == (
        "error: unexpected words: 'c', 'd'\n"
        "  write: hermes-dist why PROFILE PATH|KEY; see: hermes-dist why --help\n"
    )
    assert line("hold", "a", "v1.0.0") == 2
    assert "to go to a version and stay there: hermes-dist update a --to v1.0.0;" in (
        capsys.readouterr().err
    )


def test_a_word_that_is_not_shown_whole_is_in_no_suggestion_either(
    home: Path, capsys: Capture
) -> None:
    assert line("alias", "bot", "-----BEGIN KEY-----\nabc") == 2
    assert "abc" not in capsys.readouterr().err
    assert line("alias", "bot", "x" * 300) == 2
    assert "x" * 50 not in capsys.readouterr().err


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


@pytest.mark.parametrize("words", [["list"], ["status"], ["doctor"], ["create", "bot"]])
@pytest.mark.parametrize("variable", [True, False])
def test_a_file_where_the_profiles_have_to_be_is_named(
    words: list[str],
    variable: bool,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    place = home / ".hermes"
    if variable:
        place = home / "elsewhere"
        monkeypatch.setenv("HERMES_HOME", str(place))
    place.write_text("mine")
    assert line(*words) == 1
    err = capsys.readouterr().err
    assert f"{place}: it is a file, not a folder" in err
    assert ("or let HERMES_HOME name another folder" in err) is variable
    assert place.read_text() == "mine"


@pytest.mark.parametrize("way", [["-n"], []])
@pytest.mark.parametrize(
    "words", ["create bot", "create bot --clone", "rename coder bot", "install ./bot"]
)
def test_a_file_where_the_homes_have_to_be_is_named_by_a_dry_run_too(
    words: str, way: list[str], home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    (home / "bot").mkdir()
    (home / "bot/distribution.yaml").write_text("name: bot\n")
    (home / "bot/SOUL.md").write_text("Hi.\n")
    monkeypatch.chdir(home)
    place = home / ".hermes/profiles"
    place.parent.mkdir()
    place.write_text("mine")
    assert line(*words.split(), *way) == 1
    out, err = capsys.readouterr()
    assert f"{place}: it is a file, not a folder" in err
    assert "would be" not in out
    assert place.read_text() == "mine"
