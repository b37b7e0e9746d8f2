"""The commands ``tree``, ``why`` and ``owns``: which packages a profile stands on, and what comes from which."""

from __future__ import annotations

from typing import Annotated

import typer

from hermes_dist.cli.shared.cards import say_lines
from hermes_dist.cli.shared.command import Profile, command
from hermes_dist.cli.shared.pager import Paged
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import UsageError
from hermes_dist.model.keypath import place_words
from hermes_dist.ops.layers import whose as ops
from hermes_dist.voice.clean import clean
from hermes_dist.voice.layers.data import owns_data, tree_data, why_data
from hermes_dist.voice.layers.lines import tree_lines, why_lines


@command
def tree(session: Session, profile: Profile = None) -> int:
    name = session.ctx.profile(profile)
    lock = ops.packages_of(session.ctx, name)
    session.screen.emit("tree", tree_data(name, lock))
    say_lines(session.screen, tree_lines(lock))
    return 0


@command
def why(
    session: Session,
    profile: Profile = None,
    place: Annotated[
        str, typer.Argument(metavar="PATH|KEY", help="A file, or a key such as model.default.")
    ] = "",
) -> int:
    name = session.ctx.profile(profile)
    if not place:
        example = session.command(f"why {profile or '.'} model.default")
        raise UsageError("why of what?", hint=f"name a file or a key: {example}")
    found = ops.why(session.ctx, name, place)
    session.screen.emit("why", why_data(found))
    approve = session.command(f"approve {name}")
    say_lines(session.screen, why_lines(found, session.screen.longest_value(), approve))
    return 0


@command
def owns(
    session: Session,
    profile: Profile = None,
    package: Annotated[
        str, typer.Argument(metavar="PACKAGE", help="The name of one of its packages.")
    ] = "",
) -> int:
    name = session.ctx.profile(profile)
    if not package:
        listed = session.command(f"tree {profile or '.'}")
        raise UsageError("which package?", hint=f"list them with: {listed}")
    places = ops.owns(session.ctx, name, package)
    session.screen.emit("owns", owns_data(name, package, places))
    with Paged(session) as shown:
        for place in places:
            shown.screen.say(clean(place_words(place)))
        if not places:
            shown.screen.say(f"Nothing in {name} comes from {clean(package)}.")
    return 0
