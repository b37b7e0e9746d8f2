"""Upkeep: verify a profile's files and contents, and remove what is no longer needed."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path
from typing import Literal

from msgspec import Struct

from hermes_dist.brand import LOCKFILE
from hermes_dist.decide.changes import changes_between
from hermes_dist.decide.own import without_own
from hermes_dist.errors import Busy, DistError, Invalid, Unreachable
from hermes_dist.model.left_out import LeftOut
from hermes_dist.model.lock import Lock, load_lock
from hermes_dist.model.lock_head import Newer
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.source import without_credentials
from hermes_dist.model.tree import Digest, together
from hermes_dist.ops.change.observe import as_received, observe
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, finish_operation, look_into
from hermes_dist.ops.layers.lost import fetch_again
from hermes_dist.ops.sync.state import lock_of, package_of, read_record
from hermes_dist.ops.trust.trusted_keys import signer_words
from hermes_dist.world.disk.contents.clean import Cleaned, clean
from hermes_dist.world.disk.errors import Closed
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.disk.locks import home_lock
from hermes_dist.world.files import read_file
from hermes_dist.world.git.cache import cache_name
from hermes_dist.world.git.collect import collect
from hermes_dist.world.git.repositories import open_git
from hermes_dist.world.transaction.apply import (
    before_image,
    generations,
    lock_image,
    prune,
)
from hermes_dist.world.transaction.aside import everywhere
from hermes_dist.world.transaction.lock_told import slot_of_lock

KEEP = 20
"""How many generations of a profile are kept."""
DAYS = 1.0
"""How many days old a content must be before it may be removed."""
_CACHE_DAYS = 30.0
_DAY = 86_400


class Verified(Struct, frozen=True, kw_only=True):
    """The result of verifying a profile.

    Attributes:
        same: How many of the package's files are as received.
        edited: Package files that differ; that is not a fault.
        missing: Package files that are missing; that is not a fault either.
        odd: What could not be read, and why.
        unread: What of that stands in the place of files of the package, so that nobody knows whether they are there.
        lost: Paths whose content the store has lost and that could not be fetched again.
        mended: How many contents were fetched again.
        source: Whether the source still has what the lock says.
        about_source: Why not, or why that is unknown.
        damaged: Saved files of earlier generations that are missing or damaged, and what the last one left alone and
            counts as received, in words.
        signer: The key that must sign releases, with its name; empty for none.
    """

    profile: ProfileName
    same: int
    edited: tuple[RelPath, ...] = ()
    missing: tuple[RelPath, ...] = ()
    odd: tuple[LeftOut, ...] = ()
    unread: tuple[LeftOut, ...] = ()
    lost: tuple[RelPath, ...] = ()
    mended: int = 0
    source: Literal["same", "differs", "unreachable", "untold"] = "same"
    about_source: str = ""
    damaged: tuple[str, ...] = ()
    signer: str = ""

    @property
    def sound(self) -> bool:
        return not (self.lost or self.damaged or self.unread or self.source == "differs")


def verify(ctx: Context, name: ProfileName) -> Verified:
    """Check a profile's files against its lock, the lock against its source, and the stored contents.

    Lost contents are fetched again; the profile's own files are only read.

    Raises:
        DistError: The profile has no lock, or can't be read.
    """
    home = look_into(ctx, name)
    lock = home.need_lock(ctx)
    lost, mended = _contents(ctx, lock)
    seen = observe(ctx, home, lock.base)
    received, read = as_received(lock.base, seen)
    rest = without_own(seen.ours, received, lock.theirs(), read)
    read = together(rest.blobs, read)
    changes = [
        c for c in changes_between(received, rest.tree, read) if c.path in lock.base or c.was
    ]
    unread = seen.unread(lock.base)
    missing = tuple(
        change.path
        for change in changes
        if change.path not in seen.ours and not seen.hides(change.path)
    )
    edited = tuple(change.path for change in changes if change.path in seen.ours)
    source, about = _against_source(ctx, lock)
    return Verified(
        profile=name,
        same=len(lock.base) - len(changes),
        edited=edited,
        missing=missing,
        odd=seen.odd,
        unread=unread,
        lost=lost,
        mended=mended,
        source=source,
        about_source=about,
        damaged=(*_damaged(home), *_counted_in_vain(home)),
        signer=signer_words(ctx, lock.signer),
    )


def _against_source(
    ctx: Context, lock: Lock
) -> tuple[Literal["same", "differs", "unreachable", "untold"], str]:
    if not lock.pin.commit:
        return "untold", "a folder has no commits, so what was received can't be compared with it"
    try:
        if not ctx.offline:
            ctx.sources.git.refs(lock.pin.url)  # the cache can't speak for the source
        found = ctx.sources.again(lock.pin, ctx.progress, whole=True).pin.tree
    except Unreachable as error:
        return "unreachable", str(error)
    except Invalid as error:
        return "differs", str(error)
    if found == lock.pin.tree and ctx.offline:
        return "untold", "it is not asked offline; what is kept of it here is as received"
    if found == lock.pin.tree:
        return "same", ""
    return (
        "differs",
        f"the lock says tree {lock.pin.tree[:12]}, commit {lock.pin.short} holds {found[:12]}",
    )


def _contents(ctx: Context, lock: Lock) -> tuple[tuple[RelPath, ...], int]:
    """The paths whose content is lost for good, and how many contents were fetched again."""
    open_parts = (*lock.upstream.items(), *lock.authored.items())
    recorded = ((path, entry) for path, entry in open_parts if entry)
    wanted = [*lock.base.items(), *recorded, *lock.shipped.items(), *lock.released.items()]
    bad = [(path, entry.digest) for path, entry in wanted if not _readable(ctx, entry.digest)]
    if not bad:
        return (), 0
    # If fetching fails, what is bad stays so.
    with suppress(DistError, KeyError):
        fetch_again(ctx, lock)
    lost = {path for path, digest in bad if not _readable(ctx, digest)}
    mended = {digest for path, digest in bad if path not in lost}
    return tuple(sorted(lost)), len(mended)


def _readable(ctx: Context, digest: Digest) -> bool:
    try:
        ctx.store.read(digest)
    except Invalid:
        return False
    return True


def _damaged(home: Home) -> Iterator[str]:
    with RealFs(home.path, home=True) as fs:
        for generation in generations(fs):
            for step in generation.steps:
                if step.before is None or step.path in generation.skipped:
                    continue
                image = before_image(fs, generation, step)
                if image is None or Digest.of(image) != step.before.digest:
                    yield f"generation {generation.number}: {step.path}"


def _counted_in_vain(home: Home) -> Iterator[str]:
    """The files that count as received although the last change left them alone.

    Earlier programs noted that by a second change of the lockfile, and could be killed before it.
    """
    if home.lock is None or home.lock_bytes is None:
        return
    with RealFs(home.path, home=True) as fs:
        last = generations(fs)[-1:]
    for generation in last:
        if generation.lock_after != Digest.of(home.lock_bytes):
            return
        for step in generation.steps:
            received = home.lock.base.get(step.path)
            if step.path in generation.skipped and step.after and received == step.after:
                yield (
                    f"generation {generation.number}: {step.path} was left alone, but counts as received; "
                    f"undo the change and update again"
                )


class Collected(Struct, frozen=True, kw_only=True):
    """What was removed, or would be.

    Attributes:
        blobs: How many contents of the store.
        size: Their size in bytes.
        caches: How many cached repositories that no profile comes from.
        generations: How many old generations of profiles.
        joined: How many files of the store with many small contents were joined.
        into: How many such files came of them.
        damaged: How many such files were damaged.
        rescued: How many contents could still be read in them.
        lost: How many contents are needed and not in the store.
        notes: What was skipped, and why; what is lost, and where it comes from.
    """

    blobs: int = 0
    size: int = 0
    caches: int = 0
    generations: int = 0
    joined: int = 0
    into: int = 0
    damaged: int = 0
    rescued: int = 0
    lost: int = 0
    notes: tuple[Note, ...] = ()


def gc(
    ctx: Context,
    *,
    keep: int = KEEP,
    days: float = DAYS,
    sources: bool = False,
    dry_run: bool = False,
) -> Collected:
    """Remove old generations, contents that no lock names, and cached repositories that no profile comes from.

    What is left in the store is put in order: damaged files are written anew, and small ones are joined. A cached
    repository that stays loses old commits that no lock names, and its packs are joined.

    Args:
        ctx: The context.
        keep: How many generations of each profile to keep.
        days: Only remove contents stored before that many days; what another command stores right now is younger.
        sources: Also remove the cached repositories that profiles come from, except those that are in use right now.
        dry_run: Only count; remove nothing.

    Raises:
        DistError: A lockfile can't be read, so what is needed is unknown and nothing was removed; or the disk fails.
    """
    homes = [ctx.layout.home(name) for name in ctx.names()]
    away = _folders_away(ctx)
    for home in (*homes, *away):
        list(_locks(home))  # fail before removing anything: an unreadable lock raises here
    pruned, notes = _pruned(homes, keep, dry_run=dry_run)
    # Read again: the generations that are gone now need their contents no more.
    locks = [lock for home in (*homes, *away) for lock in _locks(home)]
    needed = {digest for lock in locks for digest in lock.contents()}
    now = time.time()
    done = clean(ctx.store, needed, older_than=now - days * _DAY, dry_run=dry_run)
    if sources:
        caches = collect(ctx.layout.git_cache, frozenset(), older_than=math.inf, dry_run=dry_run)
    else:
        caches = _spare_caches(ctx, locks, now - _CACHE_DAYS * _DAY, dry_run=dry_run)
    notes += [*_about_store(ctx, done), *_about_lost(ctx, done.lost)]
    return Collected(
        blobs=done.blobs,
        size=done.size,
        caches=caches,
        generations=pruned,
        joined=done.joined,
        into=done.into,
        damaged=done.damaged,
        rescued=done.rescued,
        lost=len(done.lost),
        notes=tuple(notes),
    )


def _spare_caches(ctx: Context, locks: Collection[Lock], before: float, *, dry_run: bool) -> int:
    """Remove the cached repositories that no profile comes from, and in the others the commits that no lock names.

    Both only if nothing was fetched there after that time, in seconds since the epoch.

    Returns:
        How many repositories.
    """
    keep = _caches_of(locks)
    caches = collect(ctx.layout.git_cache, keep, older_than=before, dry_run=dry_run)
    needed: dict[str, set[str]] = {name: set() for name in keep}
    for pin in (package.pin for lock in locks for package in lock.packages):
        needed.setdefault(cache_name(without_credentials(pin.url)), set()).add(pin.commit)
    if not dry_run:
        git = open_git(ctx.layout, ctx.env)
        for name, commits in needed.items():
            git.forget(name, commits, before)
    return caches


def _caches_of(locks: Iterable[Lock]) -> AbstractSet[str]:
    """The names of the cached repositories that profiles come from."""
    return {cache_name(without_credentials(lock.pin.url)) for lock in locks}


def _about_store(ctx: Context, done: Cleaned) -> Iterator[Note]:
    """Say what was left undone in the store."""
    if done.newer:
        yield Note.of(NoteKind.NEWER_BOXES, count=done.newer, program=ctx.brand.dist_command)
    if done.full:
        yield Note.of(NoteKind.NO_ROOM_TO_JOIN)
    for path in done.folders:
        yield Note.of(NoteKind.FOLDER_IN_STORE, path=str(path))


def _about_lost(ctx: Context, lost: frozenset[Digest]) -> Iterator[Note]:
    """Say what of the lost contents comes again from where."""
    rest = set(lost)
    for name in ctx.names() if lost else ():
        lock = next(_locks(ctx.layout.home(name)), None)
        gone = lost & lock.contents() if lock is not None else set()
        if lock is not None and gone:
            rest -= gone
            yield Note.of(
                NoteKind.CONTENTS_LOST,
                name=name,
                count=len(gone),
                source=lock.source,
                command=ctx.command(f"verify {name}"),
            )
    if rest:
        yield Note.of(NoteKind.OLD_CONTENTS_LOST, count=len(rest))


def _folders_away(ctx: Context) -> list[Path]:
    """The homes that are no profile's now, but can come back: archived, deleted, or about to be made."""
    places = [
        place
        for layout in everywhere(ctx.layout)
        for place in (layout.archived, layout.trash, layout.staging)
    ]
    return [path for place in places for path in _folders(place)]


