"""Write archives in one strict format: equal homes give equal bytes, and a reader has nothing to guess.

gzip of ustar: regular files (0644, 0755) and folders (0755) below one root, every name once and in order, each
folder before what is in it, no owner and no time, two empty blocks at the end and nothing behind them.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

from hermes_dist.errors import DistError, UsageError
from hermes_dist.world.archive.header import BLOCK, header
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.fs import RealFs, sync_fd, write_all
from hermes_dist.world.sources.nearby import no_folder

END = bytes(2 * BLOCK)
# No name, no time, and 255, "unknown", for the system: zlib would write the one it runs on, and
# equal homes would give other bytes elsewhere.
GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\4\xff"
LEVEL = 1
_CHUNK = 1 << 20
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Sink(Protocol):
    """Something that takes bytes."""

    def write(self, data: bytes) -> None: ...

    def close(self) -> None:
        """Write the remaining bytes; the underlying file stays open."""


def fits(name: bytes) -> bool:
    """Return whether a name fits into a header; a folder's name includes its final ``/``."""
    try:
        header(name, 0)
    except ValueError:
        return False
    return True


class TarWriter:
    """Writes files below one root, in order, and adds their folders.

    Args:
        out: Where the bytes go.
        root: The name of the root folder.
    """

    def __init__(self, out: Sink, root: str) -> None:
        self._out = out
        self._last = b""
        self._folder(f"{root}/".encode())
        self._root = root

    def add(
        self, path: str, chunks: Iterable[bytes], size: int, *, executable: bool = False
    ) -> None:
        """Add a file.

        Args:
            path: Below the root; in the order of :func:`in_order`.
            chunks: Its content. If it is longer than ``size``, the rest is cut off; if shorter, zeros are added.
            size: Its size.
            executable: Whether it may be run.
        """
        name = f"{self._root}/{path}".encode()
        self._folders(name)
        self._head(name, size, executable=executable)
        left = size
        for chunk in chunks:
            self._out.write(chunk[:left])
            left -= min(left, len(chunk))
        while left:
            self._out.write(bytes(min(left, _CHUNK)))
            left -= min(left, _CHUNK)
        self._out.write(bytes(-size % BLOCK))

    def close(self) -> None:
        """End the archive."""
        self._out.write(END)
        self._out.close()

    def _folders(self, name: bytes) -> None:
        """Write the folders above a file that are not there yet."""
        if self._last.startswith(name[: name.rindex(b"/") + 1]):
            return  # it is beside the last one
        at = name.find(b"/")
        while at >= 0:
            if not self._last.startswith(name[: at + 1]):
                self._folder(name[: at + 1])
            at = name.find(b"/", at + 1)

    def _folder(self, name: bytes) -> None:
        self._head(name, 0)

    def _head(self, name: bytes, size: int, *, executable: bool = False) -> None:
        if name <= self._last:
            raise ValueError(f"{name!r} after {self._last!r}: not in order")
        self._last = name
        self._out.write(header(name, size, executable=executable))


def in_order(paths: Iterable[str]) -> list[str]:
    """Paths in the order of an archive."""
    return sorted(paths, key=lambda path: path.encode())


class GzipWriter:
    """Writes gzip without a name and a time in its header.

    Args:
        out: Where the bytes go.
    """

    def __init__(self, out: Sink) -> None:
        self._out = out
        self._deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -15, 9)
        self._crc = self._size = 0
        out.write(GZIP_HEAD)

    def write(self, data: bytes) -> None:
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        if packed := self._deflate.compress(data):
            self._out.write(packed)

    def close(self) -> None:
        self._out.write(
            self._deflate.flush() + struct.pack("<LL", self._crc, self._size & 0xFFFFFFFF)
        )
        self._out.close()


class _File:
    """A file that is being written."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._held: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        self._held.append(data)
        self._size += len(data)
        if self._size >= _CHUNK:
            self._flush()

    def close(self) -> None:
        self._flush()

    def _flush(self) -> None:
        write_all(self._fd, b"".join(self._held))
        self._held, self._size = [], 0


def write_private(path: Path, fill: Callable[[Sink], None]) -> int:
    """Write a new file that only its owner may read, atomically and never over an existing one.

    Args:
        path: The file.
        fill: Writes its content; what it raises passes through, and nothing is left behind.

    Returns:
        Its size.

    Raises:
        DistError: A file is already there, or the disk is full or failing.
    """
    try:
        with RealFs(path.parent) as folder, _part(folder, path.name) as (fd, part):
            fill(_File(fd))
            sync_fd(fd)
            size = os.fstat(fd).st_size
            folder.noreplace(part, path.name)
            folder.sync_folder("")
    except FileExistsError:
        raise exists_already(path) from None
    except OSError as error:
        raise trouble(error, "can't write the archive", where=str(path)) from error
    return size


def refuse_other_kind(path: Path, usual: str) -> None:
    """Make sure that a file is not called like another kind of archive, which nobody could open as that.

    Args:
        path: The file.
        usual: How it may be called.

    Raises:
        DistError: Its ending names another kind.
    """
    if path.suffix.lower() in _OTHER_KINDS:
        raise DistError(
            f"what is written is not a {path.suffix} file",
            where=str(path),
            hint=f"end its name as in {usual}",
        )


_OTHER_KINDS = frozenset([".7z", ".bz2", ".rar", ".tar", ".xz", ".zip", ".zst"])


def check_new_file(path: Path) -> None:
    """Make sure that a new file has a place: its folder is there, and nothing else is where it goes.

    No verb makes the folder: a slip in a path would leave folders that nobody wants.

    Raises:
        DistError: Something is there already, or the folder is missing.
        UsageError: It is ``-``, which elsewhere means a pipe.
    """
    if str(path) == "-":
        raise UsageError("this is written to a file only", hint="name a file")
    if path.exists() or path.is_symlink():
        raise exists_already(path)
    folder = path.absolute().parent
    if not folder.is_dir():
        raise no_folder(folder)


def exists_already(path: Path) -> DistError:
    """The error for a file that is there already."""
    return DistError(
        "the file exists already, and is not overwritten",
        where=str(path),
        hint="name another with -o",
    )


@contextlib.contextmanager
def _part(folder: RealFs, name: str) -> Iterator[tuple[int, str]]:
    part = f".{name[:150]}.{secrets.token_hex(6)}.part"
    fd = os.open(folder.root / part, _NEW, 0o600)
    try:
        yield fd, part
    finally:
        os.close(fd)
        with contextlib.suppress(FileNotFoundError):
            folder.unlink(part)
