"""The last steps of every changing verb: show a proposal, ask about it, carry it out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from hermes_dist.decide.environment.wanted import unasked, with_values
from hermes_dist.errors import Cancelled, DistError, counted
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Step
from hermes_dist.model.side import Side
from hermes_dist.model.tree import Digest
from hermes_dist.ops.change.observe import doubt
from hermes_dist.ops.change.proposal import OtherPlan, Outcome, Proposal, carry_out, plan_digest
from hermes_dist.ops.change.request import ABORT, AskConflicts, Choices, Confirm, Request
from hermes_dist.ops.change.variables import refuse_unwritable
from hermes_dist.ops.context import Context
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.trace import note
from hermes_dist.world.transaction.common import Changed
from hermes_dist.world.transaction.journal import Spelling
from hermes_dist.world.transaction.spelling import spellings

_TRIES = 8
"""How often a proposal is made anew because a file changed between the look and the exchange."""

Make = Callable[[Choices], Proposal]
"""Makes the proposal for the user's choices; called again after conflicts are answered or effects approved."""


def confirm_and_carry_out(
    ctx: Context,
    make: Make,
    request: Request,
    confirm: Confirm,
    ask_conflicts: AskConflicts | None = None,
) -> Outcome:
    """Make a proposal, ask about conflicts and for consent, and carry it out.

    Args:
        ctx: The context.
        make: Makes the proposal.
        request: The options of the command.
        confirm: Shows the proposal and asks for confirmation.
        ask_conflicts: Asks about the conflicts; None leaves them open.

    Raises:
        OtherPlan: The proposal is not the one that the request names.
        DistError: Conflicts would stay open under ``--conflict abort``; nothing changed.
        Cancelled: The user said no.
    """
    given = request.env.values

    def proposed(choices: Choices) -> Proposal:
        return _with_spellings(_with_given(make(choices), given))

    choices = replace(request.choices, given=frozenset(given))
    proposal = _unless_refused(proposed(choices), request)
    if request.dry_run:
        return Outcome(
            verb=proposal.verb, profile=proposal.home.name, proposal=proposal, dry_run=True
        )
    refuse_other_plan(
        request, Outcome(verb=proposal.verb, profile=proposal.home.name, proposal=proposal)
    )
    # Refused this early because variables are written last, when all else is done already.
    if given:
        refuse_unwritable(proposal.home.path, given)
    if ask_conflicts is not None and proposal.plan.conflicts:
        answered = _with_answers(choices, proposal, ask_conflicts)
        if answered != choices:
            # Proposed again with the answers: a side decides whole files, so effects, notes and
            # steps may change with it.
            choices, proposal = answered, proposed(answered)
    if proposal.changes_nothing:
        return carry_out(ctx, proposal, given)
    # Asked after the conflicts are answered, so that the user confirms exactly what will be done.
    agreed = confirm(proposal)
    note("decide", "the proposal is", "confirmed" if agreed else "refused")
    if not agreed:
        raise Cancelled("cancelled, nothing changed")
    granted = _granted_now(proposal, request)
    if granted:
        choices = replace(choices, grants=choices.grants | granted)
        proposal = proposed(choices)
    values = {**given, **_asked_values(proposal, request)}

    again = partial(proposed, choices)
    return _carried_out(ctx, proposal, lambda: _unless_refused(again(), request), confirm, values)


def refuse_other_plan(request: Request, outcome: Outcome) -> None:
    """Make sure that what would be done is what the user was shown, if the request names that.

    Raises:
        OtherPlan: It is something else.
    """
    proposal = outcome.proposal
    if request.plan and (proposal is None or plan_digest(proposal) != request.plan):
        raise OtherPlan(outcome.profile, replace(outcome, dry_run=True))


