"""Messages for errors of the operating system, such as a disk that is full, read-only or failing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from hermes_dist.errors import DistError
from hermes_dist.world.files import OddFile
from hermes_dist.world.ports import Odd

HINTS = {
    errno.ENOSPC: "free some space on that disk, then run it again",
    errno.EDQUOT: "your quota on that disk is used up: free some space, then run it again",
    errno.EISDIR: "it is a folder; name a file",
    errno.ENOTDIR: "a part of its path is a file; check how it is spelled",
    errno.ENXIO: "look at what it is, and move it away; then run it again",
    errno.EFBIG: "look at what it is, and move it away or make it smaller; then run it again",
    errno.EROFS: "mount that disk so that you can write there, then run it again",
    errno.EACCES: "check who owns the folder and whether you may write there",
    errno.EPERM: "check who owns the folder and whether you may write there",
    errno.EBUSY: "something is mounted on the way: unmount it, then run it again",
    errno.EXDEV: "something is mounted on the way: unmount it, then run it again",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EIO: "the disk reports an error: check its health before you go on",
    errno.EMFILE: "too many files are open: close some programs, then run it again",
    errno.ENFILE: "too many files are open: close some programs, then run it again",
}


_IN_THE_WAY = {
    errno.EEXIST: "a file is in the way: move it away, or choose another place",
    errno.ENOENT: "a folder above it is missing and can't be made there: check the path",
}
"""Where these are foreseen they are the user's to mend; anywhere else they are faults of this program."""

_CLOSED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


class Closed(DistError):
    """A place is read-only, or belongs to somebody else, who does not let us do that."""


def is_closed(error: OSError) -> bool:
    """Whether the system does not let us do that, here and for as long as nobody changes it."""
    return error.errno in _CLOSED


def trouble(error: OSError, doing: str, *, where: str = "", below: Path | None = None) -> DistError:
    """Return an error with a sentence for the user, made from a system error.

    Args:
        error: The system error.
        doing: The failed operation, such as ``can't write the lock``.
        where: The place; by default the file named by the error.
        below: The folder in which it failed: the place, if the error does not name a file by its whole path.

    Returns:
        The error; :class:`Closed` if the place can't be written by us.
    """
    if isinstance(error, OddFile):
        reason = error.strerror
    else:
        reason = os.strerror(error.errno) if error.errno else str(error)
    place = where or (str(error.filename) if error.filename else "")
    if below is not None and not place.startswith("/"):
        place = str(below)
    kind = Closed if is_closed(error) else DistError
    return kind(
        f"{doing}: {reason}", where=place, hint=(HINTS | _IN_THE_WAY).get(error.errno or 0, "")
    )


def not_regular(path: str) -> Odd:
    """Return the error for something that is not a regular file where one is needed."""
    return Odd(
        "it is not a regular file, so it is left alone", where=path, hint="move it away to go on"
    )
