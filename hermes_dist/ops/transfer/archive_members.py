"""The members of an archive, each with a way to write it; secrets are searched for while writing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from hermes_dist.decide.leaving.card import CARD, Card
from hermes_dist.decide.leaving.examples import Examples
from hermes_dist.decide.leaving.leaks import unclear_at
from hermes_dist.decide.secrets.members import holds_members
from hermes_dist.decide.secrets.redact import redact
from hermes_dist.decide.secrets.scan import Leak, scan, scan_name
from hermes_dist.errors import DistError, Refused, first_few
from hermes_dist.model.left_out import Why
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree
from hermes_dist.world.archive.backup import chunks_of, is_database, opened_in, snapshot
from hermes_dist.world.archive.header import SHORT
from hermes_dist.world.archive.read import BASE, CARRIED_LONG, LONG, PRIVATE
from hermes_dist.world.archive.write import TarWriter, fits, in_order

_WINDOW = 8 << 20
_PACKED_WINDOW = 64 << 20
_OVERLAP = 1 << 14
_SHOWN = 20
Write = Callable[[TarWriter, str], None]


class Parcel(Struct):
    """The members of an archive.

    Attributes:
        root: The name of its one folder.
        known: The secrets of this machine, by name; None to search for none.
        hide: Replace secrets in databases by ``${NAME}``.
        folder: A folder for temporary copies of databases.
        recorded: The files of the home of which a record, and not its disk, says whether they are executable.
        received: The files of its package: their names are the author's.
        about_you: Places in it that say something about the user or this machine.
        unclear: Values that may be secrets of this machine, with their variables.
        leaks: The secrets that were found.
        maybe: The places where an unclear value was found.
        notes: What else to say.
    """

    root: str
    known: Mapping[str, str] | None
    hide: bool
    folder: Path
    recorded: Tree = EMPTY
    received: Tree = EMPTY
    about_you: tuple[str, ...] = ()
    unclear: Mapping[str, str] = field(default_factory=dict)
    leaks: list[Leak] = field(default_factory=list)
    maybe: list[Leak] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    _members: dict[str, Write] = field(default_factory=dict)
    _long: dict[str, str] = field(default_factory=dict)
    _lost: set[str] = field(default_factory=set)

    @property
    def files(self) -> int:
        """How many files of the home are in it; once it is packed, without those that could not be."""
        return sum(path != CARD for path in self.paths)

    @property
    def paths(self) -> Iterator[RelPath]:
        """The files of the home in it, and the card once it is packed."""
        packed = (name for name in self._members if name not in self._lost)
        named = (self._long.get(name, name) for name in packed)
        return (RelPath(path) for path in named if not path.startswith(f"{BASE}/"))

    def content(
        self,
        path: str,
        data: Callable[[], bytes],
        *,
        executable: bool = False,
        shipped: bool = False,
        examples: frozenset[str] = frozenset(),
        worth: Callable[[bytes], bytes] = bytes,
    ) -> None:
        """Add a file by its content.

        Args:
            path: Its path.
            data: Gives its content.
            executable: Whether it may be run.
            shipped: A package shipped it so, and what looks like a secret is its author's example.
            examples: Values in it that are its author's examples.
            worth: Gives what of the content is searched for secrets, line for line; by default all.
        """

        def write(tar: TarWriter, name: str) -> None:
            found = data()
            self._look(RelPath(path), worth(found), shipped=shipped, examples=examples)
            if not self.leaks:
                tar.add(name, [found], len(found), executable=executable)

        self._members[self._named(path, LONG)] = write

    def entry(self, path: RelPath, entry: Entry, read: Read, examples: Examples) -> None:
        """Add a file of a tree."""
        self.content(
            path,
            lambda: read(entry.digest),
            executable=entry.executable,
            shipped=examples.has(entry),
            examples=examples.at(path),
        )

    def base(self, digest: Digest, read: Read) -> None:
        """Add a content of the package that merging needs later."""
        self.content(f"{BASE}/{digest}", lambda: read(digest), shipped=True)

    def file(self, home: Path, path: RelPath) -> None:
        """Add a file of a home, of any size; a database is added as a consistent copy."""

        def write(tar: TarWriter, name: str) -> None:
            with opened_in(home, path) as file:
                if file is None:
                    self._lost.add(name)
                    # What went away since it was listed is missing, as if it had never been there.
                    if os.path.lexists(home / path):
                        self.notes.append(
                            Note.of(NoteKind.LEFT_OUT, path, why=Why.UNREADABLE, detail="")
                        )
                elif is_database(file):
                    self._database(tar, name, home / path, path)
                else:
                    found = _facts(file.fileno())
                    chunks = self._looked_at(path, chunks_of(file))
                    runs = self._runs(path, found)
                    self._add(tar, name, chunks, found.size, executable=runs)

        self._members[self._named(path, CARRIED_LONG)] = write

    def _runs(self, path: RelPath, found: _Facts) -> bool:
        return self.recorded[path].executable if path in self.recorded else found.executable

    def left_out(self, home: Path) -> tuple[str, ...]:
        """The names at the root of a home of which no file was added, though there is one."""
        tops = {path.top for path in self.paths}
        left = [item for item in home.iterdir() if item.name not in {*tops, PRIVATE}]
        return tuple(sorted(i.name + "/" * i.is_dir() for i in left if not _is_bare(i)))

    def pack(self, tar: TarWriter, card: Card) -> None:
        """Write every member.

        Raises:
            Refused: There are secrets in the members; the error names their places.
            DistError: A member can't be read.
        """
        text = card.with_long(self._long).encode()
        self.content(CARD, lambda: text)
        self._look_at_names()
        for name in in_order(self._members):
            self._members[name](tar, name)
        if self.leaks:
            raise _refusal(self.leaks)
        tar.close()

    def _named(self, path: str, long: str) -> str:
        """The name of a member: its path, or a short name if the path does not fit into a header."""
        whole = f"{self.root}/{path}"
        if len(whole.encode()) <= SHORT:
            return path
        folders = (whole[: at + 1] for at, char in enumerate(whole) if char == "/")
        if all(fits(name.encode()) for name in (whole, *folders)):
            return path
        name = f"{long}/{hashlib.sha256(path.encode()).hexdigest()[:32]}"
        self._long[name] = path
        return name

    def _database(self, tar: TarWriter, name: str, source: Path, path: RelPath) -> None:
        known = self.known

        def edit(text: bytes) -> bytes:
            return redact(text, known or {})[0]

        def look(place: str, text: bytes) -> None:
            kinds = {leak.kind for leak in scan(path, text, (known or {}).values())}
            self.leaks += [Leak(path, 0, f"{kind} in {place}") for kind in sorted(kinds)]

        searched = known is not None
        with snapshot(
            source,
            self.folder,
            look=look if searched else None,
            replace=edit if searched and self.hide else None,
        ) as copy:
            size = _facts(copy.fileno()).size
            self._add(tar, name, self._looked_at(path, chunks_of(copy)), size, executable=False)

    def _add(
        self, tar: TarWriter, name: str, chunks: Iterable[bytes], size: int, *, executable: bool
    ) -> None:
        if self.leaks:
            for _ in chunks:
                pass  # still searched, to report all places at once
            return
        tar.add(name, chunks, size, executable=executable)

    def _looked_at(self, path: RelPath, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass chunks on and search them in overlapping windows, so that a secret across a border is found.

        A file that holds compressed members is searched in one large window.
        """
        held = b""
        window = _WINDOW
        for chunk in chunks:
            yield chunk
            if not held:
                window = _window_for(chunk)
            held += chunk
            if len(held) >= window:
                self._look(path, held)
                held = held[-_OVERLAP:]
        self._look(path, held)

    def _look_at_names(self) -> None:
        if self.known is None:
            return
        for path in self.paths:
            shipped = path in self.received
            self.leaks += scan_name(path, self.known.values(), shipped=shipped)

    def _look(
        self,
        path: RelPath,
        data: bytes,
        *,
        shipped: bool = False,
        examples: frozenset[str] = frozenset(),
    ) -> None:
        if self.known is not None:
            known = self.known.values()
            self.leaks += scan(path, data, known, shipped=shipped, examples=examples)
        if not shipped:
            self.maybe += unclear_at(path, data, self.unclear)


