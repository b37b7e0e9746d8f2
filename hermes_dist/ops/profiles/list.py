"""Profiles on this machine, with what a list shows of each; only rows that changed are read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from hermes_dist.agents.places import ABOUT, CONFIG, GATEWAY_PID, GATEWAY_STATE, SHOWN_AS
from hermes_dist.brand import LOCKFILE, MANIFEST, SYNC_RECORD
from hermes_dist.errors import DistError
from hermes_dist.lazily import NamedTuple
from hermes_dist.model.lock_head import LockHead, load_head
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles import aliases
from hermes_dist.world.agent.find import GatewayState, gateway_state
from hermes_dist.world.disk.home_index import Index
from hermes_dist.world.disk.home_index import Row as Facts


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
    )
    commands: dict[str, list[str]] = {}
    for alias in aliases.listed(ctx.layout):
        commands.setdefault(alias.profile, []).append(alias.name)
    active, live = _active_or_default(ctx), _served(ctx)
    root, profiles = str(ctx.layout.root), str(ctx.layout.profiles)
    rows = []
    for name in ctx.names():
        home = root if name == DEFAULT_PROFILE else f"{profiles}/{name}"
        facts, is_bare = index.row(home, _indexed)
        gateway = GatewayState.STOPPED if is_bare else gateway_state(Path(home))
        row = _row(name, home, facts, active == name, tuple(commands.get(name, ())), gateway)
        rows.append(_as_served(row, live))
    index.save()
    return rows


def show(ctx: Context, name: ProfileName) -> ProfileRow:
    """Return the same facts about one profile."""
    home = ctx.layout.home(name)
    commands = tuple(alias.name for alias in aliases.of_profile(ctx.layout, name))
    active = _active_or_default(ctx) == name
    row = _row(name, str(home), _facts(home), active, commands, gateway_state(home))
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


def _active_or_default(ctx: Context) -> ProfileName:
    try:
        return ctx.active()
    except DistError:
        return DEFAULT_PROFILE


def _row(
    name: ProfileName,
    home: str,
    facts: Facts,
    active: bool,
    commands: tuple[str, ...],
    gateway: GatewayState,
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
    facts = _facts(home)
    # The manifest is only read where a lock does not tell.
    return facts, (MANIFEST,) if facts["managed"] and facts["source"] else ()


def _facts(home: Path) -> Facts:
    """Read the facts that a list shows of a home; what can't be read counts as missing."""
    about = _map(home / ABOUT)
    return {
        **_model(_map(home / CONFIG)),
        **_package(home),
        "description": str(about.get("description") or ""),
        "shown_as": str(about.get(SHOWN_AS) or "").strip(),
    }


def _model(config: Mapping[object, object]) -> Facts:
    """The model and its provider: a name alone beside a provider, or both together in one map."""
    model = config.get("model")
    if isinstance(model, Mapping):
        chosen, provider = model.get("default", model.get("model")), model.get("provider")
    else:
        chosen, provider = model, config.get("provider")
    return {"model": str(chosen or ""), "provider": str(provider or "")}


def _package(home: Path) -> Facts:
    """The package, as the lock records it; without a lock, as the manifest says."""
    lock = _bytes(home / LOCKFILE)
    managed = lock is not None or _is_there(home / LOCKFILE)
    disagree, waiting = _synced(home, lock) if _is_there(home / SYNC_RECORD) else (0, 0)
    facts: Facts = {"source": "", "managed": managed, "conflicts": disagree, "parked": waiting}
    head = load_head(lock) if lock else None
    if head is None:
        manifest = _map(home / MANIFEST)
        facts["package"] = _label(manifest)
        if lock is None:
            facts["source"] = str(manifest.get("source") or "")
        return facts
    facts["package"] = head.name
    if head.pin.version:
        facts["package"] = f"{head.name}@{head.pin.version}"
    facts["source"] = head.source
    facts["conflicts"] = disagree + head.conflicts
    facts["parked"] = waiting or _things(head)
    return facts


def _label(manifest: Mapping[object, object]) -> str:
    name = manifest.get("name")
    return f"{name}@{manifest.get('version')}" if name else ""


def _things(head: LockHead) -> int:
    """How many things need approval, counted as the review card and ``approve`` show them."""
    from hermes_dist.decide.consent.review import groups_at  # noqa: PLC0415 - only for rows that changed

    return len(set(groups_at(head.parked)))


def _synced(home: Path, lock: bytes | None) -> tuple[int, int]:
    """How many conflicts with other machines are open in a synced profile, and how many things need approval in all."""
    from hermes_dist.decide.consent.review import grouped  # noqa: PLC0415 - few profiles are synced
    from hermes_dist.model.lock import load_lock  # noqa: PLC0415 - few profiles are synced
    from hermes_dist.ops.sync.waiting import seen  # noqa: PLC0415 - few profiles are synced

    try:
        others, waiting = seen(home, load_lock(lock) if lock else None)
    except (DistError, OSError):
        return 0, 0
    return len(others.conflicts) if others else 0, len(grouped(waiting))


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _is_there(path: Path) -> bool:
    """Whether a file is there, even if nobody may read it; if that can't be known, it counts as there."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _map(path: Path) -> Mapping[object, object]:
    from hermes_dist.model.documents.api import Kind, load_data  # noqa: PLC0415 - YAML, only for rows that changed

    data = _bytes(path)
    if not data:
        return {}
    try:
        loaded = load_data(data, Kind.YAML)
    except DistError:
        return {}
    return loaded if isinstance(loaded, Mapping) else {}
