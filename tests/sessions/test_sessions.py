"""Whole sessions at random, through the functions and through the commands; ``budget.py`` says how many."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from budget import STEPS, sessions
from hands import Commands, Functions
from session import Session


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(sessions(1_000)))
def test_through_the_functions(seed: int, tmp_path: Path, home: Path) -> None:
    Session(seed, tmp_path, home / ".hermes", Functions(dict(os.environ))).play(STEPS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(sessions(30)))
def test_through_the_commands(seed: int, tmp_path: Path, home: Path) -> None:
    Session(seed, tmp_path, home / ".hermes", Commands(dict(os.environ), tmp_path)).play(STEPS)
