"""The plan that a request would carry out: an update, approval or resolution; and carrying out exactly that plan."""

from __future__ import annotations

from hermes_dist.errors import Refused
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.side import Side
from hermes_dist.ops.change.proposal import Outcome, Proposal, plan_digest
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.package.resolve import approve, resolve
from hermes_dist.ops.package.update import update
from hermes_dist.ops.watch.codes import Issued, find_asked, issue, refuse_inside_agent

_SIDES = {"ours": Side.OURS, "theirs": Side.THEIRS}


def plan_of(ctx: Context, name: ProfileName, verb: str, words: tuple[str, ...]) -> Outcome:
    """Make the plan; nothing is changed.

    Args:
        ctx: The context.
        name: The profile.
        verb: ``update``, ``approve`` or ``resolve``.
        words: The thing to approve, or the place of a conflict and its side.

    Raises:
        DistError: It can't be done.
    """
    return _done(ctx, name, verb, words, Request(dry_run=True))


def carry_out_plan(
    ctx: Context, name: ProfileName, verb: str, words: tuple[str, ...], plan: str
) -> Outcome:
    """Carry out a plan, and no other one.

    Args:
        ctx: The context.
        name: The profile.
        verb: As for :func:`plan_of`.
        words: As for :func:`plan_of`.
        plan: The digest of the plan.

    Raises:
        OtherPlan: Something else would be done by now; nothing changed.
        DistError: It can't be done; nothing changed.
    """
    return _done(ctx, name, verb, words, Request(plan=plan))


def digest_of(outcome: Outcome) -> str:
    """The digest of what would be done; empty if that is nothing."""
    proposal = outcome.proposal
    if proposal is None or proposal.changes_nothing:
        return ""
    return plan_digest(proposal)


def show_code(ctx: Context, word: str = "") -> tuple[Proposal, Issued]:
    """Make a code for a plan that was asked for in a chat, if it is still the same plan.

    Args:
        ctx: The context.
        word: The start of the plan's id; empty if there is only one.

    Returns:
        What the plan does, to be shown, and the code.

    Raises:
        Refused: The agent started this program, or something else would be done by now.
        DistError: There is no such plan, or it can't be made again.
    """
    refuse_inside_agent(ctx)
    asked = find_asked(ctx, word)
    outcome = plan_of(ctx, ctx.profile(asked.profile), asked.verb, asked.words)
    if outcome.proposal is None or digest_of(outcome) != asked.plan:
        raise Refused(
            "the plan has changed since the chat showed it",
            where=asked.profile,
            hint="ask for it there again",
        )
    return outcome.proposal, issue(ctx, asked)


def _done(
    ctx: Context, name: ProfileName, verb: str, words: tuple[str, ...], request: Request
) -> Outcome:
    if verb == "approve":
        return approve(ctx, name, request, _yes, wanted=words)
    if verb == "resolve":
        place, side = words
        return resolve(ctx, name, _SIDES[side], request, _yes, place=place)
    return update(ctx, name, request, _yes)


def _yes(_proposal: Proposal) -> bool:
    """The plan is confirmed by its digest, so any other one is refused before this is asked."""
    return True
