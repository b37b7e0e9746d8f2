"""Commands: watch owner add, list, remove."""

from __future__ import annotations

from typing import Annotated

import typer

from hermes_dist.cli.shared.command import command
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import Cancelled, InputNeeded
from hermes_dist.ops.watch import owners as ops
from hermes_dist.ops.watch.codes import refuse_inside_agent
from hermes_dist.voice.clean import clean
from hermes_dist.voice.watch.watch_json import owners_data

Platform = Annotated[str, typer.Argument(metavar="PLATFORM", help="telegram, discord, slack, …")]
Person = Annotated[
    str,
    typer.Argument(metavar="ID", help="The person's id there; /dist in a direct chat shows it."),
]


@command
def add(session: Session, platform: Platform, person: Person) -> int:
    refuse_inside_agent(session.ctx)
    screen = session.screen
    name = clean(ops.owner_of(platform, person).name)
    needs_terminal(session)
    screen.prompt(
        f"{name} will see the profiles of this machine in direct chats with its bots, and can change them there with "
        "codes from this terminal."
    )
    if not screen.confirm("Let this person use /dist?"):
        raise Cancelled("cancelled, nothing changed")
    new = ops.add_owner(session.ctx, platform, person)
    screen.emit("watch-owners", owners_data(ops.owners_of(session.ctx).owners))
    screen.say(f"{name} {'may command now' if new else 'could do so before'}.")
    return 0


@command
def list_(session: Session) -> int:
    owners = ops.owners_of(session.ctx).owners
    session.screen.emit("watch-owners", owners_data(owners))
    if owners:
        rows = [(o.platform, o.id, o.target or "not known yet") for o in owners]
        session.screen.table(("Platform", "ID", "Messages go to"), rows)
    else:
        session.screen.say("Nobody commands hermes-dist in a chat.")
        session.screen.tell(f"next: {session.command('watch owner add PLATFORM ID')}")
    return 0


@command
def remove(session: Session, platform: Platform, person: Person) -> int:
    ops.remove_owner(session.ctx, platform, person)
    owners = ops.owners_of(session.ctx).owners
    session.screen.emit("watch-owners", owners_data(owners))
    name = clean(f"{platform.strip().lower()}:{person.strip()}")
    session.screen.say(f"{name} may no longer use /dist.")
    return 0


def needs_terminal(session: Session) -> None:
    """Make sure that a person sits at a terminal: a script, and what an agent runs, has none.

    Raises:
        InputNeeded: There is no terminal.
    """
    if not session.screen.somebody:
        raise InputNeeded(
            f"this is for a person at a terminal, and {session.screen.silence}",
            hint="run it in a terminal of your own",
        )
