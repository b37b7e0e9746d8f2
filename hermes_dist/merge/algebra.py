"""The one rule of every merge; absent is a value like any other."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TypeVar

from hermes_dist.model.side import Side

T = TypeVar("T")


def pick(base: T, ours: T, theirs: T, same: Callable[[T, T], bool] = operator.eq) -> Side | None:
    """Say whose value stands: ours if theirs is the same or unchanged, theirs if ours is unchanged.

    Args:
        base: The value both sides began with.
        ours: The value here.
        theirs: The value upstream.
        same: When two values are equal.

    Returns:
        A side, or None for a clash: both changed it, each in a way of its own.
    """
    if same(ours, theirs) or same(theirs, base):
        return Side.OURS
    if same(ours, base):
        return Side.THEIRS
    return None
