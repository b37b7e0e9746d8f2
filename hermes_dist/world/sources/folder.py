"""Read a local folder as a package: regular files, links to them as copies; ignored files are left out."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.brand import MANIFEST
from hermes_dist.errors import Invalid, NoFolder
from hermes_dist.light import NamedTuple
from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Tree
from hermes_dist.world.disk.fs import RealFs, trouble
from hermes_dist.world.disk.limits import LIMITS, Gate, Limits
from hermes_dist.world.ports import Odd
from hermes_dist.world.sources.links import followed
from hermes_dist.world.sources.pointers import is_pointer

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_IGNORE_BYTES = 1 << 20
_TRIES = 3
_ODD = {
    stat.S_IFIFO: Why.FIFO,
    stat.S_IFSOCK: Why.SOCKET,
    stat.S_IFBLK: Why.DEVICE,
    stat.S_IFCHR: Why.DEVICE,
}

Ignores = Callable[[str], bool | None]
"""Whether a path (a folder's ends with ``/``) is ignored by one set of rules; None when they do not say."""
Rules = Callable[[list[str]], Ignores]
"""Reads the lines of a ``.gitignore``."""
Keep = Callable[[Iterable[bytes]], list[Digest]]
"""Takes contents, and gives their names in order."""


class FoundFile(Struct, frozen=True):
    """A regular file as it was when the folder was read.

    Attributes:
        path: Its path in the package.
        source: The file that is read; differs from the path for a symlink.
    """

    path: RelPath
    executable: bool
    signature: tuple[int, ...]
    source: RelPath


class FolderPackage(NamedTuple):
    """A package that was read without git.

    Attributes:
        tree: Its files.
        left_out: What does not belong to it, and why.
        copies: The symlinks in it that are taken as copies, each with the file that it stands for.
    """

    tree: Tree
    left_out: tuple[LeftOut, ...] = ()
    copies: tuple[tuple[RelPath, RelPath], ...] = ()


class Walk(Struct):
    """The result of reading a folder.

    Attributes:
        files: What belongs to the package, in path order.
        left_out: What does not, and why.
        links: The symlinks, with their targets as they are written.
    """

    files: list[FoundFile] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)

    def leave_out(self, numbers: Collection[int], digests: list[Digest], why: Why) -> list[Digest]:
        """Leave out some files, by their numbers; returns the digests of those that stay."""
        self.left_out += [LeftOut(self.files[n].path, why) for n in sorted(numbers)]
        stay = [n for n in range(len(self.files)) if n not in numbers]
        self.files = [self.files[n] for n in stay]
        return [digests[n] for n in stay]

    def tree(self, digests: Iterable[Digest]) -> Tree:
        """Make the tree of the digests of the files, which are in their order."""
        rows = zip(self.files, digests, strict=True)
        return Tree({file.path: Entry(digest, file.executable) for file, digest in rows})


def read_folder(root: Path, rules: Rules, limits: Limits, keep: Keep) -> tuple[Walk, list[Digest]]:
    """Read a folder as it is at one moment.

    Args:
        root: The folder.
        rules: Reads ``.gitignore`` files.
        limits: How large it may be.
        keep: Stores the contents of the files, in order, and returns their names.

    Returns:
        What was found, and what ``keep`` gave.

    Raises:
        Invalid: A path is unsafe, or the folder is too large or keeps changing.
        DistError: The folder can't be read.
    """
    for _ in range(_TRIES):
        walk = walk_folder(root, rules, limits)
        with RealFs(root) as fs:
            try:
                names = keep(_contents(fs, walk))
            except Odd:
                continue
        if walk_folder(root, rules, limits).files == walk.files:
            return walk, names
    raise Invalid(
        "it changed while it was being read",
        where=str(root),
        hint="try again when nothing is writing there",
    )


def _contents(fs: RealFs, walk: Walk) -> Iterator[bytes]:
    for found in walk.files:
        try:
            data = fs.read(found.source)
        except OSError as error:
            raise trouble(error, "can't read the file", where=str(found.path)) from error
        if data is None:
            raise Odd("it is gone", where=str(found.path))
        yield data


def look_into(
    folder: Path, rules: Rules, limits: Limits = LIMITS
) -> tuple[Tree, dict[Digest, bytes], list[LeftOut]]:
    """Read a folder as a package without storing anything, so that its author can inspect it.

    Args:
        folder: The folder.
        rules: Reads ``.gitignore`` files.
        limits: How large it may be.

    Returns:
        The tree, its contents, and what was left out and why.

    Raises:
        Invalid: The folder is unsafe or too large; the error names the rule.
    """
    contents: dict[Digest, bytes] = {}

    def keep(blobs: Iterable[bytes]) -> list[Digest]:
        named = [(Digest.of(data), data) for data in blobs]
        contents.update(named)
        return [digest for digest, _ in named]

    walk, digests = read_folder(folder.resolve(), rules, limits, keep)
    return walk.tree(digests), contents, walk.left_out


