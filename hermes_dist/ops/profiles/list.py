"""Profiles on this machine, with what a list shows of each; only rows that changed are read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from hermes_dist.agents.places import ABOUT, CONFIG, GATEWAY_PID, GATEWAY_STATE
from hermes_dist.brand import LOCKFILE, MANIFEST, SYNC_RECORD
from hermes_dist.errors import DistError
from hermes_dist.lazily import later
from hermes_dist.light import NamedTuple
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles import aliases
from hermes_dist.world.agent.find import GatewayState, gateway_state
from hermes_dist.world.disk.home_index import Index
from hermes_dist.world.disk.home_index import Row as Facts

with later():
    from hermes_dist.ops.whereabouts import incomplete

_FACTS: Mapping[str, type] = {
    **dict.fromkeys(("model", "provider", "package", "source", "description", "shown_as"), str),
    **dict.fromkeys(("conflicts", "parked"), int),
    "managed": bool,
}


class ProfileRow(NamedTuple):
    """A profile in a list.

    Attributes:
        active: It is the profile that commands without ``-p`` use.
        shown_as: The name that newer agents show for it; empty if it is the same.
        gateway: The state of its own gateway, or that the default profile's serves it.
        package: ``name@version`` of its package; empty for none.
        managed: Whether it has a lockfile.
        conflicts: How many conflicts are open.
        parked: How many servers, jobs, hooks and settings need approval.
    """

    name: ProfileName
    path: str
    active: bool
    model: str
    provider: str
    gateway: GatewayState
    aliases: tuple[str, ...]
    package: str
    source: str
    managed: bool
    conflicts: int
    parked: int
    description: str
    shown_as: str = ""


def list_profiles(ctx: Context) -> list[ProfileRow]:
    """List every profile, the default one first."""
    index = Index(
        ctx.layout.shared / "index.json",
        (MANIFEST, CONFIG, LOCKFILE, ABOUT, SYNC_RECORD),
        (GATEWAY_PID, GATEWAY_STATE),
        _FACTS,
    )
    commands: dict[str, list[str]] = {}
    for alias in aliases.listed(ctx.layout):
        commands.setdefault(alias.profile, []).append(alias.name)
    active, live = _active(ctx), _served(ctx)
    root, profiles = str(ctx.layout.root), str(ctx.layout.profiles)
    rows = []
    for name in ctx.names():
        home = root if name == DEFAULT_PROFILE else f"{profiles}/{name}"
        facts, is_bare = index.row(home, _indexed)
        gateway = GatewayState.STOPPED if is_bare else gateway_state(Path(home))
        row = _row(name, home, facts, tuple(commands.get(name, ())), gateway, active=active == name)
        rows.append(_as_served(row, live))
    index.save()
    return rows


def show(ctx: Context, name: ProfileName) -> ProfileRow:
    """Return the same facts about one profile."""
    home = ctx.layout.home(name)
    commands = tuple(alias.name for alias in aliases.of_profile(ctx.layout, name))
    active = _active(ctx) == name
    facts, _ = _indexed(home)
    row = _row(name, str(home), facts, commands, gateway_state(home), active=active)
    return _as_served(row, _served(ctx))


def _served(ctx: Context) -> frozenset[str]:
    """The profiles that the default profile's gateway serves besides its own; little is loaded if it does not run."""
    if gateway_state(ctx.layout.root) is not GatewayState.RUNNING:
        return frozenset()
    from hermes_dist.ops.fleet.gateways import served_now  # noqa: PLC0415 - only needed while that gateway runs

    return served_now(ctx)


def _as_served(row: ProfileRow, live: frozenset[str]) -> ProfileRow:
    if row.name not in live or row.gateway is GatewayState.RUNNING:
        return row
    return row._replace(gateway=GatewayState.SERVED)


def _active(ctx: Context) -> ProfileName | None:
    try:
        return ctx.active()
    except DistError:
        return None


def no_active(ctx: Context) -> DistError | None:
    """Return why there is no active profile; None if there is one."""
    try:
        ctx.active()
    except DistError as error:
        return error
    return None


def cut_short(ctx: Context) -> DistError | None:
    """Return what was cut short while a profile was made, renamed or put away; None if nothing was."""
    return incomplete(ctx.layout) if ctx.layout.moving.exists() else None


def _row(
    name: ProfileName,
    home: str,
    facts: Facts,
    commands: tuple[str, ...],
    gateway: GatewayState,
    *,
    active: bool,
) -> ProfileRow:
    return ProfileRow(
        name=name,
        path=home,
        active=active,
        model=str(facts["model"]),
        provider=str(facts["provider"]),
        gateway=gateway,
        aliases=commands,
        package=str(facts["package"]),
        source=str(facts["source"]),
        managed=bool(facts["managed"]),
        conflicts=int(facts["conflicts"]),
        parked=int(facts["parked"]),
        description=str(facts["description"]),
        shown_as=str(facts["shown_as"]),
    )


def _indexed(home: Path) -> tuple[Facts, Collection[str]]:
    """The facts of a home, and which of its files they do not depend on."""
    from hermes_dist.ops.profiles.home_facts import facts_of  # noqa: PLC0415 - start-up: mostly no row changed

    facts = facts_of(home)
    # The manifest is only read where a lock does not tell.
    return facts, (MANIFEST,) if facts["managed"] and facts["source"] else ()
