"""Compare a home with what it received; no server is contacted."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.agents.places import ENV, JOBS
from hermes_dist.brand import MANIFEST, SYNC_RECORD
from hermes_dist.decide.environment.wanted import Wanted
from hermes_dist.errors import DistError, Invalid, Lost
from hermes_dist.lazily import later
from hermes_dist.light import NamedTuple
from hermes_dist.model.left_out import LeftOut
from hermes_dist.model.lock import Lock
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.plan import Conflict, Effect
from hermes_dist.ops.change.legible import DOCUMENTS, trouble_with, unreadable
from hermes_dist.ops.change.observe import Observed, first_of, left_alone, observe, seen_records
from hermes_dist.ops.change.variables import environment_of, manifest_of, received_manifest
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, agreed_links, open_to_read
from hermes_dist.world.disk.scan import MANY
from hermes_dist.world.load import load_manifest

with later():  # few conflicts are in jobs, and few profiles have a package without a lockfile
    from hermes_dist.ops.conflicts.sides import job_names
    from hermes_dist.ops.noted_source import noted_in

if TYPE_CHECKING:
    from hermes_dist.decide.changes import Change, KeyChange
    from hermes_dist.decide.own import OwnUnit
    from hermes_dist.model.tree import Read


_ODD_SHOWN = 20


class Status(Struct, frozen=True, kw_only=True):
    """The differences between a home and what it received.

    Attributes:
        edited: Package files that differ from base.
        own: Files of the user's own in shared folders.
        units: Servers and jobs of the user's own in the package's documents.
        conflicts: Conflicts that are open.
        jobs: The names of the cron jobs that conflicts are about.
        parked: Effects that need approval.
        unread: What can't be read in the place of package files: they may be as received, or not.
        notes: What else is worth knowing.
        links: The links that the user said to follow, and what they led to then.
        synced: It is kept the same on several machines.
    """

    profile: ProfileName
    lock: Lock | None
    edited: tuple[Change, ...] = ()
    keys: tuple[tuple[RelPath, tuple[KeyChange, ...]], ...] = ()
    own: tuple[RelPath, ...] = ()
    units: tuple[OwnUnit, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    jobs: tuple[tuple[Conflict, str], ...] = ()
    parked: tuple[Effect, ...] = ()
    missing: tuple[Wanted, ...] = ()
    unread: tuple[LeftOut, ...] = ()
    notes: tuple[Note, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    synced: bool = False

    @property
    def clean(self) -> bool:
        return not (self.edited or self.conflicts or self.parked or self.unread)


class Look(NamedTuple):
    """A look at a home.

    Attributes:
        status: What differs.
        began: When it began, in nanoseconds.
        seen: What was seen; None without a package.
        wanted: The variables that the package asks for.
    """

    status: Status
    began: int
    seen: Observed | None = None
    wanted: tuple[Wanted, ...] = ()


def status(ctx: Context, name: ProfileName) -> Status:
    """Compare a home with its lock; no server is contacted.

    Raises:
        DistError: The home or its lock can't be read.
    """
    return look(ctx, name).status


def look(ctx: Context, name: ProfileName) -> Look:
    """Compare a home with its lock, as :func:`status` does, for a caller who wants to know what was looked at.

    Raises:
        DistError: The home or its lock can't be read.
    """
    began = time.time_ns()
    home, unfinished = open_to_read(ctx, name)
    lock = home.lock
    if lock is None:
        return Look(_without_package(ctx, home, unfinished), began)
    # Nothing is decided by what is shown.
    seen = observe(ctx, home, lock.theirs(), believe=lambda _path: True)
    wanted: tuple[Wanted, ...] = ()
    if asking := _asking(ctx, home, lock, first_of(ctx.store.read, seen.read)):
        wanted = environment_of(ctx, home.path, asking)
    compared = _compared(ctx, home, lock, seen)
    notes = (*unfinished, *_notes(ctx, home, lock, seen, compared.edited))
    missing = tuple(w for w in wanted if w.missing)
    return Look(replace(compared, missing=missing, notes=notes), began, seen, wanted)


def _without_package(ctx: Context, home: Home, unfinished: tuple[Note, ...]) -> Status:
    """What there is to say of a home that holds no package, or has lost its lockfile."""
    # A manifest that the user edited stays when its package is uninstalled.
    packaged = home.path.joinpath(MANIFEST).is_file() and not home.was_uninstalled()
    return Status(
        profile=home.name,
        lock=None,
        links=agreed_links(home.path),
        synced=_is_synced(home),
        notes=(
            *unfinished,
            *_unmanaged(ctx, home.name, packaged=packaged),
            *_of_sync(ctx, home),
        ),
    )


def _compared(ctx: Context, home: Home, lock: Lock, seen: Observed) -> Status:
    """What differs from what was received, and what is open or waits; without the notes."""
    bare = Status(
        profile=home.name,
        lock=lock,
        conflicts=lock.conflicts,
        jobs=tuple(_jobs(ctx, home.name, lock)),
        parked=_waiting(home, lock),
        links=agreed_links(home.path),
        synced=_is_synced(home),
    )
    if seen.ours == lock.base:
        return bare
    from hermes_dist.ops.package.differences import differences  # noqa: PLC0415 - only needed if something differs

    differs = differences(ctx, home, lock, seen)
    return replace(
        bare,
        edited=tuple(change for change in differs.edited if not seen.hides(change.path)),
        keys=differs.keys,
        own=differs.own,
        units=differs.units,
        unread=seen.unread(lock.base),
    )


def _jobs(ctx: Context, name: ProfileName, lock: Lock) -> Iterator[tuple[Conflict, str]]:
    """The names of the cron jobs that conflicts are about; none where that can't be found out."""
    if all(conflict.path != JOBS for conflict in lock.conflicts):
        return
    with suppress(DistError):
        yield from job_names(ctx, name, lock.conflicts).items()


