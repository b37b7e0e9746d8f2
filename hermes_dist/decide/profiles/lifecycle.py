"""Plans to create, clone, rename, put away and bring back profiles; pure.

A home moves by one rename. Everything small that depends on it (commands, the sticky choice, service files, routes)
follows through a :class:`Move` that is journalled first, so that a crash leaves either nothing or something that
the next command completes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

from msgspec import Struct, field
from msgspec.structs import asdict

from hermes_dist import lazily
from hermes_dist.agents import stores
from hermes_dist.agents.generation import Generation
from hermes_dist.agents.jobs import PAUSED, REASON
from hermes_dist.agents.places import ABOUT, BEFORE, CONFIG, ENV, SHOWN_AS, SOUL
from hermes_dist.agents.routes import BOT, ROUTES
from hermes_dist.brand import BRANDS, PRIVATE, SHARED
from hermes_dist.decide.placement.jobs import every_job
from hermes_dist.errors import DistError, Invalid
from hermes_dist.light import read_json
from hermes_dist.model.documents.api import Kind, dump, load_data, parse, put, rewrite
from hermes_dist.model.keypath import KeyPath
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName, is_safe_path
from hermes_dist.model.values import ABSENT, as_list, as_map

Route = Mapping[object, object]
"""A gateway route, or another map of ``config.yaml``."""
FORMAT = 1
_JOURNAL = 2
"""The format of a move in the journal; 1 did not say what was asked for."""
NO_SKILLS_TEXT = (
    "This profile takes no bundled skills (profile create --no-skills).\n"
    "Delete this file to have them synced again.\n"
)
NEW_ENV = (
    "# Secrets of this profile alone: API keys and tokens, one NAME=value a line.\n"
    "# What is set here goes before the environment of the shell. Settings belong in config.yaml.\n"
)
_STAMP = "%Y%m%dT%H%M%SZ"
_ID = lazily.pattern(r"([a-z0-9][a-z0-9_-]{0,63})@(\d{8}T\d{6}Z)(?:-\d+)?")
_COPIED = (CONFIG, ENV, SOUL)
_NEVER = (*stores.NEVER_CLONED, PRIVATE)
_NEVER_ENDS = (".sock", ".tmp", ".pyc", ".pyo", ".pid")
_ROOT_ONLY = (*stores.ROOT_ONLY, SHARED, *(f"{brand.name}-agent" for brand in BRANDS))


class Move(Struct, frozen=True, kw_only=True):
    """A home that changes its place, and everything that follows.

    Attributes:
        verb: Rename, delete, archive or restore.
        name: The profile's name before.
        to: Its name after; empty if it is put away.
        source: The path of the home, relative to the root.
        target: Its new path, relative to the root.
        inode: The inode number of the home, or of its copy, which identifies it after a crash.
        original: The inode number of the home if a copy of it moves; it is erased at the end.
        commands: Commands to write, by the profile they start.
        drop: Commands to remove.
        sticky: The new value of the sticky choice; None leaves it unchanged.
        services: Service files by path: the text to write if the file is missing, or None to remove it.
        enabled: The service under the new name starts at login.
        record: The path, relative to the root, of the record of a home that is put away; empty for none.
        erase: Delete the home for good once it is out of the way.
        unpark: The shared gateway was told to leave the home out, only for the move.
        asked: The digest of what the user asked for, by which the same command is known when it is repeated.
    """

    verb: str
    name: str
    to: str
    source: str
    target: str
    inode: int = 0
    original: int = 0
    commands: Mapping[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    sticky: str | None = None
    services: Mapping[str, str | None] = field(default_factory=dict)
    enabled: bool = False
    record: str = ""
    erase: bool = False
    unpark: bool = False
    asked: str = ""

    def encode(self) -> bytes:
        """Encode the move for the journal."""
        return (json.dumps({"format": _JOURNAL, **asdict(self)}, indent=1) + "\n").encode()

    @classmethod
    def decode(cls, data: bytes) -> Move:
        """Decode a move from the journal.

        Raises:
            Invalid: The journal is broken, or was written by a newer version.
        """
        try:
            raw = read_json(data)
            if raw.pop("format") not in (1, _JOURNAL):
                raise Invalid("it was written by a newer hermes-dist", hint="update hermes-dist")
            move = cls(**{**raw, "drop": tuple(raw["drop"])})
        except (ValueError, TypeError, KeyError, AttributeError) as err:
            raise _damaged() from err
        # The root folder may belong to another user than the one who goes on: nothing outside of it is moved.
        if not all(map(is_safe_path, (move.source, move.target, move.record or move.target))):
            raise _damaged()
        return move


def _damaged() -> Invalid:
    return Invalid("the journal of an interrupted command is damaged", hint="move it away")


class Kept(Struct, frozen=True, kw_only=True):
    """The record of a home in the trash or the archive, with everything needed to restore it.

    Attributes:
        profile: The name it had.
        commands: The commands that started it.
        services: The texts of its service files, by their paths.
        sticky: It was the sticky choice.
    """

    profile: str
    commands: tuple[str, ...] = ()
    services: Mapping[str, str] = field(default_factory=dict)
    sticky: bool = False

    def encode(self) -> bytes:
        """Encode the record."""
        return (json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n").encode()

    @classmethod
    def decode(cls, data: bytes, profile: str) -> Kept:
        """Decode a record; an unreadable one counts as empty."""
        try:
            raw = read_json(data)
            return cls(
                profile=profile,
                commands=tuple(map(str, raw["commands"])),
                sticky=bool(raw["sticky"]),
                services={str(k): str(v) for k, v in raw["services"].items()},
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls(profile=profile)


def new_name(text: str, agent: Generation) -> ProfileName:
    """Parse the name of a new profile, in any case of letters, as the agent does.

    Args:
        text: The name.
        agent: The generation of the installed agent.

    Raises:
        Invalid: The text is not a valid profile name, is the default profile's name, or is reserved by the agent.
    """
    name = ProfileName.typed(text)
    if name == DEFAULT_PROFILE:
        raise Invalid("the default profile is built in", hint="choose another name")
    if name in agent.unwise:
        raise Invalid(
            f"the name {str(name)!r} is reserved: sessions of the default profile use it",
            hint="choose another name",
        )
    return name


def refuse_default(name: ProfileName, verb: str, root: str) -> None:
    """Refuse to move the default profile.

    Raises:
        Invalid: The name is the default profile's.
    """
    if name == DEFAULT_PROFILE:
        raise Invalid(
            f"the default profile can't be {verb}", where=root, hint="it is the agent's own home"
        )


def kept_id(name: ProfileName, when: datetime) -> str:
    """Make the id of a home that is put away, from its name and the time."""
    return f"{name}@{when.astimezone(UTC).strftime(_STAMP)}"


def read_id(text: str) -> tuple[ProfileName, datetime] | None:
    """Split the id of a home that was put away into name and time; None for any other text."""
    found = _ID.fullmatch(text)
    if found is None:
        return None
    try:
        return ProfileName(found[1]), datetime.strptime(found[2], _STAMP).replace(tzinfo=UTC)
    except (Invalid, ValueError):
        return None


def service_renamed(text: str, old: ProfileName, new: ProfileName, homes: tuple[str, str]) -> str:
    """Change a service file (systemd or launchd) so that it starts another profile.

    Args:
        text: The file.
        old: The profile it starts.
        new: The profile that it will start.
        homes: The home folder before and after.
    """
    # A name can be the beginning of another one, as coder is of coder-2. The new texts are given by
    # functions, because re.sub takes a backslash in a text, as in a Windows path, for an escape.
    end = r"(?![\w.-])"
    text = re.sub(re.escape(homes[0]) + end, lambda _: homes[1], text)
    text = re.sub(rf"(gateway-){re.escape(old)}{end}", lambda m: m[1] + new, text)
    flag = r"((?<![\w-])(?:--profile|-p)(?:[ =]|</string>\s*<string>)[\"']?)"
    return re.sub(rf"{flag}{re.escape(old)}{end}", lambda m: m[1] + new, text)


def routes(config: object) -> list[Route]:
    """Return the gateway routes in the default profile's ``config.yaml``, as the agent reads them."""
    found = as_map(config).get(ROUTES)
    if found is None:
        found = as_map(as_map(config).get("gateway")).get(ROUTES)
    return [route for route in as_list(found) if isinstance(route, Mapping)]


