"""Settle what is open: conflicts by taking a side, parked effects by approving them.

Both repeat the merge over what the lock recorded of upstream, so no server is contacted.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.consent.activate import switch_on
from hermes_dist.decide.consent.effects import find_effects
from hermes_dist.decide.consent.review import choose_effects, grouped, titled
from hermes_dist.decide.consent.switches import (
    Judge,
    Unit,
    memory_of,
    off_causes,
    shipped_off,
    unit_of,
    units_in,
)
from hermes_dist.decide.handover import parts_of
from hermes_dist.decide.near import offered
from hermes_dist.errors import DistError
from hermes_dist.lazily import later, shlex
from hermes_dist.model.keypath import named_places, place_words, split_place
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import Off
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.plan import Conflict, Effect
from hermes_dist.model.side import Side
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import EMPTY, Read, together
from hermes_dist.ops.change.confirm import Make, confirm_and_carry_out
from hermes_dist.ops.change.fetch import Incoming
from hermes_dist.ops.change.legible import DOCUMENTS, trouble_with
from hermes_dist.ops.change.lost_contents import mending
from hermes_dist.ops.change.mask import Mask
from hermes_dist.ops.change.observe import Observed, observe
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.propose import propose
from hermes_dist.ops.change.request import AskConflicts, Choices, Confirm, Request
from hermes_dist.ops.change.variables import manifest_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, look_into, open_home
from hermes_dist.ops.sync.settle import facing, keeping, proposed
from hermes_dist.ops.sync.state import is_synced, lock_of, read_record
from hermes_dist.ops.sync.waiting import waiting_in
from hermes_dist.world.disk.links import ways_to

with later():  # most of these commands take no side
    from hermes_dist.ops.conflicts.both import refuse_both


def recorded(ctx: Context, lock: Lock, known: Read | None = None) -> Incoming:
    """What upstream shipped, by the lock; contents that are lost are fetched again.

    Args:
        ctx: The context.
        lock: The lock.
        known: Reads what is at hand; by default the store.
    """
    read = mending(ctx, lock, known)
    manifest = manifest_of(ctx, lock, read) or Manifest(name=lock.name, version=lock.pin.version)
    return Incoming(
        spec=parse_source(lock.source, allow_insecure=True),
        pin=lock.pin,
        manifest=manifest,
        package=lock.shipped,
        placed=lock.theirs(),
        shipped=lock.shipped,
        left_out=(),
        unlisted=frozenset(parts_of(lock.released, read)),
        included=lock.top.included,
        whole=not lock.partial,
        layers=lock.layers,
        over=lock.top.over,
        inputs=lock.inputs,
        unfilled=lock.unfilled,
        read=read,
    )


def open_conflicts(ctx: Context, name: ProfileName, place: str = "") -> tuple[Conflict, ...]:
    """List the open conflicts of a profile.

    Args:
        ctx: The context.
        name: The profile.
        place: A path, a folder, a key, or ``path: key`` to choose by, as :func:`named_places` reads it; empty for all.

    Raises:
        DistError: There is no such conflict, or it is not clear which.
    """
    home = in_conflict(ctx, look_into(ctx, name), place)
    lock = seen_by_itself(ctx, home) if home.lock is None else home.lock
    if not place:
        return lock.conflicts
    named = named_places(place, (c.place for c in lock.conflicts))
    if named.places:
        return tuple(c for c in lock.conflicts if c.place in named.places)
    if named.candidates:
        raise _unclear(name, place, named.candidates)
    hint = _what_is_open(ctx, lock, name, place)
    raise DistError(f"there is no open conflict at {place!r}", where=str(name), hint=hint)


def seen_by_itself(ctx: Context, home: Home) -> Lock:
    """What a home without a package received from the other machines, where nothing of that is in conflict.

    Raises:
        DistError: It received nothing, and has no package.
    """
    record = read_record(home.path) if is_synced(home.path) else None
    lock = lock_of(record) if record else None
    return lock or home.need_lock(ctx)


def still_open(ctx: Context, name: ProfileName, place: str = "") -> tuple[Conflict, ...]:
    """List what of the open conflicts another merge leaves: the user may have edited or mended the files since.

    Raises:
        DistError: There is no such conflict, or it is not clear which.
    """
    chosen = open_conflicts(ctx, name, place)
    places, paths = {each.place for each in chosen}, {each.path for each in chosen if not each.key}
    left = open_proposal(ctx, name).plan.conflicts if chosen else ()
    return tuple(each for each in left if each.place in places or each.path in paths)


def in_conflict(ctx: Context, home: Home, place: str) -> Home:
    """The home as its package sees it, or as the other machines of its user do: where the conflict is."""

    def is_open(lock: Lock) -> bool:
        places = [conflict.place for conflict in lock.conflicts]
        return bool(named_places(place, places).places if place else places)

    return facing(ctx, home, is_open)


def _in_waiting(ctx: Context, home: Home, wanted: tuple[str, ...]) -> Home:
    """The same, for what needs approval, or else is switched off."""

    def waits(lock: Lock) -> bool:
        return any(choose_effects(lock.parked, word) for word in wanted) or (
            not wanted and bool(lock.parked)
        )

    def is_off(lock: Lock) -> bool:
        off = _switched_off(ctx, home, lock)
        return any(choose_effects(off, word) for word in wanted)

    found = facing(ctx, home, waits)
    if not wanted or (found.lock and waits(found.lock)):
        return found
    return facing(ctx, home, is_off)


def _what_is_open(ctx: Context, lock: Lock, name: ProfileName, place: str) -> str:
    """Say what to name instead of a place without an open conflict."""
    if named_places(place, lock.kept).places:
        return f"it is always kept yours; undo that with: {ctx.command(f'unkeep {name} PATH')}"
    hint = f"open conflicts: {', '.join(c.words for c in lock.conflicts[:10]) or 'none'}"
    near = near_places(place, (c.place for c in lock.conflicts))
    if near:
        return f"did you mean {' or '.join(map(place_words, near))}? {hint}"
    return hint


def near_places(word: str, places: Iterable[str]) -> tuple[str, ...]:
    """Find the places that a misspelled word may mean: a path, a key or the end of one that is much like it."""
    typed = word.strip().lower()
    known: dict[str, list[str]] = {}
    for place in sorted(set(places)):
        path, key = split_place(place)
        for name in {place, path, path.rpartition("/")[2], key, key.rpartition(".")[2]} - {""}:
            known.setdefault(name.lower(), []).append(place)
    close = difflib.get_close_matches(typed, known, n=3, cutoff=0.75)
    return tuple(dict.fromkeys(place for name in close for place in known[name]))


def _unclear(name: ProfileName, place: str, candidates: Iterable[str]) -> DistError:
    return DistError(
        f"{place!r} could mean several conflicts",
        where=str(name),
        hint=f"one of: {', '.join(map(place_words, candidates))}",
    )


def kept_places(ctx: Context, name: ProfileName, place: str = "") -> tuple[str, ...]:
    """List the places that always stay ours, as :func:`resolve` with ``always`` recorded them.

    Args:
        ctx: The context.
        name: The profile.
        place: A path, a key, or ``path: key`` to choose by; empty for all.

    Raises:
        DistError: Nothing is kept at this place.
    """
    home = look_into(ctx, name)
    if home.lock is None and is_synced(home.path):
        return ()  # only a lockfile records what is kept, and a profile of one's own may be in sync without any
    kept = sorted(home.need_lock(ctx).kept)
    if not place:
        return tuple(kept)
    chosen = named_places(place, kept).places
    if not chosen:
        known = ", ".join(map(place_words, kept[:10])) or "nothing"
        raise DistError(
            f"--always does not apply to {place!r}",
            where=str(name),
            hint=f"always yours: {known}",
        )
    return chosen


def forget(
    ctx: Context, name: ProfileName, request: Request, confirm: Confirm, *, place: str = ""
) -> Outcome:
    """Undo ``--always``: the file stays as it is, and upstream's next change to it is a conflict again.

    Args:
        ctx: The context.
        name: The profile.
        request: The options; only the dry run matters.
        confirm: Shows the proposal and asks for confirmation.
        place: Which decisions; empty for all.

    Raises:
        DistError: Nothing is kept at this place.
    """
    chosen = kept_places(ctx, name, place)
    home = open_home(ctx, name)
    lock = home.need_lock(ctx)
    if not chosen:
        return Outcome(verb="resolve", profile=name, lock=lock)
    home = replace(home, lock=replace(lock, kept=lock.kept - set(chosen)))
    return confirm_and_carry_out(
        ctx,
        partial(propose, ctx, home, recorded(ctx, lock), verb="resolve"),
        request,
        confirm,
        None,
    )


def resolve(
    ctx: Context,
    name: ProfileName,
    side: Side,
    request: Request,
    confirm: Confirm,
    *,
    place: str = "",
    always: bool = False,
) -> Outcome:
    """Settle conflicts by taking a side.

    Args:
        ctx: The context.
        name: The profile.
        side: Ours, theirs or both.
        request: The options: the dry run, and whether effects of theirs are approved.
        confirm: Shows the proposal and asks for confirmation.
        place: Which conflicts; empty for all.
        always: Keep these places ours from now on, on this machine; only with ``Side.OURS``.

    Raises:
        DistError: There is no such conflict, or both sides don't fit together there; nothing changed.
    """
    chosen = open_conflicts(ctx, name, place)
    home = in_conflict(ctx, open_home(ctx, name), place)
    if not chosen:
        return Outcome(verb="resolve", profile=name, lock=home.lock)
    lock = home.need_lock(ctx)
    if always:
        home = keeping(home, frozenset(c.place for c in chosen))
    # A file named as a whole is also settled by its path: taking a side may leave a conflict at another key.
    sides = {c.place: side for c in chosen} | {
        str(c.path): side for c in chosen if place and c.path.under(place.rstrip("/"))
    }
    choices = Choices(sides=sides, default=None if place else side)
    make = making(ctx, home, lock, request)
    if side is Side.BOTH:
        refuse_both(ctx, make(Choices()), choices)
    return confirm_and_carry_out(ctx, make, replace(request, choices=choices), confirm, None)


def open_proposal(ctx: Context, name: ProfileName) -> Proposal:
    """Repeat the merge that left conflicts open, to show them; nothing is changed.

    Raises:
        DistError: The profile has no lockfile, or can't be read.
    """
    home = in_conflict(ctx, look_into(ctx, name), "")
    lock = home.need_lock(ctx)
    return proposed(ctx, home, recorded(ctx, lock), Choices(), verb="resolve")


def making(ctx: Context, home: Home, lock: Lock, request: Request) -> Make:
    """Make proposals over what the lock recorded; ``allow_effects`` approves what newly waits and nothing else."""
    theirs = recorded(ctx, lock)
    return allowing(
        lambda choices: proposed(ctx, home, theirs, choices, verb="resolve"), request.choices
    )


def allowing(make: Make, given: Choices) -> Make:
    """Make proposals in which ``allow_effects`` approves what newly waits, and nothing that waited before."""

    def made(choices: Choices) -> Proposal:
        choices = replace(choices, allow_effects=False)
        proposal = make(choices)
        if not proposal.asked or not given.allow_effects:
            return proposal
        # Proposed again because a change can bring effects that did not exist before. Only the digests of these are
        # approved, never what upstream may ship later.
        grants = choices.grants | {effect.digest for effect in proposal.asked}
        return make(replace(choices, grants=grants))

    return made


def resolve_asking(
    ctx: Context,
    name: ProfileName,
    settle: AskConflicts,
    request: Request,
    confirm: Confirm,
    *,
    place: str = "",
) -> Outcome:
    """Settle conflicts one by one, by taking a side or by an edited file.

    Args:
        ctx: The context.
        name: The profile.
        settle: Asks about them; those without an answer stay open.
        request: The options; only the dry run matters.
        confirm: Shows the proposal and asks for confirmation.
        place: Which conflicts; empty for all.

    Raises:
        DistError: There is no such conflict.
    """
    chosen = {c.place for c in open_conflicts(ctx, name, place)}
    home = in_conflict(ctx, open_home(ctx, name), place)
    lock = home.need_lock(ctx)
    if not chosen:
        return Outcome(verb="resolve", profile=name, lock=lock)

    def asked(proposal: Proposal, conflicts: Sequence[Conflict]) -> Mapping[Conflict, Side | bytes]:
        wanted = [conflict for conflict in conflicts if conflict.place in chosen]
        return settle(proposal, wanted) if wanted else {}

    return confirm_and_carry_out(ctx, making(ctx, home, lock, request), request, confirm, asked)


class Chosen(Struct, frozen=True):
    """What an approval would cover.

    Attributes:
        effects: The effects to approve.
        units: Servers and jobs to switch on although the user or their author switched them off.
    """

    effects: tuple[Effect, ...] = ()
    units: frozenset[Unit] = frozenset()

    def only(self, effects: Iterable[Effect]) -> Chosen:
        """The same, reduced to some of its effects."""
        kept = tuple(effects)
        return Chosen(kept, self.units & {unit_of(effect.path, effect.key) for effect in kept})


def to_approve(ctx: Context, name: ProfileName, wanted: tuple[str, ...] = ()) -> Chosen:
    """Find what an approval would cover.

    Args:
        ctx: The context.
        name: The profile.
        wanted: Names of servers, jobs, hooks, plugins or keys, as :func:`choose_effects` takes them; empty for all
            that is parked.

    Raises:
        DistError: Nothing that waits or is switched off has that name.
    """
    home = _in_waiting(ctx, open_home(ctx, name), wanted)
    lock = Mask.of(ctx, home.path).lock(home.need_lock(ctx))
    if not wanted:
        return Chosen(lock.parked)
    off = {effect: unit_of(effect.path, effect.key) for effect in _switched_off(ctx, home, lock)}
    chosen: list[Effect] = []
    for word in wanted:
        hits = choose_effects((*lock.parked, *off), word)
        if not hits:
            raise _not_waiting(ctx, home, word, lock, off)
        chosen += hits
    units = frozenset(off[effect] for effect in chosen if effect in off)
    return Chosen(tuple(dict.fromkeys(chosen)), units)


def _not_waiting(
    ctx: Context, home: Home, word: str, lock: Lock, off: Iterable[Effect]
) -> DistError:
    """The error for a word that names nothing of what one side brought: the package, or another machine."""
    name, command = home.name, ctx.command(f"approve {home.name}")
    if choose_effects(waiting_in(home.path, look_into(ctx, name).lock), word):
        return DistError(
            f"{word!r} and what is named beside it wait from two sides: the package, and another machine",
            where=str(name),
            hint=f"approve it by itself: {command} {shlex.quote(word)}",
        )
    hint = offered(word, _names(lock.parked), "pending")
    if named := _names(off):
        hint += f"; {offered(word, named, 'switched off')}"
    return DistError(
        f"{word!r} is not the name of anything that needs approval",
        where=str(name),
        hint=f"{hint}; what is approved: {command} --list",
    )


def _names(effects: Iterable[Effect]) -> list[str]:
    return [titled(group) for group in grouped(effects)]


def off_now(lock: Lock, seen: Observed) -> tuple[Off, ...]:
    """What is off now, also if the agent's own command switched it since the lock was written."""
    theirs = lock.theirs()
    judge = Judge(
        memory_of(lock),
        shipped_off(theirs, lock.shipped, seen.read),
        here=frozenset(unit for unit, _ in units_in(seen.ours, seen.read)),
    )
    waiting = frozenset(unit_of(effect.path, effect.key) for effect in lock.parked)
    return off_causes(seen.ours, seen.ours, theirs, waiting, judge, seen.read)


