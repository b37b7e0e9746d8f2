"""Commands: gateway route add, list, remove, test, lint."""

from __future__ import annotations

from typing import Annotated

import typer

from hermes_dist.cli.shared.command import command_with_profile
from hermes_dist.cli.shared.layout import Column
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import ExitCode, UsageError
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.fleet import routes as ops
from hermes_dist.ops.fleet.routes import Where
from hermes_dist.voice.clean import clean
from hermes_dist.voice.fleet_json import answer_data, reader_data, route_data, routes_data
from hermes_dist.voice.gateway_words import SWITCHED_OFF, assumed_reader

Platform = Annotated[str, typer.Option("--platform", help="The channel's platform.")]
Guild = Annotated[str, typer.Option("--guild", metavar="ID", help="The server.")]
Channel = Annotated[str, typer.Option("--channel", metavar="ID", help="The channel.")]
Thread = Annotated[
    str, typer.Option("--thread", metavar="ID", help="The thread, or the post of a forum.")
]
User = Annotated[str, typer.Option("--user", metavar="ID", help="The user who writes.")]
Bot = Annotated[
    str, typer.Option("--bot", metavar="PROFILE", help="The profile that owns the bot.")
]


def _say_reader(session: Session, whose: ops.Reader) -> None:
    """Say whose rules these are, if no agent tells."""
    is_installed = whose.agent is None and session.ctx.agent is not None
    if said := assumed_reader(whose, session.brand.title, is_installed=is_installed):
        session.screen.tell(f"note: {said}")


@command_with_profile
def add(
    session: Session,
    profile: Annotated[
        str, typer.Option("--profile", metavar="NAME", help="The profile that answers.")
    ],
    platform: Platform = "discord",
    guild: Guild = "",
    channel: Channel = "",
    thread: Thread = "",
    user: User = "",
    bot: Bot = "",
    name: Annotated[str, typer.Option("--name", help="What to call the route.")] = "",
    multiplex: Annotated[
        bool, typer.Option("--multiplex", help="Switch multiplexing on, too.")
    ] = False,
) -> int:
    screen, chosen = session.screen, ProfileName.typed(profile)
    if not session.ctx.layout.home(chosen).is_dir():
        raise session.ctx.missing_profile(chosen)
    on = ops.list_routes(session.ctx)[1]
    if not (on or multiplex) and screen.somebody:
        multiplex = screen.confirm(f"{SWITCHED_OFF}. Switch it on?")
    where = Where(
        platform=platform, guild=guild, channel=channel, thread=thread, user=user, bot=bot
    )
    route, on = ops.add(session.ctx, chosen, where, name=name, multiplex=multiplex)
    screen.emit("route", {"route": route_data(route), "multiplex": on})
    screen.say(
        f"Route {route.number}: {clean(route.scope)} → {route.profile}. Restart the gateway to use it."
    )
    if not on:
        screen.warn(f"{SWITCHED_OFF}; to switch it on, run the same command with --multiplex")
    _say_reader(session, ops.reader(session.ctx))
    return 0


def _line(route: ops.Route) -> tuple[str, ...]:
    state = route.fault
    if not state and not route.enabled:
        state = "off"
    return str(route.number), route.name, route.scope, route.profile or "—", state


@command_with_profile
def list_(session: Session) -> int:
    found, on = ops.list_routes(session.ctx)
    whose = ops.reader(session.ctx)
    session.screen.emit("routes", routes_data(found, whose))
    rows = [_line(route) for route in found]
    if rows:
        session.screen.table((Column("#", right=True), "Name", "Where", "Profile", "State"), rows)
    else:
        session.screen.say("There are no routes.")
    if found and not on:
        session.screen.warn(f"{SWITCHED_OFF}; switch it on with: {_switch(session)}")
    if found:
        _say_reader(session, whose)
    return 0


def _switch(session: Session) -> str:
    return session.ctx.command("gateway route add … --multiplex")


@command_with_profile
def remove(
    session: Session,
    route: Annotated[
        str | None, typer.Argument(metavar="NUMBER|NAME", help="The number or name of the route.")
    ] = None,
    platform: Platform = "discord",
    guild: Guild = "",
    channel: Channel = "",
    thread: Thread = "",
    user: User = "",
    bot: Bot = "",
) -> int:
    where = Where(
        platform=platform, guild=guild, channel=channel, thread=thread, user=user, bot=bot
    )
    if (route is None) != bool(where.ids):
        raise UsageError(
            "name one route",
            hint="by its number or name, or by the ids that it was added with, such as --channel ID",
        )
    gone = ops.remove(session.ctx, where if route is None else route)
    session.screen.emit(
        "route", {"route": route_data(gone), "multiplex": ops.list_routes(session.ctx)[1]}
    )
    session.screen.say(f"Removed route {gone.number}: {clean(gone.scope)} → {clean(gone.profile)}.")
    return 0


@command_with_profile
def try_(
    session: Session,
    platform: Platform = "discord",
    guild: Guild = "",
    channel: Channel = "",
    thread: Thread = "",
    user: User = "",
    bot: Bot = "",
) -> int:
    where = Where(
        platform=platform, guild=guild, channel=channel, thread=thread, user=user, bot=bot
    )
    found = ops.answer_to(session.ctx, where)
    screen = session.screen
    screen.emit("route-test", answer_data(found))
    if found.route:
        label = (
            f"route {found.route.number} ({clean(found.route.name)}): {clean(found.route.scope)}"
        )
        screen.say(f"{found.profile or 'nobody'}  by {label}, weight {found.route.weight}")
        if not found.profile:
            screen.warn(f"the profile {found.route.profile!r} is not served, so nobody answers")
        elif not found.exists:
            screen.warn(
                f"there is no profile {found.route.profile!r}, so the gateway's own answers"
            )
    elif found.reader.multiplex:
        screen.say(f"{found.profile}  no route matches, so the gateway's own profile answers")
    else:
        screen.say(f"{found.profile}  no route applies, so the gateway's own profile answers")
    for other, why in found.others:
        screen.say(f"  not route {other.number} ({clean(other.name)}): {clean(why)}")
    if not found.reader.multiplex and found.others:
        screen.warn(f"{SWITCHED_OFF}; switch it on with: {_switch(session)}")
    _say_reader(session, found.reader)
    return 0


@command_with_profile
def lint(
    session: Session,
    fix: Annotated[
        bool, typer.Option("--fix", help="Quote ids, and convert the older proposal's format.")
    ] = False,
) -> int:
    found, changed = ops.lint(session.ctx, fix=fix)
    rows = [{"where": place, "what": text} for place, text in found]
    whose = ops.reader(session.ctx)
    session.screen.emit("route-lint", {"findings": rows, "changed": changed, **reader_data(whose)})
    if changed:
        session.screen.say("Fixed what could be fixed.")
    for place, text in found:
        session.screen.say(f"{clean(place)}: {clean(text)}")
    if not found:
        session.screen.say("The routes have no problems.")
    _say_reader(session, whose)
    return ExitCode.ERROR if found else ExitCode.DONE
