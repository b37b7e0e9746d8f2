"""Settling what was left open: conflicts by a side, parked effects by a yes.

Both are the same merge again, over what the lock recorded of upstream, so no server is asked.
"""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace

from hermes_dist.decide.consent.review import grouped, named
from hermes_dist.errors import DistError
from hermes_dist.model.keypath import names_place, place_words
from hermes_dist.model.lock import Lock
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.plan import Conflict, Effect
from hermes_dist.model.side import Side
from hermes_dist.model.source import parse_source
from hermes_dist.ops.conclude import Make, Settle, Wish, conclude
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, open_home
from hermes_dist.ops.incoming import Incoming
from hermes_dist.ops.legible import DOCUMENTS, trouble_with
from hermes_dist.ops.proposal import Confirm, Outcome, Proposal
from hermes_dist.ops.propose import Choices, propose
from hermes_dist.ops.variables import manifest_of


def recorded(ctx: Context, lock: Lock) -> Incoming:
    """What upstream shipped, as the lock recorded it.

    Raises:
        DistError: Its manifest is lost from the store.
    """
    manifest = manifest_of(ctx, lock) or Manifest(name=lock.name, version=lock.pin.version)
    return Incoming(
        spec=parse_source(lock.source, allow_insecure=True), pin=lock.pin, manifest=manifest, package=lock.shipped,
        placed=lock.theirs(), shipped=lock.shipped, left_out=(), whole=not lock.partial, read=ctx.store.read,
    )  # fmt: skip


def open_conflicts(ctx: Context, name: ProfileName, place: str = "") -> tuple[Conflict, ...]:
    """List the open conflicts of a profile.

    Args:
        ctx: The context.
        name: The profile.
        place: A path, a key, or ``path: key`` to choose by; empty for all.

    Raises:
        DistError: There is no such conflict.
    """
    lock = open_home(ctx, name).need_lock(ctx)
    conflicts = lock.conflicts
    chosen = tuple(c for c in conflicts if not place or names_place(place, c.place))
    if place and not chosen:
        known = ", ".join(c.words for c in conflicts[:10]) or "none"
        hint = f"open are: {known}"
        if any(names_place(place, kept) for kept in lock.kept):
            hint = f"it stays yours, as --always said; undo that with: {ctx.command(f'resolve {name} PATH --forget')}"
        raise DistError(f"there is no open conflict at {place!r}", where=str(name), hint=hint)
    return chosen


def kept_places(ctx: Context, name: ProfileName, place: str = "") -> tuple[str, ...]:
    """List what stays ours for ever in a profile, as :func:`resolve` with ``always`` remembered it.

    Args:
        ctx: The context.
        name: The profile.
        place: A path, a key, or ``path: key`` to choose by; empty for all.

    Raises:
        DistError: There is no such decision.
    """
    kept = sorted(open_home(ctx, name).need_lock(ctx).kept)
    chosen = tuple(each for each in kept if not place or names_place(place, each))
    if place and not chosen:
        known = ", ".join(map(place_words, kept[:10])) or "nothing"
        raise DistError(f"nothing is remembered about {place!r}", where=str(name), hint=f"always yours is: {known}")
    return chosen


def forget(ctx: Context, name: ProfileName, wish: Wish, confirm: Confirm, *, place: str = "") -> Outcome:
    """Undo what was remembered: ours stays as it is, and upstream's next change there is asked about again.

    Args:
        ctx: The context.
        name: The profile.
        wish: Whether it is a dry run.
        confirm: Shows the proposal and asks.
        place: Which decisions; empty for all.

    Raises:
        DistError: There is no such decision.
    """
    chosen = kept_places(ctx, name, place)
    home = open_home(ctx, name)
    lock = home.need_lock(ctx)
    if not chosen:
        return Outcome(verb="resolve", profile=name, lock=lock)
    home = replace(home, lock=replace(lock, kept=lock.kept - set(chosen)))
    return conclude(ctx, partial(propose, ctx, home, recorded(ctx, lock), verb="resolve"), wish, confirm, None)


