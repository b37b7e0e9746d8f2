"""Gateway routes: which profile answers a message, by the agent's own rules.

Routes are in the default home's ``config.yaml`` as ``gateway.profile_routes``, or at the top level, which wins.
All fields that a route names have to match; the most specific route wins, and among equals the first. A thread, or a
forum post, also matches a route on its parent channel. The fields, their weights and the meaning of a number depend on
the agent's generation: ``agents.routes.Grammar``. :func:`profile_for` gives a gateway the same answer as
``gateway route test``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct

from hermes_dist.agents.generation import NEWEST
from hermes_dist.agents.routes import (
    BOT,
    MULTIPLEX,
    NARROWING,
    NOT_PEOPLE,
    ROUTES,
    STANDALONE,
    Grammar,
    bare_id,
    form_of,
)
from hermes_dist.errors import Invalid, counted, quoted
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.model.values import as_list, as_map

_OLD = "profile_routing"
_FIELDS = {"guild_id": "guild", "chat_id": "channel", "thread_id": "thread", "user_id": "user"}
"""What a field of a route is called on the command line."""
_TRUE = frozenset({"true", "1", "yes", "on"})


class Where(Struct, frozen=True, kw_only=True):
    """The user's description of where messages come from; empty fields match anything.

    Attributes:
        guild: The server.
        channel: The channel, also that of a thread.
        user: The sender.
        bot: The profile whose bot receives the messages; empty for the default profile's.
    """

    platform: str
    guild: str = ""
    channel: str = ""
    thread: str = ""
    user: str = ""
    bot: str = ""

    @property
    def ids(self) -> dict[str, str]:
        """Return the ids that it names, by the fields of a route."""
        found = {
            "guild_id": self.guild,
            "chat_id": self.channel,
            "thread_id": self.thread,
            "user_id": self.user,
        }
        return {key: value for key, value in found.items() if value}


class Message(Struct, frozen=True, kw_only=True):
    """The origin of a message, as the agent's gateway describes it.

    Attributes:
        chat_id: The channel; for a message in a thread, the thread.
        parent_chat_id: The channel of a thread or of a forum post.
        user_id: The sender.
        bot: The profile whose bot received it; empty for the default profile's.
        known: Other ids of the people involved, by id, on platforms with several ids for one person.
    """

    platform: str
    guild_id: str | None = None
    chat_id: str | None = None
    thread_id: str | None = None
    parent_chat_id: str | None = None
    user_id: str | None = None
    bot: str = ""
    known: Mapping[str, frozenset[str]] = {}

    @classmethod
    def typed(cls, where: Where, known: Mapping[str, frozenset[str]] | None = None) -> Message:
        """Make a message from a user's description, in which a thread comes with its channel."""
        # The agent gives the channel as a parent only for messages in threads; else it is the chat itself.
        parent = where.channel or None if where.thread else None
        return cls(
            platform=where.platform,
            guild_id=where.guild or None,
            chat_id=(where.thread or where.channel) or None,
            thread_id=where.thread or None,
            parent_chat_id=parent,
            user_id=where.user or None,
            bot=bot_key(where.bot),
            known=known or {},
        )


class Route(Struct, frozen=True, kw_only=True):
    """One route.

    Attributes:
        number: Its place in the list, from 1.
        profile: The profile's name as the agent understands it; empty if it is not a valid name.
        ids: The ids it names, as the agent compares them.
        bot: The profile whose bot it applies to; empty for the default profile's.
        fault: The reason why the agent skips it, or why it can't match; empty if it can.
        raw: The entry itself.
        grammar: The rules for reading it.
    """

    number: int
    name: str = ""
    platform: str = ""
    profile: str = ""
    ids: Mapping[str, object]
    bot: str = ""
    enabled: bool = True
    fault: str = ""
    raw: Mapping[str, object]
    grammar: Grammar

    @property
    def weight(self) -> int:
        return sum(weight for key, weight in self.grammar.weights if self.ids.get(key))

    @property
    def scope(self) -> str:
        """Describe what it matches, such as ``discord chat 111 thread 5``."""
        ids = " ".join(
            f"{key.removesuffix('_id')} {value}" for key, value in self.ids.items() if value
        )
        bot = f" to the bot of {self.bot}" if self.bot else ""
        return f"{self.platform} {ids or 'everything'}{bot}"

    def misses(self, message: Message) -> str:
        """Return why it does not match a message; empty if it does."""
        if not self.enabled:
            return "it is switched off"
        if self.platform != message.platform:
            return f"it is for {self.platform}"
        if self.grammar.bot_profile and self.bot != message.bot:
            return f"it is for the bot of {self.bot or DEFAULT_PROFILE}"
        for key in ("user_id", "thread_id", "chat_id", "guild_id"):
            wanted = self.ids.get(key)
            if wanted and not self._holds(key, wanted, message):
                return f"its {key.removesuffix('_id')} is {_shown(wanted)}"
        return ""

    def _holds(self, key: str, wanted: object, message: Message) -> bool:
        if key != "chat_id":
            return bool(wanted == getattr(message, key))
        here = (message.chat_id, message.parent_chat_id)
        return wanted in here or any(
            self._is_same_person(str(wanted), chat, message) for chat in here
        )

    def _is_same_person(self, wanted: str, chat: str | None, message: Message) -> bool:
        """Whether two ids mean the same person, on a platform with several ids for one person."""
        if self.platform.strip().lower() not in self.grammar.identities or not chat:
            return False
        # Without its suffix, the id of a group looks like a phone number and could match a person.
        if any(each.strip().lower().endswith(NOT_PEOPLE) for each in (wanted, chat)):
            return False
        return bool(_person(wanted, message.known) & _person(chat, message.known))


