"""Memories and sessions: decrypted, merged into the home, and encrypted again for the machines that may read.

What comes in counts only if a machine signed it that was accepted on this one. Everything else is left where it is, or
this machine's own state takes its place.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.decide.sync.known import present
from hermes_dist.decide.sync.private import Reading, Versions, beside_path, loses, merged
from hermes_dist.decide.sync.vouched import Found, Origin, Others, next_versions
from hermes_dist.errors import Invalid
from hermes_dist.model.paths import RelPath
from hermes_dist.model.sync.meeting import (
    NOTHING_SAID,
    PRIVATE,
    PRIVATE_INDEX,
    Index,
    Said,
    dump_json,
    inside,
    sealed_path,
)
from hermes_dist.model.sync.record import Mark, Record
from hermes_dist.model.tree import Digest, Entry, Tree
from hermes_dist.ops.context import Context
from hermes_dist.ops.sync.meeting import Meeting
from hermes_dist.ops.sync.state import folder_of, signer_path
from hermes_dist.ops.sync.trash import empty_trash, keep_in_trash
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.files import read_file
from hermes_dist.world.keys.machine import opened, sealed
from hermes_dist.world.keys.signer import Signer, is_signed

_SUFFIX = ".age"
_MOST = 64 << 20
_TRIES = 3
"""How often to merge again because the agent wrote the file meanwhile."""


class Exchanged(Struct, frozen=True, kw_only=True):
    """What became of the private files.

    Attributes:
        files: What the repository is to hold of them.
        seen: What this machine has received then: a digest by path.
        marks: Which states these are.
        came: The files of the home that changed.
        trashed: The files of the home that another machine deleted, and that are in the trash now.
        unread: What this machine can't read, because nobody encrypted it to its key yet.
        strange: What was written last by machines that nobody accepted here, by the name of the machine.
        unsigned: What no machine says that it wrote; it is not here, and stays where it is.
        returned: What was deleted or replaced there by no machine; this machine's state is sent again.
    """

    files: Tree
    seen: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, Mark] = field(default_factory=dict)
    came: tuple[RelPath, ...] = ()
    trashed: tuple[RelPath, ...] = ()
    unread: tuple[RelPath, ...] = ()
    strange: Mapping[str, tuple[RelPath, ...]] = field(default_factory=dict)
    unsigned: tuple[RelPath, ...] = ()
    returned: tuple[RelPath, ...] = ()


class Deletion(Struct, frozen=True, kw_only=True):
    """A file that another machine deleted, and that is still here, unchanged.

    Attributes:
        path: The file.
        by: The machine.
        said: The signature of the machine, which is for this deletion alone.
    """

    path: RelPath
    by: str
    said: str


def key_path(home: Path) -> Path:
    """The file of this machine's key, which others encrypt to."""
    return folder_of(home) / "key"


def private_files(home: Path, carried: tuple[str, ...]) -> tuple[RelPath, ...]:
    """List the memories and sessions of a home."""
    return tuple(sorted(_files_in(home, carried)))


def deletions(home: Path, record: Record, meeting: Meeting) -> tuple[Deletion, ...]:
    """List what other machines deleted and would go from a home; nothing is changed.

    Raises:
        DistError: A file can't be read.
    """
    there = _There(record, meeting)
    found = []
    for path in map(RelPath, sorted(record.seen.private)):
        said = there.said(path)
        if path in there.files or there.origin(path) is not Origin.NEWER:
            continue
        ours = _read(home / path)
        if ours is not None and str(Digest.of(ours)) == record.seen.private[path]:
            found.append(Deletion(path=path, by=said.by, said=said.signature))
    return tuple(found)


def exchange_private(
    ctx: Context,
    home: Path,
    record: Record,
    meeting: Meeting | None,
    agreed: Collection[Deletion] = (),
) -> Exchanged:
    """Merge memories and sessions with what others sent, and encrypt what changed.

    Args:
        ctx: The context.
        home: The home.
        record: What this machine remembers, with its keys.
        meeting: What the meeting place holds; None for an empty one.
        agreed: Deletions that somebody agreed to. A file that goes by any other one stays, and is sent again.

    Raises:
        DistError: A file can't be read or written, or the library is missing.
    """
    work = _Work(ctx, home, record, meeting, agreed)
    empty_trash(home, ctx.now())
    # What was deleted is looked at, too: if nobody says so any more, this machine says it again.
    known = map(RelPath, (*record.seen.private, *record.seen.marks))
    for path in sorted({*work.here, *work.there.paths, *known}):
        work.take(path)
    files = dict(work.files)
    if work.index or (meeting and PRIVATE_INDEX in meeting.whole):
        index = Index(files=dict(sorted(work.index.items())))
        files[PRIVATE_INDEX] = Entry(ctx.store.put(dump_json(index)))
    return replace(
        work.told,
        files=Tree(files),
        seen=work.seen,
        marks=work.marks,
        strange={name: tuple(paths) for name, paths in work.strange.items()},
    )


