"""The last steps of every changing verb: propose, ask, carry out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.decide.environment.wanted import Given, unasked, with_values
from hermes_dist.decide.history import ANY
from hermes_dist.decide.trust import Accept
from hermes_dist.decide.versions import check_requires
from hermes_dist.errors import Cancelled, DistError, counted
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Conflict
from hermes_dist.model.side import Side
from hermes_dist.model.tree import Tree
from hermes_dist.ops.change.fetch import Incoming
from hermes_dist.ops.change.proposal import Confirm, Outcome, Proposal, carry_out
from hermes_dist.ops.change.propose import Choices, propose
from hermes_dist.ops.change.variables import refuse_elsewhere
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home

Settle = Callable[[Proposal, Conflict], Side | bytes | None]
"""Asks how to settle one conflict; gives a side, or the whole file as edited; None leaves it open."""


class Questions(Struct, frozen=True, kw_only=True):
    """What to ask on a terminal after the file changes are confirmed.

    Attributes:
        effects: Asks whether effects that newly need approval may run now.
        variables: Asks for the values of missing variables, by name.
    """

    effects: Callable[[Proposal], bool]
    variables: Callable[[Proposal], Mapping[str, str]]


class Wish(Struct, frozen=True, kw_only=True):
    """The options of a command that changes a home.

    Attributes:
        env: Variables for the home's ``.env``.
        questions: Asks what remains after the confirmation; None to ask nothing.
        to: Another ref to follow from now on; empty to keep the current one.
        abort_on_conflict: Change nothing if a conflict would stay open.
        locked: The resolved commit must be the lock's.
    """

    choices: Choices = field(default_factory=Choices)
    env: Given = field(default_factory=Given)
    questions: Questions | None = None
    to: str = ""
    dry_run: bool = False
    abort_on_conflict: bool = False
    locked: bool = False
    allow_downgrade: bool = False
    accept: Accept = field(default_factory=Accept)
    ignore_requires: bool = False


Make = Callable[[Choices], Proposal]
"""Makes the proposal for the user's choices; called again after conflicts are settled or effects approved."""


def conclude(
    ctx: Context, make: Make, wish: Wish, confirm: Confirm, settle: Settle | None
) -> Outcome:
    """Make a proposal, ask about conflicts and for consent, and carry it out.

    Args:
        ctx: The context.
        make: Makes the proposal.
        wish: The options of the command.
        confirm: Shows the proposal and asks for confirmation.
        settle: Asks about each conflict; None leaves them open.

    Raises:
        DistError: Conflicts would stay open under ``--conflict abort``; nothing changed.
        Cancelled: The user said no.
    """
    make = partial(_with_env, make, wish.env.values)
    choices = replace(wish.choices, given=frozenset(wish.env.values))
    proposal = make(choices)
    name = proposal.home.name
    if wish.abort_on_conflict and proposal.plan.conflicts:
        places = ", ".join(c.words for c in proposal.plan.conflicts[:5])
        raise DistError(
            f"{counted(len(proposal.plan.conflicts), 'conflict')} would stay open: {places}",
            where=str(name),
            hint="nothing was changed; leave out --conflict abort to merge the rest",
        )
    if wish.dry_run:
        return Outcome(verb=proposal.verb, profile=name, proposal=proposal, dry_run=True)
    if wish.env.values:
        refuse_elsewhere(proposal.home.path)
    if settle is not None and proposal.plan.conflicts:
        # Proposed again with the answers: a side decides whole files, so effects, notes and steps
        # may change with it.
        settled = _settled(choices, proposal, settle)
        proposal = make(settled) if settled != choices else proposal
        choices = settled
    # Asked after the conflicts are settled, so that the user confirms exactly what will be done.
    if not proposal.changes_nothing and not confirm(proposal):
        raise Cancelled("cancelled, nothing changed")
    values = dict(wish.env.values)
    if wish.questions is not None and not proposal.changes_nothing:
        # An approval is bound to the digests shown on the card: content that differs was never
        # approved and asks again.
        if proposal.asked and wish.questions.effects(proposal):
            proposal = make(
                replace(choices, grants=choices.grants | {e.digest for e in proposal.asked})
            )
        values |= wish.questions.variables(proposal)
    return carry_out(ctx, replace(proposal, wanted=with_values(proposal.wanted, values)), values)


def _with_env(make: Make, given: Mapping[str, str], choices: Choices) -> Proposal:
    """Make a proposal that counts the variables given on the command line as set."""
    proposal = make(choices)
    extra = unasked(given, proposal.manifest) if proposal.manifest else ()
    notes = (Note.of(NoteKind.VARIABLE_NOT_ASKED, name=name) for name in extra)
    return replace(
        proposal, wanted=with_values(proposal.wanted, given), notes=(*proposal.notes, *notes)
    )


def _settled(choices: Choices, proposal: Proposal, settle: Settle) -> Choices:
    """Ask about each conflict."""
    sides: dict[str, Side] = {}
    edits: dict[RelPath, bytes] = {}
    for conflict in proposal.plan.conflicts:
        answer = None if conflict.path in edits else settle(proposal, conflict)
        if isinstance(answer, bytes):
            edits[conflict.path] = answer
        elif answer is not None:
            sides[conflict.place] = answer
    return replace(choices, sides={**choices.sides, **sides}, edits={**choices.edits, **edits})


def about_requires(ctx: Context, incoming: Incoming, wish: Wish) -> Note | None:
    """Check that a package works with the installed agent; returns a note if none is installed.

    Raises:
        Refused: The package does not work with this agent.
    """
    if wish.ignore_requires or not incoming.manifest.hermes_requires:
        return None
    return check_requires(
        incoming.manifest.hermes_requires, ctx.agent_version, title=ctx.brand.title
    )


def make_proposal(
    ctx: Context,
    home: Home,
    incoming: Incoming,
    verb: str,
    notes: tuple[Note | None, ...],
    choices: Choices,
    *,
    base: Tree | None = None,
) -> Proposal:
    """Propose how to bring a home to an incoming package; a hold ends when the pin moves on.

    Raises:
        DistError: The home or a file's content can't be read.
    """
    proposal = propose(ctx, home, incoming, choices, verb=verb, base=base)
    lock = proposal.lock
    # A hold on one commit has served its purpose once the pin moves; a hold on everything (ANY)
    # stays.
    if lock and home.lock and lock.held not in ("", ANY) and lock.pin != home.lock.pin:
        lock = replace(lock, held="")
    return replace(proposal, lock=lock, notes=(*(note for note in notes if note), *proposal.notes))
