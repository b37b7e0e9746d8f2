"""The gateways of many profiles: what runs, what would clash, what the logs say."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from hermes_dist.agents.generation import Gateways
from hermes_dist.agents.places import (
    CONFIG,
    ENV,
    GATEWAY_LEGACY,
    GATEWAY_LOGS,
    GATEWAY_PARKED,
    LOG_FOLDER,
    WHATSAPP_LOGINS,
)
from hermes_dist.decide.environment import dotenv
from hermes_dist.decide.fleet.exclusive import (
    Clash,
    GatewaySettings,
    claims,
    clashes,
    multiplexed_only,
    multiplexes,
)
from hermes_dist.decide.fleet.routes import is_apart
from hermes_dist.decide.fleet.runs import Line, Manager, by_time, choose
from hermes_dist.errors import DistError, UsageError
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.world.agent import gateways as world
from hermes_dist.world.agent.find import Agent, GatewayState, NoAgent
from hermes_dist.world.agent.logs import Follower, last_lines
from hermes_dist.world.files import start_of

__all__ = ["Clash", "GatewayRow", "Line", "check", "choose", "follow", "logs", "rows"]

_LOGINS = tuple(f"{folder}/creds.json" for folder in WHATSAPP_LOGINS)
_SECRET_BYTES = 1 << 20


class GatewayRow(Struct, frozen=True, kw_only=True):
    """A gateway in a list.

    Attributes:
        profile: The profile that it belongs to.
        path: The home.
        state: Running, stopped or stale.
        pid: The id of its process, if it runs.
        phase: The agent's word for what the gateway is doing.
        services: The service files that exist for it.
        service_file: Where this machine's service manager looks for its file; empty without one.
        at_login: It starts at login or boot.
        channels: The channels that it serves with a bot of its own.
        troubles: What does not work, in the agent's words.
        updated_at: When the agent last wrote the gateway's state.
    """

    profile: ProfileName
    path: str
    state: GatewayState
    pid: int | None
    phase: str
    services: tuple[str, ...]
    service_file: str
    at_login: bool
    channels: tuple[str, ...]
    troubles: tuple[str, ...]
    updated_at: str


def rows(ctx: Context, names: Sequence[ProfileName]) -> list[GatewayRow]:
    """List the gateways of profiles."""
    manager, live = manager_of(ctx), served_now(ctx)
    return [_row(ctx, name, manager, served=name in live) for name in names]


def _row(ctx: Context, name: ProfileName, manager: Manager, *, served: bool) -> GatewayRow:
    layout = ctx.layout
    found = world.find(layout.home(name))
    state = found.state
    if served and found.pid is None:
        state = GatewayState.SERVED
    unit, plist = layout.service_files(name)
    usual = {
        Manager.SYSTEMD: unit,
        Manager.LAUNCHD: plist,
        Manager.S6: world.s6_slot(layout, name),
    }.get(manager)
    bots = [claim for claim in claims(read_home(ctx, name), {}, b"") if claim.kind == "bot"]
    troubles = found.troubles
    if found.reason and not troubles:
        troubles = (found.reason,)
    return GatewayRow(
        profile=name,
        path=str(layout.home(name)),
        state=state,
        pid=found.pid,
        phase=found.phase,
        services=tuple(map(str, world.services(layout, name))),
        service_file=str(usual or ""),
        at_login=world.at_login(layout, name),
        updated_at=found.updated_at,
        channels=tuple(dict.fromkeys(claim.channel for claim in bots)),
        troubles=troubles,
    )


def manager_of(ctx: Context) -> Manager:
    """The service manager of this machine: as detected, or as a variable of the brand says.

    Raises:
        UsageError: The variable is not the name of a known manager.
    """
    variable = ctx.brand.services_variable
    said = ctx.env.get(variable, "") or world.manager(ctx.env)
    if said not in set(Manager):
        raise UsageError(f"{variable} must be one of {', '.join(Manager)}", where=said)
    return Manager(said)


def agent_of(ctx: Context) -> Agent:
    """The installed agent.

    Raises:
        NoAgent: No agent is installed.
    """
    if ctx.agent is None:
        raise NoAgent.of(ctx.brand)
    return ctx.agent


def check(ctx: Context, *, detached: bool = False) -> list[Clash]:
    """Find the resources that the gateways of several homes would use at once.

    Args:
        ctx: The context.
        detached: The gateways start from this shell, not through a service manager.

    Returns:
        Bots, logins and ports that several gateways would use; the result contains no secret.
    """
    shell = shell_of(ctx, detached=detached)
    # Tokens are compared as salted hashes, so that no secret is held or shown.
    salt = secrets.token_bytes(16)
    return clashes(
        claim for name in ctx.names() for claim in claims(read_home(ctx, name), shell, salt)
    )


def shell_of(ctx: Context, *, detached: bool) -> Mapping[str, str]:
    """The variables of this shell that a gateway sees: all if it starts from here, none if a service starts it."""
    if detached or manager_of(ctx) is Manager.NONE:
        return ctx.env
    return {}


def is_multiplexed(ctx: Context, *, detached: bool) -> bool:
    """Whether the default profile's gateway serves all profiles."""
    return multiplexes(read_home(ctx, DEFAULT_PROFILE), shell_of(ctx, detached=detached))