class _There:
    """The private files of the meeting place, and what is said of them."""

    def __init__(self, record: Record, meeting: Meeting | None) -> None:
        self.record = record
        whole = inside(meeting.whole, PRIVATE) if meeting else Tree()
        self.files = {
            RelPath(path.removesuffix(_SUFFIX)): entry
            for path, entry in whole.items()
            if path.endswith(_SUFFIX) and path.top in record.carried
        }
        index = meeting.index.files if meeting else {}
        self.index = dict(_usable(index, record.carried))
        machines = present(record, meeting.machines if meeting else {})
        self.others = Others.of(record, machines, is_signed)

    @property
    def paths(self) -> set[RelPath]:
        """The files that are there, and those that were deleted."""
        return {*self.files, *self.index}

    def said(self, path: RelPath) -> Said:
        """What is said of a file."""
        return self.index.get(path, NOTHING_SAID)

    def sealed(self, path: RelPath) -> str:
        """The digest of what is there; empty for nothing."""
        return str(self.files[path].digest) if path in self.files else ""

    def found(self, path: RelPath) -> Found:
        """The state of a file."""
        mark = self.record.seen.marks.get(path)
        where = sealed_path(path)
        return Found(path=where, said=self.said(path), sealed=self.sealed(path), mark=mark)

    def origin(self, path: RelPath) -> Origin:
        """Where the state of a file comes from."""
        return self.others.origin(self.found(path))

    def is_new(self, path: RelPath) -> bool:
        """Whether nobody ever sent a file of that name, as far as can be seen here."""
        seen = self.record.seen
        return not (path in self.paths or path in seen.private or path in seen.marks)


def _usable(index: Mapping[str, Said], parts: tuple[str, ...]) -> Iterator[tuple[RelPath, Said]]:
    """Leave out what can be no file of these folders; anybody may have written it."""
    for text, said in index.items():
        try:
            path = RelPath(text)
        except Invalid:
            continue
        if path.top in parts:
            yield path, said


