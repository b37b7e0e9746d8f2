"""Read the end of log files, and follow many of them at once through rotation and truncation."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from hermes_dist.world.files import open_file

_CHUNK = 1 << 16
_LONGEST = 1 << 16
_ROUND = 1 << 20
_PAUSE = 0.2

Key = TypeVar("Key", bound=Hashable)


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last lines of a file, without their ends; none if it is missing or not a regular file."""
    try:
        with open_file(path) as file:
            return _backwards(file, file.seek(0, os.SEEK_END), count)
    except OSError:
        return []


def _backwards(file: BinaryIO, end: int, count: int) -> list[str]:
    held = b""
    while end > 0 and held.count(b"\n") <= count and len(held) < _LONGEST * 16:
        size = min(_CHUNK, end)
        end -= size
        file.seek(end)
        held = file.read(size) + held
    lines = held.decode("utf-8", "replace").splitlines()
    return lines[-count:] if count else []


class _Tail:
    """One file that is followed; it starts again if the file is replaced or truncated."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._held = b""
        with contextlib.suppress(OSError):
            self._file = open_file(path)
            self._file.seek(0, os.SEEK_END)

    def lines(self) -> Iterator[str]:
        """The lines written since; an unfinished line is kept back until it ends, up to a limit."""
        if self._file is not None:
            yield from self._read(self._file)
        if not self._is_other():
            return
        if self._held:
            yield self._text(self._held)
            self._held = b""
        self.close()
        with contextlib.suppress(OSError):
            self._file = open_file(self._path)
            yield from self._read(self._file)

    def _read(self, file: BinaryIO) -> Iterator[str]:
        if os.fstat(file.fileno()).st_size < file.tell():
            file.seek(0)
            self._held = b""
        taken = 0
        while taken < _ROUND and (data := file.read(_CHUNK)):
            taken += len(data)
            *lines, self._held = (self._held + data).split(b"\n")
            for line in lines:
                yield self._text(line)
            if len(self._held) > _LONGEST:
                yield self._text(self._held)
                self._held = b""

    @staticmethod
    def _text(line: bytes) -> str:
        return line.rstrip(b"\r").decode("utf-8", "replace")

    def _is_other(self) -> bool:
        try:
            now = self._path.stat()
        except OSError:
            return False
        if self._file is None:
            return True
        mine = os.fstat(self._file.fileno())
        return (now.st_dev, now.st_ino) != (mine.st_dev, mine.st_ino)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class Follower(Generic[Key]):
    """Follows files and gives their new lines; close it, or use it as a context manager.

    Args:
        files: Each file, by the label of its lines. A file that is missing may appear later.
    """

    def __init__(self, files: Mapping[Key, Path]) -> None:
        self._tails = {key: _Tail(path) for key, path in files.items()}

    def __enter__(self) -> Follower[Key]:
        return self

    def __exit__(self, *_: object) -> None:
        for tail in self._tails.values():
            tail.close()

    def read(self) -> list[tuple[Key, str]]:
        """The lines that were written since the last time, file by file."""
        return [(key, line) for key, tail in self._tails.items() for line in tail.lines()]

    def follow(self, go_on: Callable[[], bool], pause: float = _PAUSE) -> Iterator[tuple[Key, str]]:
        """Lines as they are written.

        Args:
            go_on: Asked before each look whether to continue.
            pause: Seconds between two looks.
        """
        while go_on():
            found = self.read()
            yield from found
            if not found:
                time.sleep(pause)
