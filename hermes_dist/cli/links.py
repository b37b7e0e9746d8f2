"""Commands about links in a home: follow, unfollow."""

from __future__ import annotations

from typing import Annotated

import typer

from hermes_dist.cli.shared.command import command
from hermes_dist.cli.shared.session import Session
from hermes_dist.ops.profiles import links as ops
from hermes_dist.voice.clean import clean
from hermes_dist.voice.profile_json import link_data

Profile = Annotated[
    str, typer.Argument(metavar="PROFILE", help="The profile; . is the active one.")
]
Path = Annotated[str, typer.Argument(metavar="PATH", help="The link, as a path in the profile.")]


@command
def follow(session: Session, profile: Profile, path: Path) -> int:
    name = session.ctx.profile(profile)
    link = ops.follow(session.ctx, name, path)
    session.screen.emit("link", link_data(name, link, followed=True))
    if not link.agreed:
        session.screen.say(
            f"{name}: {clean(link.path)} works as the folder it leads to: {clean(link.target)}."
        )
        return 0
    session.screen.say(f"{name}: {clean(link.path)} is followed to {clean(link.target)}.")
    session.screen.tell("  Changes are written there from now on; the link stays a link.")
    undo = session.command(f"unfollow {name} {link.path}")
    session.screen.tell(f"  undo: {clean(undo)}")
    return 0


@command
def unfollow(session: Session, profile: Profile, path: Path) -> int:
    name = session.ctx.profile(profile)
    link = ops.unfollow(session.ctx, name, path)
    session.screen.emit("link", link_data(name, link, followed=False))
    session.screen.say(f"{name}: {clean(link.path)} is no longer followed.")
    session.screen.tell(f"  The link stays, and so does {clean(link.target)}.")
    return 0
