"""Find out what leaves a profile because a layer does."""

from __future__ import annotations

from msgspec.structs import replace

from hermes_dist.decide.layers.leaving import Leaving, gone_from, parts_gone
from hermes_dist.decide.reconcile import Situation
from hermes_dist.errors import DistError
from hermes_dist.lazily import later
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.tree import Tree
from hermes_dist.ops.change.fetch import Holding, Incoming, placed_for
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home

with later():
    from hermes_dist.ops.layers.again import fetched_of
    from hermes_dist.ops.layers.received import expect, layer_in, received
    from hermes_dist.ops.package.history import past_of


def with_leaving(
    ctx: Context, home: Home, lock: Lock, incoming: Incoming, situation: Situation
) -> Situation:
    """Add to the facts of a merge which places leave because a layer does.

    Args:
        ctx: The context.
        home: The home.
        lock: Its lock.
        incoming: The package that comes.
        situation: The facts.
    """
    now = lock.layers if incoming.layers is None else incoming.layers
    leave = tuple(gone_from(_received(home, lock), now))
    if leave:
        expect(ctx, leave)
    gone = [_brought(ctx, home.name, lock, one, now) for one in leave]
    leaving = Leaving(gone, situation.theirs, lock.parked, situation.read)
    return replace(situation, leaves=leaving)


def _received(home: Home, lock: Lock) -> tuple[LockedPackage, ...]:
    """The layers that the home has something of: after updates of some parts, also of those that went with them."""
    found = {one.name: one for one in lock.layers}
    earlier: Lock | None = lock
    rows = reversed(past_of(home)) if lock.partial else iter(())
    while earlier is not None and earlier.partial:
        # The lock tells what the source is made of now. What the parts left out came from, only the history knows.
        row = next(rows, None)
        earlier = row.lock if row is not None else None
        found.update({one.name: one for one in earlier.layers} if earlier else {})
    return tuple(found.values())


def _brought(
    ctx: Context,
    name: ProfileName,
    lock: Lock,
    package: LockedPackage,
    now: tuple[LockedPackage, ...],
) -> Tree:
    """What a layer brought that is gone, in the home's spelling; if that can't be told any more, all that there was."""
    try:
        found = received(ctx, name, package)
        tree = parts_gone(package, now, layer_in(package, found).tree)
        part = fetched_of(package, found._replace(offer=found.offer._replace(tree=tree)))
        placed = placed_for(ctx, part, Holding(base=lock.base, inputs=lock.inputs))
    except DistError:
        return lock.base
    return placed.placed