def routes_renamed(data: bytes, old: str, new: str) -> bytes:
    """Redirect the gateway routes of one profile, and of its bot, to another; every other byte is kept.

    Raises:
        DistError: The file can't be edited.
    """

    def redirected(route: Route) -> Route:
        named = (key for key in ("profile", BOT) if route.get(key) == old)
        return {**route, **dict.fromkeys(named, str(new))}

    return _routes_edited(data, redirected)


def routes_without(data: bytes, profiles: AbstractSet[str]) -> bytes:
    """Switch off the gateway routes to profiles that are not in this set; every other byte is kept.

    Raises:
        DistError: The file can't be edited.
    """

    def switched_off(route: Route) -> Route:
        return {**route, "enabled": False} if is_lost(route, profiles) else route

    return _routes_edited(data, switched_off)


def is_lost(route: Route, profiles: AbstractSet[str]) -> bool:
    """Whether a route is on and leads to a profile that is not in this set."""
    return bool(route.get("enabled", True)) and str(route.get("profile") or "") not in profiles


def _routes_edited(data: bytes, edit: Callable[[Route], Route]) -> bytes:
    doc = parse(data, Kind.YAML)
    if not isinstance(doc.value, Mapping):
        return data

    def with_edits(config: Route) -> Route:
        found = config.get(ROUTES)
        if not isinstance(found, list):
            return config
        edited = [edit(route) if isinstance(route, Mapping) else route for route in found]
        return {**config, ROUTES: edited}

    # Both places are edited: only one of them counts today, but the other may after the next change by hand.
    want = dict(with_edits(doc.value))
    if isinstance(gateway := want.get("gateway"), Mapping):
        want["gateway"] = with_edits(gateway)
    return data if want == doc.value else rewrite(doc, want).content


