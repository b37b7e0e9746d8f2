"""Interrupted operations: finish one, and read from a lockfile which files it could not change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from hermes_dist.agents.places import JOBS, JOBS_LOCK
from hermes_dist.errors import Invalid
from hermes_dist.model.lock import Lock, dump_lock, load_lock
from hermes_dist.model.paths import RelPath
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.disk.locks import flock
from hermes_dist.world.transaction.apply import Recovered, recover


def finish(fs: RealFs, path: Path) -> Recovered | None:
    """Finish an interrupted operation.

    Args:
        fs: The home; the caller holds its lock.
        path: The path of the same home.
    """
    return recover(fs, guards_of(path), lock_without)


def lock_without(text: bytes, before: bytes | None, skipped: Sequence[RelPath]) -> bytes:
    """Return a lockfile that does not count some files as received, so that the next update offers them again.

    Args:
        text: The lockfile that counts them.
        before: The lockfile before the operation; None for none.
        skipped: The files that somebody else wrote at the moment of the operation.

    Raises:
        Invalid: The lockfile can't be read.
    """
    return dump_lock(load_lock(text).not_received(skipped, _known(before)))


def _known(text: bytes | None) -> Lock | None:
    """The lock before the operation; None as well if it is damaged, since then nothing is known of what came before."""
    try:
        return load_lock(text) if text else None
    except Invalid:
        return None


def guards_of(path: Path) -> Mapping[RelPath, Callable[[], AbstractContextManager[object]]]:
    """The agent's own locks, to be held while one of its files is replaced."""
    # The agent waits for this lock only for a while, then writes regardless. So it is held for the
    # exchange of that one file, and not during the whole change.
    lock = path / JOBS_LOCK
    return {
        RelPath(JOBS): lambda: flock(lock, timeout=5, held="the agent is writing its cron jobs")
    }
