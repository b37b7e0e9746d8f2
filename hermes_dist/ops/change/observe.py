"""Observe a home: its files at one moment, and which of them count as ours."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from types import ModuleType

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.agents import places
from hermes_dist.brand import MANIFEST
from hermes_dist.decide.consent.jobs import job_ids
from hermes_dist.decide.ownership import looked_at
from hermes_dist.decide.placement.job_ids import Job
from hermes_dist.decide.placement.jobs import JOBS, jobs_by_id
from hermes_dist.decide.placement.stock import STOCK_SOULS, agents_own
from hermes_dist.errors import Invalid, Lost
from hermes_dist.lazily import later, shlex
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.left_out import ASKABLE, LeftOut
from hermes_dist.model.manifest import same_as_dumped
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName, RelPath, folded
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree, together
from hermes_dist.ops.change.lost_contents import mending
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import LIVING, Home
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.disk.links import Links
from hermes_dist.world.disk.scan import MANY, Believe, Scan, scan
from hermes_dist.world.files import read_file

with later():
    from hermes_dist.world.listed import with_other_spellings

SOUL = RelPath(places.SOUL)
_MANIFEST = RelPath(MANIFEST)
_SMALL = 2**16
_KEPT_BYTES = 16 << 20
"""The most that is kept of the contents of small files; of a home with 100,000 of them, the last ones."""
_REPOSITORY = ".git"
"""The agent's installer copies this folder along; it says nothing about the home."""


class Recent:
    """The contents that were read last.

    Args:
        most: How many bytes are kept.
    """

    def __init__(self, most: int = _KEPT_BYTES) -> None:
        self._most = most
        self._size = 0
        self._kept: dict[Digest, bytes] = {}

    def get(self, digest: Digest) -> bytes | None:
        """Return a content that is kept, which then counts as read just now; None for another."""
        data = self._kept.pop(digest, None)
        if data is not None:
            self._kept[digest] = data
        return data

    def keep(self, digest: Digest, data: bytes) -> None:
        """Keep a content, and let those go that were read longest ago if there are too many."""
        self._kept[digest] = data
        self._size += len(data)
        while self._size > self._most:
            self._size -= len(self._kept.pop(next(iter(self._kept))))


class Observed(Struct, frozen=True, kw_only=True):
    """The files of a home at one moment.

    Attributes:
        found: Every file that was read.
        ours: The files that count as ours when merging.
        odd: What could not be read, and why.
        read: Reads contents, from the home or the store.
        redumped: The manifest is the author's, only written again by the agent.
        links: The links to files that were followed, with what they lead to.
        folders: The folders that were listed, without the home itself.
    """

    found: Tree
    ours: Tree
    odd: tuple[LeftOut, ...]
    read: Read
    redumped: bool = False
    links: Mapping[RelPath, str] = field(default_factory=dict)
    folders: tuple[RelPath, ...] = ()

    def hides(self, path: RelPath) -> bool:
        """Whether a path is in the place of something that could not be read, or below it: it may be there or not."""
        return any(path == odd.path or path.under(odd.path) for odd in self.odd)

    def unread(self, tree: Tree) -> tuple[LeftOut, ...]:
        """What could not be read and stands in the place of a file of a tree, or above one: it looks deleted."""
        return tuple(odd for odd in self.odd if odd.path in tree or odd.path in tree.folders)


def _look(home: Path, package: Tree, believe: Believe | None) -> Scan:
    """Scan a home; of a large one, do not read what is believed and looks as at the last such look."""
    want, into = looked_at(package)
    if believe is None or len(package) < MANY:
        return scan(home, want, into, like=package)
    records = seen_records()
    seen = scan(home, want, into, records.seen_before(home), package, believe)
    records.remember(home, seen)
    return seen


def doubt(home: Home) -> None:
    """Have the next look read every file of a home: one of them is not what it was taken for."""
    seen_records().forget(home.path)


def seen_records() -> ModuleType:
    """What is remembered of large homes: see :mod:`hermes_dist.world.disk.seen_files`."""
    from hermes_dist.world.disk import seen_files  # noqa: PLC0415 - only large homes

    return seen_files


