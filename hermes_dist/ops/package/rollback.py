"""Go back: roll back to an earlier generation, exactly or keeping later edits; and ``update --abort``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.consent.effects import find_effects
from hermes_dist.decide.consent.review import grouped
from hermes_dist.decide.consent.withdrawal import approvals_for, withdraw, without_approvals
from hermes_dist.decide.handover import with_included
from hermes_dist.decide.history import (
    Back,
    Left,
    Moment,
    as_before,
    as_spelled_before,
    came_later,
    edited_since,
    hold_after,
    is_later,
    left_of,
    one_back,
    take_back,
)
from hermes_dist.decide.ownership import brings
from hermes_dist.errors import DistError, InputNeeded
from hermes_dist.lazily import later
from hermes_dist.model.discreet import Contents
from hermes_dist.model.lock import ANY, Lock
from hermes_dist.model.lock_package import Approval, digests_of
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.plan import Step
from hermes_dist.model.source import Pin
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree, together
from hermes_dist.ops.change.confirm import confirm_and_carry_out
from hermes_dist.ops.change.fetch import Incoming
from hermes_dist.ops.change.lost_contents import mending
from hermes_dist.ops.change.observe import first_of, observe
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.propose import propose
from hermes_dist.ops.change.request import Choices, Confirm, Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, open_home
from hermes_dist.ops.package.history import BACK_TO, Past, check_number, images_of, past_of, row_of
from hermes_dist.ops.package.putting_back import putting_back
from hermes_dist.ops.package.resolve import recorded
from hermes_dist.ops.sync.state import JOINED, is_synced

with later():
    from hermes_dist.ops.registry.withdrawn import withdrawn_in

_PART_OF_IT = ("resolve", "keep", "unkeep", "approve", "hold", "unhold", "trust require")
"""Verbs that may follow an update and still belong to it when it is aborted."""
_KEEPING = ("keep", "unkeep", "resolve")
"""Verbs that change what is kept; taking one of them back takes that back, too."""
HOLDING = ("hold", "unhold")
"""Verbs that say whether updates skip the profile: a choice about what comes next, which stays."""


def rollback(
    ctx: Context,
    name: ProfileName,
    request: Request,
    confirm: Confirm,
    *,
    to: int | None = None,
    exact: bool = False,
    forward: Confirm | None = None,
) -> Outcome:
    """Go back to the package of an earlier generation; without any package since then, to the files of that time.

    Args:
        ctx: The context.
        name: The profile.
        request: The options.
        confirm: Shows the proposal and asks for confirmation.
        to: The generation; by default the last one with another package.
        exact: Restore the files exactly, instead of keeping later edits.
        forward: Asks instead of ``confirm`` if no generation is named and all others have a later package; None if
            nobody can be asked.

    Raises:
        InputNeeded: The only way is forward, and nobody can be asked; nothing changed.
        DistError: There is nothing to go back to; nothing changed.
    """
    home = open_home(ctx, name)
    rows = past_of(home)
    if not rows:
        home.need_lock(ctx)
    notes: tuple[Note, ...] = ()
    if to is None:
        to, is_forward = _chosen(ctx, home, rows)
        if is_forward:
            notes = (_going_forward(ctx, home, rows, to, request, forward, exact=exact),)
            confirm = forward or confirm
    elif not exact and home.lock:
        notes = (_only_the_package(ctx, name, to),)
    goal = check_number(ctx, name, rows, to)
    if exact or home.lock is None:
        refuse_before_joining(ctx, home, rows, goal)
    if _never_packaged(home, rows, goal):
        bare = partial(_without_package, ctx, home, rows, goal, exact=exact)
        return confirm_and_carry_out(ctx, lambda _: bare(), request, confirm)
    goal = row_of(ctx, home, rows, to)
    return _to_package(ctx, home, rows, goal, request, confirm, notes, exact=exact)


def _only_the_package(ctx: Context, name: ProfileName, number: int) -> Note:
    command = ctx.command(f"rollback {name} {number} --exact")
    return Note.of(NoteKind.ONLY_THE_PACKAGE, number=number, command=command)


def _going_forward(
    ctx: Context,
    home: Home,
    rows: list[Past],
    to: int,
    request: Request,
    forward: Confirm | None,
    *,
    exact: bool,
) -> Note:
    """The note about a way that leads forward; where nobody can be asked, it is refused."""
    later = _Later.of(ctx, home, row_of(ctx, home, rows, to))
    if forward is None and not request.dry_run:
        raise later.refusal(exact=exact)
    return later.note()


def _to_package(
    ctx: Context,
    home: Home,
    rows: list[Past],
    goal: Past,
    request: Request,
    confirm: Confirm,
    notes: tuple[Note, ...],
    *,
    exact: bool,
) -> Outcome:
    lock = _lock_of(goal)
    notes = (*notes, *withdrawn_in(ctx, lock))

    def make(choices: Choices) -> Proposal:
        if exact:
            made = _exactly(ctx, home, rows, goal, lock)
        else:
            made = _towards(ctx, home, rows, goal, lock, choices)
        return replace(made, notes=(*notes, *made.notes))

    if exact:
        return confirm_and_carry_out(ctx, make, request, confirm)
    return confirm_and_carry_out(ctx, make, request, confirm, request.questions.conflicts)


def _chosen(ctx: Context, home: Home, rows: list[Past]) -> Back:
    by_number = {row.number: row for row in rows}
    moments = [row.moment for row in rows]

    def later(one: Moment, other: Moment) -> bool:
        new, old = by_number[one.number].lock, by_number[other.number].lock
        if new is None or old is None:
            return False
        told = _is_later(ctx, new, old)
        if told is None:
            return new.pin.tree != old.pin.tree and came_later(moments, one, other)
        return told

    back = one_back(moments, later)
    if back is None and all(row.after is None for row in rows):
        undo, back_to = (
            ctx.command(f"undo {home.name}"),
            ctx.command(f"rollback {home.name} NUMBER"),
        )
        raise DistError(
            "it never held a package, so there is no earlier one to roll back to",
            where=str(home.name),
            hint=f"to take back the last change: {undo}; to go further back: {back_to} "
            f"(see: {ctx.command(f'history {home.name}')})",
        )
    if back is None:
        raise DistError(
            "there is nothing earlier to roll back to",
            where=str(home.name),
            hint=f"see: {ctx.command(f'history {home.name}')}",
        )
    return back


def _is_later(ctx: Context, new: Lock, old: Lock) -> bool | None:
    """Whether a lock has a later package than another, and no earlier layer; None if nothing tells."""
    before = {package.name: package.pin for package in old.packages}
    told = {
        is_later(package.pin, other, partial(_commits, ctx, package.pin, other))
        for package in new.packages
        if (other := before.get(package.name)) and other != package.pin
    }
    if told <= {None}:
        return None
    return True in told and False not in told


def _commits(ctx: Context, one: Pin, other: Pin) -> Sequence[bytes]:
    """The commit objects of two pins, from what was fetched before: going back needs no network."""
    if not one.commit or not other.commit or one.url != other.url:
        return ()
    try:
        return ctx.sources.git.originals(
            one.url, [(one.commit, "commit"), (other.commit, "commit")]
        )
    except DistError:
        return ()


class _Later(Struct, frozen=True):
    """A way forward that a rollback without a number has found: from where, to where, and the command that says so."""

    ctx: Context
    name: ProfileName
    number: int
    here: str
    there: str

    @classmethod
    def of(cls, ctx: Context, home: Home, goal: Past) -> _Later:
        return cls(ctx, home.name, goal.number, _labelled_pin(home.lock), _labelled_pin(goal.lock))

    def note(self) -> Note:
        return Note.of(NoteKind.GOES_FORWARD, here=self.here, there=self.there, number=self.number)

    def refusal(self, *, exact: bool) -> InputNeeded:
        words = f"rollback {self.name} {self.number}" + (" --exact" if exact else "")
        return InputNeeded(
            f"a rollback without a number goes back, and {self.here} has nothing before it:"
            f" {self.there} (generation {self.number}) is later",
            where=str(self.name),
            hint=f"to go forward to it: {self.ctx.command(words)}; "
            f"to see all: {self.ctx.command(f'history {self.name}')}",
        )


def refuse_before_joining(ctx: Context, home: Home, rows: Sequence[Past], goal: Past) -> None:
    """Refuse to go back behind the moment when a profile joined the other machines, as long as it is synced.

    What it lacks then would be deleted on all of them with the next sync.

    Raises:
        DistError: The goal is before that moment; the error names the commands.
    """
    if not any(row.verb == JOINED and row.number > goal.number for row in rows):
        return
    if is_synced(home.path):
        leave, back = f"sync leave {home.name}", f"rollback {home.name} {goal.number}"
        raise DistError(
            f"at generation {goal.number}, the profile was not in sync: with the next sync, all machines would go back",
            where=str(home.name),
            hint=f"to stop syncing it: {ctx.command(leave)}; then, to have your files as before: {ctx.command(back)}",
        )


def _never_packaged(home: Home, rows: Sequence[Past], goal: Past) -> bool:
    """Whether a profile has had no package from a generation on."""
    since = [row for row in rows if row.number >= goal.number]
    return home.lock is None and all(row.after is None for row in since)


def _without_package(
    ctx: Context, home: Home, rows: list[Past], goal: Past, *, exact: bool
) -> Proposal:
    """Propose the files of an earlier generation of a profile that has had no package since."""
    index = rows.index(goal) + 1
    if not exact:
        return taken_back(ctx, home, rows, index, verb="rollback")
    changes = [row.steps for row in reversed(rows[index:])]
    earlier = [row.steps for row in reversed(rows[:index])]
    want = as_before(changes)
    seen = observe(ctx, home, _paths([*changes, *earlier]))
    proposal = putting_back(
        ctx,
        home,
        "rollback",
        found=seen.found,
        tree=seen.found.with_entries(want),
        lock=None,
        read=first_of(seen.read, images_of(home, rows[index:])),
        notes=tuple(_of_edits(seen.found, want, changes, earlier)),
    )
    return _labelled(proposal, goal.number)


def _labelled_pin(lock: Lock | None) -> str:
    return f"{lock.name} {lock.pin.label}" if lock else "no package"


def _towards(
    ctx: Context, home: Home, rows: list[Past], goal: Past, lock: Lock, choices: Choices
) -> Proposal:
    """Merge towards the package of an earlier generation; later edits stay."""
    later = [row for row in reversed(rows) if row.number > goal.number]
    replaced = images_of(home, later)
    base, incoming = None, recorded(ctx, lock, first_of(ctx.store.read, replaced))
    if home.lock is None:
        left = _left_of(ctx, home, rows, lock)
        base = left.tree
        incoming = replace(incoming, read=together(left.blobs, incoming.read))
    if home.lock:
        incoming = _with_included(incoming, home.lock)
    proposal = propose(ctx, home, incoming, choices, verb="rollback", base=base)
    read = first_of(together(proposal.plan.blobs, proposal.read), replaced)
    plan = as_spelled_before(proposal.plan, [row.steps for row in later], proposal.ours, read)
    proposal = replace(proposal, plan=plan, read=read)
    return _labelled(
        replace(proposal, lock=_held(home, _expecting(home, proposal.lock or lock, lock))),
        goal.number,
    )


def _with_included(incoming: Incoming, now: Lock) -> Incoming:
    """An earlier package with what the user includes now: that decision stays, and what it brought stays as it is."""

    def had(path: RelPath) -> bool:
        return brings(path, incoming.manifest, incoming.included)

    more = with_included(incoming.placed, incoming.shipped, now, had, incoming.read)
    return replace(
        incoming,
        placed=more.placed,
        shipped=more.shipped,
        included=now.top.included,
        read=together(more.blobs, incoming.read),
    )


def _left_of(ctx: Context, home: Home, rows: list[Past], lock: Lock) -> Left:
    """The base if there is no lock: what of the package is still there, in the files that were kept on purpose."""
    theirs = lock.theirs()
    seen = observe(ctx, home, theirs)
    since = len(rows)
    while since and rows[since - 1].lock is None:
        since -= 1
    later = rows[since:]
    read = first_of(seen.read, images_of(home, later))
    removed = [step for row in later for step in row.steps]
    # Base and not all that was shipped: what waited for approval was never there, so it is not missing now.
    return left_of(lock.base, seen.found, removed, read)


def _lock_of(row: Past) -> Lock:
    """The lock of a generation that must have one."""
    if row.lock is None:
        raise DistError(f"the lockfile of generation {row.number} is lost")
    return row.lock


def _lock_at(row: Past) -> Lock | None:
    """The lock of a generation; None if it had none.

    Raises:
        DistError: It is lost.
    """
    return None if row.after is None else _lock_of(row)


def _held(home: Home, lock: Lock) -> Lock:
    """The lock with a hold against the commit that the profile leaves, so that no update brings it back."""
    if home.lock is None:
        return lock
    left, goal = _commit(home.lock), _commit(lock)
    if left == goal and home.lock.layers != lock.layers:
        # Only layers went back. No commit of the package itself can keep their newer versions out.
        return replace(lock, held=ANY)
    return replace(lock, held=hold_after(home.lock.held, left, goal))


def _expecting(home: Home, lock: Lock, goal: Lock) -> Lock:
    """The lock with what the user decided by now: the signer, the demand, and what is always kept."""
    if home.lock is None:
        return lock.with_top(signer=goal.signer, demands=goal.demands)
    # Going back must not make a known key unknown, nor give up a file that is kept for ever.
    lock = replace(lock, kept=home.lock.kept)
    return lock.with_top(signer=home.lock.signer or goal.signer, demands=home.lock.demands)


def _commit(lock: Lock) -> str:
    return lock.pin.commit or lock.pin.tree


def _labelled(proposal: Proposal, number: int) -> Proposal:
    return replace(proposal, label={**proposal.label, BACK_TO: str(number)})


def _exactly(ctx: Context, home: Home, rows: list[Past], goal: Past, lock: Lock) -> Proposal:
    """Restore every file that a recorded change wrote since; of any other, how it was is not recorded."""
    later = [row for row in reversed(rows) if row.number > goal.number]
    changes = [row.steps for row in later]
    earlier = [row.steps for row in reversed(rows) if row.number <= goal.number]
    want = as_before(changes)
    seen = observe(ctx, home, lock.theirs().with_entries(_paths([*changes, *earlier])))
    notes = tuple(_of_edits(seen.found, want, changes, earlier))
    new = lock
    if home.lock:
        new = replace(lock, generation=home.lock.generation)
    new = _held(home, _expecting(home, new, lock))
    read = mending(ctx, lock, first_of(seen.read, images_of(home, later)))
    back = _without_revoked(
        new, seen.found.with_entries(want), _revoked_since(rows, goal, home.lock), read
    )
    proposal = putting_back(
        ctx,
        home,
        "rollback",
        found=seen.found,
        tree=back.tree,
        lock=back.lock,
        read=read,
        blobs=back.blobs,
        notes=(*notes, *back.notes),
    )
    return _labelled(proposal, goal.number)


def _of_edits(
    found: Tree,
    want: Mapping[RelPath, Entry | None],
    since: Sequence[Sequence[Step]],
    before: Sequence[Sequence[Step]],
) -> Iterator[Note]:
    """Say which edits going back exactly overwrites, and which it leaves because nothing recorded the state before."""
    for path in edited_since(found, since):
        if found.get(path) != want[path]:
            yield Note.of(NoteKind.EDIT_OVERWRITTEN, path)
    for path in edited_since(found, before):
        if path not in want:
            yield Note.of(NoteKind.EDIT_NOT_RECORDED, path)


def _revoked_since(rows: list[Past], goal: Past, now: Lock | None) -> frozenset[Approval]:
    """The approvals that the user revoked after a generation and did not give again."""
    taken: set[Approval] = set()
    for before, after in pairwise(rows):
        if after.number > goal.number and after.verb == "revoke" and before.lock:
            left = after.lock or now
            lost = set(before.lock.approved)
            if left:
                lost -= set(left.approved)
            taken |= lost
    given = frozenset[Digest]()
    if now:
        given = digests_of(now.approved)
    return frozenset(approval for approval in taken if approval.digest not in given)


class _Back(Contents, frozen=True):
    """The result of going back exactly, without what was revoked since."""

    tree: Tree
    lock: Lock
    blobs: Mapping[Digest, bytes] = {}
    notes: tuple[Note, ...] = ()


def _without_revoked(lock: Lock, tree: Tree, taken: frozenset[Approval], read: Read) -> _Back:
    """Going back restores files but no revoked approval: what it covered stays off and needs approval."""
    if not taken:
        return _Back(tree, lock)
    theirs = lock.theirs()
    # In a synced profile, another machine may have sent what was approved: the package need not have it.
    live = [e for e in find_effects(EMPTY, tree, theirs, read) if not e.off]
    lost = tuple(effect for effect in live if approvals_for(taken, [effect]))
    if not lost:
        return _Back(tree, lock)
    rest = without_approvals(lock, lost)
    left = withdraw(tree, lock.base, [(e.path, e.key) for e in lost], lock.name, read)
    upstream = {path: theirs.get(path) for path in left.base.differing(theirs)}
    off = NoteKind.APPROVAL_STAYS_REVOKED
    notes = tuple(Note.of(off, group.name) for group in grouped(lost))
    return _Back(left.ours, replace(rest, base=left.base, upstream=upstream), left.blobs, notes)


def abort(ctx: Context, name: ProfileName, request: Request, confirm: Confirm) -> Outcome:
    """Restore the state before the last update, in every file untouched since; later edits are merged and listed.

    Raises:
        DistError: The last change of the package was not an update; nothing changed.
    """
    home = open_home(ctx, name)
    home.need_lock(ctx)
    rows = past_of(home)
    index = _last_but_parts(rows)
    if not index or rows[index].verb != "update" or rows[index - 1].lock is None:
        last = ""
        if rows and rows[index].verb:
            last = f": the last change was {rows[index].verb}"
        raise DistError(
            f"there is no update to abort{last}",
            where=str(name),
            hint=f"see: {ctx.command(f'history {name}')}",
        )
    return confirm_and_carry_out(
        ctx, lambda _: taken_back(ctx, home, rows, index, verb="abort"), request, confirm, None
    )


def _last_but_parts(rows: list[Past]) -> int:
    """Return the index of the last change that is no part of another; what was undone counts as not done."""
    index = len(rows) - 1
    while index > 0:
        row = rows[index]
        if row.verb == "undo" and row.back_to is not None:
            index = next((i for i, past in enumerate(rows) if past.number == row.back_to), 0)
        elif row.verb in _PART_OF_IT:
            index -= 1
        else:
            break
    return max(index, 0)


def taken_back(ctx: Context, home: Home, rows: list[Past], index: int, *, verb: str) -> Proposal:
    """Propose the state before a change, in every file untouched since; later edits are merged and listed.

    Args:
        ctx: The context.
        home: The home.
        rows: Its history.
        index: The first row to take back; all after it are taken back, too.
        verb: The command, for summary and history.

    Raises:
        DistError: The lockfile before the change is lost.
    """
    later, goal = list(reversed(rows[index:])), rows[index - 1]
    lock = _lock_at(goal)
    changes = [row.steps for row in later]
    seen = observe(ctx, home, _paths(changes))
    read = first_of(seen.read, images_of(home, later))
    back = take_back(seen.found, changes, read)
    notes = (
        *(Note.of(NoteKind.EDIT_KEPT, path) for path in back.edited),
        *(Note.of(NoteKind.EDIT_IN_THE_WAY, place) for place in back.stuck),
        *(withdrawn_in(ctx, lock) if lock else ()),
    )
    if lock and home.lock:
        lock = _as_chosen(lock, home.lock, later)
    proposal = putting_back(
        ctx,
        home,
        verb,
        found=seen.found,
        tree=back.tree,
        lock=lock,
        read=read,
        blobs=back.blobs,
        notes=notes,
    )
    return _labelled(proposal, goal.number)


def _as_chosen(lock: Lock, now: Lock, later: Sequence[Past]) -> Lock:
    """The lock before some changes, with what the user chose since that was no part of them; the newest comes first."""
    # No hold of ours, unlike after a rollback: the next update is meant to offer the same change again.
    held = now.held if holding(later) else lock.held
    # What is kept goes back only with a change that is about it.
    kept = lock.kept if later[-1].verb in _KEEPING else now.kept
    lock = replace(lock, generation=now.generation, held=held, kept=kept)
    return lock.with_top(demands=now.demands)


def holding(rows: Iterable[Past]) -> bool:
    """Whether the user held or released the profile in these changes."""
    return any(row.verb in HOLDING for row in rows)


def _paths(changes: list[tuple[Step, ...]]) -> Tree:
    """Every path that a change touched, as the tree to observe."""
    entries = {
        step.path: entry
        for steps in changes
        for step in steps
        if (entry := step.after or step.before)
    }
    return Tree(entries) if entries else EMPTY
