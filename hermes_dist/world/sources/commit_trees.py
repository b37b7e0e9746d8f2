"""The tree of a commit, with its contents in the store: read as a whole, or by what changed since another one.

A package of thousands of files changes in a few. git compares two commits without looking into folders that both have;
all other entries are as :mod:`hermes_dist.world.sources.commit_record` says they were. Whatever is unusual in a change
is read as a whole, which tells what is wrong.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path

from msgspec import Struct

from hermes_dist.errors import DistError, Invalid
from hermes_dist.light import NamedTuple
from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.model.paths import RelPath, folders_of
from hermes_dist.model.tree import Digest, Entry, Tree, check_side_by_side
from hermes_dist.world.disk.limits import MODES, Limits
from hermes_dist.world.disk.store import Store
from hermes_dist.world.git.cache import known_tree
from hermes_dist.world.ports import Changed, Git, GitFile, Listing
from hermes_dist.world.sources import commit_record
from hermes_dist.world.sources.commit_record import Record, Row
from hermes_dist.world.sources.pointers import is_pointer
from hermes_dist.world.sources.small_trees import SmallTrees

MANY = 200
"""A package with fewer files is read as a whole as fast as by what changed."""
_STALE = 50
"""The record is written again when more than one file in so many is not as it says."""
_Place = tuple[str, str, RelPath | None]
"""A repository, a commit and a folder in it."""


class CommitTree(NamedTuple):
    """What was read.

    Attributes:
        tree: The files; their contents are in the store.
        left_out: What was left out, and why.
        copies: The symlinks that are taken as copies, each with its file.
    """

    tree: Tree
    left_out: tuple[LeftOut, ...] = ()
    copies: tuple[tuple[RelPath, RelPath], ...] = ()


class _Unusual(Exception):
    """Something that only reading the whole commit can judge."""


class _Change(Struct, frozen=True):
    """What differs between two commits.

    Attributes:
        files: The new and changed files: whether each is executable, and git's name for its content.
        added: Those of them that are new.
        gone: The files that are gone.
        new_folders: The folders that are new.
        folders: How many folders there are more.
    """

    files: Mapping[RelPath, tuple[bool, str]]
    added: frozenset[str]
    gone: frozenset[str]
    new_folders: frozenset[str]
    folders: int


class _Compared(NamedTuple):
    """A commit that was compared with the one of a record; what changed is in the store.

    Attributes:
        record: What the other commit is.
        change: What differs.
        taken: The new and changed files.
    """

    record: Record
    change: _Change
    taken: list[Row]


class _Kept(NamedTuple):
    """The files that did not change, and their bytes in all."""

    files: dict[RelPath, Entry]
    total: int


class _Stored(NamedTuple):
    """Contents in the store, by git's names for them, and which of them stand for files that are elsewhere."""

    digests: dict[str, Digest]
    pointers: set[str]