class _Work:
    """Collects the results while files are merged one by one."""

    def __init__(
        self,
        ctx: Context,
        home: Path,
        record: Record,
        meeting: Meeting | None,
        agreed: Collection[Deletion],
    ) -> None:
        self.ctx, self.home, self.record = ctx, home, record
        self.signer = Signer(signer_path(home))
        allowed = frozenset(meeting.recipients if meeting else (record.own,))
        self.allowed = allowed
        self.wanted = (frozenset(record.known) & allowed) | {record.own}
        self.here = set(_files_in(home, record.carried))
        self.there = _There(record, meeting)
        self.agreed = {one.said for one in agreed}
        self.files: dict[RelPath, Entry] = {}
        self.index: dict[str, Said] = {}
        self.seen: dict[str, str] = {}
        self.marks: dict[str, Mark] = {}
        self.strange: dict[str, list[RelPath]] = {}
        self.told = Exchanged(files=Tree())

    def take(self, path: RelPath) -> None:
        """Merge one file, and say what becomes of it."""
        origin = Origin.SEEN if self.there.is_new(path) else self.there.origin(path)
        if origin is Origin.STRANGE:
            self.strange.setdefault(self.there.said(path).by, []).append(path)
            self._postpone(path)
        elif origin is Origin.NOBODY:
            self._answer(path)
        else:
            self._take_in(path, origin)

    def _answer(self, path: RelPath) -> None:
        """Send this machine's state again in place of one that no machine stands for."""
        ours = _read(self.home / path)
        if ours is None and path not in self.record.seen.private:
            if path in self.there.files:
                self._tell(unsigned=path)
                self._postpone(path)
            return
        if ours is not None:
            self._tell(returned=path)
        self._send(path, ours, None, Origin.NOBODY)

    def _take_in(self, path: RelPath, origin: Origin) -> None:
        theirs = self._theirs(path)
        if theirs is None and path in self.there.files:
            self._tell(unread=path)
            self._postpone(path)
            return
        if theirs is None and not self._may_go(path, origin):
            origin = Origin.OTHER
        self._merge(path, theirs, origin)

    def _merge(self, path: RelPath, theirs: bytes | None, origin: Origin) -> None:
        base = None if origin is Origin.OTHER else self._base(path)
        for _ in range(_TRIES):
            ours = _read(self.home / path)
            done = merged(path, Versions(base=base, ours=ours, theirs=theirs))
            if done.beside is not None:
                # First of all: from here on, neither version is in one place alone.
                self._keep_beside(path, done.beside)
            if done.content == ours or self._write(path, ours, done.content):
                self._send(path, done.content, theirs, origin)
                return
        self._postpone(path)

    def _theirs(self, path: RelPath) -> bytes | None:
        """What is there of a file; None for nothing, and for what this machine can't read."""
        entry = self.there.files.get(path)
        if entry is None:
            return None
        return opened(self.ctx.store.read(entry.digest), key_path(self.home))

    def _may_go(self, path: RelPath, origin: Origin) -> bool:
        """Whether a file that another machine deleted is gone here, too, or somebody agreed that it goes."""
        if origin is not Origin.NEWER or self.there.said(path).signature in self.agreed:
            return True
        return _read(self.home / path) is None

    def _keep_beside(self, path: RelPath, content: bytes) -> None:
        other = beside_path(path, content)
        # If it is here, the agent may have gone on with it.
        if self._write(other, None, content):
            self._send(other, content, None, Origin.SEEN)

    def _postpone(self, path: RelPath) -> None:
        """Leave what is there, and what was seen of it: nothing of it was received or sent."""
        if path in self.there.files:
            self.files[sealed_path(path)] = self.there.files[path]
        if path in self.there.index:
            self.index[path] = self.there.index[path]
        if path in self.record.seen.private:
            self.seen[path] = self.record.seen.private[path]
        if path in self.record.seen.marks:
            self.marks[path] = self.record.seen.marks[path]

    def _base(self, path: RelPath) -> bytes | None:
        digest = self.record.seen.private.get(path)
        return _read(_kept(self.home, digest)) if digest else None

    def _write(self, path: RelPath, before: bytes | None, after: bytes | None) -> bool:
        """Write a file, unless the agent has just written it; what is lost by it goes to the trash."""
        target = self.home / path
        if before is not None and loses(before, after):
            keep_in_trash(self.home, path, before, self.ctx.now())
        if _read(target) != before:
            return False
        if after is None:
            target.unlink(missing_ok=True)
            self._tell(trashed=path)
        else:
            atomic_write(target, after, 0o600, home=True)
            self._tell(came=path)
        return True

    def _tell(self, **what: RelPath) -> None:
        for name, path in what.items():
            self.told = replace(self.told, **{name: (*getattr(self.told, name), path)})

    def _send(
        self, path: RelPath, content: bytes | None, theirs: bytes | None, origin: Origin
    ) -> None:
        if content is not None:
            digest = str(Digest.of(content))
            atomic_write(_kept(self.home, digest), content, 0o600)
            self.seen[path] = digest
        entry, said = self._entry(path, content, theirs, origin)
        if entry is not None:
            self.files[sealed_path(path)] = entry
        self.index[path] = said
        self.marks[path] = Mark(versions=said.versions, sealed=said.sealed)

    def _entry(
        self, path: RelPath, content: bytes | None, theirs: bytes | None, origin: Origin
    ) -> tuple[Entry | None, Said]:
        """What the meeting place is to hold of a file, and what is said of it."""
        said = self.there.said(path)
        if content == theirs and self._can_stay(path, content, origin):
            return self.there.files.get(path), said
        versions = self._next_versions(path, said, origin)
        if content is None:
            return None, self._signed(path, Said(versions=versions))
        readers = tuple(sorted(self.wanted))
        entry = Entry(self.ctx.store.put(sealed(content, readers)))
        new = Said(versions=versions, readers=readers, sealed=str(entry.digest))
        return entry, self._signed(path, new)

    def _can_stay(self, path: RelPath, content: bytes | None, origin: Origin) -> bool:
        """Whether what is there, and what is said of it, is right for everybody."""
        if origin in (Origin.OTHER, Origin.NOBODY):
            return False
        readers = frozenset(self.there.said(path).readers)
        fits = content is None or Reading(readers, self.wanted, self.allowed).fits
        return fits and self.there.others.can_stay(self.there.found(path))

    def _next_versions(self, path: RelPath, said: Said, origin: Origin) -> Mapping[str, int]:
        mark = self.record.seen.marks.get(path)
        known = [mark.versions] if mark else []
        if origin in (Origin.NEWER, Origin.OTHER):  # what nobody signed has no counts that count
            known.append(said.versions)
        return next_versions(self.record, *known)

    def _signed(self, path: RelPath, said: Said) -> Said:
        mine = replace(said, by=self.record.machine)
        return replace(
            mine,
            signature=self.signer.sign(mine.statement(self.record.place, sealed_path(path))),
        )


def _kept(home: Path, digest: str) -> Path:
    """Where the last version that all machines had is kept, to merge over."""
    return folder_of(home) / "private" / digest


def drop_older(home: Path, record: Record) -> None:
    """Erase versions that nothing is merged over any more."""
    needed = set(record.seen.private.values())
    with suppress(OSError):
        for kept in os.scandir(folder_of(home) / "private"):
            if kept.name not in needed:
                Path(kept.path).unlink(missing_ok=True)


def _files_in(home: Path, parts: tuple[str, ...]) -> Iterator[RelPath]:
    for part in parts:
        for folder, _, names in os.walk(home / part):
            for name in names:
                place = Path(folder) / name
                if place.is_symlink() or name.startswith(".") or not _is_usual(place):
                    continue
                try:
                    yield RelPath(place.relative_to(home).as_posix())
                except Invalid:
                    continue  # a name that not every system can hold


def _is_usual(place: Path) -> bool:
    """Whether it is a file, and not too large to be encrypted as a whole."""
    return place.is_file() and place.stat().st_size <= _MOST


def _read(path: Path) -> bytes | None:
    try:
        return read_file(path)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as err:
        raise trouble(err, "the file can't be read", where=str(path)) from err