def read_package_folder(
    folder: Path, subfolder: RelPath | None, rules: Rules, limits: Limits, keep: Keep
) -> FolderPackage:
    """Read a folder, or one below it, as a package.

    Raises:
        Invalid: The folder is missing, or as for :func:`read_folder`.
        DistError: The folder can't be read.
    """
    pointers: set[int] = set()

    def watched(contents: Iterable[bytes]) -> list[Digest]:
        pointers.clear()  # the folder is read once more if it changed meanwhile
        return keep(_watched(contents, pointers))

    root = folder / subfolder if subfolder else folder
    if not root.is_dir() or (subfolder and root.resolve() != root):
        raise NoFolder("there is no such folder", where=str(root))
    try:
        walk, digests = read_folder(root, rules, limits, watched)
    except Invalid as err:
        if (root / MANIFEST).exists():
            raise
        what = f"there is no {MANIFEST} at its root, and it can't be read as a package: {err}"
        raise Invalid(what, where=str(root), hint="name the package's own folder") from None
    digests = walk.leave_out(pointers, digests, Why.LFS_POINTER)
    copies = tuple((file.path, file.source) for file in walk.files if file.path != file.source)
    return FolderPackage(walk.tree(digests), tuple(walk.left_out), copies)


def _watched(contents: Iterable[bytes], pointers: set[int]) -> Iterator[bytes]:
    """Pass contents on, and note the numbers of those that are LFS pointers."""
    for number, data in enumerate(contents):
        if is_pointer(data):
            pointers.add(number)
        yield data


def named_only(contents: Iterable[bytes]) -> list[Digest]:
    """Return the names of contents without storing them."""
    return [Digest.of(data) for data in contents]


def walk_folder(root: Path, rules: Rules, limits: Limits) -> Walk:
    """Look at a folder without opening any file but ``.gitignore``.

    Raises:
        Invalid: A path is unsafe, or it is too large.
        DistError: The folder can't be read.
    """
    walker = _Walker(rules, Gate(limits))
    try:
        fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            exclude = _lines(fd, ".git/info/exclude")
            outer = [("", rules(exclude))] if exclude else []
            walker.folder(fd, "", outer)
        finally:
            os.close(fd)
    except OSError as error:
        raise trouble(error, "can't read the folder", where=str(root)) from error
    walker.take_copies()
    walker.gate.close()
    return walker.walk


class _Walker:
    def __init__(self, rules: Rules, gate: Gate) -> None:
        self._rules = rules
        self.gate = gate
        self.walk = Walk()

    def folder(self, fd: int, prefix: str, ignores: list[tuple[str, Ignores]]) -> None:
        """Look at one open folder and below."""
        if lines := _lines(fd, ".gitignore"):
            ignores = [*ignores, (prefix, self._rules(lines))]
        with os.scandir(fd) as entries:
            names = sorted(entry.name for entry in entries)
        for name in names:
            if name != ".git":
                self._entry(fd, name, prefix, ignores)

    def _entry(self, fd: int, name: str, prefix: str, ignores: list[tuple[str, Ignores]]) -> None:
        path = prefix + name
        try:
            found = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            return
        is_folder = stat.S_ISDIR(found.st_mode)
        if _ignored(path + "/" * is_folder, ignores):
            self.walk.left_out.append(LeftOut(path, Why.IGNORED))
        elif is_folder:
            self._descend(fd, name, path, ignores)
        elif stat.S_ISLNK(found.st_mode):
            self.walk.links[path] = os.readlink(name, dir_fd=fd)
        elif not stat.S_ISREG(found.st_mode):
            why = _ODD.get(stat.S_IFMT(found.st_mode), Why.NOT_REGULAR)
            self.walk.left_out.append(LeftOut(path, why))
        elif not os.access(name, os.R_OK, dir_fd=fd):
            self.walk.left_out.append(LeftOut(path, Why.NO_PERMISSION))
        else:
            mode = "100755" if found.st_mode & stat.S_IXUSR else "100644"
            safe, executable = self.gate.file(os.fsencode(path), mode, found.st_size)
            signature = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
            self.walk.files.append(FoundFile(safe, executable, signature, safe))

    def take_copies(self) -> None:
        """Take each symlink that leads to a file of the package as a copy of that file; leave the others out."""
        walk, files = self.walk, {file.path: file for file in self.walk.files}
        found = followed(walk.links, files)
        for link, source in found.items():
            file = files[source]
            mode = "100755" if file.executable else "100644"
            path, _ = self.gate.file(os.fsencode(link), mode, file.signature[0])
            walk.files.append(replace(file, path=path))
        walk.files.sort(key=lambda file: file.path)
        walk.left_out += [LeftOut(link, Why.LINK) for link in walk.links if link not in found]

    def _descend(self, fd: int, name: str, path: str, ignores: list[tuple[str, Ignores]]) -> None:
        self.gate.folder(os.fsencode(path))
        try:
            inner = os.open(name, _FOLDER, dir_fd=fd)
        except PermissionError:
            self.walk.left_out.append(LeftOut(path, Why.NO_PERMISSION))
            return
        try:
            self.folder(inner, f"{path}/", ignores)
        finally:
            os.close(inner)


def _ignored(path: str, ignores: list[tuple[str, Ignores]]) -> bool:
    """Whether a path is ignored; the deepest rule that matches decides."""
    for prefix, ignores_it in reversed(ignores):
        answer = ignores_it(path[len(prefix) :])
        if answer is not None:
            return answer
    return False


def _lines(folder: int, name: str) -> list[str]:
    """The lines of a small text file; none when it is not a regular one."""
    try:
        fd = os.open(
            name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder
        )
    except OSError:
        return []
    try:
        data = os.read(fd, _IGNORE_BYTES) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
    finally:
        os.close(fd)
    return data.decode("utf-8", "replace").splitlines()