def hosts_renamed(data: bytes, brand: str, old: str, new: str, *, shared: bool = False) -> bytes:
    """Rename the block of a profile in ``honcho.json``; the peer keeps its name, so its memory is kept.

    Args:
        data: The content of the file.
        brand: The name of the brand.
        old: The profile's old name.
        new: Its new name.
        shared: Another profile of the old name uses the block, too, so it stays beside the new one.

    Returns:
        The new content; unchanged if there is no such block, or if the new name has one.
    """
    try:
        doc = parse(data, Kind.JSON)
    except Invalid:
        return data
    value = as_map(doc.value)
    hosts = value.get("hosts")
    if not isinstance(hosts, Mapping) or f"{brand}_{new}" in hosts:
        return data
    # Older agents wrote a dot.
    host = next((key for key in (f"{brand}_{old}", f"{brand}.{old}") if key in hosts), None)
    if host is None:
        return data
    want = {**value, "hosts": _host_renamed(hosts, host, f"{brand}_{new}", old, shared=shared)}
    try:
        return rewrite(doc, want).content
    except DistError:
        return dump(want, Kind.JSON)


def _host_renamed(
    hosts: Mapping[object, object], host: str, renamed: str, peer: str, *, shared: bool
) -> dict[object, object]:
    """Rename one block in its place; without a peer's name of its own, the profile's name was the peer's."""
    moved: dict[object, object] = {}
    for key, block in hosts.items():
        if key != host or shared:
            moved[key] = block
        if key != host:
            continue
        if isinstance(block, Mapping) and "aiPeer" not in block:
            moved[renamed] = {**block, "aiPeer": str(peer)}
        else:
            moved[renamed] = block
    return moved