def _carried_out(
    ctx: Context,
    proposal: Proposal,
    again: Callable[[], Proposal],
    confirm: Confirm,
    values: Mapping[str, str],
) -> Outcome:
    """Carry out a proposal; where a file changed since it was made, make it again and go on if it says the same.

    Raises:
        Changed: A file changes all the time; nothing was written.
        Cancelled: What would be done became something else, and the user said no to that.
    """
    tries = 1
    while True:
        try:
            named = replace(proposal, wanted=with_values(proposal.wanted, values))
            return carry_out(ctx, named, values)
        except Changed as error:
            if proposal.new:
                raise
            if tries == _TRIES:
                stop = ctx.command(f"gateways stop {proposal.home.name}")
                error.hint = (
                    f"another program keeps writing it: stop it ({stop}), then run it again"
                )
                raise
            note("decide", "propose again, because it changed", error.where)
            doubt(proposal.home)
        tries += 1
        fresh = again()
        if _promise(fresh) != _promise(proposal) and not confirm(fresh):
            raise Cancelled("cancelled, nothing changed")
        proposal = fresh


def _promise(proposal: Proposal) -> tuple[object, ...]:
    """What the user said yes to, apart from the contents of files: it must still be true when it is carried out."""
    plan = proposal.plan
    return (
        [(step.path, step.before is None, step.after is None) for step in proposal.steps],
        plan.conflicts,
        plan.effects,
        plan.parked,
        plan.ran,
        plan.off,
    )


def _unless_refused(proposal: Proposal, request: Request) -> Proposal:
    """Return the proposal, unless it leaves conflicts open and they are refused."""
    conflicts = proposal.plan.conflicts
    if not conflicts or request.on_conflict != ABORT:
        return proposal
    places = ", ".join(conflict.words for conflict in conflicts[:5])
    raise DistError(
        f"{counted(len(conflicts), 'conflict')} would stay open: {places}",
        where=str(proposal.home.name),
        hint="nothing was changed; leave out --conflict abort to merge the rest",
    )


def _with_spellings(proposal: Proposal) -> Proposal:
    """Note which folders of the user get another spelling, on a disk that takes both for one name.

    Raises:
        Refused: A new file would be another one that is there.
    """
    steps = proposal.steps
    if proposal.new or all(step.before is not None for step in steps):
        return proposal
    with RealFs(proposal.home.path, home=True) as fs:
        respelled = spellings(fs, steps)
    return replace(proposal, notes=(*proposal.notes, *_taken_in(steps, respelled)))


def _taken_in(steps: Sequence[Step], respelled: Iterable[Spelling]) -> Iterator[Note]:
    """Note the folders of the user; those of the package are shown with the files that move."""
    moving = {step.path for step in steps if step.after is None}
    moving |= {parent for path in moving for parent in path.parents}
    for old, new in respelled:
        if old not in moving:
            yield Note.of(NoteKind.FOLDER_RESPELLED, where=new, was=old)


def _granted_now(proposal: Proposal, request: Request) -> frozenset[Digest]:
    """Ask about effects that newly need approval.

    An approval is bound to the digests shown on the card: content that differs was never approved and asks again.
    """
    ask = request.questions.effects
    if ask is None or not proposal.asked or not ask(proposal):
        return frozenset()
    return frozenset(effect.digest for effect in proposal.asked)


def _asked_values(proposal: Proposal, request: Request) -> Mapping[str, str]:
    ask = request.questions.variables
    return ask(proposal) if ask is not None else {}


def _with_given(proposal: Proposal, given: Mapping[str, str]) -> Proposal:
    """Count the variables given on the command line as set, and note those that nobody asked for."""
    extra = unasked(given, proposal.manifest) if proposal.manifest else ()
    notes = (Note.of(NoteKind.VARIABLE_NOT_ASKED, name=name) for name in extra)
    return replace(
        proposal, wanted=with_values(proposal.wanted, given), notes=(*proposal.notes, *notes)
    )


def _with_answers(choices: Choices, proposal: Proposal, ask: AskConflicts) -> Choices:
    """Ask about the conflicts."""
    sides: dict[str, Side] = {}
    edits: dict[RelPath, bytes] = {}
    for conflict, answer in ask(proposal, proposal.plan.conflicts).items():
        if isinstance(answer, bytes):
            edits[conflict.path] = answer
        else:
            sides[conflict.place] = answer
    return replace(choices, sides={**choices.sides, **sides}, edits={**choices.edits, **edits})
