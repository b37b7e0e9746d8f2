"""Gateway routes: which profile answers a message, by the agent's own rules.

Routes stand in the default home's ``config.yaml`` as ``gateway.profile_routes``, or at the top level, which wins.
All named fields of a route have to hold; the most specific wins (guild 2, chat 4, thread 8), the first of equals.
A thread, or a post of a forum, also matches a route on its parent channel. Ids are compared as they are written,
so a number never matches. :func:`profile_for` gives a gateway the same answer as ``gateway route test``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from hermes_dist.agents.routes import MULTIPLEX, ROUTES
from hermes_dist.errors import Invalid
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName

_WEIGHTS = {"guild_id": 2, "chat_id": 4, "thread_id": 8}
IDS = tuple(_WEIGHTS)
_OLD = "profile_routing"


class Message(Struct, frozen=True, kw_only=True):
    """Where a message comes from, as the agent's gateway says it.

    Attributes:
        chat_id: The channel; of a message in a thread, the thread.
        parent_chat_id: The channel that a thread, or a post of a forum, belongs to.
    """

    platform: str
    guild_id: str | None = None
    chat_id: str | None = None
    thread_id: str | None = None
    parent_chat_id: str | None = None

    @classmethod
    def typed(cls, platform: str, guild: str, channel: str, thread: str) -> Message:
        """Make a message of what people know: a thread is told with its channel."""
        return cls(
            platform=platform, guild_id=guild or None, chat_id=(thread or channel) or None,
            thread_id=thread or None, parent_chat_id=(channel or None) if thread else None,
        )  # fmt: skip


class Route(Struct, frozen=True, kw_only=True):
    """One route.

    Attributes:
        number: Its place in the list, from 1.
        profile: The profile's name as the agent understands it; empty when it is none.
        ids: The ids it names, as they are written.
        fault: Why the agent leaves it out, or why it can't match; empty when it can.
        raw: The entry itself.
    """

    number: int
    name: str = ""
    platform: str = ""
    profile: str = ""
    ids: Mapping[str, object]
    enabled: bool = True
    fault: str = ""
    raw: Mapping[str, object]

    @property
    def weight(self) -> int:
        return sum(_WEIGHTS[key] for key, value in self.ids.items() if value)

    @property
    def scope(self) -> str:
        """What it is about, in words: ``discord chat 111 thread 5``."""
        ids = " ".join(f"{key.removesuffix('_id')} {value}" for key, value in self.ids.items() if value)
        return f"{self.platform} {ids or 'everything'}"

    def misses(self, message: Message) -> str:
        """Why it does not match a message; empty when it does."""
        if not self.enabled:
            return "it is switched off"
        if self.platform != message.platform:
            return f"it is about {self.platform}"
        for key in ("thread_id", "chat_id", "guild_id"):
            wanted = self.ids.get(key)
            here: Collection[object] = [getattr(message, key)]
            if key == "chat_id":
                here = [message.chat_id, message.parent_chat_id]
            if wanted and wanted not in here:
                return f"its {key.removesuffix('_id')} is {wanted}" + ("" if isinstance(wanted, str) else ", a number")
        return ""


def routes_of(config: object) -> list[Route]:
    """Read the routes of a config, in the order they are written; those the agent leaves out have a fault."""
    entries = _entries(config)
    return [_route(number, entry) for number, entry in enumerate(entries, 1) if isinstance(entry, Mapping)]


def _entries(config: object) -> Sequence[object]:
    if not isinstance(config, Mapping):
        return []
    found = config.get(ROUTES)
    gateway = config.get("gateway")
    if found is None and isinstance(gateway, Mapping):
        found = gateway.get(ROUTES)
    return found if isinstance(found, list) else []


def _route(number: int, entry: Mapping[object, object]) -> Route:
    raw = {str(key): value for key, value in entry.items()}
    platform, profile = raw.get("platform") or "", raw.get("profile") or ""
    fault = "" if platform and profile else "platform or profile is missing"
    try:
        name = _normal(str(profile)) if not fault else ""
    except Invalid:
        name, fault = "", f"{str(profile)!r:.60} is no profile name"
    return Route(
        number=number, name=str(raw.get("name") or ""), platform=str(platform), profile=name,
        ids={key: raw[key] for key in IDS if raw.get(key)}, enabled=bool(raw.get("enabled", True)), fault=fault,
        raw=raw,
    )  # fmt: skip


def _normal(name: str) -> str:
    """A profile's name as the agent takes it: without outer blanks, in small letters."""
    return ProfileName(name.strip().lower())


def matching(routes: Sequence[Route], message: Message) -> Route | None:
    """The route that wins for a message; None when none matches."""
    ranked = sorted((r for r in routes if not r.fault), key=lambda route: route.weight, reverse=True)
    return next((route for route in ranked if not route.misses(message)), None)


