"""Gateway routes in the default home's ``config.yaml``: add, list, remove, test, lint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.agents.places import CONFIG
from hermes_dist.agents.routes import ID_FIELDS, MULTIPLEX, Grammar
from hermes_dist.decide.fleet.routes import (
    Message,
    Route,
    Where,
    bot_key,
    entries_of,
    entry,
    faults,
    is_switched_on,
    matching,
    multiplexes,
    multiplexing,
    old_routes,
    routes_of,
    with_routes,
    without_old,
)
from hermes_dist.decide.near import offered
from hermes_dist.errors import Busy, DistError, Invalid
from hermes_dist.model.documents.api import Kind, Unmergeable, load_data, parse, rewrite
from hermes_dist.model.documents.told import spot_in
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.fleet.gateways import served_profiles
from hermes_dist.world.agent.gateways import same_people
from hermes_dist.world.disk.envfile import edit_private
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.locks import home_lock
from hermes_dist.world.files import read_file

__all__ = [
    "Reader",
    "Route",
    "RouteAnswer",
    "Where",
    "add",
    "answer_to",
    "lint",
    "list_routes",
    "reader",
    "remove",
]


Settings = Mapping[object, object]
PATIENCE = 5.0
"""How many seconds to wait for another command of ours that is changing the default profile."""


class Reader(Struct, frozen=True):
    """Whose rules the routes are read by.

    Attributes:
        agent: The version of the installed agent; None if there is none, or it does not say its version.
        generation: The generation whose rules are used; without an agent, the newest.
        is_on: Whether ``gateway.multiplex_profiles`` is on, which older agents ask for and newer ones do not.
        multiplex: Whether such an agent looks at routes at all.
    """

    agent: str | None
    generation: str
    is_on: bool
    multiplex: bool


class RouteAnswer(Struct, frozen=True):
    """Which route wins for a message, and why the others do not.

    Attributes:
        route: The winner; None when none matches, or none applies.
        profile: The profile that answers; empty if nobody does, because the winner's profile is not served.
        exists: Whether the winner's profile exists and is served; True if there is no winner.
        others: The other routes, with the reason: it does not match, it is less specific, or all of them are off.
        reader: Whose rules these are.
    """

    route: Route | None
    profile: str
    exists: bool
    others: tuple[tuple[Route, str], ...]
    reader: Reader


def reader(ctx: Context) -> Reader:
    """Say whose rules the routes are read by.

    Raises:
        Invalid: The config can't be read.
    """
    return _reader(ctx, _load(_read(ctx)))


def _reader(ctx: Context, config: Settings) -> Reader:
    generation = ctx.generation
    return Reader(
        agent=ctx.agent_version,
        generation=generation.name,
        is_on=is_switched_on(config),
        multiplex=multiplexes(config, generation.routes),
    )


def list_routes(ctx: Context) -> tuple[list[Route], bool]:
    """List the routes, and whether the agent looks at them.

    Raises:
        Invalid: The config can't be read.
    """
    config, grammar = _load(_read(ctx)), ctx.generation.routes
    return routes_of(config, grammar), multiplexes(config, grammar)


def add(
    ctx: Context, profile: ProfileName, where: Where, *, name: str, multiplex: bool
) -> tuple[Route, bool]:
    """Add a route; comments and everything else in the file stay.

    Args:
        ctx: The context.
        profile: The profile that answers.
        where: The messages that it matches.
        name: The name of the route.
        multiplex: Also switch multiplexing on.

    Returns:
        The route, and whether the agent looks at routes afterwards.

    Raises:
        DistError: The route matches nothing, exists already, or the file can't be edited.
    """
    grammar = ctx.generation.routes
    new = entry(grammar, str(profile), where, name)
    scope = (where.platform, where.ids, bot_key(where.bot))
    chosen: list[Route] = []

    def with_it(config: Settings) -> Settings:
        chosen.clear()
        there = _matching_alike(config, grammar, scope)
        edited = config
        if there is None:
            edited = with_routes(config, [*entries_of(config), new])
            chosen.append(routes_of(edited, grammar)[-1])
        elif there.profile == profile and multiplex:
            # The same command again, as the hint after the first one says.
            chosen.append(there)
        else:
            raise DistError(
                f"route {there.number} matches {there.scope} already, and sends it to {there.profile or 'nobody'}",
                where=str(ctx.layout.root / CONFIG),
                hint=f"remove it first with: {ctx.command(f'gateway route remove {there.number}')}",
            )
        if multiplex and not is_switched_on(config):
            return multiplexing(edited)
        return edited

    config = _edit(ctx, with_it)
    return chosen[-1], multiplex or multiplexes(config, grammar)


def _matching_alike(
    config: Settings, grammar: Grammar, scope: tuple[str, Mapping[str, str], str]
) -> Route | None:
    """Return the route that matches exactly the same messages; None if there is none."""
    for route in routes_of(config, grammar):
        if (route.platform, dict(route.ids), route.bot) == scope:
            return route
    return None


def remove(ctx: Context, chosen: str | Where) -> Route:
    """Remove a route by its number or name, or by the messages that it matches.

    Raises:
        DistError: There is no such route, or several have that name.
    """
    first = _chosen(ctx, _load(_read(ctx)), chosen)

    def without_it(config: Settings) -> Settings:
        hit = _chosen(ctx, config, chosen)
        if replace(hit, number=first.number) != first:
            # Another route has its number by now.
            raise Busy(
                "its routes changed in the meantime",
                where=str(ctx.layout.root / CONFIG),
                hint="run the command again",
            )
        left = [e for number, e in enumerate(entries_of(config), 1) if number != hit.number]
        return with_routes(config, left)

    _edit(ctx, without_it)
    return first


def _chosen(ctx: Context, config: Settings, chosen: str | Where) -> Route:
    if isinstance(chosen, str):
        return _called(ctx, config, chosen)
    grammar = ctx.generation.routes
    hit = _matching_alike(config, grammar, (chosen.platform, chosen.ids, bot_key(chosen.bot)))
    if hit is None:
        like = with_routes({}, [entry(grammar, "", chosen, "")])
        raise DistError(
            f"no route matches exactly {routes_of(like, grammar)[0].scope}",
            where=str(ctx.layout.root / CONFIG),
            hint=f"name it by its number; see: {ctx.command('gateway route list')}",
        )
    return hit


def _called(ctx: Context, config: Settings, chosen: str) -> Route:
    routes = routes_of(config, ctx.generation.routes)
    hits = [route for route in routes if chosen in (str(route.number), route.name)]
    if len(hits) != 1:
        what = f"{len(hits)} routes are" if hits else "no route is"
        raise DistError(
            f"{what} called {chosen!r}",
            where=str(ctx.layout.root / CONFIG),
            hint=f"{_names(routes, chosen, hits)}see: {ctx.command('gateway route list')}",
        )
    return hits[0]


def _names(routes: Sequence[Route], chosen: str, hits: Sequence[Route]) -> str:
    """What to type instead: a number where several have the name, or the names that there are."""
    if hits:
        return f"use its number: {', '.join(str(one.number) for one in hits)}; "
    names = [one.name or str(one.number) for one in routes]
    return f"{offered(chosen, names, 'the routes')}; "


def answer_to(ctx: Context, where: Where) -> RouteAnswer:
    """Say which route wins for a message, and which profile answers it.

    Args:
        ctx: The context.
        where: Where the message comes from.

    Raises:
        Invalid: The config can't be read.
    """
    config, grammar = _load(_read(ctx)), ctx.generation.routes
    message = Message.typed(where, same_people(ctx.layout.root))
    routes = routes_of(config, grammar)
    first, whose = matching(routes, message), _reader(ctx, config)
    winner = first if whose.multiplex else None
    exists = winner is None or winner.profile in served_profiles(ctx)
    profile = message.bot or str(DEFAULT_PROFILE)
    if winner is not None:
        if exists:
            profile = winner.profile
        elif grammar.closed:
            # Newer agents drop such a message; older ones answer it with the gateway's own profile.
            profile = ""
    others = tuple(
        (route, _why_not(route, message, would_win=route is first))
        for route in routes
        if route is not winner
    )
    return RouteAnswer(winner, profile, exists, others, whose)


def _why_not(route: Route, message: Message, *, would_win: bool) -> str:
    if would_win:
        return f"it would win if gateway.{MULTIPLEX} were on"
    return route.fault or route.misses(message) or "less specific, or later"


def lint(ctx: Context, *, fix: bool) -> tuple[list[tuple[str, str]], bool]:
    """List the problems of the routes, and fix the ones that can be fixed.

    Args:
        ctx: The context.
        fix: Quote ids, and convert routes of the older proposal into the agent's format.

    Returns:
        The remaining problems, and whether the file was changed.
    """
    found = _load(_read(ctx))
    config = _edit(ctx, _fixed) if fix else found
    changed = config != found
    return faults(config, ctx.names(), served_profiles(ctx), ctx.generation.routes), changed


def _fixed(config: Settings) -> Settings:
    """The settings with ids quoted, and routes of the older proposal among the agent's own."""
    routes = [_quoted(route) for route in entries_of(config)]
    older = old_routes(config)
    routes += [route for route in older if route not in routes]
    better = without_old(config) if older else dict(config)
    if routes:
        return with_routes(better, routes)
    return better