def observe(
    ctx: Context,
    home: Home,
    package: Tree,
    *,
    received: Tree | None = None,
    believe: Believe | None = None,
) -> Observed:
    """Read the files of a home.

    Args:
        ctx: The context.
        home: The home.
        package: Every path of base and theirs.
        received: What the home received, if that is not the lock's base.
        believe: Which files are taken for what they were at the last look if they look as they did then; None reads
            all.

    Raises:
        DistError: The home can't be read.
    """
    links = Links(home.path)
    seen = _look(home.path, package, believe)
    if missing := package.lacking(seen.tree):
        seen = seen._replace(tree=with_other_spellings(home.path, seen.tree, package, missing))
    tree = seen.tree
    if seen.unlike:
        base = home.base if received is None else received
        tree = _as_recorded(home, seen, package.with_entries(base), links)
    tree, living = _with_living(home, tree)
    by_digest: dict[Digest, RelPath] = {entry.digest: path for path, entry in tree.items()}
    stored = mending(ctx, home.lock)
    recent = Recent()
    asked: set[Digest] = set()

    def read(digest: Digest) -> bytes:
        path = by_digest.get(digest)
        if path is None:
            return stored(digest)
        kept = living.get(digest, recent.get(digest))
        if kept is not None:
            return kept
        with RealFs(home.path, home=True, links=links) as fs:
            # Read again, not kept from the scan: a home may be large, and few contents are ever
            # needed.
            data = fs.read(path)
        if data is None or Digest.of(data) != digest:
            # Somebody has written it since the scan. The plan may still go by what the scan saw,
            # because the file is compared once more before it is replaced.
            if ctx.store.has(digest):
                return ctx.store.read(digest)
            doubt(home)
            raise Invalid(
                "it changed while it was being read", where=str(path), hint="run it again"
            )
        if len(data) <= _SMALL and digest in asked:
            # The settings and the like: a merge asks for them many times, and what has a digest never changes. What
            # is read once, as most files of an export, is not worth the memory.
            recent.keep(digest, data)
        asked.add(digest)
        return data

    followed = {RelPath(link.path): link.target for link in seen.links}
    ours = _as_ours(home, tree, seen.odd, read)
    return replace(ours, links=followed, folders=seen.folders)


def _as_recorded(home: Home, seen: Scan, recorded: Tree, links: Links) -> Tree:
    """The files of a home, each executable if that is recorded of it where its disk keeps no modes.

    There, all files look executable, or none does. Nobody made them so, and what the package says stays true.
    """
    if not _look_all_alike(seen, recorded):
        return seen.tree
    runs = {folded(path) for path, entry in recorded.items() if entry.executable}
    said = {path: _runs(recorded, runs, path) for path in seen.tree}
    odd = [path for path, entry in seen.tree.items() if entry.executable != said[path]]
    with RealFs(home.path, home=True, links=links) as fs:
        lost = [path for path in odd if not fs.kept(path).executable]
    return seen.tree.with_entries({p: seen.tree[p]._replace(executable=said[p]) for p in lost})


def _look_all_alike(seen: Scan, recorded: Tree) -> bool:
    """Whether it is worth trying what the disk keeps: a user's own programs among other files need no trial."""
    if any(path in recorded for path in seen.unlike):
        return True
    return all(entry.executable for entry in seen.tree.values())


def _runs(tree: Tree, runs: Container[str], path: RelPath) -> bool:
    """Whether a file is executable in a tree, there perhaps in another spelling."""
    return tree[path].executable if path in tree else folded(path) in runs


def _with_living(home: Home, found: Tree) -> tuple[Tree, dict[Digest, bytes]]:
    """Read at once what a running agent writes all the time, so that entry and content belong together."""
    now: dict[RelPath, Entry | None] = {}
    kept: dict[Digest, bytes] = {}
    with RealFs(home.path, home=True) as fs:
        for path in LIVING:
            data = fs.read(path) if path in found else None
            if data is not None:
                digest = Digest.of(data)
                now[path] = found[path]._replace(digest=digest)
                kept[digest] = data
    return found.with_entries(now), kept


