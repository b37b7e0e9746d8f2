"""The checks of the doctor that can mend what they find: one decorated function each, run from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.agents.places import CONFIG, ENV, MCP, MEMORIES, SESSIONS
from hermes_dist.agents.routes import ROUTES
from hermes_dist.agents.stores import TO_BE_PRIVATE
from hermes_dist.brand import MANIFEST, SYNC
from hermes_dist.decide.fleet.channels import CHANNEL_VARIABLES, CHANNELS
from hermes_dist.decide.profiles.findings import FindingKind, State, Topic
from hermes_dist.decide.profiles.lifecycle import is_lost, read_id, routes_without
from hermes_dist.decide.trash import TRASH_DAYS
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.documents.api import Kind, load_data, load_manifest_data
from hermes_dist.model.lock import Lock, load_lock
from hermes_dist.model.lock_head import HINT
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.change.legible import DOCUMENTS, trouble_with, unreadable
from hermes_dist.ops.change.variables import variables_in
from hermes_dist.ops.context import Context
from hermes_dist.ops.fleet import gateways
from hermes_dist.ops.homes import about_lock, finish_leftover
from hermes_dist.ops.layers.lost import fetch_again
from hermes_dist.ops.over_age import look_into
from hermes_dist.ops.package import upkeep
from hermes_dist.ops.private_files import can_be_private
from hermes_dist.ops.profiles import aliases, profile_moves, trash_and_archive
from hermes_dist.ops.profiles.edit_file import edit_file
from hermes_dist.ops.profiles.list import list_profiles
from hermes_dist.world.agent import processes as running
from hermes_dist.world.agent.services import is_own
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.modes import mount_of
from hermes_dist.world.files import read_file
from hermes_dist.world.transaction.aside import below_root, everywhere
from hermes_dist.world.transaction.move_home import tighten
from hermes_dist.world.transaction.new_home import sweep

LEFTOVER_AGE = 60.0
"""The age in seconds after which a half-written file counts as left behind."""
_NO_SERVERS: tuple[object, ...] = ({}, [], {"mcpServers": {}}, {"mcp_servers": {}})
_TEMPORARY = lazily.pattern(r".+\.[0-9a-f]{12}\.tmp")
_NO_SECRET = lazily.pattern(r"\.env\.(?:EXAMPLE|example|template|sample)")
_SECRET_NAME = lazily.pattern(r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)(?:_|$)")


class Finding(Struct, frozen=True, kw_only=True):
    """One problem that the doctor found.

    Attributes:
        kind: An identifier for programs.
        what: What is wrong; its sentence, and what to do, are made in ``voice/findings.py``.
        where: The place: a path, or the name of a profile.
        fix: Fixes it; None if the user has to decide.
    """

    kind: str
    what: Note
    where: str
    fix: Callable[[], object] | None = None


class Fact(Struct, frozen=True):
    """What a check says although nothing is wrong.

    Attributes:
        state: Whether something waits for the user, or the check does not apply.
        what: The sentence's data; what to do, if anything, is made from it, too.
    """

    state: State
    what: Note


Check = Callable[[Context], Iterator[Finding | Fact]]
Listed = tuple[Topic, Check]
"""A check of the list, and what it is about."""
CHECKS: list[Listed] = []
"""The checks of this module, in the order in which they run and fix: one fix changes what the next check finds."""


def check(topic: Topic, among: list[Listed] | None = None) -> Callable[[Check], Check]:
    """Make a function one of the checks.

    Args:
        topic: What it is about.
        among: The list that it joins; by default that of this module.
    """

    def add(function: Check) -> Check:
        (CHECKS if among is None else among).append((topic, function))
        return function

    return add


def _folders_that_exist(*folders: Path) -> list[Path]:
    return sorted(folder for folder in folders if folder.is_dir())


@check(Topic.INTERRUPTED)
def crashes(ctx: Context) -> Iterator[Finding]:
    """Find what interrupted commands left behind."""
    # The first check: until a rename is completed, its commands seem to start a missing profile.
    layout = ctx.layout
    journal = profile_moves.journal(ctx)
    if journal.exists():
        yield Finding(
            kind="interrupted-move",
            what=Note.of(FindingKind.MOVE_INTERRUPTED),
            where=str(journal),
            fix=partial(_complete, ctx),
        )
    yield from _unfinished_homes(ctx)
    for name in ctx.names():
        home = layout.home(name)
        if (home / ".dist" / "txn").exists():
            yield Finding(
                kind="unfinished-change",
                what=Note.of(FindingKind.CHANGE_INTERRUPTED),
                where=str(home),
                fix=partial(finish_leftover, home),
            )
        for damaged in sorted((home / ".dist").glob("damaged-*")):
            yield Finding(
                kind="damaged-journal",
                what=Note.of(FindingKind.JOURNAL_DAMAGED),
                where=str(damaged),
            )
        for displaced in sorted((home / ".dist").glob("displaced-*")):
            yield Finding(
                kind="displaced-files",
                what=Note.of(FindingKind.FILES_DISPLACED),
                where=str(displaced),
            )
    for path in _half_written(ctx):
        yield Finding(
            kind="leftover",
            what=Note.of(FindingKind.HALF_WRITTEN),
            where=str(path),
            fix=partial(path.unlink, missing_ok=True),
        )


def _unfinished_homes(ctx: Context) -> Iterator[Finding]:
    for layout in everywhere(ctx.layout):
        if layout.staging.is_dir() and any(layout.staging.iterdir()):
            yield Finding(
                kind="unfinished-home",
                what=Note.of(FindingKind.CREATE_INTERRUPTED),
                where=str(layout.staging),
                fix=partial(_sweep, ctx, below_root(layout, layout.staging)),
            )


def _half_written(ctx: Context) -> Iterator[Path]:
    """Files that a killed write left behind; younger ones may still be in use by a running command."""
    layout = ctx.layout
    services = {path.parent for path in layout.service_files(DEFAULT_PROFILE)}
    homes = {layout.home(name) for name in ctx.names()}
    own = {layout.commands, layout.root, layout.shared, *_folders_of_stored(ctx)}
    old = ctx.now().timestamp() - LEFTOVER_AGE
    # What sync writes into a home by itself, and what it remembers.
    synced = {home / part for home in homes for part in (MEMORIES, SESSIONS, SYNC)}
    for folder in _folders_that_exist(*own, *services, *homes, *synced):
        for path in sorted(folder.glob("*.tmp")):
            with suppress(OSError):
                if _TEMPORARY.fullmatch(path.name) and path.lstat().st_mtime < old:
                    yield path


def _complete(ctx: Context) -> None:
    with profile_moves.all_homes_locked(ctx):
        pass  # taking this lock completes what was interrupted


def _sweep(ctx: Context, staging: str) -> None:
    with profile_moves.all_homes_locked(ctx) as fs:
        sweep(fs, staging)


def _folders_of_stored(ctx: Context) -> list[Path]:
    """The folders of profiles that were put away."""
    return [
        folder for layout in everywhere(ctx.layout) for folder in (layout.trash, layout.archived)
    ]


@check(Topic.BOTS)
def tokens(ctx: Context) -> Iterator[Finding]:
    """Find bots and ports that several gateways would use, as ``gateways check`` does."""
    locked = {channel.title for channel in CHANNELS if channel.locked}
    for clash in gateways.check(ctx):
        who, channels = clash.profiles, clash.channels
        kind, port = "shared-token", clash.port
        if port is not None:
            kind = "shared-port"
            what = Note.of(FindingKind.PORT_CLASHES, profiles=who, channels=channels, port=port)
        # The agent itself refuses a second gateway on these channels.
        elif locked.issuperset(channels):
            what = Note.of(FindingKind.BOT_STARTS_ONCE, profiles=who, channels=channels)
        else:
            what = Note.of(FindingKind.BOT_ANSWERS_TWICE, profiles=who, channels=channels)
        yield Finding(
            kind=kind,
            what=what,
            where=", ".join(_place(ctx, source) for source in clash.sources),
        )


def _place(ctx: Context, source: str) -> str:
    """The place where a claim was found, as a path if it is a file."""
    profile, _, place = source.partition(": ")
    if not place.startswith((ENV, CONFIG, "platforms/")):
        return source
    return f"{ctx.layout.home(ProfileName(profile))}/{place}"


@check(Topic.PERMISSIONS)
def permissions(ctx: Context) -> Iterator[Finding]:
    """Find secrets that other users of this machine may read."""
    stored, tried = set(_folders_of_stored(ctx)), dict[int, bool]()
    for path in _to_be_private(ctx):
        with suppress(OSError):
            if not _is_loose(path):
                continue
            device = path.stat().st_dev
            if device not in tried:
                tried[device] = can_be_private(path)
                if not tried[device]:
                    yield _open_disk(ctx, path)
            if tried[device]:
                yield _loose(path, stored=path in stored)


def _to_be_private(ctx: Context) -> Iterator[Path]:
    for name in ctx.names():
        home = ctx.layout.home(name)
        yield from sorted({path for pattern in TO_BE_PRIVATE for path in home.glob(pattern)})
    yield from _folders_that_exist(*_folders_of_stored(ctx))


def _open_disk(ctx: Context, path: Path) -> Finding:
    """A finding about a disk on which no file can be private; told once, as nothing can be done about single files."""
    what = Note.of(FindingKind.DISK_IS_OPEN, path=str(path), root=str(ctx.layout.root))
    return Finding(kind="open-disk", what=what, where=str(mount_of(path)))


def _is_loose(path: Path) -> bool:
    if path.is_symlink() or _NO_SECRET.fullmatch(path.name):
        return False
    return bool(path.stat().st_mode & 0o077)


def _loose(path: Path, *, stored: bool = False) -> Finding:
    """A finding about a file, or about a folder in which profiles are ``stored``."""
    mode = 0o700 if path.is_dir() else 0o600
    what = Note.of(FindingKind.LOOSE_FILE, mode=f"{mode:o}")
    if stored:
        what = Note.of(FindingKind.LOOSE_FOLDER, mode=f"{mode:o}")
    return Finding(
        kind="loose-permissions",
        what=what,
        where=str(path),
        fix=partial(tighten, path, mode),
    )


@check(Topic.COPIED_KEYS)
def copied_keys(ctx: Context) -> Iterator[Finding]:
    """Find keys of the default profile in packaged profiles that did not ask for them."""
    own = {name: value for name, value in variables_in(ctx.layout.root).items() if _is_key(name)}
    if not own:
        return
    for profile in ctx.names():
        home = ctx.layout.home(profile)
        if profile == DEFAULT_PROFILE or not (home / MANIFEST).exists():
            continue
        copied = [name for name, value in variables_in(home).items() if own.get(name) == value]
        same = sorted(set(copied) - _asked(home))
        if same:
            yield Finding(
                kind="copied-keys",
                what=Note.of(FindingKind.KEYS_COPIED, profile=profile, names=tuple(same)),
                where=str(home / ".env"),
            )


def _is_key(name: str) -> bool:
    return bool(_SECRET_NAME.search(name)) or name in CHANNEL_VARIABLES


def _asked(home: Path) -> set[str]:
    try:
        rows = load_manifest_data(read_file(home / MANIFEST)).get("env_requires")
    except (OSError, DistError):
        return set()
    names = set()
    for row in rows if isinstance(rows, list) else ():
        names.add(str(row.get("name") if isinstance(row, dict) else row))
    return names


@check(Topic.ALIASES)
def commands(ctx: Context) -> Iterator[Finding]:
    """Find commands that start a profile that does not exist."""
    there = set(ctx.names()) | {DEFAULT_PROFILE}
    for alias in aliases.listed(ctx.layout):
        if alias.profile not in there:
            yield Finding(
                kind="dangling-alias",
                what=Note.of(FindingKind.STARTS_NOBODY, profile=alias.profile),
                where=str(alias.path),
                fix=partial(aliases.remove, ctx.layout, alias.name),
            )


@check(Topic.ACTIVE)
def sticky(ctx: Context) -> Iterator[Finding]:
    """Find a sticky choice that names a missing profile."""
    path = ctx.layout.sticky
    try:
        text = read_file(path).decode("utf-8", "replace").strip()
    except OSError:
        return
    with suppress(Invalid):
        if not text or ctx.layout.home(ProfileName(text)).is_dir():
            return
    yield Finding(
        kind="missing-active",
        what=Note.of(FindingKind.ACTIVE_IS_MISSING, profile=text),
        where=str(path),
        fix=partial(path.unlink, missing_ok=True),
    )


@check(Topic.SERVICES)
def services(ctx: Context) -> Iterator[Finding]:
    """Find service files of profiles that do not exist."""
    layout = ctx.layout
    names = {*ctx.names(), DEFAULT_PROFILE}
    there = {path for name in names for path in layout.service_files(name)}
    for path, text in _possible_services(ctx):
        # Other programs' files may look alike: only the exact path for a valid name is ours.
        with suppress(Invalid):
            name = ProfileName(text)
            known = path not in there and path in layout.service_files(name)
            if known and is_own(layout, name, path):
                yield Finding(
                    kind="dangling-service",
                    what=Note.of(FindingKind.SERVES_NOBODY, profile=name),
                    where=str(path),
                    fix=partial(_remove_service, ctx, name, path),
                )


def _possible_services(ctx: Context) -> Iterator[tuple[Path, str]]:
    """Files that are called like a service of a profile, each with the name that the profile would have."""
    for example in ctx.layout.service_files(ProfileName("x")):
        # "x" also stands in other words of the path: in a unit the last one is the name, in a plist the first.
        split = str.partition if example.suffix == ".plist" else str.rpartition
        head, _, tail = split(example.name, "x")
        for folder in _folders_that_exist(example.parent):
            for path in sorted(folder.glob(f"{head}*{tail}")):
                yield path, path.name.removeprefix(head).removesuffix(tail)


def _remove_service(ctx: Context, name: ProfileName, path: Path) -> None:
    for verb in ("stop", "disable"):
        running.manage(ctx.layout, name, verb, ctx.env)
    path.unlink(missing_ok=True)
    running.forget_link(ctx.layout, name)
    running.manage(ctx.layout, name, "daemon-reload", ctx.env)


@check(Topic.ROUTES)
def routes_(ctx: Context) -> Iterator[Finding]:
    """Find gateway routes to profiles that do not exist."""
    there = {str(name) for name in ctx.names()} | {str(DEFAULT_PROFILE)}
    place = f"{ctx.layout.root / CONFIG}: {ROUTES}"
    for number, route in enumerate(trash_and_archive.found_routes(ctx)):
        if is_lost(route, there):
            yield Finding(
                kind="lost-route",
                what=Note.of(FindingKind.POINTS_TO_NOBODY, profile=repr(route.get("profile"))),
                where=f"{place}[{number}] {route.get('name') or ''}".rstrip(),
                fix=partial(_switch_off, ctx, there),
            )


def _switch_off(ctx: Context, there: set[str]) -> None:
    root = ctx.layout.root
    edit_file(root / CONFIG, lambda data: routes_without(data, there), home=root)


@check(Topic.SERVERS)
def servers(ctx: Context) -> Iterator[Finding]:
    """Find an mcp.json in a home, which the agent does not read."""
    for name in ctx.names():
        path = ctx.layout.home(name) / MCP
        if not path.is_file():
            continue
        with suppress(OSError, Invalid):
            if load_data(read_file(path), Kind.JSON) in _NO_SERVERS:
                continue
        what = Note.of(FindingKind.SERVERS_UNREAD, title=ctx.brand.title)
        if ctx.layout.lockfile(name).is_file():
            command = ctx.command(f"update {name}")
            what = Note.of(
                FindingKind.PACKAGE_SERVERS_UNREAD, title=ctx.brand.title, command=command
            )
        yield Finding(
            kind="unread-servers",
            what=what,
            where=str(path),
        )


@check(Topic.SETTINGS)
def settings(ctx: Context) -> Iterator[Finding]:
    """Find settings, jobs or variables that the agent can't read and therefore ignores as a whole."""
    for name in ctx.names():
        home = ctx.layout.home(name)
        for path in (*DOCUMENTS, ENV):
            if why := unreadable(home, path):
                yield Finding(
                    kind="unreadable-file",
                    what=Note.of(FindingKind.FILE_UNREADABLE, why=why),
                    where=str(home / path),
                )
        for path in DOCUMENTS:
            trouble = trouble_with(home, path)
            if not trouble:
                continue
            things = "settings" if path == CONFIG else "jobs"
            command = ctx.command(f"status {name}")
            ignores = FindingKind.AGENT_IGNORES
            yield Finding(
                kind=f"unreadable-{things}",
                what=Note.of(ignores, things=things, why=trouble, command=command),
                where=str(home / path),
            )