def _quoted(route: object) -> object:
    """A route with its ids as strings: YAML reads a bare number, and the agent compares strings."""
    if not isinstance(route, Mapping):
        return route
    ids = {key: str(id_) for key, id_ in route.items() if key in ID_FIELDS and type(id_) is int}
    return {**route, **ids}


def _read(ctx: Context) -> bytes:
    try:
        return read_file(ctx.layout.root / CONFIG)
    except FileNotFoundError:
        return b""
    except OSError as err:
        raise trouble(err, "it can't be read", where=str(ctx.layout.root / CONFIG)) from err


def _load(data: bytes) -> Settings:
    try:
        loaded = load_data(data, Kind.YAML) if data.strip() else None
    except Invalid as err:
        hint = "mend that line in the settings of the default profile, where routes stand"
        raise Invalid(err.what, where=spot_in(CONFIG, err), hint=hint) from None
    if loaded is None:
        return {}
    if not isinstance(loaded, Mapping):
        raise Invalid("it is not a map of settings", where=CONFIG)
    return loaded


def _edit(ctx: Context, change: Callable[[Settings], Settings]) -> Settings:
    """Change the settings under the home's lock, on top of what the agent may write at the same moment.

    Args:
        ctx: The context.
        change: Returns the new settings for those that are there; called again if they change meanwhile.

    Returns:
        The settings as they are afterwards.

    Raises:
        Busy: Another command is changing this home, or another program keeps writing the file.
        DistError: The file can't be edited; nothing changed.
    """
    # Nothing is made or locked where nothing changes, or can't.
    found = _load(_read(ctx))
    if change(found) == found:
        return found
    root = ctx.layout.root
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    settled: list[Settings] = []

    def edited(data: bytes) -> bytes:
        config = _load(data)
        settled.append(change(config))
        return data if settled[-1] == config else _rewritten(ctx, data, settled[-1])

    with home_lock(root, PATIENCE):
        edit_private(root / CONFIG, edited)
    return settled[-1]


def _rewritten(ctx: Context, data: bytes, want: Settings) -> bytes:
    try:
        return rewrite(parse(data, Kind.YAML), want).content
    except Unmergeable as err:
        raise DistError(
            f"its routes can't be edited without touching the rest: {err}",
            where=str(ctx.layout.root / CONFIG),
            hint="edit it by hand",
        ) from err
