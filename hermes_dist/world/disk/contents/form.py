"""The form of a box: entries one after the other, a row for each entry, and at the end how many rows there are.

An entry is its digest and size, and the content. A row is the digest, the place of the content and its size; rows are
in the order of their digests, and the name of a box is the SHA-256 of its rows. The rows make a content quick to find;
where they are damaged, the entries still say what follows them. The first boxes have contents only, and no digest and
size before each.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from collections.abc import Mapping

from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.fs import read_all, sync_fd, write_all
from hermes_dist.world.disk.owners import give
from hermes_dist.world.disk.private import FILE as MODE
from hermes_dist.world.disk.private import give_mode

FOLDER = "packs"
"""The folder of the boxes in a store: its name, and that of the form in each box, are those of the first stores."""
LARGE = 128 << 10
"""A larger content never comes into a box."""
ENTRY = struct.Struct(">8s32sQ")
ENTRY_MARK = b"hd-entry"
ROW = struct.Struct(">32sQQ")
_END = struct.Struct(">8sQ")
_MARK = b"hd-pack1"
_ANY_MARK = b"hd-pack"
"""How the mark of every form begins; a number follows."""
_BUFFER = 1 << 18
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

Part = tuple[int, int]
"""Where a content begins in its box, and its size."""


class NewBox:
    """A box that is being written.

    Args:
        folder: The open folder that it is written in.
        name: Its name there, which no other file has.
    """

    def __init__(self, folder: int, name: str) -> None:
        self._fd = os.open(name, _NEW, MODE, dir_fd=folder)
        give_mode(self._fd, MODE)
        give(self._fd, os.fstat(folder))
        self._held: list[bytes] = []
        self._size = self._written = 0
        self.rows: dict[Digest, Part] = {}

    def add(self, digest: Digest, data: bytes) -> None:
        """Write a content."""
        self.rows[digest] = (self._written + self._size + ENTRY.size, len(data))
        self._held += (ENTRY.pack(ENTRY_MARK, bytes.fromhex(digest), len(data)), data)
        self._size += ENTRY.size + len(data)
        if self._size >= _BUFFER:
            self._flush()

    def finish(self) -> str:
        """Bring it to the disk, and return the name that it should get."""
        rows = rows_of(self.rows)
        self._held += [rows, _END.pack(_MARK, len(self.rows))]
        self._flush()
        sync_fd(self._fd)
        return name_of(rows)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def _flush(self) -> None:
        write_all(self._fd, b"".join(self._held))
        self._written += self._size
        self._held, self._size = [], 0


def rows_of(parts: Mapping[Digest, Part]) -> bytes:
    """The rows for some contents."""
    return b"".join(ROW.pack(bytes.fromhex(digest), *parts[digest]) for digest in sorted(parts))


def name_of(rows: bytes) -> str:
    """The name of a box that has these rows."""
    return hashlib.sha256(rows).hexdigest()


def find_rows(fd: int) -> Part | None:
    """Where the rows of an open box begin, and how many there are; None if it is damaged or not a box.

    Raises:
        OSError: The disk fails.
    """
    found = os.fstat(fd)
    end = found.st_size - _END.size
    if not stat.S_ISREG(found.st_mode) or end < 0:
        return None
    mark, count = _END.unpack(os.pread(fd, _END.size, end))
    if mark != _MARK or count > end // ROW.size:
        return None
    return end - count * ROW.size, count


def is_newer(fd: int) -> bool:
    """Whether an open box has a form that only a newer program knows; then nothing in it is damaged.

    Raises:
        OSError: The disk fails.
    """
    end = os.fstat(fd).st_size - _END.size
    mark = os.pread(fd, len(_MARK), end) if end >= 0 else b""
    return mark.startswith(_ANY_MARK) and mark[len(_ANY_MARK) :].isdigit() and mark != _MARK


def read_rows(fd: int) -> bytes:
    """Read the rows of an open box, unchecked; nothing if they can't be found.

    Raises:
        OSError: The disk fails.
    """
    place = find_rows(fd)
    if place is None:
        return b""
    begin, count = place
    os.lseek(fd, begin, os.SEEK_SET)
    return read_all(fd, count * ROW.size)[: count * ROW.size]
