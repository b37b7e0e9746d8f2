"""Decide which boxes to join: few enough to look through, and none written again and again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hermes_dist.light import NamedTuple

FULL = 1 << 15
"""A box with half as many contents is not joined any more: all of its rows are read for one content."""
HEAVY = 1 << 29
"""Nor is one with half as many bytes: the disk needs room for a joined box beside its parts."""
_TIMES = 2
"""A box stays as it is while it is so many times as large as all smaller ones together."""


class Sized(NamedTuple):
    """A box, and how much of it a joined one would hold."""

    size: int
    contents: int
    box: str


def groups_to_join(boxes: Iterable[Sized]) -> Iterator[list[Sized]]:
    """Yield the groups of boxes of which each should become one.

    As each box left is at least twice as large as all smaller ones together, there are few; and as a content that is
    written once more is then in a box at least half as large again, it is written once more only a few times.
    """
    some = sorted(one for one in boxes if one.contents < FULL // 2 and one.size < HEAVY // 2)
    end = _how_many(some)
    group: list[Sized] = []
    for one in some[:end]:
        if not _fits([*group, one]):
            yield group
            group = []
        group.append(one)
    if len(group) > 1:
        yield group


def _how_many(some: list[Sized]) -> int:
    """How many of the smallest boxes have to become one, so that each that is left is large beside all smaller ones."""
    end = below = 0
    for number, one in enumerate(some, 1):
        if one.size < _TIMES * below:
            end = number
        below += one.size
    return end


def _fits(group: list[Sized]) -> bool:
    return sum(one.contents for one in group) <= FULL and sum(one.size for one in group) <= HEAVY
