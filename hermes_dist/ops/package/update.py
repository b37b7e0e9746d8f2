"""Update a profile to what its source offers now, from the first step to the last."""

from __future__ import annotations

from functools import partial

from hermes_dist.decide.included import Including, included_after
from hermes_dist.errors import Busy, DistError, LockStale
from hermes_dist.lazily import later
from hermes_dist.model.lock import ANY, Lock
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.ops.change.confirm import confirm_and_carry_out, refuse_other_plan
from hermes_dist.ops.change.fetch import Fetched, about_requires, fetch, placed_in
from hermes_dist.ops.change.look_up import Looked, look
from hermes_dist.ops.change.moved_source import way_on
from hermes_dist.ops.change.proposal import Outcome, with_variables
from hermes_dist.ops.change.propose import propose_incoming
from hermes_dist.ops.change.request import Choices, Confirm, Request
from hermes_dist.ops.change.variables import refuse_unwritable
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, open_home
from hermes_dist.ops.inputs.ask import with_inputs
from hermes_dist.ops.layers.ask import with_layers
from hermes_dist.ops.package.release_notes import release_notes_of
from hermes_dist.ops.trust.judge_release import judge_history, judge_release

with later():
    from hermes_dist.decide.history import holds
    from hermes_dist.ops.layers.elsewhere import refuse_elsewhere


def update(
    ctx: Context,
    name: ProfileName,
    request: Request,
    confirm: Confirm,
    looked: Looked | None = None,
) -> Outcome:
    """Update a profile to what its source offers now.

    Args:
        ctx: The context.
        name: The profile.
        request: The options.
        confirm: Shows the proposal and asks for confirmation.
        looked: What the source offers, if it was asked already.

    Raises:
        DistError: The profile can't be updated; nothing changed.
    """
    looked = looked or look(ctx, name, request.to)
    home = _unchanged_since(ctx, looked)
    lock = home.need_lock(ctx)
    looked = _as_held(ctx, looked, lock, request)
    target = looked.target
    stays = _stays_unfetched(ctx, looked, lock, request)
    if stays is not None:
        return stays
    # Another ref that the user names may be older: that is no downgrade to refuse.
    asked = bool(request.to)
    downgrade = request.allow_downgrade
    move = judge_history(ctx, target, lock, request.accept, downgrade=downgrade, asked=asked)
    looked = looked._replace(notes=looked.notes + move.notes)
    with way_on(ctx, name, lock):
        fetched = with_layers(ctx, fetch(ctx, target, lock.base), home, request)
    if fetched.stack is not None:
        refuse_elsewhere(ctx, name, lock, fetched)
    stays = _stays_fetched(ctx, looked, lock, fetched, request)
    if stays is not None:
        return stays
    # Whoever is asked something about a package would take it for one that may come in.
    judged = judge_release(
        ctx,
        fetched,
        home,
        request.accept,
        downgrade=downgrade or asked,
        forward=move.forward,
    )
    notes = (*looked.notes, about_requires(ctx, fetched.manifest, request))
    fetched, request = with_inputs(ctx, fetched, home, request)
    incoming = judged.on(placed_in(ctx, fetched, home, included=_included(lock, fetched, request)))
    news = release_notes_of(ctx, fetched, lock.pin)
    make = partial(propose_incoming, ctx, home, incoming, verb="update", notes=notes, news=news)
    return confirm_and_carry_out(ctx, make, request, confirm, request.questions.conflicts)


def _as_held(ctx: Context, looked: Looked, lock: Lock, request: Request) -> Looked:
    """Look at the commit that a held profile is at, if the user asks for more of it: no hold keeps that out."""
    target = looked.target
    if not _wants_more(request) or request.to or not target.commit:
        return looked
    held = not target.is_pin(lock.pin) and _held_note(ctx, looked, lock, target.commit)
    if not held:
        return looked
    # Only a commit of the same folder can be what was received; what it offers is mostly here already.
    same = target._replace(commit=lock.pin.commit)
    return looked._replace(target=same, notes=(*looked.notes, held))


def _wants_more(request: Request) -> bool:
    """Whether the user asks for something of the version that is here: no hold keeps that out."""
    return request.choices.including != Including() or bool(request.choices.inputs)


