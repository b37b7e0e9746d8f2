"""What is in the place where the folder of all profiles has to be; loaded only if that can't be read."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from hermes_dist.errors import DistError
from hermes_dist.world.disk.errors import trouble

_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISREG, "a file"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def no_folder(place: Path, instead: str = "") -> DistError | None:
    """Say why a place can't be read as a folder.

    Args:
        place: The place.
        instead: Another way out than to change what is there, such as ", or let HERMES_HOME name another folder".

    Returns:
        The error; None if it can be read, or if nothing is there and nothing is in the way of making it.
    """
    there = next(each for each in (place, *place.parents) if os.path.lexists(each))
    try:
        mode = there.stat().st_mode
        if there == place and stat.S_ISDIR(mode):
            os.scandir(place).close()
            os.stat(place / ".")
    except OSError as error:
        return _unread(error, there, instead)
    if stat.S_ISDIR(mode):
        return None
    kind = next(name for is_kind, name in _KINDS if is_kind(mode))
    return DistError(f"it is {kind}, not a folder", where=str(there), hint=f"move it away{instead}")


def _unread(error: OSError, place: Path, instead: str) -> DistError:
    """The error for a place that is there, but can't be followed or read."""
    err = trouble(error, "the folder can't be read", where=str(place))
    err.hint = f"check who owns it and whether you may read it{instead}"
    if error.errno == errno.ENOENT:
        err.what = f"it is a link to a place that does not exist: {place.readlink()}"
        err.hint = f"make that folder, mount the disk that it is on, or move the link away{instead}"
    elif error.errno == errno.ELOOP:
        err.what = "it is a link that leads back to itself"
        err.hint = f"move it away{instead}"
    return err
