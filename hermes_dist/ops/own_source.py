"""Whether a source is the list of layers that a user put under a profile; every look at a source asks this."""

from __future__ import annotations

from pathlib import PurePath

from hermes_dist.brand import LAYERS, SHARED
from hermes_dist.ops.context import Context


def is_own(source: str) -> bool:
    """Whether a source is the list of the layers that a user put under a profile, of this machine or another one."""
    return PurePath(source).parts[-3:-1] == (SHARED, LAYERS)


def is_list(ctx: Context, source: str) -> bool:
    """Whether a source is such a list of this machine: no policy is about it, only about the layers in it."""
    return PurePath(source).parent == ctx.layout.shared / LAYERS
