"""The one rule that every merge applies to base, ours and theirs; an absent value counts like any other."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TypeVar

from hermes_dist.model.side import Side

T = TypeVar("T")


def pick(base: T, ours: T, theirs: T, same: Callable[[T, T], bool] = operator.eq) -> Side | None:
    """Return whose value wins: ours if theirs is equal or unchanged, theirs if ours is unchanged.

    Args:
        base: The value both sides started from.
        ours: The local value.
        theirs: The upstream value.
        same: Tells whether two values are equal.

    Returns:
        A side, or None for a conflict: both changed it, differently.
    """
    if same(ours, theirs) or same(theirs, base):
        return Side.OURS
    if same(ours, base):
        return Side.THEIRS
    return None
