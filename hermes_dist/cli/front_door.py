"""Commands: front-door install, remove, status."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hermes_dist.cli.shared.command import DryRun, command
from hermes_dist.cli.shared.session import Session
from hermes_dist.ops.front_door import launcher as ops
from hermes_dist.voice.clean import clean
from hermes_dist.voice.front_door_json import installed_data, removed_data, status_data
from hermes_dist.voice.words import DRY_RUN

Into = Annotated[
    Path | None, typer.Option("--into", metavar="DIR", help="The folder; ~/.local/bin by default.")
]


@command
def install(session: Session, into: Into = None, dry_run: DryRun = False) -> int:
    planned = ops.plan(session.ctx.layout, into)
    screen = session.screen
    if planned.replaces:
        screen.tell(
            f"{planned.launcher} is {clean(planned.replaces)} now; it is remembered, and put back by: "
            f"{session.brand.dist_command} front-door remove"
        )
    if not dry_run:
        ops.install(session.ctx.layout, into)
    screen.emit("front-door", installed_data(planned, dry_run=dry_run))
    done = "already sends"
    if dry_run:
        done = "would send"
    elif planned.changes:
        done = "sends"
    screen.say(
        f"{planned.launcher} {done} profile commands to hermes-dist, and all others to the agent."
    )
    if dry_run:
        screen.say(DRY_RUN)
    return 0


@command
def remove(session: Session, into: Into = None) -> int:
    removed = ops.remove(session.ctx.layout, into)
    session.screen.emit("front-door-removed", removed_data(removed))
    for removal in removed:
        line = f"{removal.launcher}: {removal.outcome}"
        if removal.former and removal.outcome == "restored":
            line += f"; {clean(removal.former)} is back"
        session.screen.say(line)
    if not removed:
        session.screen.say("No front door is in place.")
    return 0


@command
def status(session: Session) -> int:
    found = ops.status(session.ctx.layout, session.ctx.env)
    screen = session.screen
    screen.emit("front-door-status", status_data(found))
    for door in found.doors:
        line = f"{door.launcher}: in place"
        if not door.stands:
            line = f"{door.launcher}: gone: another file is there"
        if door.former:
            line += f" (replaced {clean(door.former)})"
        screen.say(line)
    starts = f"`{session.brand.name}` starts {found.command or 'nothing: it is not on PATH'}"
    if found.active:
        starts += " (the front door)"
    screen.say(starts)
    words = "none found"
    if found.agent:
        words = f"{clean(' '.join(found.agent.argv))} ({found.agent.origin})"
    screen.say(f"agent: {words}")
    return 0
