"""Boxes: many small contents in one file, so that a large package costs the store one file and not thousands.

A box holds the contents one after the other, then a row for each (digest, place, size), and at the end how many rows
there are. Its name is the SHA-256 of these rows. It is written beside its place, brought to the disk and renamed into
it, so a reader meets it whole or not at all; what is in it is still checked against its digest by whoever reads it.

A store may hold far more than a command asks for, so the rows of a box are read when something is looked for that the
boxes before it lack.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import struct
import sys
import time
import weakref
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Lock

from hermes_dist.lazily import NamedTuple
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.fs import read_all, sync_fd, write_all
from hermes_dist.world.disk.owners import give
from hermes_dist.world.disk.private import FILE as MODE

FOLDER = "packs"
"""The folder of the boxes in a store: its name, and that of the form in each box, are those of the first stores."""
INCOMING = "incoming"
"""The folder of a store where contents are written before they get their names."""
_ROW = struct.Struct(">32sQQ")
_END = struct.Struct(">8sQ")
_MARK = b"hd-pack1"
_BUFFER = 1 << 18
_MOMENT = 1.0
"""Seconds for which a box that was used counts as being used: a package asks for thousands of its contents."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


Part = tuple[int, int]
"""Where a content begins in its box, and its size."""


def place_of(digest: Digest) -> str:
    """Return where a content that has a file of its own is in a store."""
    return f"{digest[:2]}/{digest[2:]}"


class Place(NamedTuple):
    """A content in a box."""

    box: str
    digest: Digest
    at: int
    size: int


class NewBox:
    """A box that is being written.

    Args:
        folder: The open folder that it is written in.
        name: Its name there, which no other file has.
    """

    def __init__(self, folder: int, name: str) -> None:
        self._fd = os.open(name, _NEW, MODE, dir_fd=folder)
        os.fchmod(self._fd, MODE)
        give(self._fd, os.fstat(folder))
        self._held: list[bytes] = []
        self._size = self._written = 0
        self.rows: dict[Digest, Part] = {}

    def add(self, digest: Digest, data: bytes) -> None:
        """Write a content."""
        self.rows[digest] = (self._written + self._size, len(data))
        self._held.append(data)
        self._size += len(data)
        if self._size >= _BUFFER:
            self._flush()

    def finish(self) -> str:
        """Bring it to the disk, and return the name that it should get."""
        rows = _boxed(self.rows)
        self._held += [rows, _END.pack(_MARK, len(self.rows))]
        self._flush()
        sync_fd(self._fd)
        return hashlib.sha256(rows).hexdigest()

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def _flush(self) -> None:
        write_all(self._fd, b"".join(self._held))
        self._written += self._size
        self._held, self._size = [], 0


