"""Memories and sessions: decrypted, merged into the home, and encrypted again for the machines that may read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from hermes_dist.decide.sync.private import Reading, Versions, beside_path, merged
from hermes_dist.errors import Invalid
from hermes_dist.model.paths import RelPath
from hermes_dist.model.sync.meeting import (
    PRIVATE,
    PRIVATE_INDEX,
    PrivateIndex,
    dump_json,
    inside,
)
from hermes_dist.model.sync.record import Record
from hermes_dist.model.tree import Digest, Entry, Tree
from hermes_dist.ops.context import Context
from hermes_dist.ops.sync.meeting import Meeting
from hermes_dist.ops.sync.state import folder_of
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.keys.machine import opened, sealed

_SUFFIX = ".age"
_MOST = 64 << 20
_TRIES = 3
"""How often to merge again because the agent wrote the file meanwhile."""


class Exchanged(Struct, frozen=True, kw_only=True):
    """What became of the private files.

    Attributes:
        files: What the repository is to hold of them.
        seen: What this machine has received then: a digest by path.
        came: The files of the home that changed.
        unread: What this machine can't read, because nobody encrypted it to its key yet.
    """

    files: Tree
    seen: Mapping[str, str] = field(default_factory=dict)
    came: tuple[RelPath, ...] = ()
    unread: tuple[RelPath, ...] = ()


def key_path(home: Path) -> Path:
    """The file of this machine's key."""
    return folder_of(home) / "key"


def exchange_private(
    ctx: Context, home: Path, record: Record, meeting: Meeting | None, own: str
) -> Exchanged:
    """Merge memories and sessions with what others sent, and encrypt what changed.

    Args:
        ctx: The context.
        home: The home.
        record: What this machine remembers.
        meeting: What the meeting place holds; None for an empty one.
        own: This machine's public key.

    Raises:
        DistError: A file can't be read or written, or the library is missing.
    """
    work = _Work(ctx, home, record, meeting, own)
    for path in sorted({*work.here, *work.there, *map(RelPath, record.seen.private)}):
        work.take(path)
    index = PrivateIndex(files={path: tuple(sorted(keys)) for path, keys in work.index.items()})
    files = dict(work.files)
    if work.index or (meeting and PRIVATE_INDEX in meeting.whole):
        files[PRIVATE_INDEX] = Entry(ctx.store.put(dump_json(index)))
    return Exchanged(
        files=Tree(files), seen=work.seen, came=tuple(work.came), unread=tuple(work.unread)
    )


class _Work:
    """Collects the results while files are merged one by one."""

    def __init__(
        self, ctx: Context, home: Path, record: Record, meeting: Meeting | None, own: str
    ) -> None:
        self.ctx, self.home, self.record = ctx, home, record
        allowed = frozenset(meeting.recipients if meeting else (own,))
        self.allowed = allowed
        self.wanted = (frozenset(record.known) & allowed) | {own}
        self.here = set(_files_in(home, record.carried))
        there = inside(meeting.whole, PRIVATE) if meeting else Tree()
        self.there = {
            RelPath(path.removesuffix(_SUFFIX)): entry
            for path, entry in there.items()
            if path.endswith(_SUFFIX) and path.top in record.carried
        }
        self.readers = meeting.index.files if meeting else {}
        self.files: dict[RelPath, Entry] = {}
        self.index: dict[str, frozenset[str]] = {}
        self.seen: dict[str, str] = {}
        self.came: list[RelPath] = []
        self.unread: list[RelPath] = []

    def take(self, path: RelPath) -> None:
        """Merge one file, and say what becomes of it."""
        theirs = None
        if path in self.there:
            theirs = opened(self.ctx.store.read(self.there[path].digest), key_path(self.home))
            if theirs is None:
                self._leave(path)
                self.unread.append(path)
                return
        base = self._base(path)
        for _ in range(_TRIES):
            ours = _read(self.home / path)
            done = merged(path, Versions(base=base, ours=ours, theirs=theirs))
            if done.beside is not None:
                # First of all: from here on, neither version is in one place alone.
                self._keep_beside(path, done.beside)
            if done.content == ours or self._write(path, ours, done.content):
                self._send(path, done.content, theirs)
                return
        self._postpone(path)

    def _keep_beside(self, path: RelPath, content: bytes) -> None:
        other = beside_path(path, content)
        # If it is here, the agent may have gone on with it.
        if self._write(other, None, content):
            self._send(other, content, None)

    def _leave(self, path: RelPath) -> None:
        """Leave at the meeting place what is there."""
        if path in self.there:
            self.files[PRIVATE / f"{path}{_SUFFIX}"] = self.there[path]
            self.index[path] = frozenset(self.readers.get(path, ()))

    def _postpone(self, path: RelPath) -> None:
        """Leave a file that the agent writes all the time to the next sync: nothing of it was received or sent."""
        self._leave(path)
        if path in self.record.seen.private:
            self.seen[str(path)] = self.record.seen.private[path]

    def _base(self, path: RelPath) -> bytes | None:
        digest = self.record.seen.private.get(path)
        return _read(_kept(self.home, digest)) if digest else None

    def _write(self, path: RelPath, before: bytes | None, after: bytes | None) -> bool:
        """Write a file, unless the agent has just written it."""
        target = self.home / path
        if _read(target) != before:
            return False
        if after is None:
            target.unlink(missing_ok=True)
        else:
            atomic_write(target, after, 0o600, home=True)
        self.came.append(path)
        return True

    def _send(self, path: RelPath, content: bytes | None, theirs: bytes | None) -> None:
        if content is None:
            return
        digest = str(Digest.of(content))
        atomic_write(_kept(self.home, digest), content, 0o600)
        self.seen[str(path)] = digest
        place = PRIVATE / f"{path}{_SUFFIX}"
        now = frozenset(self.readers.get(path, ()))
        if content == theirs and Reading(now, self.wanted, self.allowed).fits:
            self.files[place], self.index[path] = self.there[path], now
            return
        self.files[place] = Entry(self.ctx.store.put(sealed(content, sorted(self.wanted))))
        self.index[path] = self.wanted


def _kept(home: Path, digest: str) -> Path:
    """Where the last version that all machines had is kept, to merge over."""
    return folder_of(home) / "private" / digest


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
        with path.open("rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as err:
        raise trouble(err, "the file can't be read", where=str(path)) from err