def _pruned(homes: list[Path], keep: int, *, dry_run: bool) -> tuple[int, list[Note]]:
    """Remove old generations; a home in use, or one that can't be written, is left as it is, with a note."""
    pruned, notes = 0, list[Note]()
    for home in homes:
        try:
            pruned += _prune(home, keep, dry_run=dry_run)
        except Busy:
            notes.append(Note.of(NoteKind.HOME_IN_USE, name=home.name))
        except Closed as error:
            notes.append(Note.of(NoteKind.HOME_CLOSED, name=home.name, why=str(error)))
    return pruned, notes


def _folders(place: Path) -> list[Path]:
    try:
        return [Path(entry) for entry in os.scandir(place) if entry.is_dir()]
    except OSError:
        return []


def _locks(path: Path) -> Iterator[Lock]:
    """The lock of a home and those of its generations; an earlier one that can't be read is skipped."""
    try:
        data: bytes | None = read_file(path / LOCKFILE)
    except FileNotFoundError:
        data = None
    except OSError as error:
        raise DistError(
            f"the lockfile can't be read: {error.strerror}", where=str(path / LOCKFILE)
        ) from error
    if data is not None:
        try:
            yield load_lock(data)
        except DistError as error:
            error.where = str(path / LOCKFILE)
            raise
    if not path.is_dir():
        return
    yield from _of_sync(path)
    yield from _earlier(path)


