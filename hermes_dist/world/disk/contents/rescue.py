"""Find what can still be read of a damaged box: after a bad sector, or when a copy of it was cut short."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator

from hermes_dist.world.disk.contents.form import ENTRY, ENTRY_MARK, LARGE, ROW, Part, read_rows

_PIECE = 1 << 16
_PAGE = 4096


def rescued_rows(fd: int) -> bytes:
    """Return a row for each content of an open box that is what its digest says.

    Contents are looked for in two ways: by the rows, some of which may be damaged, and by the entries from the front.
    A place that the disk can't read counts as damaged.
    """
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        return b""
    parts = dict(_by_rows(fd, found.st_size))
    parts.update(_by_entries(fd, found.st_size, parts))
    return b"".join(ROW.pack(key, *parts[key]) for key in sorted(parts))


def _by_rows(fd: int, end: int) -> Iterator[tuple[bytes, Part]]:
    rows = b""
    with contextlib.suppress(OSError):
        rows = read_rows(fd)
    for key, at, size in ROW.iter_unpack(rows[: len(rows) // ROW.size * ROW.size]):
        if _is_whole(fd, key, (at, size), end):
            yield key, (at, size)


def _by_entries(fd: int, end: int, known: dict[bytes, Part]) -> Iterator[tuple[bytes, Part]]:
    at = 0
    while (at := _next_entry(fd, at, end)) < end:
        _, key, size = ENTRY.unpack(_read(fd, ENTRY.size, at).ljust(ENTRY.size, b"\0"))
        part = (at + ENTRY.size, size)
        if known.get(key) == part or _is_whole(fd, key, part, end):
            yield key, part
            at += ENTRY.size + size
        else:
            at += 1  # its size may be what is damaged


def _next_entry(fd: int, at: int, end: int) -> int:
    """Where the next entry begins; the end of the box if there is none."""
    while at + ENTRY.size <= end:
        piece = _read(fd, _PIECE, at) or _read(fd, _PAGE - at % _PAGE, at)
        found = piece.find(ENTRY_MARK)
        if found >= 0:
            return at + found
        # A mark may begin in one piece and end in the next; what can't be read is passed over by pages.
        more = len(piece) - len(ENTRY_MARK) + 1
        at += more if more > 0 else _PAGE - at % _PAGE
    return end


def _is_whole(fd: int, key: bytes, part: Part, end: int) -> bool:
    """Whether a content is what its digest says."""
    at, size = part
    if size > LARGE or at + size > end:
        return False
    return hashlib.sha256(_read(fd, size, at)).digest() == key


def _read(fd: int, size: int, at: int) -> bytes:
    """Read some bytes; nothing if the disk can't."""
    with contextlib.suppress(OSError):
        return os.pread(fd, size, at)
    return b""
