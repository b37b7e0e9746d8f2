"""The files of the watch: read whole, checked, replaced in one step, for their owner alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from hermes_dist.brand import Layout
from hermes_dist.errors import Invalid, Refused
from hermes_dist.lazily import later
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.disk.locks import flock
from hermes_dist.world.disk.private import make_private
from hermes_dist.world.files import open_fd, read_fd

with later():
    from hermes_dist.ops.private_files import way_to_private

T = TypeVar("T")

OWNERS, CODES, TOLD = "owners.json", "codes.json", "told.json"
_LARGEST = 1 << 20
_PATIENCE = 10.0
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def read_state(layout: Layout, name: str, empty: T) -> T:
    """Read a file of the watch.

    Args:
        layout: The layout of the brand.
        name: The name of the file.
        empty: What a missing file means; its class says what the file holds.

    Raises:
        Refused: Somebody else could have written it.
        Invalid: It is damaged, or a newer version wrote it.
        DistError: It can't be read.
    """
    path = layout.watch / name
    try:
        fd = open_fd(path, follow=False)
    except FileNotFoundError:
        return empty
    except OSError as error:
        raise trouble(error, "can't read what the watch knows", where=str(path)) from error
    try:
        _refuse_foreign(os.fstat(fd), path)
        data = read_fd(fd, path, limit=_LARGEST)
    except OSError as error:
        raise trouble(error, "can't read what the watch knows", where=str(path)) from error
    finally:
        os.close(fd)
    return _decoded(data, type(empty), path)


def _decoded(data: bytes, kind: type[T], path: Path) -> T:
    try:
        found = msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Invalid(
            "what the watch knows is damaged", where=str(path), hint="move the file away"
        ) from error
    if getattr(found, "format", 1) > 1:
        raise Invalid("a newer hermes-dist wrote it", where=str(path), hint="update hermes-dist")
    return found


def _refuse_foreign(seen: os.stat_result, path: Path) -> None:
    """Make sure that nobody else could have written a file.

    Raises:
        Refused: It is of another user, or others may write it.
    """
    mine = seen.st_uid in {os.geteuid(), 0}
    if not mine or seen.st_mode & _OTHERS_WRITE:
        raise Refused(
            "others can write it, so what it says about who may command does not count",
            where=str(path),
            hint=f"look at it, then: {way_to_private(path)}",
        )


def write_state(layout: Layout, name: str, value: object) -> None:
    """Replace a file of the watch.

    Raises:
        DistError: It can't be written.
    """
    text = msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2) + b"\n"
    try:
        make_private(layout.watch)
    except OSError as error:
        raise trouble(error, "can't make the folder", where=str(layout.watch)) from error
    atomic_write(layout.watch / name, text)


@contextmanager
def changing(layout: Layout) -> Iterator[None]:
    """Hold the lock of the watch while its files are read and replaced.

    Raises:
        Busy: Another command holds it all the time.
        DistError: The lock can't be made.
    """
    try:
        make_private(layout.watch)
    except OSError as error:
        raise trouble(error, "can't make the folder", where=str(layout.watch)) from error
    with flock(layout.watch / "lock", timeout=_PATIENCE, held="another command uses the watch"):
        yield
