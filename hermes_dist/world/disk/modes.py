"""Whether a disk keeps permission bits; disks of Windows and many network drives do not.

There, every file has the same bits, and a change of them is ignored or refused. How a disk is mounted does not say it
for sure on any system, so it is tried, as git does: on a file of ours, which has no name where the disk can make such.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from hermes_dist.brand import PRIVATE
from hermes_dist.world.disk.private import FILE, FOLDER
from hermes_dist.world.ports import Kept

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_ROOM = frozenset({errno.EROFS, errno.ENOSPC, errno.EDQUOT})
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def kept_at(place: Path) -> Kept:
    """Try what the disk of a file or folder keeps; everything if it can't be tried."""
    folder = place if place.is_dir() else place.parent
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return Kept()
    try:
        return kept_in(fd)
    finally:
        os.close(fd)


def mount_of(place: Path) -> Path:
    """The folder at which the disk of a file or folder begins."""
    place = place.resolve()
    device = place.stat().st_dev
    while place.parent != place and place.parent.stat().st_dev == device:
        place = place.parent
    return place


def kept_in(folder: int) -> Kept:
    """Try what the disk of an open folder keeps.

    Returns:
        What it keeps. If it is read-only or full, what our own folder there tells; everything if nobody can tell.
    """
    try:
        own = os.open(PRIVATE, _FOLDER, dir_fd=folder)  # there, no other program looks for files
    except OSError:
        return _tried(folder) or Kept()
    try:
        return _tried(own) or _told_by(own)
    finally:
        os.close(own)


def _told_by(own: int) -> Kept:
    """What is told by our own folder, which was made for its owner alone."""
    return Kept() if stat.S_IMODE(os.fstat(own).st_mode) == FOLDER else Kept(False, False)


def _tried(folder: int) -> Kept | None:
    try:
        fd = _nameless(folder)
    except OSError:
        return _tried_by_name(folder)
    try:
        return _kept(fd)
    finally:
        os.close(fd)


def _nameless(folder: int) -> int:
    """Open a file without a name, which leaves no trace in its folder.

    Raises:
        OSError: The system or the disk has no such files, as most disks without modes; or nothing can be written.
    """
    flag = getattr(os, "O_TMPFILE", None)
    if flag is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    return os.open(".", flag | os.O_RDWR | os.O_CLOEXEC, FILE, dir_fd=folder)


def _tried_by_name(folder: int) -> Kept | None:
    name = f".modes.{os.urandom(6).hex()}.tmp"
    try:
        fd = os.open(name, _NEW, FILE, dir_fd=folder)
    except OSError as error:
        return None if error.errno in _NO_ROOM else Kept()
    try:
        return _kept(fd)
    finally:
        os.close(fd)
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=folder)


def _kept(fd: int) -> Kept:
    """Try it on an empty file of ours."""
    # Both ways: where every file is executable, one that was made so proves nothing.
    runs = _keeps(fd, FILE | stat.S_IXUSR, stat.S_IXUSR)
    return Kept(runs and _keeps(fd, FILE, stat.S_IXUSR), _keeps(fd, FILE, _OTHERS))


def _keeps(fd: int, mode: int, bits: int) -> bool:
    """Whether a file of ours has some bits of a mode as it was given them."""
    with contextlib.suppress(OSError):
        os.fchmod(fd, mode)
    return not (os.fstat(fd).st_mode ^ mode) & bits