class CommitTrees:
    """Reads the trees of commits.

    Args:
        root: The folder of caches.
        git: Has fetched them.
        store: Where contents are kept.
        limits: How large a package may be.
    """

    def __init__(self, root: Path, git: Git, store: Store, limits: Limits) -> None:
        self._root, self._git, self._store, self._limits = root, git, store, limits
        self._small = SmallTrees(root, store)
        self._ahead: dict[_Place, _Compared | CommitTree | DistError] = {}

    def read_ahead(self, url: str, commit: str, subfolder: RelPath | None) -> None:
        """Read what :meth:`read` asks git for; it then needs no git, or raises the error that came here.

        Args:
            url: The repository.
            commit: The commit, which was fetched.
            subfolder: The folder of the package.
        """
        place = (url, commit, subfolder)
        try:
            self._ahead[place] = self._begin(*place)
        except DistError as error:
            self._ahead[place] = error

    def read_together(self, url: str, commit: str, folders: Iterable[RelPath]) -> None:
        """Read several packages of one commit with few calls of git and the store; :meth:`read` then needs no git.

        One that can't be read so is left to :meth:`read`, which says what is wrong with it.

        Args:
            url: The repository.
            commit: The commit, which was fetched.
            folders: Their folders.
        """
        new = [folder for folder in folders if not self._is_known(url, commit, folder)]
        with suppress(DistError):
            for listings in self._git.listings(url, commit, new):
                self._take_all(url, commit, listings)

    def _is_known(self, url: str, commit: str, folder: RelPath) -> bool:
        """Whether a package is remembered, as it is or by a record to compare it with."""
        tree = self._small.read(url, commit, folder)
        if tree is not None:
            self._ahead[url, commit, folder] = CommitTree(tree)
        return tree is not None or known_tree(self._root, url, folder).exists()

    def _take_all(self, url: str, commit: str, listings: Mapping[RelPath, Listing]) -> None:
        """Take the contents of several packages into the store, as one."""
        stored = self._keep(url, [file for one in listings.values() for file in one.files])
        for folder, listing in listings.items():
            self._ahead[url, commit, folder] = self._made(url, commit, folder, listing, stored)

    def read(self, url: str, commit: str, subfolder: RelPath | None, before: Tree) -> CommitTree:
        """Read a commit: what differs from an earlier one if that is known, else all of it.

        Args:
            url: The repository.
            commit: The commit, which was fetched.
            subfolder: The folder of the package.
            before: A tree that is mostly the same, and whose contents a lock keeps in the store.

        Raises:
            Invalid: The tree is unsafe, too large, or there is none.
        """
        begun = self._ahead.pop((url, commit, subfolder), None)
        begun = begun or self._begin(url, commit, subfolder)
        if isinstance(begun, DistError):
            raise begun
        if isinstance(begun, CommitTree):
            return begun
        tree = self._follow(url, commit, subfolder, begun, before)
        return self.read_whole(url, commit, subfolder) if tree is None else CommitTree(tree)

    def _begin(self, url: str, commit: str, subfolder: RelPath | None) -> _Compared | CommitTree:
        """Compare a commit with the one of the record, or read all of it; what is new is then in the store."""
        tree = self._small.read(url, commit, subfolder)
        if tree is not None:
            return CommitTree(tree)
        return self._compare(url, commit, subfolder) or self.read_whole(url, commit, subfolder)

    def read_whole(self, url: str, commit: str, subfolder: RelPath | None) -> CommitTree:
        """Read all of a commit, and put all of its contents into the store.

        Raises:
            Invalid: The tree is unsafe, too large, or there is none.
        """
        listing = self._git.listing(url, commit, subfolder)
        stored = self._keep(url, listing.files)
        return self._made(url, commit, subfolder, listing, stored)

    def _made(
        self,
        url: str,
        commit: str,
        subfolder: RelPath | None,
        listing: Listing,
        stored: _Stored,
    ) -> CommitTree:
        """The tree of a package whose contents are in the store; it is remembered."""
        digests, pointers = stored
        kept = [file for file in listing.files if file.oid not in pointers]
        tree = Tree({f.path: Entry(digests[f.oid], f.executable) for f in kept})
        lfs = (LeftOut(f.path, Why.LFS_POINTER) for f in listing.files if f.oid in pointers)
        left_out = tuple(sorted((*listing.left_out, *lfs)))
        if not (left_out or listing.copies):
            if len(tree) >= MANY:
                self._remember(url, commit, subfolder, listing.files, digests)
            else:
                self._small.take(url, commit, subfolder, tree)
        return CommitTree(tree, left_out, listing.copies)

    def keep(self) -> None:
        """Remember the trees of all small packages that were read, for who needs them again."""
        self._small.keep()

    def _keep(self, url: str, files: Sequence[GitFile]) -> _Stored:
        """Stream contents from git into the store."""
        oids = list(dict.fromkeys(file.oid for file in files))
        pointers: set[str] = set()

        def contents() -> Iterator[bytes]:
            for oid, data in self._git.blobs(url, oids):
                if is_pointer(data):
                    pointers.add(oid)
                yield data

        digests = dict(zip(oids, self._store.put_many(contents()), strict=True))
        return _Stored(digests, pointers)

    def _compare(self, url: str, commit: str, subfolder: RelPath | None) -> _Compared | None:
        """Compare a commit with the one of the record; None if it has to be read as a whole."""
        place = known_tree(self._root, url, subfolder)
        record = commit_record.read(place)
        rows = self._git.changes(url, record.commit, commit, subfolder) if record else None
        if record is None or rows is None:
            return None
        try:
            change = _change_in(rows)
            return _Compared(record, change, self._taken(url, change))
        except _Unusual:
            return None
        except Invalid:
            if not place.parent.is_dir():
                raise  # it was damaged, and is put away
            return None

    def _follow(
        self, url: str, commit: str, subfolder: RelPath | None, found: _Compared, before: Tree
    ) -> Tree | None:
        """Read a commit by what differs from an earlier one; None if it has to be read as a whole."""
        record, change, taken = found
        try:
            kept = self._kept(record, change, before)
            self._check_stored(kept.files)
            self._check(record, change, kept.files)
            if kept.total + sum(row.size for row in taken) > self._limits.total:
                return None
        except (_Unusual, Invalid):
            return None
        if (len(taken) + len(change.gone)) * _STALE > len(kept.files):
            same = (row for row in record.rows() if row.path in kept.files)
            place = known_tree(self._root, url, subfolder)
            commit_record.write(place, commit, record.folders + change.folders, chain(same, taken))
        return Tree({**kept.files, **_entries(taken)})

    def _kept(self, record: Record, change: _Change, before: Tree) -> _Kept:
        """The files that did not change; a clean-up of the store spares the contents that a lock names.

        Raises:
            _Unusual: The store lacks one, or the record lacks what the change is about.
        """
        known: dict[str, RelPath] = {path: path for path in before}
        named = {entry.digest for entry in before.values()}
        kept, total = dict[RelPath, Entry](), 0
        touched, changed = set(), {*change.gone, *change.files}
        for row in record.rows():
            name, digest, size, executable = row
            if name in changed:
                touched.add(name)
                continue
            path = known.get(name) or RelPath(name)
            entry = before.get(path)
            if entry is None or entry.digest != digest or entry.executable != executable:
                entry = self._stored(row, named)
            kept[path] = entry
            total += size
        if touched != change.gone | (change.files.keys() - change.added):
            raise _Unusual
        return _Kept(kept, total)

    def _stored(self, row: Row, named: Container[Digest]) -> Entry:
        """The entry of a row whose content is in the store, or is named by a lock.

        Raises:
            _Unusual: It is neither.
        """
        entry = Entry(Digest(row.digest), row.executable)
        if entry.digest not in named and not self._store.keeps(entry.digest, row.size):
            raise _Unusual
        return entry

    def _check_stored(self, kept: Mapping[RelPath, Entry]) -> None:
        """Check that the contents are there. No clean-up removes what a lock names, but a bad disk does.

        Raises:
            _Unusual: One is missing, and has to be fetched again.
        """
        if not self._store.has_all(entry.digest for entry in kept.values()):
            raise _Unusual

    def _check(self, record: Record, change: _Change, kept: Mapping[RelPath, Entry]) -> None:
        """Check that the files are as safe together as if the commit had been read as a whole.

        Raises:
            _Unusual: It has to be read as a whole.
            Invalid: Two files can't be side by side.
        """
        count = record.folders + change.folders + len(kept) + len(change.files)
        if count > self._limits.entries:
            raise _Unusual
        if change.new_folders and not change.new_folders.isdisjoint(folders_of(kept)):
            raise _Unusual
        if change.added:
            check_side_by_side([*kept, *change.files])

    def _taken(self, url: str, change: _Change) -> list[Row]:
        """Stream the new contents from git into the store.

        Raises:
            _Unusual: They are too many, or one stands for another file.
        """
        oids = list(dict.fromkeys(oid for _, oid in change.files.values()))
        sizes: dict[str, int] = {}

        def contents() -> Iterator[bytes]:
            total = 0
            for oid, data in self._git.blobs(url, oids):
                sizes[oid] = len(data)
                total += len(data)
                if is_pointer(data) or total > self._limits.total:
                    raise _Unusual
                yield data

        digests = dict(zip(oids, self._store.put_many(contents()), strict=True))
        return [
            Row(path, digests[oid], sizes[oid], executable)
            for path, (executable, oid) in change.files.items()
        ]

    def _remember(
        self,
        url: str,
        commit: str,
        subfolder: RelPath | None,
        files: Sequence[GitFile],
        digests: Mapping[str, Digest],
    ) -> None:
        """Keep the record of a commit that has nothing but regular files."""
        rows = (Row(f.path, digests[f.oid], f.size, f.executable) for f in files)
        folders = len(folders_of(file.path for file in files))
        commit_record.write(known_tree(self._root, url, subfolder), commit, folders, rows)