class _Index:
    """What a box holds: its rows, which are in the order of their digests, and the first 8 bytes of each digest.

    Args:
        box: The box.
        rows: Its rows.
    """

    def __init__(self, box: str, rows: bytes) -> None:
        self._box, self._rows = box, rows
        numbers = array("Q", rows)
        if sys.byteorder == "little":
            numbers.byteswap()
        self._starts = numbers[:: _ROW.size // numbers.itemsize]

    def __len__(self) -> int:
        return len(self._starts)

    def find(self, digest: bytes) -> Place | None:
        """Find a content; None if it is not in this box."""
        start = int.from_bytes(digest[:8], "big")
        row = bisect_left(self._starts, start)
        while row < len(self._starts) and self._starts[row] == start:
            if self._rows.startswith(digest, row * _ROW.size):
                return self._at(row)
            row += 1
        return None

    def all(self) -> Iterator[Place]:
        """Everything that is in it."""
        return map(self._at, range(len(self._starts)))

    def _at(self, row: int) -> Place:
        key, at, size = _ROW.unpack_from(self._rows, row * _ROW.size)
        return Place(self._box, str.__new__(Digest, key.hex()), at, size)


class Boxes:
    """The boxes of a store. Safe for parallel use.

    Args:
        folder: Their folder; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._top = str(folder)
        self._lock = Lock()
        self._used: dict[str, float] = {}
        self._indexes: dict[str, _Index] = {}
        self._known: list[str] | None = None
        self._latest = ""
        self._name = ""
        self._fd = -1
        self._close: Callable[[], object] = int

    def near(self, digest: Digest) -> Place | None:
        """Find a content in the box in which something was found last; None if it is not there."""
        return self._index(self._latest).find(bytes.fromhex(digest)) if self._latest else None

    def place(self, digest: Digest, *, again: bool = False, but: str = "") -> Place | None:
        """Find a content; None if it is in no box.

        Args:
            digest: Its name.
            again: Look again which boxes there are: another command may have written one, or removed one.
            but: A box that does not count; empty for none.

        Raises:
            OSError: The disk fails.
        """
        if again or self._known is None:
            self.look()
        key = bytes.fromhex(digest)
        for box in self._known or ():
            if box != but and (place := self._index(box).find(key)) is not None:
                self._latest = box
                return place
        return None

    def of(self, box: str) -> list[Place]:
        """What a box holds; nothing if it is damaged or gone.

        Raises:
            OSError: The disk fails.
        """
        return list(self._index(box).all())

    def names(self) -> list[str]:
        """The boxes that are there, damaged ones included.

        Raises:
            OSError: The disk fails.
        """
        try:
            return os.listdir(self.folder)
        except FileNotFoundError:
            return []

    def read(self, place: Place) -> bytes | None:
        """Read a content, unchecked; None if its box is gone.

        Raises:
            OSError: The disk fails.
        """
        with self._lock:
            try:
                return os.pread(self._opened(place.box), place.size, place.at)
            except FileNotFoundError:
                return None

    def add(self, box: str, rows: Mapping[Digest, Part]) -> None:
        """Learn of a box that this process has written."""
        self._indexes[box] = _Index(box, _boxed(rows))
        self._known = [box, *(name for name in self._known or () if name != box)]
        self._latest = box

    def use(self, box: str) -> bool:
        """Make a box young, so that no clean-up removes it; False if it is gone."""
        now = time.monotonic()
        if now - self._used.get(box, -_MOMENT) < _MOMENT:
            return True
        try:
            os.utime(f"{self._top}/{box}", follow_symlinks=False)
        except OSError:
            return False
        self._used[box] = now
        return True

    def is_there(self, place: Place) -> bool:
        """Whether the box of a content is still there."""
        return os.access(f"{self._top}/{place.box}", os.F_OK)

    def look(self) -> None:
        """Learn which boxes there are now.

        Raises:
            OSError: The disk fails.
        """
        names = self.names()
        if self._known is not None and {*names} == {*self._known}:
            return
        for gone in {*self._indexes} - {*names}:
            self.forget(gone)
        # The one that was used last mostly has what is looked for, and then the others are not read.
        self._known = sorted(names, key=self._age)

    def forget(self, box: str) -> None:
        """Forget what is known of a box, so that it is read again."""
        with self._lock:
            self._indexes.pop(box, None)
            self._used.pop(box, None)
            if self._latest == box:
                self._latest = ""
            if self._name == box:
                self._close()
                self._name = ""

    def _age(self, box: str) -> tuple[int, str]:
        with contextlib.suppress(OSError):
            return -os.stat(f"{self._top}/{box}", follow_symlinks=False).st_mtime_ns, box
        return 0, box

    def _index(self, box: str) -> _Index:
        known = self._indexes.get(box)
        if known is None:
            known = _Index(box, self._rows_of(box))
            if known:  # a damaged one may be written again under its name
                self._indexes[box] = known
        return known

    def _rows_of(self, box: str) -> bytes:
        """Read the rows of a box; nothing if it is damaged or gone."""
        try:
            fd = os.open(self.folder / box, _READ)
        except OSError:
            return b""
        try:
            rows = _rows_in(fd)
        finally:
            os.close(fd)
        return rows if hashlib.sha256(rows).hexdigest() == box else b""

    def _opened(self, box: str) -> int:
        """Open a box; the last one stays open, because its neighbours are read next."""
        if box != self._name:
            fd = os.open(self.folder / box, _READ)
            self._close()
            self._name, self._fd, self._close = box, fd, weakref.finalize(self, os.close, fd)
        return self._fd


def _boxed(rows: Mapping[Digest, Part]) -> bytes:
    return b"".join(_ROW.pack(bytes.fromhex(digest), *rows[digest]) for digest in sorted(rows))


def _rows_in(fd: int) -> bytes:
    """Read the rows at the end of a file; nothing if it is no box."""
    found = os.fstat(fd)
    end = found.st_size - _END.size
    if not stat.S_ISREG(found.st_mode) or end < 0:
        return b""
    mark, count = _END.unpack(os.pread(fd, _END.size, end))
    if mark != _MARK or count > end // _ROW.size:
        return b""
    os.lseek(fd, end - count * _ROW.size, os.SEEK_SET)
    return read_all(fd, count * _ROW.size)[: count * _ROW.size]