def resolve(
    ctx: Context, name: ProfileName, side: Side, wish: Wish, confirm: Confirm, *, place: str = "", always: bool = False
) -> Outcome:
    """Settle conflicts by a side.

    Args:
        ctx: The context.
        name: The profile.
        side: Ours, theirs or both.
        wish: Whether it is a dry run, and whether what theirs newly runs has its yes.
        confirm: Shows the proposal and asks.
        place: Which conflicts; empty for all.
        always: Keep the place ours on this machine from now on; only with ``Side.OURS``.

    Raises:
        DistError: There is no such conflict.
    """
    chosen = open_conflicts(ctx, name, place)
    home = open_home(ctx, name)
    lock = home.need_lock(ctx)
    if not chosen:
        return Outcome(verb="resolve", profile=name, lock=lock)
    if always:
        kept = lock.kept | {c.place for c in chosen}
        home = replace(home, lock=replace(lock, kept=kept))
    # A whole file is settled as such: with a side taken, its merge may come down to another key than was listed.
    sides = {c.place: side for c in chosen} | {str(c.path): side for c in chosen if place == c.path}
    choices = Choices(sides=sides, default=None if place else side)
    return conclude(ctx, _making(ctx, home, lock, wish), replace(wish, choices=choices), confirm, None)


def _making(ctx: Context, home: Home, lock: Lock, wish: Wish) -> Make:
    """Make proposals over what the lock recorded; ``allow_effects`` is a yes to what newly waits, and to no more."""

    def make(choices: Choices) -> Proposal:
        choices = replace(choices, allow_effects=False)
        proposal = propose(ctx, home, theirs, choices, verb="resolve")
        if not proposal.asked or not wish.choices.allow_effects:
            return proposal
        grants = choices.grants | {effect.digest for effect in proposal.asked}
        return propose(ctx, home, theirs, replace(choices, grants=grants), verb="resolve")

    theirs = recorded(ctx, lock)
    return make


def resolve_asking(
    ctx: Context, name: ProfileName, settle: Settle, wish: Wish, confirm: Confirm, *, place: str = ""
) -> Outcome:
    """Settle conflicts one by one, by a side or by an edited file.

    Args:
        ctx: The context.
        name: The profile.
        settle: Asks about each; None leaves it open.
        wish: Whether it is a dry run.
        confirm: Shows the proposal and asks.
        place: Which conflicts; empty for all.

    Raises:
        DistError: There is no such conflict.
    """
    chosen = {c.place for c in open_conflicts(ctx, name, place)}
    home = open_home(ctx, name)
    lock = home.need_lock(ctx)
    if not chosen:
        return Outcome(verb="resolve", profile=name, lock=lock)

    def asked(proposal: Proposal, conflict: Conflict) -> Side | bytes | None:
        return settle(proposal, conflict) if conflict.place in chosen else None

    return conclude(ctx, _making(ctx, home, lock, wish), wish, confirm, asked)


def parked_effects(ctx: Context, name: ProfileName, wanted: tuple[str, ...] = ()) -> tuple[Effect, ...]:
    """List the effects of a profile that wait for a yes.

    Args:
        ctx: The context.
        name: The profile.
        wanted: Names of servers, jobs, hooks, plugins or keys, as :func:`named` takes them; empty for all.

    Raises:
        DistError: There is no such effect.
    """
    parked = open_home(ctx, name).need_lock(ctx).parked
    chosen: list[Effect] = []
    for word in wanted:
        hits = named(parked, word)
        if not hits:
            known = ", ".join(group.name for group in grouped(parked)[:10]) or "none"
            raise DistError(f"nothing that waits is called {word!r}", where=str(name), hint=f"waiting are: {known}")
        chosen += hits
    return tuple(dict.fromkeys(chosen)) if wanted else parked


def approve(
    ctx: Context, name: ProfileName, wish: Wish, confirm: Confirm, *, wanted: tuple[str, ...] = ()
) -> Outcome:
    """Say yes to parked effects, and make them live.

    Raises:
        DistError: There is no such effect, or the document that it lives in can't be read.
    """
    chosen = parked_effects(ctx, name, wanted)
    home = open_home(ctx, name)
    lock = home.need_lock(ctx)
    if not chosen:
        return Outcome(verb="approve", profile=name, lock=lock)
    for path in sorted({effect.path for effect in chosen} & DOCUMENTS.keys()):
        if trouble := trouble_with(home.path, path):  # the yes would be kept, and nothing would begin to run
            raise DistError(
                f"it can't be read, so what waits in it can't be switched on: {trouble}", where=str(home.path / path),
                hint=f"nothing was changed; mend that line, then: {ctx.command(f'approve {name}')}",
            )
    choices = Choices(grants=frozenset(e.digest for e in chosen))
    make = partial(propose, ctx, home, recorded(ctx, lock), verb="approve")
    return conclude(ctx, make, replace(wish, choices=choices), confirm, None)

