"""The index of a box in memory, and a glance at that of one on the disk."""

from __future__ import annotations

import os
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Set
from math import isqrt

from hermes_dist.light import NamedTuple
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.contents.form import ROW, find_rows

_ROWS_A_SEARCH = 8
"""So many rows of an index are listed in the time in which one content is searched."""
_NAME = 64
"""The digits of a digest, with which a row begins."""


class Place(NamedTuple):
    """A content in a box."""

    box: str
    digest: Digest
    at: int
    size: int


class Index:
    """What a box holds: its rows, which are in the order of their digests, and the first 8 bytes of each digest.

    Args:
        box: The box.
        rows: Its rows.
        damaged: Which file was found damaged, so that only what could be rescued of it is here; empty for none.
        unread: Whether the disk could not read a part of it.
    """

    def __init__(
        self, box: str, rows: bytes, damaged: tuple[int, ...] = (), *, unread: bool = False
    ) -> None:
        self.box, self.rows, self.damaged, self.unread = box, rows, damaged, unread
        numbers = array("Q", rows)
        if sys.byteorder == "little":
            numbers.byteswap()
        self._starts = numbers[:: ROW.size // numbers.itemsize]

    def __len__(self) -> int:
        return len(self._starts)

    def find(self, digest: Digest) -> Place | None:
        """Find a content; None if it is not in this box."""
        key = bytes.fromhex(digest)
        start = int.from_bytes(key[:8], "big")
        row = bisect_left(self._starts, start)
        while row < len(self._starts) and self._starts[row] == start:
            if self.rows.startswith(key, row * ROW.size):
                _, at, size = ROW.unpack_from(self.rows, row * ROW.size)
                return Place._make((self.box, digest, at, size))
            row += 1
        return None

    def sizes(self, digests: Set[Digest]) -> dict[Digest, int]:
        """Return the sizes of those of some contents that are in this box."""
        if len(digests) * _ROWS_A_SEARCH < len(self):
            places = {digest: self.find(digest) for digest in digests}
            return {digest: place.size for digest, place in places.items() if place}
        known = {key: size for key, _, size in ROW.iter_unpack(self.rows)}
        found = {digest: known.get(bytes.fromhex(digest)) for digest in digests}
        return {digest: size for digest, size in found.items() if size is not None}

    def among(self, digests: Set[Digest]) -> Set[str]:
        """Return those of some contents that are in this box, and maybe others that are."""
        if len(digests) * _ROWS_A_SEARCH < len(self):
            return {digest for digest in digests if self.find(digest)}
        rows, each = self.rows.hex(), 2 * ROW.size
        return {rows[at : at + _NAME] for at in range(0, len(rows), each)}

    def all(self) -> Iterator[Place]:
        """Everything that is in it."""
        for key, at, size in ROW.iter_unpack(self.rows):
            yield Place(self.box, str.__new__(Digest, key.hex()), at, size)


def may_hold(fd: int, digest: bytes) -> bool:
    """Whether an open box may have a content; False if, to judge by the rows near where it would be, it has not.

    Digests are spread evenly, so where a row should be is known to about the square root of their number. This is for
    a store with many boxes, of which few have what is looked for: most of the rows of the others are never read.

    Raises:
        OSError: The disk fails.
    """
    place = find_rows(fd)
    if place is None:
        return True  # it is damaged, and something may be rescued
    begin, count = place
    near = int.from_bytes(digest[:8], "big") * count >> 64
    around = 2 * isqrt(count) + 8
    first, last = max(0, near - around), min(count, near + around)
    rows = os.pread(fd, (last - first) * ROW.size, begin + first * ROW.size)
    if rows.find(digest) >= 0:
        return True
    begins_before = first == 0 or rows[: len(digest)] < digest
    ends_behind = last == count or rows[-ROW.size :][: len(digest)] > digest
    return not (begins_before and ends_behind)
