"""Archive a home in use: its files as they are, and databases as consistent copies."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from msgspec import Struct, field

from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.left_out import LeftOut, Link, Why
from hermes_dist.model.paths import RelPath
from hermes_dist.world.databases import reading
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.links import Links, open_folder
from hermes_dist.world.files import open_fd
from hermes_dist.world.ports import Odd

if TYPE_CHECKING:
    import sqlite3

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_SQLITE = b"SQLite format 3\0"
_BESIDE = ("-wal", "-shm", "-journal")
# FTS5 also makes NAME_content, which is left out here: it holds the texts that the rest is made of.
_MADE = ("_data", "_idx", "_docsize", "_config")
_CHUNK = 1 << 20
_PATIENCE = 30.0

Replace = Callable[[bytes], bytes]
"""Gives the text to keep in place of one of a database."""
Look = Callable[[str, bytes], None]
"""Is shown each text of a database, with its place."""


class Seen(Struct, frozen=True):
    """What is in a home, found without opening any file.

    Attributes:
        files: Regular files, in path order.
        odd: What can't be archived, and why.
    """

    files: tuple[RelPath, ...]
    odd: tuple[LeftOut, ...]


class _Found(Struct):
    files: list[RelPath] = field(default_factory=list)
    odd: list[LeftOut] = field(default_factory=list)
    folders: list[str] = field(default_factory=lambda: [""])

    def link(self, link: Link) -> None:
        """Take a link that is followed as what it leads to."""
        path = RelPath(link.path)
        if link.why is not None:
            self.odd.append(LeftOut(path, link.why, detail=link.target))
        elif link.folder:
            self.folders.append(path)
        else:
            self.files.append(path)


def look_around(home: Path, keep: Callable[[RelPath], bool]) -> Seen:
    """List the files of a home.

    Args:
        home: The folder.
        keep: Whether to include a file, or to enter a folder.

    Raises:
        DistError: A folder can't be read.
    """
    found, links = _Found(), Links(home)
    try:
        while found.folders:
            at = found.folders.pop()
            try:
                items = list(os.scandir(home / at))
            except PermissionError:
                found.odd.append(LeftOut(at or ".", Why.NO_PERMISSION))
                continue
            for item in items:
                _one(item, at, keep, found, links)
    except OSError as error:
        raise trouble(error, "can't read the folder") from error
    return Seen(tuple(sorted(found.files)), tuple(sorted(found.odd)))


def _one(
    item: os.DirEntry[str], at: str, keep: Callable[[RelPath], bool], found: _Found, links: Links
) -> None:
    shown = f"{at}/{item.name}" if at else item.name
    try:
        path = RelPath(shown)
    except Invalid as error:
        shown = shown.encode("utf-8", "backslashreplace").decode()
        found.odd.append(LeftOut(shown, Why.UNSAFE_NAME, detail=error.what))
        return
    if not keep(path):
        return
    if item.is_dir(follow_symlinks=False):
        found.folders.append(path)
    elif item.is_file(follow_symlinks=False):
        found.files.append(path)
    elif link := links.at(path):
        found.link(link)
    else:
        found.odd.append(LeftOut(path, Why.NEITHER))


@contextlib.contextmanager
def opened_in(home: Path, path: RelPath) -> Iterator[BinaryIO | None]:
    """Open a file of a home, through no link but those that are followed; None if it is gone or can't be read."""
    fds: list[int] = []
    try:
        try:
            start, parts = _way(home, path)
            fds.append(start)
            for part in parts[:-1]:
                fds.append(os.open(part, _FOLDER, dir_fd=fds[-1]))
            fd = open_fd(parts[-1], follow=False, folder=fds[-1])
        except (OSError, Odd):
            yield None
            return
        with open(fd, "rb", buffering=0) as raw:
            yield raw
    finally:
        for fd in fds:
            os.close(fd)


def _way(home: Path, path: RelPath) -> tuple[int, list[str]]:
    """Open the folder from which a path leads through no link; return it with the rest of the path."""
    links = Links(home)
    link = links.followed(path)
    if link is not None and not link.folder:
        folder, _, name = link.target.rpartition("/")
        return open_folder(folder), [name]
    around = links.around(path)
    if around is not None:
        return open_folder(around.target), path.removeprefix(f"{around.path}/").split("/")
    return os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), list(path.parts)


def chunks_of(file: BinaryIO) -> Iterator[bytes]:
    """A file, piece by piece.

    Raises:
        DistError: The disk fails.
    """
    try:
        while chunk := file.read(_CHUNK):
            yield chunk
    except OSError as error:
        raise trouble(error, "can't read the file") from error


