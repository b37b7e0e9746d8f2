"""Kernel locks on files: one command at a time on a home, a cache or a list."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from hermes_dist.brand import PRIVATE
from hermes_dist.errors import Busy, DistError
from hermes_dist.world.disk.errors import not_regular, trouble
from hermes_dist.world.disk.owners import give
from hermes_dist.world.disk.private import FILE, give_mode, make_private

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def flock(
    path: Path, *, timeout: float = 0, held: str = "another command is running here"
) -> Iterator[int]:
    """Hold an exclusive lock on a file, which is created if missing and never written to.

    The kernel releases the lock when its process ends, in whatever way.

    Args:
        path: The lock file; a symlink there is not followed.
        timeout: How many seconds to wait for it.
        held: The message if another process holds it.

    Yields:
        The open file: a child that has it holds the lock, too.

    Raises:
        Busy: Another process holds it; the message names the process if the system tells.
        DistError: The file can't be opened.
    """
    end = time.monotonic() + timeout
    while True:
        fd = _open_lock(path)
        try:
            if _try_lock(fd, path):
                yield fd
                return
            if time.monotonic() >= end:
                raise _busy(os.fstat(fd), path, held)
        finally:
            os.close(fd)
        time.sleep(0.02)


@contextlib.contextmanager
def folder_in_use(path: Path, patience: float) -> Iterator[None]:
    """Say that a folder is used; others may use it, too, but nobody has it alone.

    Args:
        path: The folder, which may be missing.
        patience: How many seconds to wait while somebody has it alone; it is used then all the same.
    """
    try:
        folder = os.open(path, _FOLDER)
    except OSError:
        yield
        return
    try:
        end = time.monotonic() + patience
        with contextlib.suppress(OSError):  # a disk without such locks
            while not _lock_folder(folder, fcntl.LOCK_SH) and time.monotonic() < end:
                time.sleep(0.005)
        yield
    finally:
        os.close(folder)


@contextlib.contextmanager
def folder_alone(path: Path) -> Iterator[int]:
    """Have a folder alone.

    Yields:
        The open folder: a child that has it holds the lock, too.

    Raises:
        Busy: Somebody uses it.
        DistError: It is missing, or its disk has no such locks.
    """
    try:
        folder = os.open(path, _FOLDER)
    except OSError as error:
        raise trouble(error, "can't open the folder", where=str(path)) from error
    try:
        try:
            alone = _lock_folder(folder, fcntl.LOCK_EX)
        except OSError as error:
            raise trouble(error, "can't lock", where=str(path)) from error
        if not alone:
            raise Busy("another command uses it", where=str(path))
        yield folder
    finally:
        os.close(folder)


def _lock_folder(folder: int, kind: int) -> bool:
    try:
        fcntl.flock(folder, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open_lock(path: Path) -> int:
    """Open the lock file; neither it nor its folder may be a symlink."""
    try:
        make_private(path.parent)
        folder = os.open(path.parent, _FOLDER)
        try:
            fd = os.open(path.name, _LOCK, FILE, dir_fd=folder)
            _make_private_file(fd)
            if os.fstat(fd).st_uid == os.geteuid():  # not one that another user made
                give(fd, os.fstat(folder))
            return fd
        finally:
            os.close(folder)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR, errno.EEXIST}:
            raise not_regular(str(path)) from error
        raise trouble(error, "can't open the lock", where=str(path)) from error


def _make_private_file(fd: int) -> None:
    """Set the private mode of a lock file, whatever the umask made of it."""
    if stat.S_IMODE(os.fstat(fd).st_mode) != FILE:
        give_mode(fd, FILE)  # refused for one of another user, who lets us use it


def _try_lock(fd: int, path: Path) -> bool:
    """Lock the file; False if another process holds it, or another file is now at that path."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise trouble(error, "can't lock", where=str(path)) from error
    with contextlib.suppress(FileNotFoundError):
        # gc removes the lock file of a cache with the cache, and a lock on a file without a name
        # keeps nobody out.
        return os.path.samestat(os.fstat(fd), os.stat(path, follow_symlinks=False))
    return False


def _busy(file: os.stat_result, path: Path, held: str) -> Busy:
    """Return the error that names the holder, from the kernel's list of locks."""
    holder = ""
    with contextlib.suppress(OSError):
        for line in Path("/proc/locks").read_text().splitlines():
            fields = line.split()
            if fields[1] == "FLOCK" and fields[5].endswith(f":{file.st_ino}") and fields[4] != "0":
                holder = f" (process {fields[4]})"
    return Busy(
        f"{held}{holder}", where=str(path.parent), hint="wait for it to end, then run it again"
    )


@contextlib.contextmanager
def home_lock(home: Path, timeout: float = 0) -> Iterator[None]:
    """Lock a home (``.dist/lock``) against our other commands; the kernel releases the lock of a dead process.

    Args:
        home: The home folder, which must exist.
        timeout: How many seconds to wait for it.

    Raises:
        Busy: Another command holds the home.
        Odd: ``.dist`` is a symlink.
        DistError: The home is missing or can't be written.
    """
    if not home.is_dir():
        raise DistError("there is no such home", where=str(home))
    with flock(
        home / PRIVATE / "lock", timeout=timeout, held="another command is changing this home"
    ):
        yield
