"""Join the packs of a cache: each fetch leaves one, and each git looks for three files beside every pack.

git does it in the background when a command has ended, so nobody waits. It holds two locks meanwhile, which the
kernel releases when it ends, in whatever way: that of the cache, which keeps out who fetches, and one on the folder of
the cache, which keeps out who reads. If it is killed, old packs and new ones are there together, which git allows.
"""

from __future__ import annotations

import atexit
import contextlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from hermes_dist.errors import DistError
from hermes_dist.lazily import later
from hermes_dist.world.child import Command, Detached, start_detached
from hermes_dist.world.trace import note

with later():  # who only asks locks nothing
    from hermes_dist.world.disk.locks import flock, folder_alone, folder_in_use

MANY = 30
"""So many packs are joined."""
_AGAIN = 10
"""After a join that failed, so many fetches go by before the next one."""
_PATIENCE = 10.0
"""Seconds that who reads waits for a join; longer only on a machine that stands still, and git copes with both."""
_ROOT, _NOWHERE = Path("/"), Path(os.devnull)


def packs_in(cache: Path) -> int:
    """Count the packs of a cache."""
    try:
        return sum(map(_is_pack, os.listdir(cache / "objects/pack")))
    except OSError:
        return 0


def _is_pack(name: str) -> bool:
    return name.endswith(".pack") and not name.startswith(".")


def is_crowded(packs: int) -> bool:
    """Whether a cache with so many packs is to be joined now."""
    return packs >= MANY and packs % _AGAIN == 0


def reading(cache: Path) -> AbstractContextManager[None]:
    """Keep a cache from being joined while a git reads it; waits for a join that is under way.

    Args:
        cache: Its folder, which may be missing.
    """
    return folder_in_use(cache, _PATIENCE)


def join_at_exit(cache: Path, command: Command) -> None:
    """Join the packs of a cache when this command has said all and ends.

    Args:
        cache: Its folder.
        command: Joins them.
    """
    atexit.register(_join_and_leave, cache, command)


def _join_and_leave(cache: Path, command: Command) -> None:
    begun = join(cache, command)
    if begun is not None:
        begun.leave()


def join(cache: Path, command: Command) -> Detached | None:
    """Begin to join the packs of a cache, unless somebody uses it.

    Args:
        cache: Its folder.
        command: Joins them.

    Returns:
        What does it, which nobody has to wait for; None if another command uses the cache, or it can't be begun.
    """
    try:
        with alone(cache) as held:
            # A child has what it is given open, so that both locks are held until it ends.
            return start_detached(command, _ROOT, _NOWHERE, _NOWHERE, held)
    except DistError as error:
        note("failed", "joining packs:", type(error).__name__)
        return None


@contextlib.contextmanager
def alone(cache: Path) -> Iterator[tuple[int, int]]:
    """Lock a cache against who fetches into it and who reads it.

    Yields:
        The open files that are locked.

    Raises:
        Busy: Somebody uses it.
        DistError: It is gone, or can't be locked.
    """
    with folder_alone(cache) as folder, flock(cache.with_suffix(".lock")) as fetching:
        yield fetching, folder