def described(data: bytes | None, text: str) -> bytes:
    """Set the description in a ``profile.yaml``; an empty description is removed.

    Raises:
        DistError: The file can't be edited.
    """
    # The agent's describer replaces a text that is marked as automatic, so the mark says false.
    value = text.strip()
    if data and data.strip():
        if not isinstance(load_data(data, Kind.YAML), Mapping):
            raise Invalid("it is not a map of keys and values", where=ABOUT)
        return put(
            data, Kind.YAML, {("description",): value or ABSENT, ("description_auto",): False}
        )
    if not value:
        return b""
    return dump({"description": value, "description_auto": False}, Kind.YAML)


def named_before(data: bytes | None, name: str) -> bytes:
    """Note a profile's earlier name in its ``profile.yaml``, so that chats with it are found again.

    Raises:
        DistError: The file can't be edited.
    """
    data = data or b""
    loaded = load_data(data, Kind.YAML) if data.strip() else {}
    if not isinstance(loaded, Mapping):
        raise Invalid("it is not a map of keys and values", where=ABOUT)
    names = list(as_list(loaded.get(BEFORE)))
    if name in names:
        return data
    if not loaded:
        return dump({BEFORE: [str(name)]}, Kind.YAML)
    return put(data, Kind.YAML, {(BEFORE,): [*names, str(name)]})


def of_a_clone(data: bytes) -> bytes:
    """Remove names from a ``profile.yaml`` that belong to the original only; unchanged if it can't be edited."""
    try:
        loaded = load_data(data, Kind.YAML) if data.strip() else None
        if not isinstance(loaded, Mapping):
            return data
        gone = [key for key in (SHOWN_AS, BEFORE) if key in loaded]
        return put(data, Kind.YAML, {(key,): ABSENT for key in gone}) if gone else data
    except DistError:
        return data


def paused_jobs(data: bytes, source: str) -> tuple[bytes, int]:
    """Pause every job of a clone; otherwise the original's jobs would run twice.

    Returns:
        The file, and how many were running.

    Raises:
        DistError: The file can't be read or edited, so it is unknown what would run.
    """
    loaded = load_data(data, Kind.JSON)
    jobs = every_job(loaded)
    running = [*map(_runs, jobs)]
    if not any(running):
        return data, 0
    pause = {**PAUSED, REASON: f"cloned from {source}: it would run twice"}
    rows = [{**job, **pause} if runs else job for job, runs in zip(jobs, running, strict=True)]
    at: KeyPath = ("jobs",) if isinstance(loaded, dict) else ()
    return put(data, Kind.JSON, {at: rows}), sum(running)


def _runs(job: Mapping[str, object]) -> bool:
    return bool(job.get("enabled", True)) and job.get("state") != PAUSED["state"]


def left_out(
    path: str, *, every: bool, default: bool, package: frozenset[str], lockfile: str
) -> str:
    """Decide whether a path of a home is left out of its clone.

    Args:
        path: A file or folder, relative to the home.
        every: ``--clone-all``; else only the files that define the agent are copied.
        default: The source is the default profile, whose home holds more than one home's files.
        package: The paths of its package.
        lockfile: The name of the lockfile.

    Returns:
        The reason why it stays behind; empty if it is copied.
    """
    top = path.partition("/")[0]
    if _is_of_the_process(path, top):
        return "belongs to the running profile"
    if default and top in _ROOT_ONLY:
        return "belongs to the machine"
    if top in stores.SNAPSHOTS:
        return "snapshots of the original"
    if every or _defines_the_agent(path, top, package, lockfile):
        return ""
    return "not part of --clone"


def _defines_the_agent(path: str, top: str, package: frozenset[str], lockfile: str) -> bool:
    if path in _COPIED or top == "skills" or path == lockfile or path in package:
        return True
    # A folder on the way to a file of the package has to come along.
    return any(known.startswith(f"{path}/") for known in package)


def _is_of_the_process(path: str, top: str) -> bool:
    """Whether a path says something about a running process: a copy of it would speak of the wrong one."""
    name = path.rpartition("/")[2]
    if path in stores.SCREEN or top in _NEVER:
        return True
    return name == "__pycache__" or name.endswith(_NEVER_ENDS)
