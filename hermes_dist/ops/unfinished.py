"""Interrupted operations: finish one, and record in the lock what could not be received."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from hermes_dist.agents.places import JOBS, JOBS_LOCK
from hermes_dist.brand import LOCKFILE
from hermes_dist.errors import Invalid
from hermes_dist.model.lock import Lock, dump_lock, load_lock
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.disk.locks import flock
from hermes_dist.world.transaction.apply import (
    Recovered,
    apply,
    generations,
    lock_image,
    recover,
)


def finish(fs: RealFs, path: Path) -> Recovered | None:
    """Finish an interrupted operation, and drop from the lock files that someone else wrote meanwhile.

    Args:
        fs: The home; the caller holds its lock.
        path: The path of the same home.
    """
    done = recover(fs, guards_of(path))
    if done is not None and done.skipped and (text := fs.read(LOCKFILE)) is not None:
        newest = max(generations(fs), key=lambda g: g.number, default=None)
        image = lock_image(fs, newest) if newest else None
        take_back(fs, load_lock(text), load_lock(image) if image else None, done.skipped)
    return done


def take_back(fs: RealFs, lock: Lock, before: Lock | None, skipped: tuple[RelPath, ...]) -> None:
    """Record in the lock that some paths were not received, so that the next update offers them again."""
    apply(
        fs, [], fs_reads_nothing, dump_lock(lock.not_received(skipped, before)), {"verb": "skipped"}
    )


def fs_reads_nothing(digest: Digest) -> bytes:
    """Raise an error for every content; for changes that touch only the lockfile and so read none."""
    raise Invalid("no content is needed for a change of the lock alone", where=digest)


def guards_of(path: Path) -> Mapping[RelPath, Callable[[], AbstractContextManager[None]]]:
    """The agent's own locks, to be held while one of its files is replaced."""
    # The agent waits for this lock only for a while, then writes regardless. So it is held for the
    # exchange of that one file, and not during the whole change.
    lock = path / JOBS_LOCK
    return {
        RelPath(JOBS): lambda: flock(lock, timeout=5, held="the agent is writing its cron jobs")
    }