def _window_for(head: bytes) -> int:
    """The size of the pieces in which to search a file, depending on its first bytes."""
    if holds_members(head):
        return _PACKED_WINDOW
    return _WINDOW


class _Facts(Struct, frozen=True):
    size: int
    executable: bool


def _facts(fd: int) -> _Facts:
    found = os.fstat(fd)
    return _Facts(found.st_size, bool(found.st_mode & 0o100))


def _refusal(leaks: Iterable[Leak]) -> DistError:
    found = sorted(set(leaks))
    places = first_few([str(leak) for leak in found], _SHOWN, "; ")
    ways = {leak.in_name: _ways_out(in_name=leak.in_name) for leak in found}
    return Refused(
        f"the archive would contain secrets, so nothing was written: {places}",
        hint="; ".join(ways[key] for key in sorted(ways)),
    )


def _ways_out(*, in_name: bool) -> str:
    if in_name:
        return "give each file with a secret in its name another name"
    return "take them out, or pass --redact to put ${NAME} in their place"


def _is_bare(place: Path) -> bool:
    """Whether a folder holds no file at any depth; one that can't be read may hold some."""
    if place.is_symlink() or not place.is_dir():
        return False
    try:
        return all(_is_bare(each) for each in place.iterdir())
    except OSError:
        return False
