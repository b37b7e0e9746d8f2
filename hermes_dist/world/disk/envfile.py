"""Editing a file of secrets or settings: atomically, private at once, and never over another program's write."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from hermes_dist.errors import Busy
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.ports import Unsupported

PRIVATE_MODE = 0o600
_TRIES = 8
_STALE = 60.0
"""Seconds after which a file beside the one that is written is left over from a write that was killed."""


def edit_private(path: Path, edit: Callable[[bytes], bytes]) -> bool:
    """Edit a file of secrets or settings, or create it.

    Args:
        path: The file; its folder is there. A file that exists keeps its permission bits, a new one gets 0600.
        edit: Returns the new content for the old; gets empty bytes if there is no file.

    Returns:
        Whether anything was written; equal content is not written again.

    Raises:
        Odd: The path is a symlink or not a regular file; it belongs to the user and is not written through.
        Busy: Another program keeps writing the file.
        DistError: The disk is full, read-only, or fails; the old content stays.
    """
    try:
        _sweep(path)
        with RealFs(path.parent, home=True) as folder:
            for _ in range(_TRIES):
                before = folder.read(path.name)
                after = edit(before or b"")
                if after == (before or b""):
                    return False
                if _replace(folder, path.name, before, after):
                    folder.sync_folder("")
                    return True
    except OSError as error:
        raise trouble(error, "can't write the file", where=str(path)) from error
    raise Busy("another program keeps writing to it", where=str(path), hint="run it again")


def _sweep(path: Path) -> None:
    """Remove what a write that was killed left beside the file; one that still runs is younger."""
    for left in path.parent.glob(f"{path.name}.*.tmp"):
        if re.fullmatch(r"[0-9a-f]{12}", left.name[len(path.name) + 1 : -4]):
            with contextlib.suppress(OSError):
                if time.time() - left.lstat().st_mtime > _STALE:
                    left.unlink()


def _replace(folder: RealFs, name: str, before: bytes | None, after: bytes) -> bool:
    """Put the new content in place; False if the file changed since it was read."""
    temp = f"{name}.{os.urandom(6).hex()}.tmp"
    folder.beside(name, temp)
    mode = PRIVATE_MODE if before is None else folder.mode(name) or PRIVATE_MODE
    try:
        folder.write_new(temp, after, mode, exact=True, like=name)
        if before is None:
            folder.noreplace(temp, name)
            return True
        return _exchange(folder, temp, name, before)
    except FileExistsError:
        return False
    finally:
        with contextlib.suppress(OSError):
            folder.unlink(temp)


def _exchange(folder: RealFs, temp: str, name: str, before: bytes) -> bool:
    try:
        folder.exchange(temp, name)
    except Unsupported:
        if folder.read(name) != before:
            return False
        folder.rename(temp, name)
        return True
    if folder.read(temp) == before:
        # Somebody may have made it private just now.
        if (mode := folder.mode(temp)) is not None and mode != folder.mode(name):
            folder.set_mode(name, mode)
        return True
    folder.exchange(temp, name)
    return False