def is_database(file: BinaryIO) -> bool:
    """Whether an open file is a database of SQLite."""
    head = file.read(len(_SQLITE))
    file.seek(0)
    return head == _SQLITE


def is_beside(path: RelPath, others: frozenset[RelPath]) -> bool:
    """Whether a file belongs to a database beside it (its log), so that the database's copy includes it."""
    return any(path.endswith(end) and path.removesuffix(end) in others for end in _BESIDE)


@contextlib.contextmanager
def snapshot(
    source: Path, folder: Path, *, look: Look | None = None, replace: Replace | None = None
) -> Iterator[BinaryIO]:
    """Copy a database in use, as it is at one moment and without deleted content.

    In WAL mode no writer waits; otherwise writers wait for at most one pass over the file.

    Args:
        source: The database.
        folder: A private folder for the copy while it is needed.
        look: Called with each text in it.
        replace: Edits each text in the copy, before ``look`` sees it.

    Yields:
        The copy, to read.

    Raises:
        DistError: The database can't be read or is damaged, or the disk is full.
    """
    import sqlite3  # noqa: PLC0415 - only homes with databases pay for it

    with tempfile.TemporaryDirectory(prefix="copy-", dir=folder) as work:
        copy = Path(work) / "copy.db"
        copy.touch(0o600)
        try:
            with (
                reading(source, Path(work), patience=_PATIENCE) as database,
                closing(sqlite3.connect(copy, isolation_level=None)) as writing,
            ):
                database.execute("BEGIN")
                database.backup(writing)
                database.rollback()
                # The copy is in WAL mode, as its source is: edits would stay in a file beside it.
                writing.execute("PRAGMA journal_mode = DELETE").fetchall()
                if replace is not None:
                    _edit(writing, replace)
                writing.execute("PRAGMA temp_store = FILE")
                # Deleted rows and replaced texts stay in free pages until the file is rebuilt.
                writing.execute("VACUUM")
                if look is not None:
                    _show(writing, look)
        except sqlite3.Error as error:
            raise DistError(f"the database can't be copied: {error}", where=str(source)) from error
        with copy.open("rb") as file:
            yield file


def _tables(database: sqlite3.Connection) -> Iterator[tuple[str, list[str]]]:
    """The tables with texts, and their columns; without those of a text index, which is rebuilt."""
    rows = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    indexes = [name for name, sql in rows if str(sql).upper().startswith("CREATE VIRTUAL")]
    for name, _ in rows:
        if name not in indexes and not any(
            name == index + end for index in indexes for end in _MADE
        ):
            columns = database.execute(f"PRAGMA table_xinfo({_quoted(name)})").fetchall()
            yield name, [column[1] for column in columns if column[6] == 0]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _bytes(value: object) -> bytes | None:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return value if isinstance(value, bytes) else None


def _show(database: sqlite3.Connection, look: Look) -> None:
    for table, columns in _tables(database):
        names = ", ".join(map(_quoted, columns))
        for number, row in enumerate(database.execute(f"SELECT {names} FROM {_quoted(table)}"), 1):  # noqa: S608 - quoted
            for column, value in zip(columns, row, strict=True):
                if text := _bytes(value):
                    look(f"{table}.{column} of row {number}", text)


def _edit(database: sqlite3.Connection, replace: Replace) -> None:
    database.execute("BEGIN")
    for table, columns in _tables(database):
        for column in columns:
            _edit_column(database, table, column, replace)
    # An index keeps the words of old texts, in small letters, where no search for a key finds them.
    indexes = "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%fts5%'"
    for (name,) in database.execute(indexes).fetchall():
        quoted = _quoted(name)
        database.execute(f"INSERT INTO {quoted}({quoted}) VALUES ('rebuild')")  # noqa: S608 - quoted
    database.execute("COMMIT")


def _edit_column(database: sqlite3.Connection, table: str, column: str, replace: Replace) -> None:
    change = f"UPDATE {_quoted(table)} SET {_quoted(column)} = ? WHERE {_quoted(column)} IS ?"  # noqa: S608 - quoted
    edited: dict[object, object] = {}
    for (value,) in database.execute(f"SELECT {_quoted(column)} FROM {_quoted(table)}"):  # noqa: S608 - quoted
        text = _bytes(value)
        if text and value not in edited and (new := replace(text)) != text:
            edited[value] = new.decode("utf-8", "surrogatepass") if isinstance(value, str) else new
    for value, new_value in edited.items():
        database.execute(change, (new_value, value))
