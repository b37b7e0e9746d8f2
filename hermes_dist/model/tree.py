"""Trees: immutable path → entry, where an entry is a mode and the digest of its content.

A tree lists what a package or a home contains, without the contents; a ``Read`` function returns contents by digest.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from collections.abc import Set as AbstractSet
from itertools import compress
from operator import is_not

from hermes_dist.errors import Invalid, quoted
from hermes_dist.light import TYPE_CHECKING, NamedTuple
from hermes_dist.model.paths import RelPath, folded, folders_of

if TYPE_CHECKING:
    import hashlib
    from typing import Self, TypeVar, overload

    _Other = TypeVar("_Other")

_HEX = "0123456789abcdef"


class Digest(str):
    """SHA-256 of some bytes, 64 lower-case hex digits.

    Raises:
        Invalid: The text is not a SHA-256 digest.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if len(text) != 64 or text.strip(_HEX):
            raise Invalid(f"{quoted(text, 80)} is not a SHA-256 digest")
        return super().__new__(cls, text)

    @classmethod
    def of(cls, data: bytes | memoryview) -> Digest:
        last = _last[0]
        if last is not None and data is last[0]:
            return last[1]
        digest = str.__new__(cls, _sha256(data).hexdigest())
        if isinstance(data, bytes) and len(data) <= _MOST_KEPT:
            _last[0] = (data, digest)
        return digest


def is_digest(text: str) -> bool:
    """Whether a text is a SHA-256 digest."""
    return len(text) == 64 and not text.strip(_HEX)


def _sha256(data: bytes | memoryview = b"") -> hashlib._Hash:
    import hashlib  # noqa: PLC0415 - start-up

    return hashlib.sha256(data)


_last: list[tuple[bytes, Digest] | None] = [None]
"""The bytes that were looked at last: who reads them checks them, and so does who writes them a moment later."""
_MOST_KEPT = 1 << 20

Read = Callable[[Digest], bytes]
"""Returns the content for a digest; raises Invalid if it is missing."""


def together(blobs: Mapping[Digest, bytes], read: Read) -> Read:
    """Make a reader that looks into new contents first, including those that are added to ``blobs`` later."""

    def reading(digest: Digest) -> bytes:
        if digest in blobs:
            return blobs[digest]
        return read(digest)

    return reading


class Entry(NamedTuple):
    """A regular file: the digest of its content, and whether it is executable."""

    digest: Digest
    executable: bool = False