def _bad_lock(ctx: Context, told: DistError) -> Finding:
    hint = told.advice(ctx.command) or HINT
    what = Note.of(FindingKind.LOCK_UNREADABLE, why=told.what, hint=hint)
    return Finding(kind="bad-lock", what=what, where=told.where)


@check(Topic.PACKAGES)
def packages(ctx: Context) -> Iterator[Finding]:
    """Find locks that can't be read, lost contents and open conflicts."""
    yield from _locks(ctx)
    yield from _conflicts(ctx)


def _locks(ctx: Context) -> Iterator[Finding]:
    for name in ctx.names():
        path = ctx.layout.lockfile(name)
        try:
            data = read_file(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as err:
            yield _bad_lock(ctx, trouble(err, "the lockfile can't be read", where=str(path)))
            continue
        try:
            lock = load_lock(data)
        except DistError as err:
            yield _bad_lock(ctx, about_lock(ctx, name, err))
            continue
        yield from _lost_contents(ctx, lock, path)


def _conflicts(ctx: Context) -> Iterator[Finding]:
    """Find open conflicts, with a package and between the machines of the user."""
    for row in list_profiles(ctx):
        if row.conflicts:
            command = ctx.command(f"resolve {row.name} --list")
            yield Finding(
                kind="open-conflicts",
                what=Note.of(FindingKind.CONFLICTS_OPEN, count=row.conflicts, command=command),
                where=str(ctx.layout.home(row.name)),
            )


def _lost_contents(ctx: Context, lock: Lock, path: Path) -> Iterator[Finding]:
    """Find contents of a lock that the store has no more."""
    gone = {*ctx.store.lacking(entry.digest for entry in lock.base.values())}
    lost = [str(where) for where, entry in lock.base.items() if entry.digest in gone]
    if not lost:
        return
    yield Finding(
        kind="lost-base",
        what=Note.of(FindingKind.CONTENTS_MISSING, paths=tuple(lost)),
        where=str(path),
        fix=partial(_fetch_lost, ctx, lock),
    )


def _fetch_lost(ctx: Context, lock: Lock) -> None:
    try:
        fetch_again(ctx, lock)
    except KeyError as err:
        raise DistError("its source no longer exists", where=lock.source) from err
    if not ctx.store.has_all(entry.digest for entry in lock.base.values()):
        raise DistError("its source no longer holds it", where=lock.source)


@check(Topic.TRASH)
def trash(ctx: Context) -> Iterator[Finding]:
    """Find homes whose time in the trash is over, and records without a home."""
    for folder, names in trash_and_archive.over_age(ctx).items():
        looked = look_into(folder, names, ctx.now())
        notes = []
        if due := len(looked.due):
            notes.append(Note.of(FindingKind.TRASH_IS_OLD, days=TRASH_DAYS, count=due))
        if new := len(looked.new):
            notes.append(Note.of(FindingKind.TRASH_LOOKS_OLD, days=TRASH_DAYS, count=new))
        for note in notes:
            yield Finding(kind="old-trash", what=note, where=str(folder), fix=partial(_empty, ctx))
    for path in _records_without_home(ctx):
        yield Finding(
            kind="leftover",
            what=Note.of(FindingKind.RECORD_OF_NOBODY),
            where=str(path),
            fix=partial(path.unlink, missing_ok=True),
        )


def _records_without_home(ctx: Context) -> Iterator[Path]:
    for folder in _folders_of_stored(ctx):
        for path in sorted(folder.glob("*.json")):
            home = path.with_suffix("")
            if read_id(home.name) and not home.exists() and not home.is_symlink():
                yield path


def _empty(ctx: Context) -> None:
    with profile_moves.all_homes_locked(ctx) as fs:
        trash_and_archive.empty_trash(ctx, fs)


@check(Topic.STORE)
def store(ctx: Context) -> Iterator[Finding]:
    """Find damaged files of the store, and contents that nothing needs any longer."""
    if not ctx.layout.store.is_dir():
        return
    try:
        found = upkeep.gc(ctx, dry_run=True)
    except DistError:
        return  # the check of locks reports it; without it nothing may be removed
    if found.damaged:
        yield Finding(
            kind="damaged-store",
            what=Note.of(
                FindingKind.STORE_DAMAGED,
                files=found.damaged,
                rescued=found.rescued,
                lost=found.lost,
                command=ctx.command("gc"),
            ),
            where=str(ctx.layout.store),
            fix=partial(upkeep.gc, ctx),
        )
    if found.blobs or found.caches:
        yield Finding(
            kind="garbage",
            what=Note.of(
                FindingKind.NEEDED_BY_NOBODY,
                contents=found.blobs,
                size=found.size,
                caches=found.caches,
                command=ctx.command("gc"),
            ),
            where=str(ctx.layout.store),
            fix=partial(upkeep.gc, ctx),
        )
