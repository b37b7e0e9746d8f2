"""What becomes of the list of a user's own layers when its profile, or the package in it, is gone for good."""

from __future__ import annotations

from hermes_dist.brand import MANIFEST
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.tree import Digest
from hermes_dist.ops.context import Context
from hermes_dist.ops.own_layers import remembered, written
from hermes_dist.world.files import read_file
from hermes_dist.world.transaction.move_home import erase


def drop(ctx: Context, name: str) -> None:
    """Remove the list of a profile that is erased for good, by its name or that of the folder it was put away in.

    Raises:
        DistError: It can't be removed.
    """
    place = ctx.layout.own_layers(name)
    erase(place)
    remembered(place).unlink(missing_ok=True)


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
    if Digest.of(read_file(place / MANIFEST)) in written(ctx, name):
        drop(ctx, name)