class Tree(Mapping[RelPath, Entry]):
    """An immutable map of paths to entries, in path order.

    Args:
        entries: Pairs or a mapping. Input from outside must pass :func:`check_side_by_side` first.
    """

    __slots__ = ("_digest", "_entries", "_folders")

    def __init__(
        self, entries: Mapping[RelPath, Entry] | Iterable[tuple[RelPath, Entry]] = ()
    ) -> None:
        pairs = dict(entries.items() if isinstance(entries, Mapping) else entries)
        paths = sorted(pairs)
        in_order = paths == [*pairs]
        self._entries: dict[RelPath, Entry] = pairs if in_order else {p: pairs[p] for p in paths}
        self._digest: Digest | None = None
        self._folders: frozenset[RelPath] | None = None

    def __getitem__(self, path: RelPath) -> Entry:
        return self._entries[path]

    def __iter__(self) -> Iterator[RelPath]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, path: object) -> bool:
        return path in self._entries

    # A large package is walked through many times, so these are the ones of the dict itself.
    if TYPE_CHECKING:

        @overload
        def get(self, path: RelPath, /) -> Entry | None: ...
        @overload
        def get(self, path: RelPath, /, default: Entry | _Other) -> Entry | _Other: ...

    def get(self, path: RelPath, /, default: object = None) -> object:
        return self._entries.get(path, default)

    def keys(self) -> KeysView[RelPath]:
        return self._entries.keys()

    def values(self) -> ValuesView[Entry]:
        return self._entries.values()

    def items(self) -> ItemsView[RelPath, Entry]:
        return self._entries.items()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tree):
            return False
        return self._entries is other._entries or self._entries == other._entries

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Tree({len(self)} files, {self.digest[:12]})"

    @property
    def digest(self) -> Digest:
        """SHA-256 over ``mode digest path`` lines in path order."""
        if self._digest is None:
            lines = [
                f"755 {digest} {path}\n" if executable else f"644 {digest} {path}\n"
                for path, (digest, executable) in self._entries.items()
            ]
            self._digest = Digest.of("".join(lines).encode())
        return self._digest

    def with_entries(self, changes: Mapping[RelPath, Entry | None]) -> Tree:
        """Return the tree with some entries replaced, added or (None) removed."""
        if not changes:
            return self
        merged = {**self._entries}
        for path, entry in changes.items():
            if entry is not None:
                merged[path] = entry
            else:
                merged.pop(path, None)
        # Only what is new comes at the end, and has to be put into its place.
        if not merged.keys() <= self._entries.keys():
            return Tree(merged)
        tree = _in_order(merged)
        if len(merged) == len(self._entries):
            tree._folders = self._folders  # noqa: SLF001 - of this class
        return tree

    def sharing(self, other: Tree) -> Tree:
        """Return this tree made of the paths and entries of another where both have them.

        Two versions of a large package are mostly alike, and take hardly more memory than one then.
        """
        paths = {path: path for path in other._entries}
        shared = {}
        for path, entry in self._entries.items():
            before = other._entries.get(path)
            shared[paths.get(path, path)] = before if before == entry else entry
        return _in_order(shared)

    def where(self, keep: Callable[[RelPath], bool]) -> Tree:
        """Return the part of the tree whose paths ``keep`` accepts."""
        return _in_order({path: entry for path, entry in self._entries.items() if keep(path)})

    @property
    def folders(self) -> AbstractSet[RelPath]:
        """Every folder that its files need."""
        if self._folders is None:
            self._folders = frozenset(folders_of(self._entries))
        return self._folders

    def lacking(self, other: Tree) -> list[RelPath]:
        """List the paths that another tree does not have, in path order."""
        if self._entries.keys() <= other._entries.keys():
            return []
        # Not as sets: they would lose the order, and to sort thousands of paths takes long.
        return [path for path in self._entries if path not in other._entries]

    def differing(self, other: Tree) -> list[RelPath]:
        """List the paths whose entries differ, in path order."""
        mine, others = self._entries, other._entries
        if mine is others:
            return []
        # Two states of a large package are mostly alike, and made of the same entries: those are passed over fast.
        unlike = compress(mine.items(), map(is_not, mine.values(), map(others.get, mine)))
        changed = [path for path, entry in unlike if others.get(path) != entry]
        both = len(mine) - sum(path not in others for path in changed)
        return sorted(changed + other.lacking(self)) if both < len(others) else changed


EMPTY = Tree()


def _in_order(entries: dict[RelPath, Entry]) -> Tree:
    """Make a tree of entries that are in path order already."""
    tree = Tree()
    tree._entries = entries  # noqa: SLF001 - of this module
    return tree


def mode_of(entry: Entry) -> str:
    """Return ``755`` or ``644``."""
    return "755" if entry.executable else "644"


def check_side_by_side(paths: Iterable[RelPath]) -> None:
    """Check that all paths can exist side by side on every file system.

    Raises:
        Invalid: Two paths differ only in case or Unicode form, one is a parent of another, or one is repeated.
    """
    # A repository made on Linux may hold Skill.md and SKILL.md. On a Mac one would overwrite the other.
    folders: dict[str, RelPath] = {}
    files: dict[str, RelPath] = {}
    known: set[RelPath] = set()
    for path in paths:
        folder = path.parent
        while folder is not None and folder not in known:
            key = folded(folder)
            first = files.get(key) or folders.setdefault(key, folder)
            if first != folder or key in files:
                raise _twins(path, first)
            known.add(folder)
            folder = folder.parent
        key = folded(path)
        if key in folders or key in files:
            raise _twins(path, folders.get(key) or files[key])
        files[key] = path


def names_alike(paths: Iterable[RelPath]) -> Iterator[tuple[RelPath, RelPath]]:
    """Yield the files and folders that have, in their folder, a name which some disks take for an earlier one."""
    first: dict[tuple[RelPath | None, str], RelPath] = {}
    known: set[RelPath] = set()
    for path in paths:
        for place in (*path.parents, path):
            if place in known:
                continue
            known.add(place)
            other = first.setdefault((place.parent, folded(place.name)), place)
            if other != place:
                yield other, place


def _twins(path: RelPath, other: RelPath) -> Invalid:
    return Invalid(
        f"unsafe path: some file systems can't hold both it and {str(other)!r}",
        where=repr(str(path)),
        hint="rename one of them, or tell the author of the package",
    )