def multiplexed_names(ctx: Context) -> frozenset[str] | None:
    """The profiles to which the default profile's gateway is restricted; None for no restriction."""
    setting = ctx.generation.chosen
    return multiplexed_only(read_home(ctx, DEFAULT_PROFILE), setting) if setting else None


def served_now(ctx: Context) -> frozenset[str]:
    """The profiles that the default profile's gateway says it serves right now, besides its own."""
    found = world.find(ctx.layout.root)
    # A gateway that crashed leaves its list behind, and nobody serves these profiles any more.
    if found.pid is None:
        return frozenset()
    return frozenset(found.served or ()) - {DEFAULT_PROFILE}


def is_parked(ctx: Context, name: ProfileName) -> bool:
    """Whether the running gateway for all profiles was told to leave this one out."""
    if name == DEFAULT_PROFILE or not (ctx.layout.home(name) / GATEWAY_PARKED).exists():
        return False
    # Unless a gateway that serves several profiles runs, the mark means nothing.
    default = world.find(ctx.layout.root)
    return default.served is not None and default.pid is not None


def led_by_default(ctx: Context, names: Sequence[ProfileName]) -> frozenset[ProfileName]:
    """Those of the profiles that the default profile's gateway serves, or would serve once it runs."""
    if ctx.generation.gateways is not Gateways.ONE:
        return frozenset()
    ours = served_profiles(ctx) - {DEFAULT_PROFILE}
    return frozenset(
        name for name in names if name in ours and world.find(ctx.layout.home(name)).pid is None
    )


def served_profiles(ctx: Context) -> frozenset[ProfileName]:
    """The profiles that gateways of this machine serve, or would serve once they run.

    If one gateway serves all profiles and runs, it says which ones. If it does not run, those are all
    profiles except the separate, parked and deleted ones.
    """
    names = frozenset(ctx.names())
    if ctx.generation.gateways is not Gateways.ONE:
        return names
    found = world.find(ctx.layout.root)
    if found.pid is not None and found.served is not None:
        return frozenset(name for name in names if name in found.served)
    return frozenset(name for name in names if name == DEFAULT_PROFILE or not _is_left(ctx, name))


def _is_left(ctx: Context, name: ProfileName) -> bool:
    """Whether the gateway for all profiles leaves this one out."""
    home, tombs = ctx.layout.home(name), ctx.generation.tombstones
    deleted = bool(tombs) and (ctx.layout.profiles / tombs / name).exists()
    return deleted or (home / GATEWAY_PARKED).exists() or is_apart(_map(home / CONFIG, Kind.YAML))


def read_home(ctx: Context, name: ProfileName) -> GatewaySettings:
    """Read the facts about a home that are compared; a file that can't be read counts as missing."""
    home = ctx.layout.home(name)
    logins = (_bytes(home / path) for path in _LOGINS)
    return GatewaySettings(
        profile=name,
        variables=dotenv.read(_bytes(home / ENV)),
        config=_map(home / CONFIG, Kind.YAML),
        legacy=_map(home / GATEWAY_LEGACY, Kind.JSON),
        login=next((login for login in logins if login), b""),
    )


def _bytes(path: Path) -> bytes:
    try:
        return start_of(path, _SECRET_BYTES)
    except OSError:
        return b""


def _map(path: Path, kind: Kind) -> Mapping[object, object]:
    data = _bytes(path)
    if not data:
        return {}
    try:
        loaded = load_data(data, kind)
    except DistError:
        return {}
    return loaded if isinstance(loaded, Mapping) else {}


def _files(ctx: Context, names: Sequence[ProfileName]) -> dict[tuple[ProfileName, str], Path]:
    return {
        (name, file): ctx.layout.home(name) / LOG_FOLDER / file
        for name in names
        for file in GATEWAY_LOGS
    }


def logs(ctx: Context, names: Sequence[ProfileName], count: int) -> list[Line]:
    """The last lines of the gateways' logs, merged by time; this is raw text from outside."""
    return by_time({key: last_lines(path, count) for key, path in _files(ctx, names).items()})


def follow(ctx: Context, names: Sequence[ProfileName]) -> Follower[tuple[ProfileName, str]]:
    """Follow the logs of gateways; returns a context manager that yields raw text from outside."""
    return Follower(_files(ctx, names))
