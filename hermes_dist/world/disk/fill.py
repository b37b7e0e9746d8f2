"""Make many files and folders in a place of our own, and open each folder once for all the folders in it.

A folder that was made a moment ago is not opened for the files in it: nobody else can have put a link in its place.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Self

from hermes_dist.light import NamedTuple
from hermes_dist.world.disk.owners import give
from hermes_dist.world.disk.private import give_mode
from hermes_dist.world.ports import New

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_all(fd: int, data: bytes | bytearray) -> None:
    """Write every byte; a short write is continued."""
    rest = memoryview(data)
    while rest:
        written = os.write(fd, rest)
        if not written:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rest = rest[written:]


class _Open(NamedTuple):
    """An open folder on the way to the next file.

    Attributes:
        path: Its path, with a slash at the end.
        fd: The open folder.
        facts: What it is.
        alike: Whether what this process makes in it has its owner and group anyway.
    """

    path: str
    fd: int
    facts: os.stat_result
    alike: bool


class Filler:
    """Makes files and folders below an open folder.

    Args:
        root: The folder.
    """

    def __init__(self, root: int) -> None:
        self._user, self._group = os.geteuid(), os.getegid()
        self._way: list[_Open] = []
        self._last = ""
        self._enter("", root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while len(self._way) > 1:
            os.close(self._way.pop().fd)

    def make(self, new: New) -> None:
        """Make one; each folder has to come before what is in it.

        Raises:
            OSError: As the system says.
        """
        folder, _, name = new.path.rpartition("/")
        if new.data is not None and folder and folder == self._last:
            around = self._way[-1]
            self._file(new, new.path[len(around.path) :], new.data, around)
            return
        around = self._opened(f"{folder}/" if folder else "")
        if new.data is not None:
            self._file(new, name, new.data, around)
        elif around.alike:
            self._empty(new, name, around)
        else:
            self._folder(new, name, around)

    def _file(self, new: New, name: str, data: bytes, around: _Open) -> None:
        fd = os.open(name, _NEW, new.mode, dir_fd=around.fd)
        try:
            if not around.alike:
                give(fd, around.facts)
            write_all(fd, data)
            if new.exact:
                give_mode(fd, new.mode)
        finally:
            os.close(fd)

    def _empty(self, new: New, name: str, around: _Open) -> None:
        """Make a folder that has the right owner anyway."""
        os.mkdir(name, new.mode, dir_fd=around.fd)
        if new.exact:
            give_mode(name, new.mode, around.fd)
        self._last = new.path

    def _folder(self, new: New, name: str, around: _Open) -> None:
        os.mkdir(name, new.mode, dir_fd=around.fd)
        fd = os.open(name, _FOLDER, dir_fd=around.fd)
        try:
            if not around.alike:
                give(fd, around.facts)
            if new.exact:
                give_mode(fd, new.mode)
        except OSError:
            os.close(fd)
            raise
        self._enter(f"{new.path}/", fd)

    def _opened(self, path: str) -> _Open:
        """Open a folder, from the nearest one that is open already."""
        self._last = ""
        while not path.startswith(self._way[-1].path):
            os.close(self._way.pop().fd)
        at = self._way[-1]
        for name in path[len(at.path) :].split("/")[:-1]:
            at = self._enter(f"{at.path}{name}/", os.open(name, _FOLDER, dir_fd=at.fd))
        return at

    def _enter(self, path: str, fd: int) -> _Open:
        facts = os.fstat(fd)
        # A folder that hands its group on gives it to what is made in it; only root has to hand its own things over.
        group = facts.st_gid == self._group or facts.st_mode & stat.S_ISGID
        alike = bool(group) and (self._user != 0 or facts.st_uid == 0)
        self._way.append(_Open(path, fd, facts, alike))
        return self._way[-1]
