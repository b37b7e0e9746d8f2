"""The paths of a package that a profile includes or could include, for shell completion."""

from __future__ import annotations

from collections.abc import Sequence

from hermes_dist.brand import LOCKFILE
from hermes_dist.decide.included import includable
from hermes_dist.model.lock import load_lock
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context


def paths(ctx: Context, name: ProfileName, *, here: bool) -> Sequence[str]:
    """List paths that a profile includes, or could include; no server is contacted.

    Args:
        ctx: The context.
        name: The profile.
        here: List what it includes.

    Raises:
        OSError: It has no lockfile.
        DistError: The lockfile or the cached source can't be read.
    """
    lock = load_lock((ctx.layout.home(name) / LOCKFILE).read_bytes())
    if here:
        return lock.top.included
    pin = lock.pin
    if not pin.commit:
        return []
    files = ctx.sources.git.listing(pin.url, pin.commit, pin.subfolder).files
    return includable((file.path for file in files), {*lock.base, *lock.shipped})
