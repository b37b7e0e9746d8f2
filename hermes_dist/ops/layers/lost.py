"""Fetch the packages of a lock again, whose contents the store has lost: as shipped, composed and placed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from hermes_dist.decide.layers.compose import Composed, compose
from hermes_dist.decide.placement.place import jobs_in, place
from hermes_dist.model.lock import Lock
from hermes_dist.model.tree import Tree
from hermes_dist.ops.context import Context
from hermes_dist.ops.layers.received import layer_answered, received
from hermes_dist.ops.neighbours.package import Packaged


def fetch_again(ctx: Context, lock: Lock) -> None:
    """Put the contents of a lock's packages into the store again, as shipped and as placed.

    Raises:
        DistError: A commit can't be reached, or does not exist any more; or a folder holds something else by now.
    """
    read = ctx.store.read
    found = [received(ctx, None, one, whole=True) for one in lock.packages]
    made = received_again(ctx, lock, found)
    placed = place(
        made,
        read,
        name=lock.name,
        known_jobs=jobs_in(lock.released, read),
        keep_containers=lock.base,
    )
    ctx.store.put_many(placed.blobs.values())


def received_again(ctx: Context, lock: Lock, found: Iterable[Packaged]) -> Tree:
    """Compose what the packages of a lock ship, with the answers that it records in them; it is in the store then.

    Args:
        ctx: The context.
        lock: The lock.
        found: Its packages, as they were received.

    Raises:
        Invalid: A document of theirs can't be read.
    """
    layers = tuple(map(partial(layer_answered, ctx, lock), lock.packages, found))
    made = compose(layers, ctx.store.read) if lock.layers else Composed(layers[0].tree, {}, ())
    ctx.store.put_many(made.blobs.values())
    return made.tree
