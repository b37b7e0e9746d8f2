"""Find what can still be read of a damaged box: after a bad sector, or when a copy of it was cut short."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator

from hermes_dist.world.disk.contents.form import ENTRY, ENTRY_MARK, LARGE, ROW, Part, read_rows

_PIECE = 1 << 16
_PAGE = 4096


class Rescue:
    """One look at an open box for every content that is what its digest says.

    Contents are looked for in two ways: by the rows, some of which may be damaged, and by the entries from the front.
    A place that the disk can't read counts as damaged.

    Args:
        fd: The box.

    Attributes:
        failed: Whether the disk could not read a part of it, which it may read another day.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        found = os.fstat(fd)
        self._end = found.st_size if stat.S_ISREG(found.st_mode) else 0
        self.failed = False

    def rows(self) -> bytes:
        """Return a row for each content that was found."""
        parts = dict(self._by_rows())
        parts.update(self._by_entries(parts))
        return b"".join(ROW.pack(key, *parts[key]) for key in sorted(parts))

    def _by_rows(self) -> Iterator[tuple[bytes, Part]]:
        rows = b""
        try:
            if self._end:
                rows = read_rows(self._fd)
        except OSError:
            self.failed = True
        for key, at, size in ROW.iter_unpack(rows[: len(rows) // ROW.size * ROW.size]):
            if self._is_whole(key, (at, size)):
                yield key, (at, size)

    def _by_entries(self, known: dict[bytes, Part]) -> Iterator[tuple[bytes, Part]]:
        at = 0
        while (at := self._next_entry(at)) < self._end:
            _, key, size = ENTRY.unpack(self._read(ENTRY.size, at).ljust(ENTRY.size, b"\0"))
            part = (at + ENTRY.size, size)
            if known.get(key) == part or self._is_whole(key, part):
                yield key, part
                at += ENTRY.size + size
            else:
                at += 1  # its size may be what is damaged

    def _next_entry(self, at: int) -> int:
        """Where the next entry begins; the end of the box if there is none."""
        while at + ENTRY.size <= self._end:
            piece = self._read(_PIECE, at) or self._read(_PAGE - at % _PAGE, at)
            found = piece.find(ENTRY_MARK)
            if found >= 0:
                return at + found
            # A mark may begin in one piece and end in the next; what can't be read is passed over by pages.
            more = len(piece) - len(ENTRY_MARK) + 1
            at += more if more > 0 else _PAGE - at % _PAGE
        return self._end

    def _is_whole(self, key: bytes, part: Part) -> bool:
        """Whether a content is what its digest says."""
        at, size = part
        if size > LARGE or at + size > self._end:
            return False
        return hashlib.sha256(self._read(size, at)).digest() == key

    def _read(self, size: int, at: int) -> bytes:
        """Read some bytes; nothing if the disk can't."""
        try:
            return os.pread(self._fd, size, at)
        except OSError:
            self.failed = True
        return b""
