"""The record of a synced profile on this machine, in the private folder of its home."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from hermes_dist.brand import SYNC_RECORD
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.lock import Lock, dump_lock, load_lock
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.source import without_credentials
from hermes_dist.model.sync.record import Next, Record, Seen, dump_record, load_record
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import finish_leftover
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.fs import RealFs, atomic_write
from hermes_dist.world.disk.locks import flock
from hermes_dist.world.disk.private import make_private
from hermes_dist.world.files import read_file
from hermes_dist.world.transaction.generations import generations

LABEL = "sync"
"""The label of a generation that names the operation."""
JOINED = "sync join"
"""What the history calls the change that merged a home with those of the other machines for the first time."""


def folder_of(home: Path) -> Path:
    """The folder of everything that sync remembers about a home."""
    return record_path(home).parent


def record_path(home: Path) -> Path:
    """The file of the record."""
    return home / SYNC_RECORD


def written_at(home: Path) -> float:
    """When the record was last written, in seconds; 0 if there is none."""
    try:
        return record_path(home).stat().st_mtime
    except OSError:
        return 0.0


def signer_path(home: Path) -> Path:
    """The file of the key that this machine signs with."""
    return folder_of(home) / "signer"


def is_synced(home: Path) -> bool:
    """Whether a home is kept in sync."""
    return record_path(home).exists()


def read_record(home: Path) -> Record | None:
    """Read the record of a home, as it is now that every operation is finished; None if it is not synced.

    Raises:
        DistError: It can't be read, is damaged, or is newer than this program.
    """
    path = record_path(home)
    try:
        data = read_file(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as err:
        raise trouble(err, "what sync remembers can't be read", where=str(path)) from err
    try:
        record = load_record(data)
    except Invalid as err:
        raise err.within(str(path)) from None
    if record.next is None:
        return record
    finish_leftover(home)
    with RealFs(home, home=True) as fs:
        done = [one for one in generations(fs) if one.label.get(LABEL) == record.next.token]
    seen = without_skipped(record.next.seen, record.seen, done[0].skipped) if done else record.seen
    return replace(record, seen=seen, next=None)


def without_skipped(seen: Seen, before: Seen, skipped: Collection[RelPath]) -> Seen:
    """Return what has been seen where some files were left alone, as somebody wrote them at the same moment.

    If they counted as received, what they lack of it would count as deleted here, on all machines.

    Args:
        seen: What would have been seen without that.
        before: What was seen before.
        skipped: The files.
    """
    if not (skipped and seen.lock):
        return seen
    old = load_lock(before.lock.encode()) if before.lock else None
    left = load_lock(seen.lock.encode()).not_received(skipped, old)
    return replace(seen, lock=dump_lock(left).decode())


def need_record(ctx: Context, name: ProfileName) -> Record:
    """Read the record of a profile.

    Raises:
        DistError: There is no such profile, it is not synced, or the record can't be read.
    """
    home = ctx.layout.home(name)
    record = read_record(home)
    if record is not None:
        return record
    if not home.is_dir():
        raise DistError(
            f"there is no profile {str(name)!r}",
            where=str(home),
            hint=f"get it from another machine with: {ctx.command(f'sync join {name} URL')}",
        )
    raise DistError(
        f"the profile {str(name)!r} is not kept in sync",
        where=str(home),
        hint=f"begin with: {ctx.command(f'sync init {name} URL')}",
    )


def write_record(home: Path, record: Record) -> None:
    """Write the record of a home, for its owner alone.

    Raises:
        DistError: The disk fails.
    """
    make_private(folder_of(home))
    atomic_write(record_path(home), dump_record(record), 0o600)


def begin(home: Path, record: Record, seen: Seen) -> str:
    """Note what will have been seen once an operation is carried out; returns the token for its generation.

    Raises:
        DistError: The disk fails.
    """
    token = os.urandom(8).hex()
    write_record(home, replace(record, next=Next(token=token, seen=seen)))
    return token


@contextmanager
def alone(ctx: Context, name: ProfileName) -> Iterator[None]:
    """Keep other commands from syncing the same profile meanwhile.

    Raises:
        Busy: One is running.
    """
    path = ctx.layout.shared / "syncing" / f"{name}.lock"
    with flock(path, held="another command is syncing this profile"):
        yield


def lock_of(record: Record) -> Lock | None:
    """What a home received from the other machines; None before the first sync.

    Raises:
        Invalid: It can't be read.
    """
    return load_lock(record.seen.lock.encode()) if record.seen.lock else None


def package_of(seen: Seen) -> Lock | None:
    """The lock of the package as this machine last saw it at the meeting place; None for none.

    Raises:
        Invalid: It can't be read.
    """
    return load_lock(seen.package.encode()) if seen.package else None


def shown_url(record: Record) -> str:
    """The meeting place, without user and password."""
    return without_credentials(record.url)
