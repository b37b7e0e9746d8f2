"""Create, clone, rename, put away and bring back profiles: as plans, pure.

A home moves by one rename; everything small around it (commands, the sticky choice, service files, routes)
follows by a :class:`Move` that is journalled first, so that a crash leaves either nothing or something that
the next command completes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import asdict

from hermes_dist.agents import stores
from hermes_dist.agents.generation import Generation
from hermes_dist.agents.jobs import PAUSED, REASON
from hermes_dist.agents.places import ABOUT, BEFORE, CONFIG, ENV, SHOWN_AS, SOUL
from hermes_dist.agents.routes import ROUTES
from hermes_dist.brand import BRANDS, PRIVATE, SHARED
from hermes_dist.decide.placement.jobs import jobs_by_id
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.documents.api import Kind, dump, load_data, parse, put, rewrite
from hermes_dist.model.keypath import Item, KeyPath
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.model.values import ABSENT

Route = Mapping[object, object]
"""A gateway route, or another map of ``config.yaml``."""
FORMAT = 1
TRASH_DAYS = 30
NO_SKILLS_TEXT = (
    "This profile takes no bundled skills (profile create --no-skills).\n"
    "Delete this file to have them synced again.\n"
)
NEW_ENV = (
    "# Secrets of this profile alone: API keys and tokens, one NAME=value a line.\n"
    "# What is set here goes before the environment of the shell. Settings belong in config.yaml.\n"
)
_STAMP = "%Y%m%dT%H%M%SZ"
_ID = re.compile(r"([a-z0-9][a-z0-9_-]{0,63})@(\d{8}T\d{6}Z)(?:-\d+)?")
_COPIED = (CONFIG, ENV, SOUL)
_NEVER = (*stores.NEVER_CLONED, PRIVATE)
_NEVER_ENDS = (".sock", ".tmp", ".pyc", ".pyo", ".pid")
_ROOT_ONLY = (*stores.ROOT_ONLY, SHARED, *(f"{brand.name}-agent" for brand in BRANDS))


class Move(Struct, frozen=True, kw_only=True):
    """A home that changes its place, and what follows.

    Attributes:
        verb: Rename, delete, archive or restore.
        name: The profile's name before.
        to: Its name after; empty when it is put away.
        source: Where the home is, below the root.
        target: Where it goes, below the root.
        inode: The home's own number, by which it is known again after a crash.
        commands: Commands to write, by the profile they start.
        drop: Commands to remove.
        sticky: What the sticky choice becomes; None to leave it.
        services: Service files by their path: the text to write where none is, or None to remove.
        enabled: The service under the new name is to be started at login.
        record: What is remembered of a home that is put away, below the root; empty for nothing.
        erase: Remove the home for good once it is out of the way.
        unpark: The gateway of all was told to leave it out for the move alone.
    """

    verb: str
    name: str
    to: str
    source: str
    target: str
    inode: int = 0
    commands: Mapping[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    sticky: str | None = None
    services: Mapping[str, str | None] = field(default_factory=dict)
    enabled: bool = False
    record: str = ""
    erase: bool = False
    unpark: bool = False

    def encode(self) -> bytes:
        """Write it as the journal keeps it."""
        return (json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n").encode()

    @classmethod
    def decode(cls, data: bytes) -> Move:
        """Read the journal.

        Raises:
            Invalid: It is broken, or was written by a newer version.
        """
        try:
            raw = json.loads(data)
            if raw.pop("format") != FORMAT:
                raise Invalid("it was written by a newer hermes-dist", hint="update hermes-dist")
            return cls(**{**raw, "drop": tuple(raw["drop"])})
        except (ValueError, TypeError, KeyError, AttributeError) as err:
            raise Invalid(
                "the journal of an interrupted command is damaged", hint="move it away"
            ) from err


class Kept(Struct, frozen=True, kw_only=True):
    """What is remembered of a home in the trash or the archive, to bring it back whole.

    Attributes:
        profile: The name it had.
        commands: The commands that started it.
        services: The texts of its service files, by their paths.
        sticky: It was the one plain commands were about.
    """

    profile: str
    commands: tuple[str, ...] = ()
    services: Mapping[str, str] = field(default_factory=dict)
    sticky: bool = False

    def encode(self) -> bytes:
        """Write it as it is kept."""
        return (json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n").encode()

    @classmethod
    def decode(cls, data: bytes, profile: str) -> Kept:
        """Read it; what can't be read counts as nothing remembered."""
        try:
            raw = json.loads(data)
            return cls(
                profile=profile,
                commands=tuple(map(str, raw["commands"])),
                sticky=bool(raw["sticky"]),
                services={str(k): str(v) for k, v in raw["services"].items()},
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls(profile=profile)


def new_name(text: str, agent: Generation) -> ProfileName:
    """Read the name of a profile to be made, in any case of letters, as the agent does.

    Args:
        text: The name.
        agent: What the installed agent is like.

    Raises:
        Invalid: It is none, or the default profile's, or one that the agent has another use for.
    """
    name = ProfileName(text.strip().lower())
    if name == DEFAULT_PROFILE:
        raise Invalid("the default profile is built in", hint="choose another name")
    if name in agent.unwise:
        raise Invalid(
            f"the name {str(name)!r} is reserved: sessions of the default profile go by it",
            hint="choose another name",
        )
    return name


def refuse_default(name: ProfileName, verb: str, root: str) -> None:
    """Keep the default profile where it is.

    Raises:
        Invalid: It is meant.
    """
    if name == DEFAULT_PROFILE:
        raise Invalid(
            f"the default profile can't be {verb}", where=root, hint="it is the agent's own home"
        )


def kept_id(name: ProfileName, when: datetime) -> str:
    """Name a home that is put away: who and when."""
    return f"{name}@{when.astimezone(UTC).strftime(_STAMP)}"


def read_id(text: str) -> tuple[ProfileName, datetime] | None:
    """Read who and when from the name of a home that was put away; None for anything else."""
    found = _ID.fullmatch(text)
    if found is None:
        return None
    try:
        return ProfileName(found[1]), datetime.strptime(found[2], _STAMP).replace(tzinfo=UTC)
    except (Invalid, ValueError):
        return None


def is_expired(when: datetime, now: datetime) -> bool:
    """Whether a home has been in the trash for its time."""
    return now - when > timedelta(days=TRASH_DAYS)


def service_renamed(text: str, old: ProfileName, new: ProfileName, homes: tuple[str, str]) -> str:
    """Make a service file, systemd's or launchd's, start another profile.

    Args:
        text: The file.
        old: The profile it starts.
        new: The profile it shall start.
        homes: The home folder before and after.
    """
    end = r"(?![\w.-])"
    text = re.sub(re.escape(homes[0]) + end, lambda _: homes[1], text)
    text = re.sub(rf"(gateway-){re.escape(old)}{end}", lambda m: m[1] + new, text)
    flag = r"((?<![\w-])(?:--profile|-p)(?:[ =]|</string>\s*<string>)[\"']?)"
    return re.sub(rf"{flag}{re.escape(old)}{end}", lambda m: m[1] + new, text)


def routes(config: object) -> list[Route]:
    """Return the gateway routes of the default profile's ``config.yaml``: those that the agent reads."""
    if not isinstance(config, Mapping):
        return []
    found = config.get(ROUTES)
    gateway = config.get("gateway")
    if found is None and isinstance(gateway, Mapping):
        found = gateway.get(ROUTES)
    return (
        [route for route in found if isinstance(route, Mapping)] if isinstance(found, list) else []
    )


def routes_renamed(data: bytes, old: str, new: str) -> bytes:
    """Lead the gateway routes of one profile to another, every other byte kept.

    Raises:
        DistError: The file can't be edited.
    """
    return _routes_edited(
        data, lambda route: {**route, "profile": str(new)} if route.get("profile") == old else route
    )


def routes_without(data: bytes, profiles: AbstractSet[str]) -> bytes:
    """Switch off the gateway routes to profiles that are not among these, every other byte kept.

    Raises:
        DistError: The file can't be edited.
    """
    return _routes_edited(
        data, lambda route: {**route, "enabled": False} if is_lost(route, profiles) else route
    )


def is_lost(route: Route, profiles: AbstractSet[str]) -> bool:
    """Whether a route that is on leads to a profile that is not among these."""
    return bool(route.get("enabled", True)) and str(route.get("profile") or "") not in profiles


def _routes_edited(data: bytes, edit: Callable[[Route], Route]) -> bytes:
    doc = parse(data, Kind.YAML)
    if not isinstance(doc.value, Mapping):
        return data

    def led(config: Route) -> Route:
        found = config.get(ROUTES)
        if not isinstance(found, list):
            return config
        edited = [edit(route) if isinstance(route, Mapping) else route for route in found]
        return {key: edited if key == ROUTES else value for key, value in config.items()}

    want = {
        key: led(value) if key == "gateway" and isinstance(value, Mapping) else value
        for key, value in led(doc.value).items()
    }
    return data if want == doc.value else rewrite(doc, want).content


def hosts_renamed(data: bytes, brand: str, old: str, new: str) -> bytes:
    """Rename the block of a profile in ``honcho.json``; its peer keeps its name, so that memory stays.

    Returns:
        The new content; the same where there is no such block, or the new name has one.
    """
    try:
        doc = parse(data, Kind.JSON)
    except Invalid:
        return data
    hosts = doc.value.get("hosts") if isinstance(doc.value, Mapping) else None
    if (
        not isinstance(doc.value, Mapping)
        or not isinstance(hosts, Mapping)
        or f"{brand}_{new}" in hosts
    ):
        return data
    host = next((key for key in (f"{brand}_{old}", f"{brand}.{old}") if key in hosts), None)
    if host is None:
        return data
    block = hosts[host]
    if isinstance(block, Mapping) and "aiPeer" not in block:
        block = {**block, "aiPeer": str(old)}
    moved = {
        (f"{brand}_{new}" if key == host else key): (block if key == host else v)
        for key, v in hosts.items()
    }
    want = {**doc.value, "hosts": moved}
    try:
        return rewrite(doc, want).content
    except DistError:
        return dump(want, Kind.JSON)


def described(data: bytes | None, text: str) -> bytes:
    """Set the description in a ``profile.yaml``; an empty one is taken out.

    Raises:
        DistError: The file can't be edited.
    """
    value = text.strip()
    if not data or not data.strip():
        return dump({"description": value, "description_auto": False}, Kind.YAML) if value else b""
    if not isinstance(load_data(data, Kind.YAML), Mapping):
        raise Invalid("it is no map of keys and values", where=ABOUT)
    return put(data, Kind.YAML, {("description",): value or ABSENT, ("description_auto",): False})


def named_before(data: bytes | None, name: str) -> bytes:
    """Note in a ``profile.yaml`` what a profile was called before, so that chats with it are found again.

    Raises:
        DistError: The file can't be edited.
    """
    loaded = load_data(data, Kind.YAML) if data and data.strip() else {}
    if not isinstance(loaded, Mapping):
        raise Invalid("it is no map of keys and values", where=ABOUT)
    known = loaded.get(BEFORE)
    names = list(known) if isinstance(known, list) else []
    if name in names:
        return data or b""
    if not loaded:
        return dump({BEFORE: [str(name)]}, Kind.YAML)
    return put(data or b"", Kind.YAML, {(BEFORE,): [*names, str(name)]})


def of_a_clone(data: bytes) -> bytes:
    """A ``profile.yaml`` without what only the original is called; unchanged where it can't be edited."""
    try:
        loaded = load_data(data, Kind.YAML) if data.strip() else None
        gone = [key for key in (SHOWN_AS, BEFORE) if isinstance(loaded, Mapping) and key in loaded]
        return put(data, Kind.YAML, {(key,): ABSENT for key in gone}) if gone else data
    except DistError:
        return data


def paused_jobs(data: bytes, source: str) -> tuple[bytes, int]:
    """Pause every job of a clone: the original's would run a second time otherwise.

    Returns:
        The file, and how many were running.

    Raises:
        DistError: It can't be read or edited, so that nobody knows what would run.
    """
    jobs = jobs_by_id(load_data(data, Kind.JSON))
    running = [
        ident
        for ident, job in jobs.items()
        if job.get("enabled", True) and job.get("state") != PAUSED["state"]
    ]
    edits: dict[KeyPath, object] = {}
    for ident in running:
        at: KeyPath = ("jobs", Item("id", ident))
        edits |= {(*at, field): value for field, value in PAUSED.items()}
        edits[*at, REASON] = f"cloned from {source}: it would run twice"
    return (put(data, Kind.JSON, edits) if edits else data), len(running)


def left_out(
    path: str, *, every: bool, default: bool, package: frozenset[str], lockfile: str
) -> str:
    """Decide whether a path of a home goes into its clone.

    Args:
        path: A file or folder, relative to the home.
        every: ``--clone-all``; else only what makes the agent what it is.
        default: The source is the default profile, whose home holds more than a home.
        package: The paths of its package.
        lockfile: The name of the lockfile.

    Returns:
        Why it stays behind; empty when it is copied.
    """
    top, name = path.partition("/")[0], path.rpartition("/")[2]
    if (
        path in stores.SCREEN
        or top in _NEVER
        or name == "__pycache__"
        or name.endswith(_NEVER_ENDS)
    ):
        return "belongs to the running profile"
    if default and top in _ROOT_ONLY:
        return "belongs to the machine"
    if top in stores.SNAPSHOTS:
        return "snapshots of the original"
    if every:
        return ""
    if path in _COPIED or top == "skills" or path == lockfile or path in package:
        return ""
    if any(known.startswith(f"{path}/") for known in package):
        return ""
    return "not part of --clone"