def _change_in(rows: Iterable[Changed]) -> _Change:
    """Sort out the rows of a comparison; folders come before what is in them.

    Raises:
        _Unusual: One is no file or folder, or there twice.
        Invalid: A path is unsafe.
    """
    there: list[Changed] = []
    gone: list[Changed] = []
    for row in rows:
        (gone if row.status == "D" else there).append(row)
    here = _by_path(there)
    files = {path: _content(row) for path, row in here.items() if not row.is_folder}
    new = frozenset(path for path, row in here.items() if row.status == "A")
    folders = new - files.keys()
    return _Change(
        files=files,
        added=new & files.keys(),
        gone=frozenset(_text(row.path) for row in gone if not row.is_folder),
        new_folders=folders,
        folders=len(folders) - sum(row.is_folder for row in gone),
    )


def _by_path(rows: Iterable[Changed]) -> dict[RelPath, Changed]:
    found: dict[RelPath, Changed] = {}
    folders = {b""}
    for row in rows:
        path = RelPath(_text(row.path))
        # A name with a slash in it looks like a path, but of a folder that was never listed.
        if path in found or row.path.rpartition(b"/")[0] not in folders:
            raise _Unusual
        found[path] = row
        if row.is_folder:
            folders.add(row.path)
    return found


def _content(row: Changed) -> tuple[bool, str]:
    if row.mode not in MODES:
        raise _Unusual
    return MODES[row.mode], row.oid


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise _Unusual from None


def _entries(rows: Iterable[Row]) -> dict[RelPath, Entry]:
    return {RelPath(row.path): Entry(Digest(row.digest), row.executable) for row in rows}
