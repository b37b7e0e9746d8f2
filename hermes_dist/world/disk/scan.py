"""Scan a home: regular files by path and digest. Only agreed links are followed, and no unneeded file is opened."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from hermes_dist.errors import DistError, Invalid
from hermes_dist.light import NamedTuple
from hermes_dist.model.left_out import LeftOut, Link, Why
from hermes_dist.model.paths import MAX_DEPTH, MAX_PATH_BYTES, RelPath
from hermes_dist.model.tree import EMPTY, Digest, Entry, Tree, is_digest
from hermes_dist.world.disk.links import Linked, Links, open_folder
from hermes_dist.world.files import LARGEST, check_size

Signature = tuple[int, int, int, int]
"""Size, mtime, ctime and inode of a file: while they stay, so does its content."""

Known = Mapping[str, tuple[Signature, str]]
"""What is known of each file, with its digest; of a folder, with a slash behind its path, what :func:`names_row` says.

While the signature of a folder stays, no name came into it or left it.
"""

Believe = Callable[[RelPath], bool]
"""Says which files may be taken for what is known of them."""

signature: Callable[[os.stat_result], Signature] = attrgetter(
    "st_size", "st_mtime_ns", "st_ctime_ns", "st_ino"
)
"""What a row keeps of what the system says."""
_Kind = Literal["folder", "file", "link", "other"]
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CHUNK = 1 << 20
MANY = 200
"""A home with fewer files is read as fast as a record of what they were."""
_FRESH = 2_000_000_000  # a file changed this recently may change again within one tick of its clock


class Scan(NamedTuple):
    """What was found.

    Attributes:
        tree: The regular files that were wanted.
        odd: What could not be read, and why.
        known: Digests for the next scan, which then reads only changed files.
        news: How many of these were not known, or known otherwise.
        links: The links to files that were followed.
        folders: The folders that were listed, without the home itself.
        unlike: The files that are executable and not so in the tree that the home is like, or the other way round.
    """

    tree: Tree
    odd: tuple[LeftOut, ...] = ()
    known: Known = MappingProxyType({})
    news: int = 0
    links: tuple[Link, ...] = ()
    folders: tuple[RelPath, ...] = ()
    unlike: tuple[RelPath, ...] = ()


def _all(_path: RelPath) -> bool:
    return True


def scan(
    home: Path,
    want: Callable[[RelPath], bool],
    into: Callable[[RelPath], bool],
    known: Known | None = None,
    like: Tree = EMPTY,
    believe: Believe = _all,
) -> Scan:
    """Look at the files of a home.

    Args:
        home: The folder.
        want: Whether a file is looked at; others are never opened.
        into: Whether a folder is entered; others are never listed.
        known: What an earlier scan knew; None if no later one needs to know what this one finds.
        like: A tree that the home is mostly like, whose files are all wanted: the result is made of its paths and
            entries where it has them.
        believe: Which files are not read if they look as they are known.

    Returns:
        The files with their digests; links that are not followed, FIFOs and the like, unreadable files and unsafe
        names as odd.

    Raises:
        DistError: The folder itself can't be opened.
    """
    walk = _Walk(want, into, known, believe, time.time_ns(), Links(home), like)
    try:
        fd = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise DistError(
            f"can't read the folder: {os.strerror(error.errno or 0)}", where=str(home)
        ) from error
    try:
        walk.folder(fd, None)
    finally:
        os.close(fd)
    return Scan(
        Tree(walk.entries),
        tuple(sorted(walk.odd)),
        walk.seen,
        walk.news,
        tuple(walk.links),
        tuple(walk.folders),
        tuple(walk.unlike),
    )


class _Walk:
    """One walk over a home."""

    def __init__(
        self,
        want: Callable[[RelPath], bool],
        into: Callable[[RelPath], bool],
        known: Known | None,
        believe: Believe,
        now: int,
        links: Links,
        like: Tree,
    ) -> None:
        self._want, self._into, self._believe = want, into, believe
        self._known, self._now = known or {}, now
        self._remembers = known is not None
        self._links = links
        self._like = dict(like.items())
        self._paths: dict[str, RelPath] = {path: path for path in chain(like, like.folders)}
        self.entries: dict[RelPath, Entry] = {}
        self.odd: list[LeftOut] = []
        self.links: list[Link] = []
        self.folders: list[RelPath] = []
        self.unlike: list[RelPath] = []
        self.seen: dict[str, tuple[Signature, str]] = {}
        self.news = 0

    def folder(self, fd: int, at: RelPath | None) -> None:
        # Asked before it is listed: what changes it meanwhile makes it look otherwise the next time.
        before = os.fstat(fd) if self._remembers else None
        with os.scandir(fd) as found:
            children = sorted((c.name, _kind(c)) for c in found)
        above = "" if at is None else f"{at}/"
        if before is not None and above and self._is_settled(before):
            names = names_row(children)
            if names is not None:
                self._see(above, (signature(before), names))
        self._children(fd, "", at, children)

    def _see(self, path: str, row: tuple[Signature, str]) -> None:
        self.seen[path] = row
        self.news += self._known.get(path) != row

    def _is_settled(self, found: os.stat_result) -> bool:
        """Whether whatever changes it from now on will make it look otherwise."""
        return max(found.st_mtime_ns, found.st_ctime_ns) < self._now - _FRESH

    def _as_before(self, fd: int, name: str, at: RelPath) -> bool:
        """Walk through a folder without listing it; False if it may have other names than at the last look.

        Raises:
            OSError: It is gone.
        """
        above = f"{at}/"
        known = self._known.get(above)
        if known is None:
            return False
        found = os.stat(name, dir_fd=fd, follow_symlinks=False)
        if not stat.S_ISDIR(found.st_mode) or signature(found) != known[0]:
            return False
        self.folders.append(at)
        self.seen[above] = known
        # Each takes as few steps as it can: a large package has a folder and a file for each skill.
        files, _, folders = known[1].partition("//")
        for each in files.split("/") if files else ():
            if not self._file_as_before(fd, f"{name}/{each}", above + each):
                self._children(fd, f"{name}/", at, [(each, "file")])
        if folders:
            self._children(fd, f"{name}/", at, ((each, "folder") for each in folders.split("/")))
        return True

    def _file_as_before(self, fd: int, name: str, text: str) -> bool:
        """Take a file for what it was; False if it has to be looked at closely."""
        path, row = self._paths.get(text), self._known.get(text)
        if path is None or row is None or not self._believe(path):
            return False
        entry = self._like.get(path)
        try:
            found = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except OSError:
            return False
        if entry is None or not _is_like(found, entry, row):
            return False
        self.entries[path] = entry
        self.seen[text] = row
        return True

    def _children(
        self, fd: int, to: str, at: RelPath | None, children: Iterable[tuple[str, _Kind]]
    ) -> None:
        """Walk through what is in a folder, which is at ``to`` below the open one."""
        above, paths = "" if at is None else f"{at}/", self._paths
        for name, kind in children:
            path = paths.get(above + name) or self._named(at, name)
            if path is not None:
                self._child(fd, to + name, path, kind)

    def _named(self, at: RelPath | None, name: str) -> RelPath | None:
        try:
            return _joined(at, name)
        except Invalid as error:
            shown = f"{at}/{name}" if at else name
            shown = shown.encode("utf-8", "backslashreplace").decode()
            self.odd.append(LeftOut(shown, Why.UNSAFE_NAME, detail=error.what))
            return None

    def _child(self, fd: int, name: str, path: RelPath, kind: _Kind) -> None:
        if kind == "folder":
            if self._into(path):
                self._deeper(fd, name, path)
        elif kind == "link":
            self._link(path)
        elif self._want(path):
            if kind == "file":
                self._file(fd, name, path)
            else:
                self.odd.append(LeftOut(path, Why.NO_FILE_OR_FOLDER))
        elif kind == "other" and self._into(path):
            self.odd.append(LeftOut(path, Why.LINK_OR_LIKE))

    def _link(self, path: RelPath) -> None:
        # A link to a folder hides what is wanted below it: files that seem to be gone would count as deleted.
        link = self._links.at(path) if self._want(path) or self._into(path) else None
        if link is None:
            return
        if link.why is not None:
            self._not_followed(link)
        elif link.folder:
            if self._into(path):
                try:
                    self._entered(self._links.folder(path), path)
                except (OSError, Linked) as error:
                    self._failed(path, error)
        elif self._want(path):
            try:
                self._target(link, path)
            except (OSError, Linked) as error:
                self._failed(path, error)

    def _not_followed(self, link: Link) -> None:
        self.odd.append(LeftOut(link.path, link.why or Why.LINK_UNSAID, detail=link.target))

    def _target(self, link: Link, path: RelPath) -> None:
        self.links.append(link)
        place, _, name = link.target.rpartition("/")
        folder = open_folder(place)
        try:
            self._read(folder, name, path)
        finally:
            os.close(folder)

    def _deeper(self, fd: int, name: str, path: RelPath) -> None:
        try:
            if not self._as_before(fd, name, path):
                self._entered(_opened(name, _FOLDER, fd), path)
        except (OSError, Linked) as error:
            self._failed(path, error)

    def _entered(self, deeper: int | None, path: RelPath) -> None:
        if deeper is None:
            return
        self.folders.append(path)
        try:
            self.folder(deeper, path)
        finally:
            os.close(deeper)

    def _file(self, folder: int, name: str, path: RelPath) -> None:
        try:
            self._read(folder, name, path)
        except (OSError, Linked) as error:
            self._failed(path, error)

    def _read(self, folder: int, name: str, path: RelPath) -> None:
        before = os.stat(name, dir_fd=folder, follow_symlinks=False)
        known = self._known.get(path)
        if known is not None and self._is_believed(path, before, known):
            self._keep(path, before.st_mode, known[1])
            self.seen[path] = known
            return
        fd = _opened(name, _READ, folder)
        try:
            opened = os.fstat(fd)
            if not stat.S_ISREG(opened.st_mode):
                self.odd.append(LeftOut(path, Why.NO_FILE_OR_FOLDER))
                return
            check_size(opened.st_size, path, LARGEST)
            self._take(path, opened, (signature(opened), digest_of(fd, opened.st_size)))
        finally:
            os.close(fd)

    def _is_believed(
        self, path: RelPath, found: os.stat_result, row: tuple[Signature, str]
    ) -> bool:
        """Whether a file is taken for what its row says."""
        as_before = row[0] == signature(found) and stat.S_ISREG(found.st_mode)
        return as_before and self._believe(path) and is_digest(row[1])

    def _take(self, path: RelPath, found: os.stat_result, row: tuple[Signature, str]) -> None:
        self._keep(path, found.st_mode, row[1])
        if self._remembers and self._is_settled(found):
            self._see(path, row)

    def _keep(self, path: RelPath, mode: int, digest: str) -> None:
        executable = bool(mode & stat.S_IXUSR)
        entry = self._like.get(path)
        if executable != (entry is not None and entry.executable):
            self.unlike.append(path)
        if entry is None or entry.digest != digest or entry.executable != executable:
            entry = Entry(Digest(digest), executable)
        self.entries[path] = entry

    def _failed(self, path: RelPath, error: OSError | Linked) -> None:
        """Note what became of a step: a file that vanished counts as missing; one that can't be opened is odd."""
        if isinstance(error, Linked):
            self._not_followed(error.link)
        elif isinstance(error, FileNotFoundError):
            pass
        elif error.errno in {errno.EMFILE, errno.ENFILE, errno.ENOMEM}:
            # These say nothing about this file: all that follow would fail and count as odd, too.
            raise DistError(f"can't read it: {error.strerror}", where=path) from error
        else:
            self.odd.append(LeftOut(path, Why.UNREADABLE, detail=error.strerror or ""))


