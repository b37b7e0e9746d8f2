"""Read the layers of a profile again, as its lock records them: nothing is resolved, and nothing newer is taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from msgspec.structs import replace

from hermes_dist.decide.inputs.declared import declared_by
from hermes_dist.decide.inputs.fill import Values, fill
from hermes_dist.decide.layers.compose import compose
from hermes_dist.decide.layers.received import layer_of
from hermes_dist.decide.layers.stack import Layer
from hermes_dist.decide.ownership import payload_of
from hermes_dist.errors import DistError
from hermes_dist.model.discreet import Contents
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import Read, Tree, together
from hermes_dist.ops.change.fetch import Fetched
from hermes_dist.ops.change.target import Target
from hermes_dist.ops.context import Context
from hermes_dist.ops.neighbours.package import packaged_again


class FolderChanged(DistError):
    """A folder that a profile received a package from holds something else by now; who knows the profile names it."""

    def of(self, name: ProfileName) -> FolderChanged:
        """Return self with the command for a profile."""
        self.command = f"update {name}"
        return self


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


def below(ctx: Context, lock: Lock) -> Below:
    """Read what lies below the package of a profile.

    Raises:
        DistError: A layer is not here any more and can't be fetched.
    """
    *lower, top = fetched_together(ctx, (*lock.layers, lock.top))
    layers = tuple(map(partial(_answered, ctx, lock), lock.layers, lower))
    made = compose(layers, ctx.store.read)
    return Below(
        tree=made.tree,
        own=layer_in(lock.top, top),
        layers=layers,
        read=together(made.blobs, ctx.store.read),
    )


def _answered(ctx: Context, lock: Lock, package: LockedPackage, fetched: Fetched) -> Layer:
    """One layer with the answers in it, as the home received it."""
    layer = layer_in(package, fetched)
    if not lock.input_values:
        return layer
    made = fill(layer.tree, answers_in(fetched, lock), ctx.store.read)
    ctx.store.put_many(made.blobs.values())
    return replace(layer, tree=made.tree)


def answers_in(fetched: Fetched, lock: Lock) -> Values:
    """The answers that a layer has in it, by the name of the input; no secret is among them."""
    if not lock.input_values:
        return {}
    names = {item.name for item in declared_by(fetched.manifest) if not item.secret}
    return {name: value for name, value in lock.input_values.items() if name in names}


def expect(ctx: Context, packages: Iterable[LockedPackage]) -> None:
    """Fetch packages that are needed soon; what fails is told by the :func:`fetched_again` that needs it.

    A profile can stand on hundreds of layers in one repository, and git would have to be started for each.
    """
    ctx.sources.again_together([one.pin for one in packages], ctx.progress)


def fetched_together(ctx: Context, packages: Sequence[LockedPackage]) -> tuple[Fetched, ...]:
    """Fetch packages as they were received, and remember what they are for the next command that asks.

    Raises:
        DistError: As :func:`fetched_again`.
    """
    expect(ctx, packages)
    found = tuple(fetched_again(ctx, one) for one in packages)
    ctx.sources.keep_trees()
    return found


def fetched_again(ctx: Context, package: LockedPackage) -> Fetched:
    """Fetch a package as it was received; what is here already needs no network.

    Raises:
        DistError: It is not here any more and can't be fetched, or is no package any more; or it is a folder that
            holds something else by now.
    """
    spec = parse_source(package.source, allow_insecure=True)
    pin = package.pin
    offer = ctx.sources.again(pin, ctx.progress) if pin.commit else ctx.sources.fetch(spec)
    if offer.tree.digest != pin.tree:
        # A folder has no commits: what it was when it was received is not there to be compared with.
        raise FolderChanged(
            f"{package.name} is not as it was received: its folder has changed",
            where=package.source,
            hint="bring the profile up to it first",
            command="update PROFILE",
        )
    found = packaged_again(ctx, offer, package.taken, package.source)
    target = Target(spec, None, pin.ref, pin.commit, pin.kind)
    return Fetched(target=target, offer=found.offer, manifest=found.manifest, taken=found.taken)


def layer_in(package: LockedPackage, fetched: Fetched) -> Layer:
    """Make the layer that a package was in a home, of what was fetched again.

    Raises:
        Invalid: A field about layers is not what it should be.
    """
    payload = payload_of(fetched.offer.tree, fetched.manifest, package.included)
    return layer_of(package, payload.tree, fetched.manifest)