def profile_for(
    config: object,
    platform: str,
    *,
    guild_id: str | None = None,
    chat_id: str | None = None,
    thread_id: str | None = None,
    parent_chat_id: str | None = None,
) -> str | None:
    """Say which profile a gateway should answer a message with.

    Args:
        config: The loaded ``config.yaml`` of the gateway's home.
        platform: Such as ``discord``.
        guild_id: The server.
        chat_id: The channel, or the thread of a message in one.
        thread_id: The thread.
        parent_chat_id: The channel of the thread.

    Returns:
        The profile's name; None for the gateway's own, as long as multiplexing is off, too.
    """
    if not multiplexes(config):
        return None
    message = Message(
        platform=platform, guild_id=guild_id, chat_id=chat_id, thread_id=thread_id, parent_chat_id=parent_chat_id
    )
    won = matching(routes_of(config), message)
    return won.profile if won else None


def multiplexes(config: object) -> bool:
    """Whether one gateway serves many profiles; without it the agent ignores every route."""
    if not isinstance(config, Mapping):
        return False
    gateway = config.get("gateway")
    value = config.get(MULTIPLEX)
    if value is None and isinstance(gateway, Mapping):
        value = gateway.get(MULTIPLEX)
    return value.strip().lower() in {"true", "1", "yes", "on"} if isinstance(value, str) else bool(value)


def faults(config: object, profiles: Collection[str]) -> list[tuple[str, str]]:
    """List what is wrong with the routes of a config, as (place, sentence).

    Args:
        config: The loaded config.
        profiles: The profiles that there are.
    """
    found: list[tuple[str, str]] = []
    seen: dict[tuple[object, ...], Route] = {}
    for route in routes_of(config):
        place = f"route {route.number}" + (f" ({route.name})" if route.name else "")
        found += [(place, text) for text in _faults_of(route, profiles)]
        key = (route.platform, *(route.ids.get(name) for name in IDS))
        if (first := seen.setdefault(key, route)) is not route and route.enabled and first.enabled:
            found.append((place, f"it is about the same as route {first.number}, which wins"))
    if routes_of(config) and not multiplexes(config):
        found.append((f"gateway.{MULTIPLEX}", "it is off, so the agent ignores every route"))
    if old := old_routes(config):
        text = f"{len(old)} routes in an older proposal's format, which the agent does not read"
        found.append((f"discord.{_OLD}", text))
    return found


def _faults_of(route: Route, profiles: Collection[str]) -> list[str]:
    texts = [f"the agent leaves it out: {route.fault}"] if route.fault else []
    texts += [
        f"{key} {value} is a number, and never matches: put it in quotes"
        for key, value in route.ids.items()
        if not isinstance(value, str)
    ]
    if route.profile and route.profile not in profiles:
        texts.append(f"there is no profile {route.profile!r}; the gateway's own answers instead")
    return texts


def entry(*, profile: str, platform: str, guild: str, channel: str, thread: str, name: str) -> dict[str, object]:
    """Make a route as the agent reads it; ids are texts.

    Raises:
        Invalid: It names no id, or a thread without its channel.
    """
    ids = {"guild_id": guild, "chat_id": channel, "thread_id": thread}
    given = {key: value for key, value in ids.items() if value}
    if not given:
        raise Invalid("a route needs a guild, channel or thread", hint="pass --guild, --channel or --thread")
    label = name or "-".join([profile, *given.values()])
    return {"name": label, "platform": platform, **given, "profile": profile}


def old_routes(config: object) -> list[dict[str, object]]:
    """Read routes in the format of an older proposal, ``discord.profile_routing``, as the agent's own."""
    discord = config.get("discord") if isinstance(config, Mapping) else None
    old = discord.get(_OLD) if isinstance(discord, Mapping) else None
    if not isinstance(old, Mapping):
        return []
    off = {} if old.get("enabled") is True else {"enabled": False}
    channels = old.get("channels")
    rows: list[dict[str, object]] = [
        {"name": f"{name}-{channel}", "platform": "discord", "chat_id": str(channel), "profile": str(name), **off}
        for channel, name in (channels.items() if isinstance(channels, Mapping) else ())
    ]
    rest = str(old.get("default_profile") or DEFAULT_PROFILE)
    if rest != DEFAULT_PROFILE:
        rows.append({"name": f"{rest}-else", "platform": "discord", "profile": rest, **off})
    return rows


def with_routes(config: Mapping[object, object], entries: Sequence[object]) -> dict[object, object]:
    """The config with another list of routes, where it has or should have them."""
    if config.get(ROUTES) is not None:
        return {**config, ROUTES: list(entries)}
    gateway = config.get("gateway")
    return {**config, "gateway": {**(gateway if isinstance(gateway, Mapping) else {}), ROUTES: list(entries)}}


def entries_of(config: object) -> list[object]:
    """The entries of the list of routes, as they are."""
    return list(_entries(config))


def multiplexing(config: Mapping[object, object]) -> dict[object, object]:
    """The config with multiplexing on."""
    if MULTIPLEX in config:
        return {**config, MULTIPLEX: True}
    gateway = config.get("gateway")
    return {**config, "gateway": {**(gateway if isinstance(gateway, Mapping) else {}), MULTIPLEX: True}}


def without_old(config: Mapping[object, object]) -> dict[object, object]:
    """The config without the older proposal's block."""
    discord = config.get("discord")
    if not isinstance(discord, Mapping):
        return dict(config)
    return {**config, "discord": {key: value for key, value in discord.items() if key != _OLD}}