def _shown(wanted: object) -> str:
    """Write an id; one that is not text is said to be a number, which never equals the text of a message."""
    return str(wanted) if isinstance(wanted, str) else f"{wanted}, a number"


def bot_key(name: str) -> str:
    """Return the profile whose bot a route or message is for; empty for the default profile's."""
    name = name.strip()
    return "" if name == DEFAULT_PROFILE else name


def _person(text: str, known: Mapping[str, frozenset[str]]) -> frozenset[str]:
    bare = bare_id(text)
    if not bare:
        return frozenset()
    return known.get(bare, frozenset([bare]))


def routes_of(config: object, grammar: Grammar) -> list[Route]:
    """Read the routes of a config in written order; those that the agent skips have a fault."""
    entries = _entries(config)
    return [
        _route(number, entry, grammar)
        for number, entry in enumerate(entries, 1)
        if isinstance(entry, Mapping)
    ]


def _entries(config: object) -> Sequence[object]:
    found = as_map(config).get(ROUTES)
    if found is None:
        found = _gateway(config).get(ROUTES)
    return as_list(found)


def _route(number: int, entry: Mapping[object, object], grammar: Grammar) -> Route:
    raw = {str(key): value for key, value in entry.items()}
    platform, profile = raw.get("platform") or "", raw.get("profile") or ""
    bot = raw.get(BOT) if grammar.bot_profile else ""
    name, fault = _target(platform, profile)
    return Route(
        number=number,
        name=str(raw.get("name") or ""),
        platform=str(platform),
        profile=name,
        ids=_ids(raw, grammar),
        bot=bot_key(str(bot or "")),
        enabled=bool(raw.get("enabled", True)),
        fault=fault or _fault_of_fields(raw, grammar),
        raw=raw,
        grammar=grammar,
    )


def _ids(raw: Mapping[str, object], grammar: Grammar) -> dict[str, object]:
    """Return the ids that a route names, as the agent compares them."""
    named = [key for key, _ in grammar.weights if raw.get(key) not in (None, "")]
    ids = {key: _id(raw[key], grammar) for key in named}
    return {key: value for key, value in ids.items() if value}


def _fault_of_fields(raw: Mapping[str, object], grammar: Grammar) -> str:
    """Return the reason why the agent skips a route whose target is fine; empty if it does not."""
    for key in grammar.sole:
        if key in raw and not str(raw[key] or "").strip():
            return f"{key} has no value"
    if grammar.bot_profile and not isinstance(raw.get(BOT) or "", str):
        return f"{BOT} is not text"
    return ""


def _target(platform: object, profile: object) -> tuple[str, str]:
    """Return the profile of a route, and the reason why the agent skips the route, if any."""
    if not (platform and profile):
        return "", "platform or profile is missing"
    try:
        return _normal(str(profile)), ""
    except Invalid:
        return "", f"{quoted(str(profile), 60)} is not a valid profile name"


def _id(value: object, grammar: Grammar) -> object:
    """Convert an id to the form that the agent compares; some generations turn an id that is not text into text."""
    return str(value) if grammar.numbers else value


def _normal(name: str) -> str:
    """Normalise a profile's name as the agent does: trimmed, in lower case."""
    return ProfileName(name.strip().lower())


def matching(routes: Sequence[Route], message: Message) -> Route | None:
    """Return the route that wins for a message; None if none matches."""
    # Like the agent's, this sort is stable: of equally specific routes the first one wins.
    ranked = sorted(
        (r for r in routes if not r.fault), key=lambda route: route.weight, reverse=True
    )
    return next((route for route in ranked if not route.misses(message)), None)


