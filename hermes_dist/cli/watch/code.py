"""The command ``watch code``: show the code with which a plan is carried out from a chat."""

from __future__ import annotations

from typing import Annotated

import typer

from hermes_dist.cli.shared.cards import preview
from hermes_dist.cli.shared.command import command
from hermes_dist.cli.shared.session import Session
from hermes_dist.cli.watch.owner import needs_terminal
from hermes_dist.errors import Refused
from hermes_dist.ops.watch import codes as ops
from hermes_dist.ops.watch.chat import MINUTES
from hermes_dist.ops.watch.plans import digest_of, plan_of
from hermes_dist.voice.watch.answers import in_chat
from hermes_dist.voice.watch.watch_json import code_data


@command
def code(
    session: Session,
    plan: Annotated[
        str,
        typer.Argument(
            metavar="[PLAN]", help="The plan's id, as the chat says; by default the only one."
        ),
    ] = "",
) -> int:
    ctx, screen = session.ctx, session.screen
    ops.refuse_inside_agent(ctx)
    needs_terminal(session)
    asked = ops.find_asked(ctx, plan)
    outcome = plan_of(ctx, ctx.profile(asked.profile), asked.verb, asked.words)
    if outcome.proposal is None or digest_of(outcome) != asked.plan:
        raise Refused(
            "something else would be done by now than what the chat showed",
            where=asked.profile,
            hint=f"ask for it there again: {in_chat(asked)}",
        )
    preview(session, outcome.proposal, asking=True)
    issued = ops.issue(ctx, asked)
    screen.emit("watch-code", code_data(issued, MINUTES * 60))
    screen.say(f"{in_chat(asked)} {issued.digits}")
    screen.tell(
        f"{asked.by} may type this in the chat once, within {MINUTES} minutes, and it does exactly this. Whoever sees "
        "the code can do nothing with it without that person's account."
    )
    return 0
