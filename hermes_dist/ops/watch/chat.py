"""What an owner asks for in a chat: who that is, what would be done, and doing it with a code."""

from __future__ import annotations

from msgspec.structs import replace

from hermes_dist.decide.watch.asking import Wish, wish_of
from hermes_dist.decide.watch.codes import GOOD_FOR, Asked
from hermes_dist.decide.watch.owners import Speaker, Standing, standing_of
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.proposal import OtherPlan, Outcome
from hermes_dist.ops.context import Context
from hermes_dist.ops.watch.codes import redeem
from hermes_dist.ops.watch.codes import remember as remember_asked
from hermes_dist.ops.watch.owners import owners_of, remember_chat
from hermes_dist.ops.watch.plans import carry_out_plan, digest_of, plan_of

__all__ = [
    "MINUTES",
    "OtherPlan",
    "Speaker",
    "Standing",
    "Wish",
    "asked_for",
    "carry_out",
    "profile_of",
    "propose",
    "remember",
    "standing",
    "wish_of",
]

MINUTES = int(GOOD_FOR // 60)
"""How many minutes a code is good for."""


def standing(ctx: Context, speaker: Speaker) -> Standing:
    """Decide what somebody may do.

    Raises:
        DistError: The file of the owners can't be read, or others could have written it.
    """
    return standing_of(speaker, owners_of(ctx))


def profile_of(ctx: Context, speaker: Speaker, wish: Wish) -> ProfileName:
    """The profile that is meant: the one that is named, else the one that the chat talks to.

    Raises:
        DistError: There is no such profile.
    """
    return ctx.profile(wish.profile or speaker.profile or None)


def remember(ctx: Context, speaker: Speaker) -> None:
    """Remember in which chat an owner asks: messages to that person go there.

    Raises:
        DistError: The file can't be written.
    """
    owner = owners_of(ctx).find(speaker.platform, speaker.person)
    if owner is not None and speaker.chat:
        remember_chat(ctx, owner, speaker.chat, speaker.profile or str(ctx.active()))


def asked_for(ctx: Context, speaker: Speaker, name: ProfileName, wish: Wish) -> Asked:
    """What an owner asks for; its plan is not known yet."""
    by = f"{speaker.platform}:{speaker.person}"
    at = ctx.now().timestamp()
    return Asked(plan="", profile=str(name), verb=wish.verb, words=wish.words, by=by, at=at)


def propose(
    ctx: Context, speaker: Speaker, name: ProfileName, wish: Wish
) -> tuple[Outcome, Asked | None]:
    """Make the plan of a wish, and remember it, so that the terminal can show a code for it; nothing is changed.

    Returns:
        What would be done; and what was asked for, None if there is nothing to do.

    Raises:
        DistError: It can't be done.
    """
    outcome = plan_of(ctx, name, wish.verb, wish.words)
    plan = digest_of(outcome)
    if not plan:
        return outcome, None
    asked = replace(asked_for(ctx, speaker, name, wish), plan=plan)
    remember_asked(ctx, asked)
    return outcome, asked


def carry_out(ctx: Context, asked: Asked, typed: str) -> Outcome:
    """Use a code up, and carry out the plan that it was shown for.

    Raises:
        CodeRefused: The code is not good for this; nothing was done.
        OtherPlan: Something else would be done by now; nothing was done, and the code is used up.
        DistError: It can't be done.
    """
    plan = redeem(ctx, asked, typed)
    return carry_out_plan(ctx, ctx.profile(asked.profile), asked.verb, asked.words, plan)
