"""What becomes of the list of a user's own layers when its profile, or the package in it, is gone for good."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from hermes_dist.brand import MANIFEST
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.tree import Digest
from hermes_dist.ops.context import Context
from hermes_dist.ops.own_layers import remembered, written
from hermes_dist.world.transaction.move_home import erase


def drop(ctx: Context, name: ProfileName) -> None:
    """Remove the list of a profile that is erased for good.

    Raises:
        DistError: It can't be removed.
    """
    place = ctx.layout.own_layers(name)
    erase(place)
    remembered(place).unlink(missing_ok=True)


def drop_unused(ctx: Context, names: Iterable[ProfileName], kept: Collection[ProfileName]) -> None:
    """Remove the lists of profiles that were erased, unless another of the same name is there, or is put away.

    Raises:
        DistError: One can't be removed.
    """
    for name in dict.fromkeys(names):
        if name not in kept and not ctx.layout.home(name).exists():
            drop(ctx, name)


def drop_ours(ctx: Context, name: ProfileName, lock: Lock) -> None:
    """Remove the list of a profile whose package was uninstalled; one edited by hand, or with files beside it, stays.

    Raises:
        DistError: It can't be removed.
    """
    place = ctx.layout.own_layers(name)
    if lock.source != str(place) or not place.is_dir():
        return
    if [each.name for each in place.iterdir()] != [MANIFEST]:
        return
    if Digest.of((place / MANIFEST).read_bytes()) in written(ctx, name):
        drop(ctx, name)