def profile_for(
    config: object,
    platform: str,
    *,
    grammar: Grammar = NEWEST.routes,
    guild_id: str | None = None,
    chat_id: str | None = None,
    thread_id: str | None = None,
    parent_chat_id: str | None = None,
    user_id: str | None = None,
    adapter_profile: str | None = None,
) -> str | None:
    """Return the profile with which a gateway answers a message.

    Args:
        config: The loaded ``config.yaml`` of the gateway's home.
        platform: The platform, such as ``discord``.
        grammar: The rules of the installed agent; by default those of the newest one.
        guild_id: The server.
        chat_id: The channel, or the thread of a message in a thread.
        thread_id: The thread.
        parent_chat_id: The channel of the thread.
        user_id: The sender.
        adapter_profile: The profile whose bot received it; None for the default profile's.

    Returns:
        The profile's name; None for the gateway's own profile, also if multiplexing is off.
    """
    if not multiplexes(config, grammar):
        return None
    message = Message(
        platform=platform,
        guild_id=guild_id,
        chat_id=chat_id,
        thread_id=thread_id,
        parent_chat_id=parent_chat_id,
        user_id=user_id,
        bot=bot_key(adapter_profile or ""),
    )
    won = matching(routes_of(config, grammar), message)
    return won.profile if won else None


def multiplexes(config: object, grammar: Grammar) -> bool:
    """Whether one gateway serves many profiles; if not, the agent ignores all routes."""
    return grammar.always or is_switched_on(config)


def is_switched_on(config: object) -> bool:
    """Whether a config switches multiplexing on; newer agents do not ask for it."""
    if not isinstance(config, Mapping):
        return False
    value = config.get(MULTIPLEX)
    if value is None:
        value = _gateway(config).get(MULTIPLEX)
    return _is_true(value)


def _gateway(config: object) -> Mapping[object, object]:
    """Return the ``gateway`` section of a config; empty if it has none."""
    return _section(config, "gateway")


def _section(config: object, key: str) -> Mapping[object, object]:
    return as_map(as_map(config).get(key))


def _is_true(value: object) -> bool:
    """Whether the agent takes a value for true: of texts only some words, unlike Python."""
    return value.strip().lower() in _TRUE if isinstance(value, str) else bool(value)


def is_apart(config: object) -> bool:
    """Whether a profile's own config keeps it out of the shared gateway."""
    return _is_true(_gateway(config).get(STANDALONE))


def faults(
    config: object, profiles: Collection[str], served: Collection[str], grammar: Grammar
) -> list[tuple[str, str]]:
    """List the problems of the routes in a config, as (place, sentence).

    Args:
        config: The loaded config.
        profiles: All profiles.
        served: The profiles that the gateway serves.
        grammar: The rules of the installed agent.
    """
    routes = routes_of(config, grammar)
    found = [*_faults_of_routes(routes, profiles, served)]
    if routes and not multiplexes(config, grammar):
        found.append((f"gateway.{MULTIPLEX}", "it is off, so the agent ignores every route"))
    if old := old_routes(config):
        text = f"{counted(len(old), 'route')} in an older proposal's format, which the agent does not read"
        found.append((f"discord.{_OLD}", text))
    return found


def _faults_of_routes(
    routes: Sequence[Route], profiles: Collection[str], served: Collection[str]
) -> Iterator[tuple[str, str]]:
    seen: dict[tuple[object, ...], Route] = {}
    for route in routes:
        name = f" ({route.name})" if route.name else ""
        place = f"route {route.number}{name}"
        yield from ((place, text) for text in _faults_of(route, profiles, served))
        ids = (route.ids.get(key) for key, _ in route.grammar.weights)
        first = seen.setdefault((route.platform, route.bot, *ids), route)
        if first is not route and route.enabled and first.enabled:
            yield place, f"it matches the same as route {first.number}, which wins"


def _faults_of(route: Route, profiles: Collection[str], served: Collection[str]) -> Iterator[str]:
    grammar = route.grammar
    if route.fault:
        yield f"the agent ignores it: {route.fault}"
    for key, _ in grammar.weights:
        if _never_matches(route.raw.get(key), grammar):
            yield f"{key} {route.raw[key]} is a number, and never matches: put it in quotes"
    if grammar.suffix and route.platform.endswith(grammar.suffix):
        name = route.platform.removesuffix(grammar.suffix)
        yield f"messages say {name}, not {route.platform}, so it never matches"
    yield from _foreign_ids(route)
    for key in _unread(route):
        yield f"this agent does not know {key}, so the route matches more than it seems to"
    if route.profile and route.profile not in served:
        yield _nobody(route, profiles)


def _foreign_ids(route: Route) -> Iterator[str]:
    """Yield the ids that are spelled otherwise than those of the platform."""
    for key in route.ids:
        id_, form = route.raw[key], form_of(route.platform, key)
        if isinstance(id_, str) and not form.pattern.fullmatch(id_):
            yield f"no message of {route.platform} has the {_FIELDS[key]} {id_}: ids look like {form.example}"


