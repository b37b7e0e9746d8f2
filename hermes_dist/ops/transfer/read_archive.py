"""Read archives, and sort their files into those of a profile and those of a machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from msgspec import Struct, field

from hermes_dist.brand import LOCKFILE, MANIFEST
from hermes_dist.decide.archive.arrive import readable
from hermes_dist.decide.consent.hidden import hidden_characters, looks_plain, remember_plain
from hermes_dist.decide.environment.example import ENV_EXAMPLE, held_back
from hermes_dist.decide.leaving.card import Card, read_card
from hermes_dist.decide.leaving.export import comes_in, only_lock
from hermes_dist.decide.ownership import (
    Owner,
    is_machine,
    looked_at,
    owner_of,
    without_machine,
)
from hermes_dist.errors import Invalid
from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.model.lock import Lock, load_lock
from hermes_dist.model.lock_head import Damaged
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import Digest, Entry, Tree
from hermes_dist.ops.context import Context
from hermes_dist.world.archive.open import is_encrypted, read_archive
from hermes_dist.world.archive.read import (
    CARRIED_LONG,
    LONG,
    Carried,
    Contents,
    Shelves,
    check_names,
)
from hermes_dist.world.disk.limits import LIMITS
from hermes_dist.world.disk.locks import flock
from hermes_dist.world.disk.owners import make_folders
from hermes_dist.world.load import load_manifest
from hermes_dist.world.transaction.aside import placed, tidy

_LOCK = RelPath(LOCKFILE)
_MANIFEST = RelPath(MANIFEST)
_ANY = Entry(Digest.of(b""))
Ask = Callable[[], str]
"""Asks for a passphrase. May raise InputNeeded."""


class Archive(Struct, frozen=True, kw_only=True):
    """An archive that was read.

    Attributes:
        root: The name of its one folder.
        card: Its description of itself.
        lock: Its lock; None without one.
        files: The files that belong to a profile's content.
        carried: The files that belong to a machine, as files on the disk.
        foreign: Another program wrote it.
        whole: It is a full backup, opened with a passphrase.
        notes: What else to say.
        sizes: How many bytes each content has that it brought.
    """

    root: str
    card: Card
    lock: Lock | None
    files: Tree
    carried: Mapping[RelPath, Carried]
    foreign: bool
    whole: bool
    notes: tuple[Note, ...] = ()
    sizes: Mapping[Digest, int] = {}


class Sorted(Struct):
    """The files of an archive, by where they go."""

    live: Tree
    beside: dict[RelPath, Entry] = field(default_factory=dict)
    carried: dict[RelPath, Carried] = field(default_factory=dict)
    left_out: dict[str, LeftOut] = field(default_factory=dict)

    def leave(self, path: RelPath, why: Why) -> None:
        """Leave a file out, and report it with its folder."""
        place = path.top + ("/" if "/" in path else "")
        before = self.left_out.get(place)
        self.left_out[place] = LeftOut(place, why, before.files + 1 if before else 1)


@contextmanager
def spooling(ctx: Context) -> Iterator[Path]:
    """Make a folder for files too large for memory, on the disk of the homes; it is removed at the end.

    Raises:
        Busy: Another import is running.
    """
    folder = placed(ctx.layout).arriving
    with flock(ctx.layout.shared / "arriving.lock", timeout=10, held="another import is running"):
        # A killed import leaves its files here, and under this lock nobody else is using them.
        shutil.rmtree(folder, ignore_errors=True)
        make_folders(folder.parent.parent, 0o700)
        make_folders(folder, 0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            tidy(ctx.layout)


class Source(Struct, frozen=True):
    """Where an archive is read from.

    Attributes:
        take: Stores its contents.
        sealed: A passphrase opened it, so that it may bring in the files of a machine.
    """

    take: Callable[[Shelves], Contents]
    sealed: bool


def file_source(ctx: Context, path: Path, passphrase: Ask) -> Source:
    """Make the source of an archive in a file.

    Raises:
        DistError: The file is missing or can't be read.
    """
    return Source(
        lambda shelves: read_archive(path, shelves, ctx.env, passphrase), is_encrypted(path)
    )


def read(ctx: Context, source: Source, spool: Path, judge: Callable[[str], None]) -> Archive:
    """Read an archive; its contents go into the store or into ``spool``.

    Args:
        ctx: The context.
        source: The archive.
        spool: A folder for files too large for memory.
        judge: Called with the name of the archive's folder before anything is kept; may raise.

    Raises:
        DistError: The archive can't be read, or is not safe; nothing was kept.
    """
    whole = source.sealed
    seen = _Seen(judge, spool, whole=whole)
    carries = _is_no_package if whole else _is_carried  # which files go to the disk, not the store
    shelves = Shelves(keep=partial(_kept, ctx), carries=carries, spool=spool, judge=seen.look)
    ctx.progress("reading the archive")
    found = source.take(shelves)
    lock, lost = None, 0
    if seen.lock is not None:
        lock, lost = readable(
            seen.lock, lambda digest: digest in found.sizes or ctx.store.has(digest)
        )
    notes = (Note.of(NoteKind.CONTENTS_NOT_IN_ARCHIVE, count=lost),) if lost else ()
    return Archive(
        root=found.root,
        card=seen.card,
        lock=lock,
        foreign=found.foreign,
        whole=whole and seen.card.full,
        files=Tree({_named(path, seen.card): entry for path, entry in found.tree.items()}),
        carried={
            _named(path, seen.card): file
            for path, file in found.carried.items()
            if path not in seen.apart
        },
        notes=(*notes, *seen.about_lock(ctx)),
        sizes=found.sizes,
    )


def _kept(ctx: Context, blobs: Iterable[bytes]) -> list[Digest]:
    """Store contents, and remember which of them are plain while they are in memory."""
    plain: list[bool] = []

    def looked_at() -> Iterator[bytes]:
        for data in blobs:
            plain.append(looks_plain(data))
            yield data

    digests = ctx.store.put_many(looked_at())
    remember_plain(digest for digest, is_plain in zip(digests, plain, strict=True) if is_plain)
    return digests


class _Seen:
    """What is read from an archive before any of it is kept.

    Args:
        judge: Called with the name of the archive's folder.
        spool: The folder for files too large for memory.
        whole: A passphrase opened the archive.
    """

    def __init__(self, judge: Callable[[str], None], spool: Path, *, whole: bool) -> None:
        self._judge = judge
        self._spool = spool
        self._whole = whole
        self.card = Card()
        self.lock: Lock | None = None
        self.apart = frozenset([_LOCK])

    def look(self, found: Contents, paths: list[RelPath]) -> None:
        """Check the card, the lock and all paths.

        Raises:
            Invalid: The card or the lock is damaged, or names something unsafe. A full backup may hold a damaged lock:
                the profile was saved like that, and everything else in it is wanted back.
        """
        self.card = read_card(found.card)
        named = [_named(path, self.card) for path in (*paths, *found.carried)]
        if self.card.long:  # otherwise these are the names that were checked already
            check_names(named, self._spool)
        if _LOCK in found.carried:
            text = found.carried[_LOCK]
            if text.size > LIMITS.blob:
                raise Invalid("the lockfile is too large", where=LOCKFILE)
            try:
                self.lock = without_machine(load_lock(text.file.read_bytes()))
                parse_source(self.lock.source, allow_insecure=True)
            except Damaged:
                if not (self._whole and self.card.full):
                    raise
                self.apart = frozenset()
        self._judge(found.root)

    def about_lock(self, ctx: Context) -> tuple[Note, ...]:
        """Say that a damaged lock comes along as a file like any other."""
        if self.apart:
            return ()
        command = ctx.command("adopt PROFILE")
        return (Note.of(NoteKind.LOCK_DAMAGED_IN_ARCHIVE, LOCKFILE, command=command),)


def _is_carried(path: RelPath, size: int) -> bool:
    return is_machine(path) or size > LIMITS.blob


def _is_no_package(path: RelPath, size: int) -> bool:
    """Whether a file of a full backup goes to the disk: any file may be large, and the store is for package files."""
    return _is_carried(path, size) or owner_of(path) is not Owner.SHARED


def _named(path: RelPath, card: Card) -> RelPath:
    if not (path.under(LONG) or path.under(CARRIED_LONG)):
        return path
    if path not in card.long:
        raise Invalid("the archive is damaged: a file without a name", where=str(path))
    return RelPath(card.long[path])


def manifest_in(ctx: Context, archive: Archive) -> Manifest | None:
    """The manifest of an archive; None if it is missing or can't be read."""
    entry = archive.files.get(_MANIFEST)
    try:
        return load_manifest(ctx.store.read(entry.digest)) if entry else None
    except Invalid:
        return None


