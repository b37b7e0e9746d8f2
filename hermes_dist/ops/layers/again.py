"""Read the layers of a profile again, as its lock records them: nothing is resolved, and nothing newer is taken."""

from __future__ import annotations

from functools import partial

from hermes_dist.decide.layers.compose import compose
from hermes_dist.decide.layers.stack import Layer
from hermes_dist.model.discreet import Contents
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import Read, Tree, together
from hermes_dist.ops.change.fetch import Fetched
from hermes_dist.ops.change.target import Target
from hermes_dist.ops.context import Context
from hermes_dist.ops.layers.received import layer_answered, layer_in, received_together
from hermes_dist.ops.neighbours.package import Packaged


class Below(Contents, frozen=True, kw_only=True):
    """What lies below a package.

    Attributes:
        tree: The composition of its layers, in the spelling of packages.
        own: The package itself: what it ships, and how it stands to the layers.
        layers: The layers, the lowest first.
        read: Reads the contents of all of them.
    """

    tree: Tree
    own: Layer
    layers: tuple[Layer, ...]
    read: Read

    @property
    def top(self) -> Tree:
        """What the package itself ships."""
        return self.own.tree


def below(ctx: Context, name: ProfileName, lock: Lock) -> Below:
    """Read what lies below the package of a profile.

    Raises:
        DistError: A layer is not here any more and can't be fetched.
    """
    *lower, top = received_together(ctx, name, (*lock.layers, lock.top))
    layers = tuple(map(partial(layer_answered, ctx, lock), lock.layers, lower))
    made = compose(layers, ctx.store.read)
    return Below(
        tree=made.tree,
        own=layer_in(lock.top, top),
        layers=layers,
        read=together(made.blobs, ctx.store.read),
    )


def fetched_of(package: LockedPackage, found: Packaged) -> Fetched:
    """Make a package that was read again one that was fetched, so that it can be placed."""
    spec, pin = parse_source(package.source, allow_insecure=True), package.pin
    target = Target(spec, None, pin.ref, pin.commit, pin.kind)
    return Fetched(target=target, offer=found.offer, manifest=found.manifest, taken=found.taken)
