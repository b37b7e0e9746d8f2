"""Copy a home into a new folder: modes and attributes kept, links that leave it replaced, databases as snapshots.

The same walk without a folder to copy into tells what a copy would be.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from msgspec import Struct, field

from hermes_dist.agents.places import AUTH, ENV
from hermes_dist.errors import DistError
from hermes_dist.world.databases import reading
from hermes_dist.world.disk import attributes
from hermes_dist.world.disk.private import give_mode
from hermes_dist.world.files import open_file, read_file, start_of

_SQLITE = b"SQLite format 3\0"
_BESIDE = ("-wal", "-shm", "-journal")
_PATIENCE = 10.0
_PRIVATE = (ENV, AUTH)
Edit = Callable[[bytes], bytes]


class Copied(Struct):
    """The outcome of a copy.

    Attributes:
        files: How many files were copied.
        odd: Paths left behind: sockets and the like, and links that lead nowhere, in a circle or to another user's.
        links: Links that were replaced by a copy of what they lead to.
    """

    files: int = 0
    odd: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


def copy_home(
    source: Path, target: Path, *, keep: Callable[[str], bool], edit: Callable[[str], Edit | None]
) -> Copied:
    """Copy a home into a folder that is empty.

    Args:
        source: The home; it may be in use.
        target: The folder.
        keep: Whether a path, relative to the home, is copied; folders are asked about before what is in them.
        edit: How the content of a file is changed on the way; None for one that is copied as it is.

    Returns:
        What was copied.

    Raises:
        OSError: As the system says.
        DistError: A database can't be read.
    """
    return _walked(source, _Folder(target), keep, edit)


def look_at_home(
    source: Path, *, keep: Callable[[str], bool], edit: Callable[[str], Edit | None]
) -> Copied:
    """Go through a home as :func:`copy_home` does, with the same questions and edits, and write nothing.

    Args:
        source: The home; it may be in use.
        keep: As in :func:`copy_home`.
        edit: As in :func:`copy_home`; each edit is made, and what it returns is dropped.

    Returns:
        What would be copied.

    Raises:
        OSError: As the system says.
        DistError: An edit refuses a file.
    """
    return _walked(source, _Nowhere(), keep, edit)


def _walked(
    source: Path,
    into: _Folder | _Nowhere,
    keep: Callable[[str], bool],
    edit: Callable[[str], Edit | None],
) -> Copied:
    copy = _Copy(source, into, keep, edit, source.stat().st_uid)
    copy.folder("")
    return copy.done


class _Folder(Struct, frozen=True):
    """A copy goes into this folder."""

    place: Path

    def is_below(self, folder: str) -> bool:
        """Whether it is that folder, or lies in it."""
        return f"{os.path.realpath(self.place)}/".startswith(f"{folder}/")

    def begin(self, path: str, like: Path) -> None:
        """Make a folder with the attributes of another one, in which nobody else may look yet."""
        new = self.place / path
        new.mkdir(mode=0o700)
        attributes.give(str(new), attributes.of_folder(str(like)), 0o700)

    def end(self, path: str, mode: int) -> None:
        """Give a folder its mode, now that everything is in it."""
        give_mode(self.place / path, stat.S_IMODE(mode) | stat.S_IRWXU)

    def link(self, path: str, to: str) -> None:
        (self.place / path).symlink_to(to)

    def file(self, source: Path, path: str, edit: Edit | None) -> None:
        _copy_file(source, self.place / path, path, edit)


class _Nowhere(Struct, frozen=True):
    """A copy that is only looked at."""

    def is_below(self, _folder: str) -> bool:
        return False

    def begin(self, path: str, like: Path) -> None:
        """Make no folder."""

    def end(self, path: str, mode: int) -> None:
        """Change no mode."""

    def link(self, path: str, to: str) -> None:
        """Make no link."""

    def file(self, source: Path, _path: str, edit: Edit | None) -> None:
        """Read what an edit would get: it may tell what it finds, or refuse it."""
        if edit and not _is_database(source):
            edit(read_file(source))


class _Copy(Struct, frozen=True):
    source: Path
    into: _Folder | _Nowhere
    keep: Callable[[str], bool]
    edit: Callable[[str], Edit | None]
    owner: int
    """Whose home it is; root may copy that of another user."""
    done: Copied = field(default_factory=Copied)
    around: list[str] = field(default_factory=list)
    """The folders behind links that are being copied right now."""

    def folder(self, at: str) -> None:
        for item in sorted(os.scandir(self.source / at), key=lambda e: e.name):
            path = f"{at}/{item.name}" if at else item.name
            if self.keep(path) and not _is_beside(self.source / path):
                self.one(item, path)

    def one(self, item: os.DirEntry[str], path: str) -> None:
        if item.is_symlink():
            self.link(item, path)
        elif item.is_dir():
            self.into.begin(path, self.source / path)
            self.folder(path)
            self.into.end(path, item.stat().st_mode)
        elif item.is_file():
            self.into.file(self.source / path, path, self.edit(path))
            self.done.files += 1
        else:
            self.done.odd.append(path)

    def link(self, item: os.DirEntry[str], path: str) -> None:
        """Copy a link as a link if it leads to a place in the copy as well; else what it leads to.

        A copy that shared a file with its original would share its keys and every later change.
        """
        if self._stays_inside(item.path, path):
            self.into.link(path, os.readlink(item.path))
            return
        try:
            target = os.path.realpath(item.path, strict=True)
            found = os.stat(target)
        except OSError:
            self.done.odd.append(path)
            return
        if {found.st_uid, os.lstat(item.path).st_uid} != {self.owner} or self._is_around(target):
            self.done.odd.append(path)
        elif stat.S_ISDIR(found.st_mode):
            self._folder_behind(target, found, path)
        elif stat.S_ISREG(found.st_mode):
            self.into.file(Path(target), path, self.edit(path))
            self.done.files += 1
            self.done.links.append(path)
        else:
            self.done.odd.append(path)

    def _stays_inside(self, place: str, path: str) -> bool:
        written = os.readlink(place)
        inner = os.path.normpath(os.path.join(os.path.dirname(path), written))
        if os.path.isabs(written) or inner == ".." or inner.startswith("../"):
            return False
        home = os.path.realpath(self.source)
        return os.path.realpath(place).startswith(f"{home}/") and not self.around

    def _is_around(self, target: str) -> bool:
        """Whether a folder contains the home, or one that is being copied: copying it would never end."""
        places = [os.path.realpath(self.source), *self.around]
        inside = any(f"{place}/".startswith(f"{target}/") for place in places)
        return inside or self.into.is_below(target)

    def _folder_behind(self, target: str, found: os.stat_result, path: str) -> None:
        self.into.begin(path, Path(target))
        self.around.append(target)
        self.folder(path)
        self.around.pop()
        self.into.end(path, found.st_mode)
        self.done.links.append(path)


def _is_beside(path: Path) -> bool:
    """Whether a file is the log of a database beside it; its content is in the snapshot."""
    return any(
        path.name.endswith(end) and _is_database(path.with_name(path.name.removesuffix(end)))
        for end in _BESIDE
    )


def _is_database(path: Path) -> bool:
    try:
        return start_of(path, len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def _copy_file(source: Path, target: Path, path: str, edit: Edit | None) -> None:
    found = source.stat(follow_symlinks=False)
    # By prefix, because the agent keeps copies beside them, such as .env.bak and auth.json.*.
    mode = (
        0o600
        if path.startswith(_PRIVATE)
        else stat.S_IMODE(found.st_mode) | stat.S_IRUSR | stat.S_IWUSR
    )
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        attributes.give(fd, attributes.of_file(str(source)), 0o600)
        if _is_database(source):
            give_mode(fd, mode)
            _snapshot(source, target)
            return
        with open_file(source) as reading:
            if edit:
                file.write(edit(reading.read()))
            else:
                shutil.copyfileobj(reading, file, 1 << 20)
        give_mode(fd, mode)
    os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))


def _snapshot(source: Path, target: Path) -> None:
    """Copy a database that may be in use."""
    import sqlite3  # noqa: PLC0415 - only clones of everything pay for it

    try:
        with (
            reading(source, target.parent, patience=_PATIENCE) as database,
            closing(sqlite3.connect(target)) as writing,
        ):
            database.backup(writing)
    except sqlite3.Error as error:
        raise DistError(f"the database can't be copied: {error}", where=str(source)) from error
