"""List what needs approval, what is approved since when, and what is off and why; and revoke an approval."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.consent.code import Side, effects_loading
from hermes_dist.decide.consent.effects import find_effects
from hermes_dist.decide.consent.review import Group, choose_effects, grouped, titled
from hermes_dist.decide.consent.switches import Unit, is_unit, unit_of, units_in
from hermes_dist.decide.consent.withdrawal import without_approvals
from hermes_dist.decide.near import offered
from hermes_dist.errors import DistError
from hermes_dist.model.discreet import Contents
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import Approval, Off
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.plan import Effect
from hermes_dist.model.tree import EMPTY
from hermes_dist.ops.change.confirm import Make, confirm_and_carry_out
from hermes_dist.ops.change.mask import Mask
from hermes_dist.ops.change.observe import Observed, observe
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.request import Choices, Confirm, Request
from hermes_dist.ops.change.review import before_after
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, look_into, open_home
from hermes_dist.ops.package.resolve import off_now, recorded
from hermes_dist.ops.sync.settle import proposed, proposed_for_both, seen_by_others
from hermes_dist.ops.sync.state import is_synced
from hermes_dist.ops.sync.waiting import waiting_in
from hermes_dist.world.disk.links import ways_to


class Approved(Struct, frozen=True):
    """Something that is approved and is in the home.

    Attributes:
        group: The effects, as they are now.
        since: The versions at which its parts were approved; empty if an older lock did not record it.
    """

    group: Group
    since: tuple[str, ...]


class Consents(Struct, frozen=True):
    """All approvals of a profile.

    Attributes:
        waiting: What needs approval.
        approved: What is approved and in the home.
        off: What is off although it needs no approval.
        changed: Where something that needs approval was approved before: the place, what was approved, what would be.
    """

    waiting: tuple[Group, ...]
    approved: tuple[Approved, ...]
    off: tuple[Off, ...]
    changed: tuple[tuple[str, str, str], ...] = ()


def consents(ctx: Context, name: ProfileName) -> Consents:
    """List what needs approval, what is approved, and what is off and why.

    Raises:
        DistError: The profile has no lock, or its home can't be read.
    """
    home = look_into(ctx, name)
    views = _views(ctx, home)
    mask = Mask.of(ctx, home.path)
    waiting = waiting_in(home.path, home.lock)
    lock = mask.lock(replace(views[0].lock, parked=waiting))
    approved = tuple(
        Approved(group, tuple(sorted({each.version for each in given} - {""})))
        for group in grouped(mask.effects(_live(views)))
        if (given := _approvals_of(lock, group.effects))
    )
    off = (each for view in views for each in off_now(view.waiting_for(waiting), view.seen))
    return Consents(
        waiting=grouped(lock.parked),
        approved=approved,
        off=tuple(sorted(set(off))),
        changed=before_after(lock, lock.parked),
    )


def approved_already(ctx: Context, name: ProfileName, words: tuple[str, ...]) -> tuple[str, ...]:
    """List the words that name something that is approved and on, and of which nothing waits.

    Raises:
        DistError: The profile has no lock, its home can't be read, or a word fits several things.
    """
    found = consents(ctx, name)
    on = tuple(effect for each in found.approved for effect in each.group.effects)
    waiting = tuple(effect for group in found.waiting for effect in group.effects)
    return tuple(
        word for word in words if choose_effects(on, word) and not choose_effects(waiting, word)
    )


class _View(Contents, frozen=True):
    """A home as the other machines of its user see it, or as its package does.

    Attributes:
        home: The home, whose lock says what it received from there.
        seen: The files of the home.
    """

    home: Home
    lock: Lock
    seen: Observed

    @property
    def live(self) -> tuple[Effect, ...]:
        """The effects of received files that are live in the home."""
        base = self.lock.base
        received = self.seen.ours.where(lambda path: path in base)
        effects = find_effects(
            EMPTY, received, self.lock.theirs(), self.seen.read, at=ways_to(self.home.path)
        )
        return tuple(effect for effect in effects if not effect.off)

    def of_it(self, effects: Iterable[Effect]) -> Iterator[Effect]:
        """Yield effects without those of servers and jobs that were not received from there."""
        received = {unit for unit, _ in units_in(self.lock.theirs(), self.seen.read)}
        for effect in effects:
            unit = unit_of(effect.path, effect.key)
            if unit in received or not is_unit(unit):
                yield effect

    def waiting_for(self, effects: tuple[Effect, ...]) -> Lock:
        """Its lock, with all that waits in the home."""
        return replace(self.lock, parked=effects)


def _views(ctx: Context, home: Home) -> tuple[_View, ...]:
    """The home as the other machines of its user see it, and as its package does, each if there is any.

    Raises:
        DistError: There is neither, or it can't be read.
    """
    others = seen_by_others(ctx, home.name) if is_synced(home.path) else None
    homes = [each for each in (others, home) if each and each.lock]
    if not homes:
        home.need_lock(ctx)
    locks = [each.need_lock(ctx) for each in homes]
    return tuple(
        _View(each, lock, observe(ctx, each, lock.theirs()))
        for each, lock in zip(homes, locks, strict=True)
    )


def _live(views: Iterable[_View]) -> tuple[Effect, ...]:
    """What of the received files is live in the home; what was received from both is told once."""
    found: dict[str, tuple[Effect, ...]] = {}
    for view in views:
        at: dict[str, tuple[Effect, ...]] = {}
        for effect in view.live:
            at[effect.place] = (*at.get(effect.place, ()), effect)
        found = {**at, **found}
    return tuple(sorted(effect for each in found.values() for effect in each))


def _approvals_of(lock: Lock, effects: Iterable[Effect]) -> tuple[Approval, ...]:
    """The approvals that cover effects: by content, by folder, or by a part of their server or job."""
    each = tuple(effects)
    digests = {effect.digest for effect in each}
    folders = {str(effect.path) for effect in each if not effect.key}
    named = (unit_of(effect.path, effect.key) for effect in each)
    units = {unit for unit in named if len(unit[1]) == 2}  # a server or a job, not a whole file

    def covers(approval: Approval) -> bool:
        if approval.digest in digests:
            return True
        if not approval.key and approval.path in folders:
            return True
        return bool(approval.path) and _unit(approval) in units

    return tuple(filter(covers, lock.approved))


def _unit(approval: Approval) -> Unit:
    return unit_of(approval.path, approval.key)  # type: ignore[arg-type]  # a lock's path is a RelPath or empty


def shown(ctx: Context, name: ProfileName, word: str) -> tuple[Group, ...]:
    """Find what a word names, among what needs approval and what is approved.

    Raises:
        DistError: Nothing has that name.
    """
    known = consents(ctx, name)
    groups = (*known.waiting, *(each.group for each in known.approved))
    hits = choose_effects([effect for group in groups for effect in group.effects], word)
    if not hits:
        raise _unknown(ctx, name, word, groups)
    return grouped(hits)


def _unknown(ctx: Context, name: ProfileName, word: str, groups: Iterable[Group]) -> DistError:
    names = offered(word, [titled(group) for group in groups], "there are")
    hint = f"{names}; see all with: {ctx.command(f'approve {name} --list')}"
    return DistError(
        f"{word!r} is not the name of anything that is approved or needs approval",
        where=str(name),
        hint=hint,
    )


def revoke(
    ctx: Context, name: ProfileName, words: tuple[str, ...], request: Request, confirm: Confirm
) -> Outcome:
    """Revoke an approval: the thing is switched off and needs approval again.

    A server or job is switched off; a setting, hook or plugin leaves the home and needs approval. The path of
    a file names whatever loads it.

    Raises:
        DistError: Nothing approved has that name, or the user edited files that would be removed.
    """
    views = _views(ctx, open_home(ctx, name))
    live = tuple(each for group in consents(ctx, name).approved for each in group.group.effects)
    chosen: list[Effect] = []
    for word in words:
        hits = choose_effects(live, word) or _loading(live, word, views)
        if not hits:
            raise _not_approved(ctx, name, word, live)
        chosen += hits
    _refuse_edited(views, chosen)
    choices = Choices(revoked=tuple((effect.path, effect.key) for effect in chosen))
    make = _without(ctx, views, chosen)
    return confirm_and_carry_out(ctx, make, replace(request, choices=choices), confirm, None)


def _without(ctx: Context, views: Sequence[_View], chosen: Iterable[Effect]) -> Make:
    """Make proposals for a home in which some effects are not approved, whoever brought them."""
    # With the approval removed from the lock, the ordinary merge switches these things off;
    # revoking needs no code of its own that could disagree with it.
    first, *others = views
    rest = without_approvals(first.lock, chosen)
    home, theirs = replace(first.home, lock=rest), recorded(ctx, rest)
    if not others:
        return partial(proposed, ctx, home, theirs, verb="revoke")
    (package,) = others
    left = without_approvals(package.lock, package.of_it(chosen))
    both = (home, theirs, replace(package.home, lock=left), recorded(ctx, left))
    return partial(proposed_for_both, ctx, *both, verb="revoke")


def _not_approved(
    ctx: Context, name: ProfileName, word: str, live: tuple[Effect, ...]
) -> DistError:
    """The error for a word that names nothing that can be revoked."""
    waiting = [e for group in consents(ctx, name).waiting for e in group.effects]
    if not choose_effects(waiting, word):
        return _unknown(ctx, name, word, grouped(live))
    return DistError(
        f"{word!r} is not approved, so there is nothing to revoke",
        where=str(name),
        hint=f"it waits for your approval: {ctx.command(f'approve {name} --list')}",
    )


def _loading(live: tuple[Effect, ...], word: str, views: Iterable[_View]) -> tuple[Effect, ...]:
    """The effects that load the file a word names; their approval covers the file, too."""
    path = RelPath(word)
    found: dict[Effect, None] = {}
    for view in views:
        ours, theirs, read = view.seen.ours, view.lock.theirs(), view.seen.read
        if path in ours:
            loading = effects_loading(live, path, Side(ours, read), Side(theirs, read))
            found |= dict.fromkeys(loading)
    return tuple(found)


def _refuse_edited(views: Sequence[_View], chosen: Iterable[Effect]) -> None:
    ours = views[0].seen.ours
    received = {(path, view.lock.base.get(path)) for view in views for path in ours}
    for effect in chosen:
        edited = [
            path
            for path in ours
            if not effect.key and path.under(effect.path) and (path, ours[path]) not in received
        ]
        if edited:
            raise DistError(
                f"you edited {edited[0]}, and revoking the approval would remove it",
                where=effect.place,
                hint="move your version elsewhere first",
            )