def names_row(children: Iterable[tuple[str, _Kind]]) -> str | None:
    """The names in a folder, files before folders; None if it holds anything else, which is judged at every look."""
    files: list[str] = []
    folders: list[str] = []
    for name, kind in children:
        if kind not in ("file", "folder") or not name.isprintable():
            return None
        (files if kind == "file" else folders).append(name)
    return f"{'/'.join(files)}//{'/'.join(folders)}"


def _is_like(found: os.stat_result, entry: Entry, row: tuple[Signature, str]) -> bool:
    """Whether a file that looks so is the one of a row, and has this entry."""
    mode, (digest, executable) = found.st_mode, entry
    as_before = signature(found) == row[0] and row[1] == digest
    return as_before and stat.S_ISREG(mode) and bool(mode & stat.S_IXUSR) == executable


def _opened(name: str, flags: int, folder: int) -> int:
    """Open what is below an open folder, through no link.

    Raises:
        OSError: As the system says.
    """
    first, slash, rest = name.partition("/")
    if not slash:
        return os.open(name, flags, dir_fd=folder)
    deeper = os.open(first, _FOLDER, dir_fd=folder)
    try:
        return _opened(rest, flags, deeper)
    finally:
        os.close(deeper)


def _kind(child: os.DirEntry[str]) -> _Kind:
    if child.is_file(follow_symlinks=False):
        return "file"
    if child.is_dir(follow_symlinks=False):
        return "folder"
    return "link" if child.is_symlink() else "other"


def _joined(at: RelPath | None, name: str) -> RelPath:
    """The path of a name in a folder whose own path is known to be safe."""
    safe = RelPath(name)
    if at is None:
        return safe
    path = f"{at}/{safe}"
    if len(path.encode()) > MAX_PATH_BYTES or path.count("/") >= MAX_DEPTH:
        return RelPath(path)  # raises the error that says what is wrong with it
    return str.__new__(RelPath, path)


def digest_of(fd: int, size: int) -> Digest:
    """Return the digest of a file's content.

    Args:
        fd: The file.
        size: How large it seems to be; it may have grown or shrunk meanwhile.
    """
    import hashlib  # noqa: PLC0415 - start-up

    digest = hashlib.sha256()
    while chunk := os.read(fd, min(size + 1, _CHUNK)):
        digest.update(chunk)
    return Digest(digest.hexdigest())
