"""What is loaded while a server sends is what comes after it, and loading it ends with the sending."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.packages import build, edit_setting, ship
from hermes_dist.ops import ahead

_WITHOUT = """
import json, os, sys
from hermes_dist.cli.entry.process import hermes
from hermes_dist.ops import ahead

ahead._load = lambda modules, _waiting: wanted.extend(modules)
wanted = []
left = os._exit


def told(code):
    print(json.dumps([code, wanted, [each for each in wanted if each not in sys.modules]]), file=sys.__stderr__)
    sys.__stderr__.flush()
    left(code)


os._exit = told
hermes()
"""


def _run(home: Path, *words: str) -> tuple[int, list[str], list[str]]:
    """Run a command that loads nothing ahead.

    Returns:
        Its exit code, what it would have loaded ahead, and which of that it never loaded.
    """
    env = {**os.environ, "HOME": str(home)}
    run = (sys.executable, "-c", _WITHOUT, *words)
    done = subprocess.run(run, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    code, wanted, missing = json.loads(done.stderr.splitlines()[-1])
    return code, wanted, missing


@pytest.mark.needs("linux")  # elsewhere no ctypes is needed to sync a disk
def test_what_is_loaded_ahead_is_needed_in_the_end(tmp_path: Path) -> None:
    build(tmp_path, "S", 1)
    home = tmp_path / "home"
    home.mkdir()
    assert _run(home, "install", (tmp_path / "S.git").as_uri(), "-y") == (0, [*ahead._INSTALL], [])
    profile = home / ".hermes/profiles/bench-s"
    with (profile / "SOUL.md").open("a") as file:
        file.write("A line of mine.\n")
    edit_setting(profile)
    ship(tmp_path, "S", 7)
    code, wanted, missing = _run(home, "update", "bench-s", "-y")
    assert (code in {0, 3}, wanted, missing) == (True, [*ahead._UPDATE], [])


def test_loading_ahead_ends_when_nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(ahead, "module_of", loaded.append)
    answers: Iterator[bool] = iter([True, True, False])
    ahead.for_update(lambda: next(answers))
    assert loaded == [*ahead._UPDATE[:2]]
