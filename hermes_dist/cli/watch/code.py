"""The command ``watch code``: show the code with which a plan is carried out from a chat."""

from __future__ import annotations

from typing import Annotated

import typer

from hermes_dist.cli.shared.cards import preview
from hermes_dist.cli.shared.command import command
from hermes_dist.cli.shared.session import Session
from hermes_dist.cli.watch.owner import needs_terminal
from hermes_dist.ops.watch.chat import MINUTES
from hermes_dist.ops.watch.codes import refuse_inside_agent
from hermes_dist.ops.watch.plans import show_code
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
    refuse_inside_agent(ctx)
    needs_terminal(session)
    proposal, issued = show_code(ctx, plan)
    asked = issued.asked
    preview(session, proposal, asking=True)
    screen.emit("watch-code", code_data(issued, MINUTES * 60))
    screen.say(f"{in_chat(asked)} {issued.digits}")
    screen.tell(
        f"{asked.by} may type this in the chat once, within {MINUTES} minutes, and it does exactly this. Whoever sees "
        "the code can do nothing with it without that person's account."
    )
    return 0
