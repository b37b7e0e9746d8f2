"""Update: the sentence of docs/ARCHITECTURE.md, top to bottom."""

from __future__ import annotations

from functools import partial

from hermes_dist.decide.history import ANY, holds
from hermes_dist.errors import Busy, LockStale
from hermes_dist.model.lock import Lock
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.confirm import Settle, Wish, about_requires, conclude, make_proposal
from hermes_dist.ops.change.fetch import fetch
from hermes_dist.ops.change.look_up import Looked, Target, look
from hermes_dist.ops.change.lost_contents import mending
from hermes_dist.ops.change.moved_source import way_on
from hermes_dist.ops.change.observe import user_job_ids
from hermes_dist.ops.change.proposal import Confirm, Outcome, with_variables
from hermes_dist.ops.change.propose import Choices
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.trust.trusted_keys import judged, judged_move


def update(
    ctx: Context,
    name: ProfileName,
    wish: Wish,
    confirm: Confirm,
    settle: Settle | None = None,
    looked: Looked | None = None,
) -> Outcome:
    """Update a profile to what its source offers now.

    Args:
        ctx: The context.
        name: The profile.
        wish: The options.
        confirm: Shows the proposal and asks for confirmation.
        settle: Asks about conflicts one by one; None leaves them open.
        looked: What the source offers, if it was asked already.

    Raises:
        DistError: The profile can't be updated; nothing changed.
    """
    outcome = _update(ctx, looked or look(ctx, name, wish.to), wish, confirm, settle)
    if outcome.proposal is not None or wish.dry_run:
        return outcome
    return with_variables(outcome, ctx.layout.home(name), wish.env.values)


def _update(
    ctx: Context, looked: Looked, wish: Wish, confirm: Confirm, settle: Settle | None
) -> Outcome:
    name, target, notes = looked.name, looked.target, looked.notes
    home = open_home(ctx, name)
    lock = home.need_lock(ctx)
    if lock.source != looked.lock.source:
        raise Busy(
            "another operation changed this profile in the meantime",
            where=str(home.path),
            hint="run the command again",
        )
    if wish.locked and target.commit != lock.pin.commit:
        raise _stale(ctx, looked, target.commit)
    if (
        target.commit
        and not wish.to
        and not target.is_pin(lock.pin)
        and _is_held(ctx, lock, target, target.commit)
    ):
        notes += (_held_note(ctx, name, lock, target.commit),)
        return Outcome(verb="update", profile=name, lock=lock, notes=notes)
    if looked.nothing_new and wish.choices == Choices() and not wish.accept.signature:
        return Outcome(verb="update", profile=name, lock=lock, notes=notes)
    downgrade, asked = wish.allow_downgrade, bool(wish.to)
    move = judged_move(ctx, target, lock, wish.accept, downgrade=downgrade, asked=asked)
    notes += move.notes
    with way_on(ctx, name, lock):
        incoming = fetch(ctx, target, lock, user_job_ids(home, mending(ctx, lock)))
    tree = incoming.pin.tree
    if wish.locked and not target.commit and tree != lock.pin.tree:
        raise _stale(ctx, looked, tree)
    if not target.commit and tree != lock.pin.tree and _is_held(ctx, lock, target, tree):
        return Outcome(
            verb="update",
            profile=name,
            lock=lock,
            notes=(*notes, _held_note(ctx, name, lock, tree)),
        )
    downgrade = downgrade or asked
    incoming = judged(
        ctx, target, incoming, lock, wish.accept, downgrade=downgrade, forward=move.forward
    )
    said = (*notes, about_requires(ctx, incoming, wish))
    return conclude(
        ctx, partial(make_proposal, ctx, home, incoming, "update", said), wish, confirm, settle
    )


def _stale(ctx: Context, looked: Looked, offered: str) -> LockStale:
    return LockStale(
        f"{looked.target.spec} is at {offered[:7]}, the lock at {looked.lock.pin.short}",
        where=str(ctx.layout.lockfile(looked.name)),
        hint="update without --locked to move on",
    )


def _is_held(ctx: Context, lock: Lock, target: Target, offered: str) -> bool:
    """Whether a hold keeps out the offered commit, or the offered tree of a folder."""
    relation = ""
    if target.commit and lock.held not in ("", ANY, offered):
        relation = ctx.sources.relation(target.spec, lock.held, offered)
    return holds(lock.held, offered, relation)


def _held_note(ctx: Context, name: ProfileName, lock: Lock, offered: str) -> Note:
    return Note.of(
        NoteKind.HELD,
        at=lock.pin.short,
        rolled_back=lock.held != ANY,
        offered=offered[:7],
        command=ctx.command(f"unhold {name}"),
    )
