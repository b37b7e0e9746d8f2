"""Settle several conflicts at once, each by a side of its own."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.plan import Conflict
from hermes_dist.model.side import Side
from hermes_dist.ops.change.confirm import confirm_and_carry_out
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.request import Confirm, Request
from hermes_dist.ops.choices import Choices
from hermes_dist.ops.conflicts.both import refuse_both
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package.resolve import in_conflict, making, open_conflicts


def resolve_each(
    ctx: Context, name: ProfileName, sides: Mapping[str, Side], request: Request, confirm: Confirm
) -> Outcome:
    """Settle conflicts by the side that is chosen for each.

    Args:
        ctx: The context.
        name: The profile.
        sides: The side by place, as :func:`open_conflicts` reads a place.
        request: The options: the dry run, and whether effects of theirs are approved.
        confirm: Shows the proposal and asks for confirmation.

    Raises:
        DistError: There is no such conflict, or both sides don't fit together there; nothing changed.
    """
    home = in_conflict(ctx, open_home(ctx, name), next(iter(sides), ""))
    lock = home.need_lock(ctx)
    chosen = _chosen(ctx, name, lock, sides)
    if not chosen:
        return Outcome(verb="resolve", profile=name, lock=lock)
    make = making(ctx, home, lock, request)
    choices = replace(
        request.choices, sides={conflict.place: side for conflict, side in chosen.items()}
    )
    if Side.BOTH in chosen.values():
        refuse_both(ctx, make(Choices()), choices)
    return confirm_and_carry_out(ctx, make, replace(request, choices=choices), confirm, None)


def _chosen(
    ctx: Context, name: ProfileName, lock: Lock, sides: Mapping[str, Side]
) -> dict[Conflict, Side]:
    """The conflicts that the places mean, with their sides."""
    # A place with a key means one conflict, and needs no look at the home of its own: there may be hundreds.
    exact = {conflict.place: (conflict,) for conflict in lock.conflicts if conflict.key}
    return {
        conflict: side
        for place, side in sides.items()
        for conflict in exact.get(place) or open_conflicts(ctx, name, place)
    }
