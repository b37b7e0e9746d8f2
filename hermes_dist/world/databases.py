"""Open SQLite databases for reading, also in read-only places and while others write to them."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from hermes_dist.errors import Busy
from hermes_dist.light import NamedTuple

if TYPE_CHECKING:
    import sqlite3

_CANT_OPEN, _READ_ONLY = 14, 8
_TRIES = 5
_ANSWERS = 2.0
_STEPS = 100_000


@contextlib.contextmanager
def reading(source: Path, folder: Path, *, patience: float) -> Iterator[sqlite3.Connection]:
    """Open a database to read it in its state at one moment.

    In WAL mode SQLite needs a file beside the database even to read. If it can't make one because the folder is
    read-only, a copy is read, including what was not yet written back.

    Args:
        source: The database.
        folder: A private folder for such a copy while it is needed.
        patience: How many seconds to wait for a writer.

    Raises:
        sqlite3.Error: The database can't be read or is damaged.
        Busy: The database keeps changing.
    """
    import sqlite3  # noqa: PLC0415 - only homes with databases pay for it

    # closing the last writable connection in WAL mode also removes the files that opening it made
    mode = "ro" if _wal(source).exists() else "rw"
    with contextlib.ExitStack() as stack:
        address = f"{source.absolute().as_uri()}?mode={mode}"
        database = stack.enter_context(
            closing(sqlite3.connect(address, uri=True, timeout=patience))
        )
        try:
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in {_CANT_OPEN, _READ_ONLY}:
                raise
            import tempfile  # noqa: PLC0415 - start-up

            work = stack.enter_context(tempfile.TemporaryDirectory(prefix="read-", dir=folder))
            copy = _copied(source, Path(work) / "copy.db")
            database = stack.enter_context(closing(sqlite3.connect(copy, timeout=patience)))
        yield database


class Column(NamedTuple):
    """The answer to a question for one column, and whether it was read to its end."""

    values: tuple[str, ...]
    whole: bool


def column(source: Path, folder: Path, query: str, *values: str) -> tuple[str, ...]:
    """Ask a database for one column; empty if it is missing, can't be read, or has no such table.

    Args:
        source: The database.
        folder: As for :func:`reading`.
        query: The query.
        values: The values that it asks with.
    """
    found = read_column(source, folder, query, *values)
    return found.values if found.whole else ()


def read_column(
    source: Path,
    folder: Path,
    query: str,
    *values: str,
    seconds: float = math.inf,
    most: float = math.inf,
) -> Column:
    """Ask a database for one column, as far as it can be read within bounds.

    Args:
        source: The database; a missing one is empty.
        folder: As for :func:`reading`.
        query: The query.
        values: The values that it asks with.
        seconds: How long it may take.
        most: How many characters it may answer.
    """
    if not source.is_file():
        return Column((), True)
    import sqlite3  # noqa: PLC0415 - only homes and roots with databases pay for it

    end, found, size = time.monotonic() + seconds, list[str](), 0
    try:
        with reading(source, folder, patience=_ANSWERS) as database:
            database.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
            for (value,) in database.execute(query, values):
                size += len(str(value))
                if size > most:
                    return Column(tuple(found), False)
                found.append(str(value))
    except (sqlite3.Error, Busy, OSError):
        return Column(tuple(found), False)
    return Column(tuple(found), True)


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _copied(source: Path, copy: Path) -> Path:
    """Copy a database together with its log; fails if another program writes to either meanwhile."""
    import shutil  # noqa: PLC0415 - start-up

    for _ in range(_TRIES):
        before = _state(source)
        shutil.copyfile(source, copy)
        if _wal(source).exists():
            shutil.copyfile(_wal(source), _wal(copy))
        if _state(source) == before:
            return copy
        # SQLite would replay the log of this try into the file that the next try copies.
        _wal(copy).unlink(missing_ok=True)
    raise Busy("another program keeps writing to the database", where=str(source))


def _state(source: Path) -> list[tuple[int, int] | None]:
    found = [path.stat() if path.exists() else None for path in (source, _wal(source))]
    return [(stat.st_size, stat.st_mtime_ns) if stat else None for stat in found]