def _switched_off(ctx: Context, home: Home, lock: Lock) -> tuple[Effect, ...]:
    """The effects of servers and jobs that are off without needing approval."""
    seen = observe(ctx, home, lock.theirs())
    units = {unit_of(off.path, off.key) for off in off_now(lock, seen)}
    if not units:
        return ()
    live = switch_on(seen.ours, sorted(units, key=str), seen.read)
    effects = find_effects(
        EMPTY, live.tree, lock.theirs(), together(live.blobs, seen.read), at=ways_to(home.path)
    )
    chosen = tuple(effect for effect in effects if unit_of(effect.path, effect.key) in units)
    return Mask.of(ctx, home.path).effects(chosen)


def approve(
    ctx: Context,
    name: ProfileName,
    request: Request,
    confirm: Confirm,
    *,
    wanted: tuple[str, ...] = (),
    chosen: Chosen | None = None,
) -> Outcome:
    """Approve effects, and make them live.

    Args:
        ctx: The context.
        name: The profile.
        request: The options; only the dry run matters.
        confirm: Shows the proposal and asks for confirmation.
        wanted: Names, as for :func:`to_approve`; empty for all parked effects.
        chosen: The result of :func:`to_approve` that was shown; None to look now.

    Raises:
        DistError: There is no such effect, or the document that holds it can't be read.
    """
    chosen = chosen or to_approve(ctx, name, wanted)
    home = _in_waiting(ctx, open_home(ctx, name), wanted)
    lock = home.need_lock(ctx)
    if not chosen.effects:
        return Outcome(verb="approve", profile=name, lock=lock)
    # Switching something on edits the document it stands in, so that has to be readable. What was left out comes with
    # the merge, which takes a document that is not readable as text.
    inside = {effect.path for effect in chosen.effects if effect.off}
    for path in sorted(inside & DOCUMENTS.keys()):
        trouble = trouble_with(home.path, path)
        if trouble:
            raise DistError(
                f"it can't be read, so what needs approval in it can't be switched on: {trouble}",
                where=str(home.path / path),
                hint=f"nothing was changed; fix that line, then run: {ctx.command(f'approve {name}')}",
            )
    # The approval is bound to the digests that were shown: if the content changed since, it is not
    # approved.
    choices = Choices(grants=frozenset(e.digest for e in chosen.effects), named=chosen.units)
    make = partial(proposed, ctx, home, recorded(ctx, lock), verb="approve")
    return confirm_and_carry_out(ctx, make, replace(request, choices=choices), confirm, None)