def _included(lock: Lock, fetched: Fetched, request: Request) -> tuple[RelPath, ...]:
    """What is taken along without the author's list from now on.

    Raises:
        UsageError: The package has no such path, or it was not included.
    """
    return included_after(lock.top.included, request.choices.including, fetched.offer.tree)


def _stays_unfetched(ctx: Context, looked: Looked, lock: Lock, request: Request) -> Outcome | None:
    """The outcome if the package stays as it is, as far as its commit tells; None to go on.

    Raises:
        LockStale: The commit is not the lock's, under ``--locked``.
    """
    target = looked.target
    if request.locked and target.commit != lock.pin.commit:
        raise _stale(ctx, looked, target.commit)
    # ``--to`` names a commit in spite of a hold.
    if target.commit and not request.to and not target.is_pin(lock.pin):
        held = _held_note(ctx, looked, lock, target.commit)
        if held:
            return _as_it_is(ctx, looked, lock, request, held)
    # `--require-signature` also asks about what is there already; choices may change the merge.
    if looked.nothing_new and request.choices == Choices() and not request.accept.signature:
        return _as_it_is(ctx, looked, lock, request)
    return None


def _stays_fetched(
    ctx: Context, looked: Looked, lock: Lock, fetched: Fetched, request: Request
) -> Outcome | None:
    """The same for a folder or archive: having no commit, it tells by its tree whether it differs.

    Raises:
        LockStale: The tree is not the lock's, under ``--locked``.
    """
    tree = fetched.offer.pin.tree
    if looked.target.commit or tree == lock.pin.tree:
        return None
    if request.locked:
        raise _stale(ctx, looked, tree)
    held = _held_note(ctx, looked, lock, tree)
    return _as_it_is(ctx, looked, lock, request, held) if held else None


def _unchanged_since(ctx: Context, looked: Looked) -> Home:
    """Open the home, and make sure that it still follows the source that was asked.

    Raises:
        Busy: Another operation changed it in the meantime.
    """
    home = open_home(ctx, looked.name)
    if home.need_lock(ctx).source != looked.lock.source:
        raise Busy(
            "another operation changed this profile in the meantime",
            where=str(home.path),
            hint="run the command again",
        )
    return home


def _as_it_is(ctx: Context, looked: Looked, lock: Lock, request: Request, *notes: Note) -> Outcome:
    """The outcome if the package stays as it is; given variables are written all the same.

    Raises:
        DistError: The variables can't be written, or nothing can be included because the profile is held.
    """
    outcome = Outcome(verb="update", profile=looked.name, lock=lock, notes=(*looked.notes, *notes))
    if _wants_more(request):
        raise DistError(
            "it is held, so nothing of it changes",
            where=looked.name,
            hint=f"release it first: {ctx.command(f'unhold {looked.name}')}",
        )
    if request.dry_run:
        return outcome
    refuse_other_plan(request, outcome)
    if not request.env.values:
        return outcome
    home = ctx.layout.home(looked.name)
    refuse_unwritable(home, request.env.values)
    return with_variables(ctx, outcome, home, request.env.values)


def _stale(ctx: Context, looked: Looked, offered: str) -> LockStale:
    return LockStale(
        f"{looked.target.spec} is at {offered[:7]}, the lock at {looked.lock.pin.short}",
        where=str(ctx.layout.lockfile(looked.name)),
        hint="update without --locked to move on",
    )


def _held_note(ctx: Context, looked: Looked, lock: Lock, offered: str) -> Note | None:
    """What to say if a hold keeps out the offered commit, or the offered tree of a folder; None if none does."""
    if not lock.held:
        return None
    target, relation = looked.target, ""
    if target.commit and lock.held not in (ANY, offered):
        relation = ctx.sources.relation(target.spec, lock.held, offered)
    if not holds(lock.held, offered, relation):
        return None
    return Note.of(
        NoteKind.HELD,
        at=lock.pin.short,
        rolled_back=lock.held != ANY,
        offered=offered[:7],
        command=ctx.command(f"unhold {looked.name}"),
    )
