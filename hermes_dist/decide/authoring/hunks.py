"""Hunks: the single differences between two texts, by number; and a text with only some of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import takewhile

from msgspec import Struct

from hermes_dist.merge.match import changes
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Read, Tree


class Hunk(Struct, frozen=True):
    """One difference between two texts.

    Attributes:
        number: Its number, from 1.
        gone: The lines that went, as text without their ends.
        new: The lines that came.
    """

    number: int
    gone: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def telling(self) -> str:
        """The line that shows best what it is about: the first that came, or else that went, and is not blank."""
        return next((line.strip() for line in (*self.new, *self.gone) if line.strip()), "")


def is_text(data: bytes) -> bool:
    """Whether a content is compared line by line, as git tells texts from binary files."""
    return b"\0" not in data[:8000]


def hunks_between(before: bytes, after: bytes) -> list[Hunk]:
    """List the differences between two texts, from top to bottom."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return [
        Hunk(at, _shown(old[each.a_lo : each.a_hi]), _shown(new[each.b_lo : each.b_hi]))
        for at, each in enumerate(changes(*_numbered(old, new)), start=1)
    ]


def with_hunks(before: bytes, after: bytes, numbers: Collection[int]) -> bytes:
    """Make the text that has only these differences from the first one.

    Args:
        before: The text without any of them.
        after: The text with all of them.
        numbers: The differences to make, by number.
    """
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    made: list[bytes] = []
    at = 0
    for number, each in enumerate(changes(*_numbered(old, new)), start=1):
        made += old[at : each.a_lo]
        made += new[each.b_lo : each.b_hi] if number in numbers else old[each.a_lo : each.a_hi]
        at = each.a_hi
    return b"".join([*made, *old[at:]])


def count_lines(
    before: Tree, after: Tree, paths: Iterable[RelPath], read: Read
) -> dict[RelPath, tuple[int, int]]:
    """Count how many lines come and go in each text that changes; other files have no lines."""
    found: dict[RelPath, tuple[int, int]] = {}
    for path in paths:
        entries = [tree.get(path) for tree in (before, after)]
        old, new = (read(entry.digest) if entry else b"" for entry in entries)
        if is_text(old) and is_text(new):
            hunks = hunks_between(old, new)
            found[path] = sum(len(h.new) for h in hunks), sum(len(h.gone) for h in hunks)
    return found


def line_before(before: bytes, after: bytes, line: int) -> int:
    """Find where a line of the second text stands in the first one.

    Args:
        before: The text that somebody can open.
        after: The text that was made from it.
        line: A line of the second text, from 1.

    Returns:
        Its line in the first text; for a line that was changed, the one most like it in its place.
    """
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    shift = 0
    for each in changes(*_numbered(old, new)):
        if line <= each.b_lo:
            break
        if line <= each.b_hi:
            piece = old[each.a_lo : each.a_hi]
            return each.a_lo + _most_alike(piece, new[line - 1], line - 1 - each.b_lo) + 1
        shift = each.a_hi - each.b_hi
    return line + shift


def _most_alike(lines: Sequence[bytes], line: bytes, near: int) -> int:
    """The place of the line that begins most like another one; of several, the one nearest to a place."""

    def alike(at: int) -> tuple[int, int]:
        both = zip(lines[at].strip(), line.strip(), strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], both)), -abs(at - near)

    return max(range(len(lines)), key=alike, default=0)


def _numbered(old: list[bytes], new: list[bytes]) -> tuple[list[int], list[int]]:
    numbers: dict[bytes, int] = {}
    first = [numbers.setdefault(line, len(numbers)) for line in old]
    return first, [numbers.setdefault(line, len(numbers)) for line in new]


def _shown(lines: list[bytes]) -> tuple[str, ...]:
    return tuple(line.decode("utf-8", "replace").rstrip("\r\n") for line in lines)