def _notes(
    ctx: Context, home: Home, lock: Lock, seen: Observed, edited: Iterable[Change]
) -> Iterator[Note]:
    """What else is worth knowing of a home with a package."""
    yield from _of_sync(ctx, home)
    yield from _agent_was_here(ctx, home.name, redumped=seen.redumped)
    yield from _left_behind(lock, ctx.command(f"update {home.name}"))
    yield from _odd_manifest(ctx, home, lock, seen)
    yield from _unread(home, lock, seen)
    yield from _lost(edited, seen)
    yield from (left_alone(ctx, home.name, odd) for odd in seen.odd[:_ODD_SHOWN])


def _is_synced(home: Home) -> bool:
    """Whether a home is kept in sync: asked for each, so without what reads the record."""
    return home.path.joinpath(SYNC_RECORD).exists()


def _of_sync(ctx: Context, home: Home) -> Iterator[Note]:
    """What is open between the machines of a synced profile."""
    if not _is_synced(home):
        return
    from hermes_dist.ops.sync.state import lock_of, read_record  # noqa: PLC0415 - few profiles are synced

    try:
        record = read_record(home.path)
        lock = lock_of(record) if record else None
    except DistError as err:
        yield Note.of_error(err, ctx.command)
        return
    if lock is None:
        return
    if lock.conflicts:
        command = ctx.command(f"resolve {home.name} --list")
        yield Note.of(NoteKind.MACHINES_DISAGREE, command=command)
    if lock.parked and home.lock is None:
        yield Note.of(NoteKind.MACHINE_SENT, command=ctx.command(f"approve {home.name}"))


def _waiting(home: Home, lock: Lock) -> tuple[Effect, ...]:
    """What waits for approval; what sync remembers and can't be read is told by a note."""
    if not _is_synced(home):
        return lock.parked
    from hermes_dist.ops.sync.waiting import waiting_in  # noqa: PLC0415 - few profiles are synced

    try:
        return waiting_in(home.path, lock)
    except DistError:
        return lock.parked


def _asking(ctx: Context, home: Home, lock: Lock, read: Read) -> Manifest | None:
    """The manifest as received, at least the variables that it asks for: of a large package they are remembered."""
    entry = lock.theirs_at(RelPath(MANIFEST))
    if entry is None or lock.layers or len(lock.base) < MANY:
        return received_manifest(ctx, lock, read)
    records = seen_records()
    asked = records.asked_before(home.path, entry.digest)
    if asked is not None:
        return Manifest(name=lock.name, env=asked)
    manifest = received_manifest(ctx, lock, read)
    if manifest is not None:
        records.remember_asked(home.path, entry.digest, manifest.env)
    return manifest


def _odd_manifest(ctx: Context, home: Home, lock: Lock, seen: Observed) -> tuple[Note, ...]:
    """The errors in a manifest that was edited here: field, line and sentence."""
    path = RelPath(MANIFEST)
    entry = seen.ours.get(path)
    if entry is None or entry == lock.base.get(path):
        return ()
    try:
        found = load_manifest(seen.read(entry.digest), f"mend it in {home.path / path}")
    except Invalid as err:
        return (Note.of_error(err),)
    received = manifest_of(ctx, lock)
    return tuple(
        odd.note for odd in found.warnings if received is None or odd not in received.warnings
    )


def _lost(edited: Iterable[Change], seen: Observed) -> Iterator[Note]:
    """Files that differ from base but can't be compared, because a content is lost."""
    for change in edited:
        try:
            if change.how == "changed" and change.before is not None:
                seen.read(change.before.digest)
        except Lost:
            yield Note.of(NoteKind.CANNOT_COMPARE, change.path)


def _unread(home: Home, lock: Lock, seen: Observed) -> Iterator[Note]:
    """Settings and jobs that can't be read after an edit, and variables that can't be read at all."""
    if why := unreadable(home.path, ENV):
        yield Note.of(NoteKind.AGENT_CANNOT_READ, ENV, why=why, file=str(home.path / ENV))
    for path in map(RelPath, DOCUMENTS):
        edited = seen.ours.get(path) != lock.base.get(path)
        if edited and (trouble := trouble_with(home.path, path)):
            yield Note.of(NoteKind.AGENT_CANNOT_READ, path, why=trouble, file=str(home.path / path))


def _left_behind(lock: Lock, command: str) -> tuple[Note, ...]:
    return () if lock.whole else (Note.of(NoteKind.PARTS_NOT_IN, command=command),)


def _agent_was_here(ctx: Context, name: ProfileName, *, redumped: bool) -> tuple[Note, ...]:
    if not redumped:
        return ()
    command = ctx.command(f"update {name}")
    return (Note.of(NoteKind.AGENT_WROTE_MANIFEST, path=MANIFEST, command=command),)


def _unmanaged(ctx: Context, name: ProfileName, *, packaged: bool) -> tuple[Note, ...]:
    if not packaged:
        return (Note.of(NoteKind.NO_PACKAGE),)
    if noted_in(ctx.layout.home(name)):
        return (Note.of(NoteKind.NO_LOCKFILE, command=ctx.command(f"adopt {name}")),)
    publish = ctx.command(f"publish {name} --to ADDRESS")
    adopt = ctx.command(f"adopt {name} SOURCE")
    return (Note.of(NoteKind.FOLLOWS_NO_SOURCE, publish=publish, adopt=adopt),)