def _as_ours(home: Home, found: Tree, odd: tuple[LeftOut, ...], read: Read) -> Observed:
    base = home.base
    hidden = {path for path in _agents_files(home.path, found, read) if path not in base}
    ours = found.where(lambda path: path not in hidden) if hidden else found
    redumped = _is_redumped(base, found, read)
    if redumped:
        # The agent rewrites the manifest without changing its meaning; counted as an edit, it would
        # conflict at every update.
        ours = ours.with_entries({_MANIFEST: base[_MANIFEST]})
    odd = tuple(one for one in odd if one.path != _REPOSITORY)
    return Observed(found=found, ours=ours, odd=odd, read=read, redumped=redumped)


def _is_redumped(base: Tree, found: Tree, read: Read) -> bool:
    if _MANIFEST not in base or found.get(_MANIFEST) in (None, base[_MANIFEST]):
        return False
    try:
        authors = load_data(read(base[_MANIFEST].digest), Kind.YAML)
        return same_as_dumped(authors, load_data(read(found[_MANIFEST].digest), Kind.YAML))
    except Invalid:
        return False


def _agents_files(path: Path, found: Tree, read: Read) -> Iterator[RelPath]:
    """The agent's own stock files: its SOUL.md, and bundled skills that nobody changed."""
    if SOUL in found and found[SOUL].digest in STOCK_SOULS:
        yield SOUL
    try:
        bundled = read_file(path / places.BUNDLED).decode("utf-8", "replace")
    except OSError:
        return
    yield from agents_own(bundled, found, read)


def as_received(base: Tree, seen: Observed) -> tuple[Tree, Read]:
    """What a home received, with the same migrations applied that the agent made there; and a reader for it."""
    from hermes_dist.decide.placement.migrations import follow_agent  # noqa: PLC0415 - only needed if something differs

    follow = follow_agent(base, base, seen.ours, seen.read)
    return follow.base, together(follow.blobs, seen.read)


def first_of(one: Read, other: Read) -> Read:
    """Make a reader that tries one place, then the other.

    Raises:
        Invalid: When reading: the content is in neither place; the error is that of the first.
    """

    def read(digest: Digest) -> bytes:
        try:
            return one(digest)
        except Invalid as error:
            try:
                return other(digest)
            except Invalid:
                raise error from None

    return read


def user_jobs_in(home: Home, read: Read, base: Tree | None = None) -> Mapping[str, Job]:
    """The cron jobs in a home that came from no package, by id.

    Args:
        home: The home.
        read: Gives contents by digest.
        base: What the package brought, if that is not the lock's base.

    Returns:
        The jobs; empty if the package's own jobs file is lost, because then its jobs can't be told from the user's.
    """
    try:
        found = load_data(read_file(home.path / JOBS), Kind.JSON)
    except (OSError, Invalid):
        return {}
    if base is None:
        base = home.base
    # A job that was the package's once keeps its id if it becomes the package's again.
    once = home.lock.released if home.lock else EMPTY
    try:
        packaged = [
            job_ids(load_data(read(tree[JOBS].digest), Kind.JSON))
            for tree in (base, once)
            if JOBS in tree
        ]
    except Lost:
        return {}
    brought = frozenset[str]().union(*packaged)
    return {ident: job for ident, job in jobs_by_id(found).items() if ident not in brought}


def left_alone(ctx: Context, name: ProfileName, odd: LeftOut) -> Note:
    """Make a note on something in a home that can't be read, so that no merge touches it."""
    if odd.why in ASKABLE:
        command = ctx.command(f"follow {name} {shlex.quote(odd.path)}")
        return Note.of(
            NoteKind.LINK_LEFT_ALONE, odd.path, why=odd.why, detail=odd.detail, command=command
        )
    return Note.of(NoteKind.LEFT_ALONE, odd.path, why=odd.why, detail=odd.detail)
