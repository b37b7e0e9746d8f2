"""What a commit of a large package was, kept beside the cache of its repository: a line for each file.

It is read and written line by line: as objects, the rows of 19,000 files would take more memory than their tree. A
record can be thrown away at any time, and a damaged one counts as none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

from hermes_dist.errors import DistError, Invalid
from hermes_dist.light import NamedTuple
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.records import body_at, head

_FORMAT = b"2"
"""Raise it whenever the rules for what a package may hold change: what is recorded was judged by the older ones."""


class Row(NamedTuple):
    """A file: its path, the digest and size of its content, and whether it is executable."""

    path: str
    digest: str
    size: int
    executable: bool


class Record:
    """The files of a commit, and how many folders it has besides.

    Args:
        body: What follows its first line.

    Raises:
        ValueError: It is no record of this program's.
    """

    def __init__(self, body: bytes | memoryview) -> None:
        self._lines = BytesIO(body)
        commit, folders = self._lines.readline().split()
        self._first = self._lines.tell()
        self.commit, self.folders = commit.decode(), int(folders)

    def rows(self) -> Iterator[Row]:
        """Yield the files.

        Raises:
            Invalid: It is no record of this program's.
        """
        self._lines.seek(self._first)
        try:
            for line in self._lines:
                mode, size, digest, path = line[:-1].decode().split(" ", 3)
                yield Row._make((path, digest, int(size), mode == "755"))
        except ValueError as error:
            raise Invalid("the record of a commit is damaged") from error


def read(place: Path) -> Record | None:
    """Read a record; None if there is none that can be believed."""
    body = body_at(place, _FORMAT)
    try:
        return None if body is None else Record(body)
    except ValueError:
        return None


def write(place: Path, commit: str, folders: int, rows: Iterable[Row]) -> None:
    """Write a record; one that can't be written is no error.

    Args:
        place: Where it is kept.
        commit: The commit.
        folders: How many folders it has.
        rows: Its files.
    """
    whole = bytearray(head(_FORMAT, b""))
    begin = len(whole)
    whole += f"{commit} {folders}\n".encode()
    for row in rows:
        mode = "755" if row.executable else "644"
        whole += f"{mode} {row.size} {row.digest} {row.path}\n".encode()
    whole[:begin] = head(_FORMAT, memoryview(whole)[begin:])
    try:
        atomic_write(place, whole)
    except DistError:
        return