def sort(ctx: Context, archive: Archive, manifest: Manifest | None, *, effects: bool) -> Sorted:
    """Sort the files into the profile's, the machine's, and those that are not imported.

    Args:
        ctx: The context.
        archive: The archive.
        manifest: Its manifest.
        effects: Everything that the archive can run is approved.

    Raises:
        Invalid: A file is too large.
    """
    known = only_lock(archive.lock)
    places = manifest.owned if manifest else ()
    owned = {path: _ANY for path in archive.files if any(path.under(p) for p in places or ())}
    want, _ = looked_at(known.with_entries(owned))
    found = Sorted(archive.files.where(lambda path: want(path) and not is_machine(path)))
    if archive.whole:
        found.live = found.live.with_entries(_shared_of_backup(ctx, archive, want))
    _leave_unknown(ctx, archive, found)
    for path, file in archive.carried.items():
        if path not in found.live:
            _sort_carried(archive, found, path, file, effects=effects)
    return found


def _sort_carried(
    archive: Archive, found: Sorted, path: RelPath, file: Carried, *, effects: bool
) -> None:
    if not is_machine(path) and not archive.whole:
        raise Invalid(f"the file is too large: more than {LIMITS.blob >> 20} MiB", where=str(path))
    if not comes_in(path, full=archive.whole, foreign=archive.foreign, effects=effects):
        found.leave(path, Why.EACH_MACHINE)
    elif _hides_characters(path, file):
        found.leave(path, Why.HIDDEN_CHARACTERS)
    else:
        found.carried[path] = file


