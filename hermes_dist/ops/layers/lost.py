"""Fetch the packages of a lock again, whose contents the store has lost: as shipped, composed and placed."""

from __future__ import annotations

from hermes_dist.decide.inputs.declared import declared_by
from hermes_dist.decide.inputs.fill import fill
from hermes_dist.decide.layers.compose import Composed, compose
from hermes_dist.decide.layers.received import layer_of
from hermes_dist.decide.layers.stack import Layer
from hermes_dist.decide.ownership import payload_of
from hermes_dist.decide.placement.place import jobs_in, place
from hermes_dist.errors import Invalid
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import Tree
from hermes_dist.ops.context import Context
from hermes_dist.ops.neighbours.package import packaged_again


def fetch_again(ctx: Context, lock: Lock) -> None:
    """Put the contents of a lock's packages into the store again, as shipped and as placed.

    Raises:
        DistError: A commit can't be reached, or does not exist any more; or a folder holds something else by now.
    """
    read = ctx.store.read
    made = received_again(ctx, lock)
    placed = place(
        made,
        read,
        name=lock.name,
        known_jobs=jobs_in(lock.released, read),
        keep_containers=lock.base,
    )
    ctx.store.put_many(placed.blobs.values())


def received_again(ctx: Context, lock: Lock) -> Tree:
    """Compose what the packages of a lock ship, with the answers that it records in them; it is in the store then.

    Raises:
        DistError: As :func:`fetch_again`.
    """
    layers = [_layer(ctx, one, lock) for one in lock.packages]
    made = compose(layers, ctx.store.read) if lock.layers else Composed(layers[0].tree, {}, ())
    ctx.store.put_many(made.blobs.values())
    return made.tree


def _layer(ctx: Context, package: LockedPackage, lock: Lock) -> Layer:
    """A package as it was received, with the answers in it; what is here already needs no network.

    Raises:
        DistError: Its commit can't be reached, or does not exist any more; or its folder holds something else by now.
    """
    pin, read = package.pin, ctx.store.read
    if pin.commit:
        offer = ctx.sources.again(pin, ctx.progress, whole=True)
    else:
        offer = ctx.sources.fetch(parse_source(package.source, allow_insecure=True))
    found = packaged_again(ctx, offer, package.taken, package.source)
    if offer.tree.digest != pin.tree:
        raise Invalid("it is not what was received any more", where=package.source)
    payload = payload_of(found.offer.tree, found.manifest, package.included)
    names = {item.name for item in declared_by(found.manifest) if not item.secret}
    made = fill(payload.tree, {n: v for n, v in lock.input_values.items() if n in names}, read)
    ctx.store.put_many(made.blobs.values())
    return layer_of(package, made.tree, found.manifest)
