"""A long result goes to the pager of the user, on a terminal only; leaving it early is no error."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from fleet import PROGRAM
from terminal import Terminal


@pytest.fixture
def pager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pager that reads one line and leaves; returns the file into which it writes that line."""
    program, seen = tmp_path / "pager", tmp_path / "seen"
    program.write_text(f'#!/bin/sh\nread -r line; echo "$line" >> {seen}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PAGER", str(program))
    return seen


def many_profiles(home: Path) -> None:
    for number in range(60):
        (home / ".hermes" / "profiles" / f"p{number}").mkdir(parents=True)


def on_terminal(*words: str, lines: int) -> tuple[int, str]:
    shown = Terminal(*words, env={"LINES": str(lines)})
    return shown.end(), shown.text


def test_a_long_result_is_paged_and_the_pager_may_be_left_early(home: Path, pager: Path) -> None:
    many_profiles(home)
    code, text = on_terminal("list", lines=20)
    assert (code, text) == (0, "")
    assert "Profile" in pager.read_text()


@pytest.mark.parametrize("words", [["list", "--no-pager"], ["--no-pager", "list", "--json"]])
def test_it_is_not_paged_if_the_user_says_so(words: list[str], home: Path, pager: Path) -> None:
    many_profiles(home)
    code, text = on_terminal(*words, lines=20)
    assert (code, "p59" in text, pager.exists()) == (0, True, False)


def test_a_short_result_and_a_pipe_need_no_pager(home: Path, pager: Path) -> None:
    (home / ".hermes").mkdir()
    code, text = on_terminal("list", lines=20)
    assert (code, "default" in text, pager.exists()) == (0, True, False)
    many_profiles(home)
    piped = subprocess.run(
        [str(PROGRAM), "list"], env={**os.environ}, capture_output=True, text=True, check=True
    )
    assert ("p59" in piped.stdout, pager.exists()) == (True, False)
