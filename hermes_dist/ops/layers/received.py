"""Read one package of a lock again as it was received, and make the layer of it that it was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from hermes_dist.decide.inputs.declared import declared_by
from hermes_dist.decide.inputs.fill import Values, fill
from hermes_dist.decide.layers.received import layer_of
from hermes_dist.decide.layers.stack import Layer
from hermes_dist.decide.ownership import payload_of
from hermes_dist.errors import DistError, NoSuchRef
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.source import parse_source
from hermes_dist.ops.context import Context
from hermes_dist.ops.neighbours.package import Packaged, packaged_again


def expect(ctx: Context, packages: Iterable[LockedPackage]) -> None:
    """Fetch packages that are needed soon; what fails is told by the :func:`received` that needs it.

    A profile can stand on hundreds of layers in one repository, and git would have to be started for each.
    """
    ctx.sources.again_together([one.pin for one in packages], ctx.progress)


def received_together(
    ctx: Context, name: ProfileName, packages: Sequence[LockedPackage]
) -> tuple[Packaged, ...]:
    """Read packages of a profile as they were received, and remember what they are for the next command that asks.

    Raises:
        DistError: As :func:`received`.
    """
    expect(ctx, packages)
    found = tuple(received(ctx, name, one) for one in packages)
    ctx.sources.keep_trees()
    return found


def received(
    ctx: Context, name: ProfileName | None, package: LockedPackage, *, whole: bool = False
) -> Packaged:
    """Read a package of a profile as it was received; what is here already needs no network.

    Args:
        ctx: The context.
        name: The profile; None if it is not known, and so an error can't name the command that brings it up to date.
        package: The package as its lock records it.
        whole: Whether to read all of it, to restore what the store has lost.

    Raises:
        DistError: It is not here any more and can't be fetched, or is no package any more; or it is a folder that
            holds something else by now.
    """
    pin = package.pin
    try:
        if pin.commit:
            offer = ctx.sources.again(pin, ctx.progress, whole=whole)
        else:
            offer = ctx.sources.fetch(parse_source(package.source, allow_insecure=True))
    except NoSuchRef:
        gone = f"its repository has the commit {pin.commit[:7]} no more"
        raise _not_as_received(name, package, gone) from None
    except DistError as err:
        raise err.within(package.name) from None
    found = packaged_again(ctx, offer, package.taken, package.source)
    if offer.tree.digest != pin.tree:
        # A folder has no commits: what it was when it was received is not there to be compared with.
        raise _not_as_received(name, package, "its folder has changed")
    return found


def _not_as_received(name: ProfileName | None, package: LockedPackage, why: str) -> DistError:
    return DistError(
        f"{package.name} is not as it was received: {why}",
        where=package.source,
        hint="bring the profile up to it first",
        command=f"update {name}" if name else "",
    )


def layer_in(package: LockedPackage, found: Packaged) -> Layer:
    """Make the layer that a package was in a home, as its author ships it.

    Raises:
        Invalid: A field about layers is not what it should be.
    """
    payload = payload_of(found.offer.tree, found.manifest, package.included)
    return layer_of(package, payload.tree, found.manifest)


def layer_answered(ctx: Context, lock: Lock, package: LockedPackage, found: Packaged) -> Layer:
    """Make the layer that a package was in a home, with the answers in it, as the home received it.

    Raises:
        Invalid: As :func:`layer_in`.
    """
    layer, values = layer_in(package, found), answers_in(found.manifest, lock)
    if not values:
        return layer
    made = fill(layer.tree, values, ctx.store.read)
    ctx.store.put_many(made.blobs.values())
    return replace(layer, tree=made.tree)


def answers_in(manifest: Manifest, lock: Lock) -> Values:
    """The answers that a package has in it, by the name of the input; no secret is among them."""
    if not lock.input_values:
        return {}
    names = {item.name for item in declared_by(manifest) if not item.secret}
    return {name: value for name, value in lock.input_values.items() if name in names}
