"""Read our own archives without trusting them: only what :mod:`hermes_dist.world.archive.write` writes is accepted.

Archives of the agent and of other programs are told apart by their first bytes and read by
:mod:`hermes_dist.world.archive.foreign`; their files pass the same gate.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from msgspec import Struct, field

from hermes_dist.errors import Invalid
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Tree, check_side_by_side, names_alike
from hermes_dist.world.archive.header import (
    BLOCK,
    FILE,
    FOLDER,
    KINDS,
    header,
    kind_of,
    name_of,
    read_plain,
    size_of,
    sum_is_right,
)
from hermes_dist.world.archive.inflate import Inflated
from hermes_dist.world.archive.write import GZIP_HEAD
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.limits import LIMITS, MIB, Gate, Limits, shown
from hermes_dist.world.files import open_file
from hermes_dist.world.sources.nearby import no_file

PRIVATE = ".dist"
BASE = f"{PRIVATE}/base"
LONG = f"{PRIVATE}/long"
CARRIED_LONG = f"{PRIVATE}/carried"
CARD = f"{PRIVATE}/archive.json"
CARRIED = Limits(entries=200_000, blob=8192 * MIB, total=16_384 * MIB)
"""For sessions and databases, which go to the disk and never through memory."""
_READ = 1 << 18
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_EXTENDED = b"xgLK"
_EXECUTABLE = b"0000755"


class Raw(Struct, frozen=True):
    """A member as an archive names it, root included; a folder's name ends with ``/``.

    Attributes:
        pieces: Its content, which can be read once, and only before the next member.
    """

    name: bytes
    executable: bool
    size: int
    pieces: Callable[[], Iterator[bytes]]


class Carried(Struct, frozen=True):
    """A file that was written to the disk unchanged."""

    file: Path
    executable: bool
    size: int


class Contents(Struct):
    """The contents of an archive.

    Attributes:
        root: The name of its root folder.
        foreign: Whether another program wrote it.
        tree: Its files; their contents are kept.
        card: Its description of itself; None if it has none.
        base: Other contents that a merge needs.
        sizes: How many bytes each content has that was stored.
        carried: Files that were written to the disk.
    """

    root: str = ""
    foreign: bool = False
    tree: Tree = field(default_factory=Tree)
    card: bytes | None = None
    base: set[Digest] = field(default_factory=set)
    sizes: dict[Digest, int] = field(default_factory=dict)
    carried: dict[RelPath, Carried] = field(default_factory=dict)


Keep = Callable[[Iterable[bytes]], list[Digest]]


class Shelves(Struct, frozen=True, kw_only=True):
    """Where the contents of an archive go.

    Attributes:
        keep: Stores contents, in order, and returns their names; stores nothing if its input raises.
        carries: Whether a file of this size is written to the disk unchanged.
        spool: The folder for these files; None if there are none.
        judge: Called before anything is stored, with the contents and the paths that will be stored; may raise.
        limits: How large the rest may be.
    """

    keep: Keep
    carries: Callable[[RelPath, int], bool] = lambda _path, _size: False
    spool: Path | None = None
    judge: Callable[[Contents, list[RelPath]], None] = lambda _found, _paths: None
    limits: Limits = LIMITS


def is_ours(head: bytes) -> bool:
    """Whether a file begins as this program writes archives."""
    return head.startswith(GZIP_HEAD)


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """A file, piece by piece."""
    return iter(lambda: file.read(_READ), b"")


@lru_cache(maxsize=4)  # it is asked for again where a member is taken
def safe_name(name: bytes) -> tuple[str, RelPath | None, bool]:
    """A member's name as its root, its path below that (None for the root itself), and whether it is a folder.

    Raises:
        Invalid: The name is unsafe; the error names the rule.
    """
    try:
        text = name.decode()
    except UnicodeDecodeError:
        raise Invalid("unsafe path: it is not UTF-8", where=shown(name)) from None
    root, _, rest = text.partition("/")
    below = rest.removesuffix("/")
    return _safe_root(root), RelPath(below) if below else None, text.endswith("/")


_safe_root = lru_cache(maxsize=4)(RelPath)
"""An archive has one root, which each of its names begins with."""


def members(chunks: Iterator[bytes]) -> Iterator[Raw]:
    """Yield the members of one of our own archives.

    Raises:
        Invalid: The archive is damaged or breaks the grammar; the error names the rule.
    """
    inflated = Inflated(chunks, CARRIED.total + LIMITS.total)
    last = b""
    while (block := inflated.block()).strip(b"\0"):
        name, size = _header(block)
        safe_name(name)
        _check_order(name, last)
        last = name
        left = [size]
        yield Raw(name, _may_run(block), size, partial(_content, inflated, left))
        _skip(inflated, left)
        if inflated.read(-size % BLOCK).strip(b"\0"):
            raise Invalid("the archive is not safe: its padding is not empty", where=shown(name))
    if inflated.block().strip(b"\0"):
        raise Invalid("the archive is not safe: there is data after its end")
    inflated.expect_end()


def _check_order(name: bytes, last: bytes) -> None:
    """Refuse a name that is out of order: names are sorted, each is there once, and after its folder.

    Raises:
        Invalid: One of these rules is broken.
    """
    if not last:
        if not name.endswith(b"/"):
            raise Invalid(
                "the archive is not safe: it does not begin with its one folder", where=shown(name)
            )
        return
    if name == last:
        raise Invalid("the archive is not safe: a name appears twice", where=shown(name))
    if name < last:
        raise Invalid("the archive is not safe: its names are not in order", where=shown(name))
    folder = name.rstrip(b"/").rpartition(b"/")[0]
    if not folder or not last.startswith(folder + b"/"):
        raise Invalid("the archive is not safe: the folder of a file is missing", where=shown(name))


def _skip(inflated: Inflated, left: list[int]) -> None:
    """Skip content that was not asked for."""
    if left[0]:
        for _ in _content(inflated, left):
            pass


def _content(inflated: Inflated, left: list[int]) -> Iterator[bytes]:
    for piece in inflated.pieces(left[0]):
        left[0] -= len(piece)
        yield piece


def _may_run(block: bytes) -> bool:
    return block[100:107] == _EXECUTABLE


def _header(block: bytes) -> tuple[bytes, int]:
    """Return the name and size of a member.

    Raises:
        Invalid: The header is not exactly as this program writes it.
    """
    with suppress(ValueError):  # a digit that is not octal
        plain = read_plain(block, executable=_may_run(block))
        if plain is not None and not (plain[1] and kind_of(block) == FOLDER):
            return plain
    name = name_of(block)
    size = _plain_size(block, name)
    if size is None or (size and kind_of(block) == FOLDER):
        raise _fault_in(block, name)
    return name, size


def _fault_in(block: bytes, name: bytes) -> Invalid:
    """Say why a header is not as this program writes it."""
    kind = kind_of(block)
    if not sum_is_right(block):
        return Invalid("the archive is damaged: a header's sum is wrong", where=shown(name))
    if kind not in {FILE, FOLDER}:
        what = (
            "extended headers" if kind in _EXTENDED else KINDS.get(kind, "entries of unknown kinds")
        )
        return Invalid(f"the archive is not safe: {what} are not allowed", where=shown(name))
    return Invalid(
        f"the archive is not safe: a header has unexpected fields{_odd_mode(block)}",
        where=shown(name),
    )


def _plain_size(block: bytes, name: bytes) -> int | None:
    """Return the size in a header; None if we would write the header in another way."""
    try:
        size = size_of(block)
        ours = header(name, size, executable=_may_run(block))
    except (Invalid, ValueError):
        return None
    # One comparison covers every field: owner, time, spelling of numbers, and what stands behind a name.
    return size if block == ours else None


def _odd_mode(block: bytes) -> str:
    mode = block[100:107].lstrip(b"0").decode("ascii", "replace")
    if mode in {"644", "755"}:
        return ""
    return f": the mode {mode!r} is not allowed"


def take(raws: Iterator[Raw], shelves: Shelves) -> Contents:
    """Store the contents of an archive.

    Args:
        raws: Its members.
        shelves: Where to store them.

    Raises:
        Invalid: A path is unsafe, or it is too large; nothing was kept.
    """
    taker = _Taker(shelves)
    digests = shelves.keep(taker.contents(raws))
    return taker.finished(digests)


def _is_private(path: RelPath) -> bool:
    return path.under(PRIVATE) and not path.under(LONG)


def _stays_behind(path: RelPath) -> bool:
    """Whether a file belongs to one home only, so that it must not reach another."""
    return _is_private(path) and not path.under(BASE) and path != CARD


def _check_digest(path: RelPath, data: bytes) -> None:
    """Refuse a base whose name is not its digest: merging would take it for something else.

    Raises:
        Invalid: The name and the content differ.
    """
    if _is_private(path) and path.name != Digest.of(data):
        raise Invalid(
            "the archive is damaged: a content is stored under the wrong name", where=str(path)
        )


class _Taker:
    """One look at an archive."""

    def __init__(self, shelves: Shelves) -> None:
        self._shelves = shelves
        self._gate, self._carried = Gate(shelves.limits), Gate(CARRIED)
        self._files: list[tuple[RelPath, bool]] = []
        self._sizes: list[int] = []
        self.found = Contents()

    def contents(self, raws: Iterator[Raw]) -> Iterator[bytes]:
        """Yield the contents to store, and write all others to their places on the way."""
        for raw in raws:
            path = self._path(raw.name)
            if path is None:
                continue
            if self._is_carried(path, raw.size):
                self._spool(self._carried.file(path, _mode(raw), raw.size)[0], raw)
                continue
            self._gate.file(path, _mode(raw), raw.size)
            if _stays_behind(path):
                continue
            data = b"".join(raw.pieces())
            if path == CARD:
                self.found.card = data
                continue
            _check_digest(path, data)
            self._files.append((path, raw.executable))
            self._sizes.append(len(data))
            yield data
        self._check()

    def finished(self, digests: list[Digest]) -> Contents:
        """Return the contents after they are stored."""
        entries = {
            path: Entry(digest, run)
            for (path, run), digest in zip(self._files, digests, strict=True)
        }
        self.found.sizes = dict(zip(digests, self._sizes, strict=True))
        self.found.base = {entry.digest for path, entry in entries.items() if path.under(BASE)}
        self.found.tree = Tree(
            {path: entry for path, entry in entries.items() if not path.under(BASE)}
        )
        return self.found

    def _path(self, name: bytes) -> RelPath | None:
        """The path below the root; None for a folder.

        Raises:
            Invalid: The path is unsafe or outside the one root.
        """
        root, path, is_folder = safe_name(name)
        self.found.root = self.found.root or root
        if root != self.found.root or (path is None and not is_folder):
            raise Invalid(
                "the archive is not safe: it holds more than its one folder", where=shown(name)
            )
        if path is not None and not is_folder:
            return path
        self._carried.folder(path or RelPath("root"))
        return None

    def _is_carried(self, path: RelPath, size: int) -> bool:
        if self._shelves.spool is None or (path.under(PRIVATE) and not path.under(CARRIED_LONG)):
            return False
        return path.under(CARRIED_LONG) or self._shelves.carries(path, size)

    def _spool(self, path: RelPath, raw: Raw) -> None:
        assert self._shelves.spool is not None  # noqa: S101 - see _is_carried
        file = self._shelves.spool / str(len(self.found.carried))
        with open(os.open(file, _NEW, 0o700 if raw.executable else 0o600), "wb") as out:
            out.writelines(raw.pieces())
        self.found.carried[path] = Carried(file, raw.executable, raw.size)

    def _check(self) -> None:
        if not self.found.root:
            raise Invalid("the archive is empty")
        check_names([*(path for path, _ in self._files), *self.found.carried], self._shelves.spool)
        self._shelves.judge(self.found, [path for path, _ in self._files if not path.under(BASE)])


def check_names(paths: Collection[RelPath], spool: Path | None) -> None:
    """Check that all files of an archive can exist side by side.

    Args:
        paths: The files.
        spool: An empty folder, or one with files named by numbers, on the disk that they are for. What that disk can
            hold is enough: a profile that was saved on such a disk can come back to one. None for files that have to
            fit on every disk.

    Raises:
        Invalid: They can't.
    """
    if spool is None:
        check_side_by_side(paths)
        return
    files = frozenset(paths)
    for path in paths:
        if not files.isdisjoint(path.parents):
            check_side_by_side(files)
    for one, other in names_alike(paths):
        if not _are_two(spool, one.name, other.name):
            raise Invalid(
                f"this disk can't hold both it and {str(one)!r}: "
                "they differ only in case or in how an accent is written",
                where=repr(str(other)),
                hint="rename one of them where the archive was made, and make it again",
            )


def _are_two(folder: Path, one: str, other: str) -> bool:
    """Whether a disk tells two names apart."""
    with TemporaryDirectory(dir=folder) as trial:
        Path(trial, one).touch()
        return not Path(trial, other).exists()


def _mode(raw: Raw) -> str:
    return "100755" if raw.executable else "100644"


def opened(path: Path) -> BinaryIO:
    """Open a file to read.

    Raises:
        DistError: The file is missing or can't be read.
    """
    try:
        return open_file(path)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise no_file(path) from None
    except OSError as error:
        raise trouble(error, "can't read the file", where=str(path)) from error
