"""The embedded git client without its start: most of what it costs is what it loads, and tests start it thousands of times.

A command is made as ever, and :mod:`forkclient` takes the place of the program: it hands streams, environment, umask and
limits on to a fork that has loaded it. ``tests/world/git/test_embedded.py`` starts the program itself, and so does
whoever else calls :func:`from_scratch`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from hermes_dist.world.child import Command
from hermes_dist.world.git import dulwich_program
from hermes_dist.world.git.embedded import DulwichTool

_CLIENT = str(Path(__file__).with_name("forkclient.py"))
_made: Callable[..., Command] = DulwichTool._command


def main() -> None:
    """The program: what ``python -m`` would run."""
    dulwich_program.main(sys.stdin.buffer, sys.stdout.buffer)


@cache
def _who() -> tuple[object, ...]:
    """Who and where this process is at first; one that gives up its powers, or its mounts, is on its own."""
    return _now()


def _now() -> tuple[object, ...]:
    mounts = Path("/proc/self/ns/mnt")
    return os.getuid(), os.geteuid(), os.readlink(mounts) if mounts.exists() else ""


def stand_in(door: str | Callable[[], str]) -> None:
    """From now on, let the client of this process (and of its forks) be forked.

    Args:
        door: Where the server lets programs in, or what finds out.
    """
    if not hasattr(os, "pidfd_open"):
        return
    first = _who()

    def command(self: DulwichTool, verb: str, **request: object) -> Command:
        made = _made(self, verb, **request)
        if _now() != first:
            return made
        place = door if isinstance(door, str) else door()
        argv = (sys.executable, "-I", "-S", _CLIENT, place, f"{__name__}:main")
        return made._replace(argv=argv)

    patched: Any = DulwichTool
    patched._command = command


@contextmanager
def from_scratch() -> Iterator[None]:
    """Meanwhile the program itself is started."""
    patched: Any = DulwichTool
    before = DulwichTool._command
    patched._command = _made
    try:
        yield
    finally:
        patched._command = before