def _hides_characters(path: RelPath, file: Carried) -> bool:
    """Whether a text has characters that a reader can't see but the agent reads, such as in a memory."""
    if path.suffix != ".md" or file.size >= LIMITS.blob:
        return False
    return bool(hidden_characters(path, file.file.read_bytes()))


def _shared_of_backup(
    ctx: Context, archive: Archive, want: Callable[[RelPath], bool]
) -> dict[RelPath, Entry]:
    """The files of a full backup that belong to the profile although no well-known name says so."""
    known = [path for path in archive.carried if want(path) and not is_machine(path)]
    shared = {path: archive.carried[path] for path in known if path != ENV_EXAMPLE}
    digests = ctx.store.put_many(file.file.read_bytes() for file in shared.values())
    return {
        path: Entry(digest, file.executable)
        for (path, file), digest in zip(shared.items(), digests, strict=True)
    }


def _leave_unknown(ctx: Context, archive: Archive, found: Sorted) -> None:
    for path, entry in archive.files.items():
        if path in found.live:
            continue
        if path == ENV_EXAMPLE:
            digest = ctx.store.put(held_back(ctx.store.read(entry.digest)))
            found.beside[path] = Entry(digest, entry.executable)
        elif owner_of(path) is not Owner.HOUSEKEEPING:
            found.leave(path, Why.UNKNOWN_IN_ARCHIVE)
        else:
            found.leave(path, Why.HOUSEKEEPING_IN_ARCHIVE)