def _earlier(path: Path) -> Iterator[Lock]:
    """The locks of a home's generations, and that of a change which can't be finished now; damaged ones are skipped."""
    with RealFs(path, home=True) as fs:
        images = [lock_image(fs, generation) for generation in generations(fs)]
        images.append(_lock_of_interrupted(fs))
    for image in images:
        if image is not None:
            try:
                yield load_lock(image)
            except Newer:
                raise  # it is whole, and what it needs is not known
            except Invalid:
                continue


def _lock_of_interrupted(fs: RealFs) -> bytes | None:
    """The lockfile that an interrupted change of a home is to bring, if it can't be finished now."""
    with suppress(DistError, OSError):
        return fs.read(slot_of_lock())
    return None


def _of_sync(path: Path) -> Iterator[Lock]:
    """What a home received from other machines of its user, and its package as they last sent it."""
    record = read_record(path)
    if record is not None:
        for lock in (lock_of(record), package_of(record.seen)):
            if lock is not None:
                yield lock


def _prune(path: Path, keep: int, *, dry_run: bool) -> int:
    if not (path / ".dist").is_dir():
        return 0
    if dry_run:
        with RealFs(path, home=True) as fs:
            return max(0, len(generations(fs)) - keep)
    with home_lock(path), RealFs(path, home=True) as fs:
        # An interrupted change, once finished, is the newest generation and one of those to keep.
        finish_operation(fs, path)
        return prune(fs, max(1, keep))
