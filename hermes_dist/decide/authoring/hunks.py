"""Hunks: the single differences between two texts, by number; and a text with only some of them."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from hermes_dist.merge.match import changes


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


def _numbered(old: list[bytes], new: list[bytes]) -> tuple[list[int], list[int]]:
    numbers: dict[bytes, int] = {}
    first = [numbers.setdefault(line, len(numbers)) for line in old]
    return first, [numbers.setdefault(line, len(numbers)) for line in new]


def _shown(lines: list[bytes]) -> tuple[str, ...]:
    return tuple(line.decode("utf-8", "replace").rstrip("\r\n") for line in lines)
