"""A guard of the real home, in the process of the tests and in every Python that they start.

Python imports ``sitecustomize`` by itself where ``PYTHONPATH`` leads here. The interpreter tells the guard of each file
before it is opened, so it sees what *this* process does; an agent that works in the real home meanwhile is none of its
business.
"""

from __future__ import annotations

import os
import sys

HOME, LOG = "HERMES_TEST_REAL_HOME", "HERMES_TEST_GUARD_LOG"
OURS = (".hermes", ".aigenlabs", ".config/hermes-dist")
"""What no test may even read."""
SHARED = (".local/bin", ".gitconfig", ".ssh", ".bashrc", ".zshrc", ".profile")
"""What programs may read, and no test may change."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {
    "os.mkdir": 1,
    "os.remove": 1,
    "os.rmdir": 1,
    "os.chmod": 1,
    "os.chown": 1,
    "os.utime": 1,
    "os.truncate": 1,
    "os.rename": 2,
    "os.link": 2,
    "os.symlink": 2,
}
"""Events that change something, and how many of their first arguments are paths."""
_LISTS = {"os.listdir", "os.scandir", "sqlite3.connect"}


def install(real: str, log: str) -> None:
    """Raise from now on where this process reaches into the real home, and write it into a log."""
    ours = tuple(os.path.join(real, name) for name in OURS)
    shared = tuple(os.path.join(real, name) for name in SHARED)

    def guard(event: str, args: tuple[object, ...]) -> None:
        if event == "open":
            check(args[0], changes=isinstance(args[2], int) and bool(args[2] & _WRITING))
        elif event in _CHANGES:
            for path in args[: _CHANGES[event]]:
                check(path, changes=True)
        elif event in _LISTS:
            check(args[0], changes=False)

    def check(path: object, *, changes: bool) -> None:
        if not isinstance(path, str | bytes):
            return
        text = os.path.abspath(os.fsdecode(path))
        if _below(text, ours) or (changes and _below(text, shared)):
            fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.write(fd, f"{text} by {sys.argv}\n".encode(errors="replace"))
            os.close(fd)
            raise AssertionError(f"a test reached into the real home: {text}")

    sys.addaudithook(guard)


def _below(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or path.startswith(f"{place}{os.sep}") for place in places)


if HOME in os.environ and LOG in os.environ:
    install(os.environ[HOME], os.environ[LOG])
