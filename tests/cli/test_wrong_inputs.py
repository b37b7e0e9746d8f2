"""Wrong command lines: each ends with one error that says what, where and what to do next, and writes nothing."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from budget import IS_QUICK
from wrong_words import LINES as GENERATED

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry.start import start

LINES = [
    line
    for line in (Path(__file__).parents[1] / "data" / "wrong-inputs.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
FINE = (0, 3, 10)
"""The codes of a command that did what it was told."""
SHARE = 4
"""A quick run tries every fourth line."""
NEITHER = re.compile(r"bug in this program|fault of this program|Traceback|Errno|<class|NoneType")


def run(line: str, home: Path) -> int:
    words = [word.replace("~", str(home), 1) for word in shlex.split(line)]
    return start(HERMES, words, prog="hermes-dist", profile=None)


def listed(home: Path) -> dict[str, tuple[int, int]]:
    """Every file below a home, with its size and when it changed; locks that a command takes do not count."""
    return dict(_entries(home))


def _entries(home: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    for folder, _, names in os.walk(home):
        for name in names:
            path = Path(folder, name)
            if not _is_bookkeeping(path.relative_to(home)):
                at = path.lstat()
                yield str(path.relative_to(home)), (at.st_size, at.st_mtime_ns)


def _is_bookkeeping(path: Path) -> bool:
    """Whether a file is a lock, or what is known of sources: both may be written before a command fails."""
    if path.parts[:2] == (".hermes", "distributions"):
        return True
    return "lock" in path.name and not path.name.startswith("distribution")


@pytest.fixture
def machine(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Path:
    package = home / "bot"
    package.mkdir()
    (package / "distribution.yaml").write_text("name: bot\nversion: 1.0.0\n")
    (package / "SOUL.md").write_text("I am a bot.\n")
    (home / "empty").mkdir()
    (home / "plain.txt").write_text("Nothing in particular.\n")
    monkeypatch.chdir(home)
    assert run("install ~/bot -y", home) == 0
    assert run("create mine --no-alias --no-skills", home) == 0
    capsys.readouterr()
    return home


def wrong_with(line: str, machine: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What is wrong with the answer to a line; empty if nothing is."""
    code, _, words = line.partition(" ")
    before = listed(machine)
    got = run(words, machine)
    out, err = capsys.readouterr()
    errors = [each for each in err.splitlines() if each.startswith("error: ")]
    if got != int(code):
        return f"exit code {got}: {err}"
    if len(errors) != 1 or NEITHER.search(out + err):
        return f"not one error: {err}"
    hint = err.partition(errors[0])[2].strip()
    if not hint:
        return f"it does not say what to do: {err}"
    if listed(machine) != before:
        return f"it wrote: {sorted(set(listed(machine).items()) ^ set(before.items()))}"
    return ""


def test_the_list_is_long_and_says_nothing_twice() -> None:
    assert len(LINES) >= 200
    assert len(set(LINES)) == len(LINES)


@pytest.mark.parametrize("part", range(1 if IS_QUICK else SHARE))
def test_a_wrong_line_ends_with_one_error_and_its_code(
    part: int, machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {line: wrong_with(line, machine, capsys) for line in LINES[part::SHARE]}
    wrong = {line: words for line, words in found.items() if words}
    assert not wrong, "\n".join(f"{line}: {words}" for line, words in wrong.items())


def test_an_error_is_an_object_for_programs_too(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for line in LINES[:: SHARE * 5]:
        code, _, words = line.partition(" ")
        if words.startswith("-"):
            continue
        assert run(f"{words} --json", machine) == int(code), words
        told = json.loads(capsys.readouterr().out)["error"]
        assert (told["code"], bool(told["message"]), bool(told["hint"])) == (int(code), True, True)


def odd_with(line: str, home: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What is wrong with the answer to a line that may happen to be valid; empty if nothing is."""
    code = run(line, home)
    out, err = capsys.readouterr()
    if NEITHER.search(out + err):
        return f"it fails: {err}"
    if code in FINE:
        return ""
    errors = [each for each in err.splitlines() if each.startswith("error: ")]
    if len(errors) != 1:
        return f"not one error: {err}"
    return "" if err.partition(errors[0])[2].strip() else f"it does not say what to do: {err}"


@pytest.mark.parametrize("part", range(1 if IS_QUICK else SHARE))
def test_whatever_is_typed_gets_one_error_that_helps(
    part: int, machine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # No scheduler of the machine is found, and no program of another is started.
    monkeypatch.setenv("PATH", "/nowhere")
    profiles = machine / ".hermes/profiles"
    before = listed(profiles)
    found = {line: odd_with(line, machine, capsys) for line in GENERATED[part::SHARE]}
    wrong = {line: words for line, words in found.items() if words}
    assert not wrong, "\n".join(f"{line!r}: {words}" for line, words in wrong.items())
    assert listed(profiles) == before
