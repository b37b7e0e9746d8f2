"""The table of processes, read through psutil: what a process is, when it started, and ending it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING

from hermes_dist.light import NamedTuple

if TYPE_CHECKING:
    import psutil

_POLL = 0.02
_DRIFT = 200
"""Two seconds: how far a start that comes from the wall clock moves when that clock is set."""


class Seen(NamedTuple):
    """A process that is alive, as far as the system lets us look.

    Attributes:
        pid: Its number.
        began: When it began, in the unit that the agent records; None if unknown.
        parent: The number of its parent; 0 if unknown.
        user: The user it acts for; None if unknown.
        name: The name of its program; empty if unknown.
        words: Its command line; None if unknown.
    """

    pid: int
    began: int | None = None
    parent: int = 0
    user: int | None = None
    name: str = ""
    words: tuple[str, ...] | None = None


def look(pid: int) -> Seen | None:
    """Look at one process.

    Returns:
        None if there is no such process or it is a zombie. A process that we may not look at is alive with everything
        unknown: nobody may start a second gateway because the first one belongs to another user.
    """
    if not exists(pid):
        return None
    import psutil  # noqa: PLC0415 - start-up: 20 ms, and most commands never look at a process

    try:
        process = psutil.Process(pid)
        with process.oneshot():
            if process.status() in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}:
                return None
            return Seen(
                pid=pid,
                began=_began(pid),
                parent=process.ppid(),
                user=process.uids().effective,
                name=process.name(),
                words=_words(process),
            )
    except psutil.ZombieProcess:
        return None
    except (psutil.Error, OSError):
        # gone by now, or hidden from us, as /proc can be: whether signals reach it tells which
        return Seen(pid) if exists(pid) else None


def _words(process: psutil.Process) -> tuple[str, ...] | None:
    """Return a command line; macOS hides those of other users, but not the other facts."""
    import psutil  # noqa: PLC0415 - start-up

    try:
        return tuple(process.cmdline())
    except psutil.AccessDenied:
        return None


def _began(pid: int) -> int:
    """Return when a process began, as the agent counts it: ticks since boot on Linux, else hundredths of a second.

    Raises:
        psutil.Error: The process is gone or can't be looked at.
    """
    import psutil  # noqa: PLC0415 - start-up

    if not psutil.LINUX:
        return round(psutil.Process(pid).create_time() * 100)
    while True:
        # psutil adds the time of boot, which moves with the clock; subtract the same one again
        booted = psutil.boot_time()
        created = psutil.Process(pid).create_time()
        if psutil.boot_time() == booted:
            return round((created - booted) * os.sysconf("SC_CLK_TCK"))


def same_start(one: int | None, other: int | None) -> bool:
    """Return whether two starts of one number are the same process; an unknown one may be."""
    import psutil  # noqa: PLC0415 - start-up

    if one is None or other is None:
        return True
    if psutil.LINUX:
        return one == other
    return abs(one - other) <= _DRIFT


def exists(pid: int) -> bool:
    """Return whether a process has this number, be it a zombie or another user's."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


def lives(pid: int, began: int | None) -> bool:
    """Return whether the same process is still alive; if its start is unknown, only its number counts."""
    seen = look(pid)
    return seen is not None and same_start(seen.began, began)


def began(pid: int) -> int | None:
    """Return when a process began; None if unknown, or if it is gone."""
    seen = look(pid)
    return None if seen is None else seen.began


def environment(pid: int) -> Mapping[str, str] | None:
    """Return the variables that a process was started with; None if it is gone or keeps them secret."""
    import psutil  # noqa: PLC0415 - start-up

    try:
        return psutil.Process(pid).environ()
    except (psutil.Error, OSError):
        return None


def ancestors(pid: int) -> Iterator[int]:
    """Return a process and its ancestors, the nearest first."""
    while pid > 0:
        yield pid
        seen = look(pid)
        pid = seen.parent if seen else 0


def others_of_this_user() -> Iterator[Seen]:
    """Return the living processes of this user, except our own and our ancestors."""
    import psutil  # noqa: PLC0415 - start-up

    mine = set(ancestors(os.getpid()))
    try:
        numbers = psutil.pids()
    except OSError:
        return  # a system without a table; a gateway is known by its own file then
    for pid in numbers:
        if pid in mine:
            continue
        seen = look(pid)
        if seen is not None and seen.user == os.getuid():
            yield seen


class Ending(Enum):
    """The outcome of ending a process."""

    ENDED = auto()
    KILLED = auto()
    REFUSED = auto()
    """It belongs to another user, or does not end at all."""


def end(pid: int, began: int | None, *, grace: float, after_kill: float) -> Ending:
    """End a process: SIGTERM first, then SIGKILL.

    Args:
        pid: Its number.
        began: When it began; another process with the same number is left alone.
        grace: Seconds to wait for it to end by itself.
        after_kill: Seconds to wait once it was killed.
    """
    for number, patience, outcome in (
        (signal.SIGTERM, grace, Ending.ENDED),
        (signal.SIGKILL, after_kill, Ending.KILLED),
    ):
        if not lives(pid, began):
            return Ending.ENDED
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return Ending.ENDED
        except PermissionError:
            return Ending.REFUSED
        if _waited(pid, began, patience):
            return outcome
    return Ending.REFUSED


def _waited(pid: int, began: int | None, patience: float) -> bool:
    """Wait for a process to end; False if it is still alive then."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if not lives(pid, began):
            return True
        time.sleep(_POLL)
    return False