def _never_matches(value: object, grammar: Grammar) -> bool:
    """Whether an id is not text, which the agent compares with texts; some generations turn whole numbers into text."""
    if not value or isinstance(value, str):
        return False
    return not (grammar.numbers and type(value) is int)


def _unread(route: Route) -> Iterator[str]:
    """Yield fields that only newer agents use to narrow a route."""
    known = _narrowing(route.grammar)
    yield from (key for key in NARROWING if key in route.raw and key not in known)


def _narrowing(grammar: Grammar) -> set[str]:
    """Return the fields that narrow a route for this generation."""
    known = {key for key, _ in grammar.weights}
    return known | {BOT} if grammar.bot_profile else known


def _nobody(route: Route, profiles: Collection[str]) -> str:
    if route.profile in profiles:
        what = f"the gateway does not serve {route.profile!r}"
    else:
        what = f"there is no profile {route.profile!r}"
    answer = NO_ANSWER if route.grammar.closed else OTHERS_ANSWER
    return f"{what}; {answer}"


NO_ANSWER = "such messages get no answer"
OTHERS_ANSWER = "the gateway's own answers instead"


def entry(grammar: Grammar, profile: str, where: Where, name: str) -> dict[str, object]:
    """Make a route in the agent's form; ids are texts.

    Raises:
        Invalid: The route names no id, or names a field that the agent does not know.
    """
    given = where.ids
    bot = bot_key(where.bot)
    whose = {BOT: bot} if bot else {}
    # Writing it anyway would make a route that matches more than the user said.
    if unknown := [key for key in (*given, *whose) if key not in _narrowing(grammar)]:
        raise Invalid(
            f"the installed agent does not know {unknown[0]} in a route",
            hint="leave it out, or update the agent",
        )
    # The agent would accept it: a route without ids takes every message of its platform.
    if not given:
        hint = "pass --guild, --channel, --thread or --user"
        raise Invalid("a route needs a guild, channel, thread or user", hint=hint)
    _check_ids(where)
    label = name or "-".join([profile, *given.values()])
    return {"name": label, "platform": where.platform, **given, **whose, "profile": profile}


def _check_ids(where: Where) -> None:
    """Refuse an id that is spelled otherwise than those of the platform: the route would never match."""
    for key, value in where.ids.items():
        form = form_of(where.platform, key)
        if not form.pattern.fullmatch(value):
            raise Invalid(
                f"no message of {where.platform} has the {_FIELDS[key]} {quoted(value, 60)}",
                where=f"--{_FIELDS[key]}",
                hint=f"give its id, which looks like {form.example}",
            )


def old_routes(config: object) -> list[dict[str, object]]:
    """Read routes in an older proposal's format, ``discord.profile_routing``, and return them in the agent's form."""
    old = _section(_section(config, "discord"), _OLD)
    if not old:
        return []
    # The proposal was off by default, and converting it must not switch anything on.
    off = {} if old.get("enabled") is True else {"enabled": False}
    rows: list[dict[str, object]] = [
        {
            "name": f"{name}-{channel}",
            "platform": "discord",
            "chat_id": str(channel),
            "profile": str(name),
            **off,
        }
        for channel, name in _section(old, "channels").items()
    ]
    rest = str(old.get("default_profile") or DEFAULT_PROFILE)
    if rest != DEFAULT_PROFILE:
        rows.append({"name": f"{rest}-else", "platform": "discord", "profile": rest, **off})
    return rows


def with_routes(config: Mapping[object, object], entries: Sequence[object]) -> dict[object, object]:
    """Return a config with this list of routes, in the place where it has them or should have them."""
    # With a list at the top level, the agent never reads the one below gateway.
    if config.get(ROUTES) is not None:
        return {**config, ROUTES: list(entries)}
    return {**config, "gateway": {**_gateway(config), ROUTES: list(entries)}}


def entries_of(config: object) -> list[object]:
    """Return the unchanged entries of the list of routes."""
    return list(_entries(config))


def multiplexing(config: Mapping[object, object]) -> dict[object, object]:
    """Return a config with multiplexing on."""
    if MULTIPLEX in config:
        return {**config, MULTIPLEX: True}
    return {**config, "gateway": {**_gateway(config), MULTIPLEX: True}}


def without_old(config: Mapping[object, object]) -> dict[object, object]:
    """Return a config without the older proposal's block."""
    discord = config.get("discord")
    if not isinstance(discord, Mapping):
        return dict(config)
    return {**config, "discord": {key: value for key, value in discord.items() if key != _OLD}}
