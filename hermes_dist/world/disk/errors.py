"""Messages for errors of the operating system, such as a disk that is full, read-only or failing."""

from __future__ import annotations

import errno
import os

from hermes_dist.errors import DistError
from hermes_dist.world.ports import Odd

HINTS = {
    errno.ENOSPC: "free some space on that disk, then run it again",
    errno.EDQUOT: "your quota on that disk is used up: free some space, then run it again",
    errno.EISDIR: "it is a folder; name a file",
    errno.ENOTDIR: "a part of its path is a file; check how it is spelled",
    errno.EROFS: "that disk is read-only",
    errno.EACCES: "check who owns the folder and whether you may write there",
    errno.EPERM: "check who owns the folder and whether you may write there",
    errno.EBUSY: "something is mounted on the way: unmount it, then run it again",
    errno.EXDEV: "something is mounted on the way: unmount it, then run it again",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EIO: "the disk reports an error: check its health before you go on",
    errno.EMFILE: "too many files are open: close some programs, then run it again",
    errno.ENFILE: "too many files are open: close some programs, then run it again",
}


def trouble(error: OSError, doing: str, *, where: str = "") -> DistError:
    """Return an error with a sentence for the user, made from a system error.

    Args:
        error: The system error.
        doing: The failed operation, such as ``can't write the lock``.
        where: The place; by default the file named by the error.
    """
    reason = os.strerror(error.errno) if error.errno else str(error)
    place = where or (str(error.filename) if error.filename else "")
    return DistError(f"{doing}: {reason}", where=place, hint=HINTS.get(error.errno or 0, ""))


def not_regular(path: str) -> Odd:
    """Return the error for something that is not a regular file where one is needed."""
    return Odd(
        "it is not a regular file, so it is left alone", where=path, hint="move it away to go on"
    )
