"""Content-addressed blobs shared by all profiles: each file is named by the SHA-256 of what it holds.

A blob is written beside its place and renamed into it, so a reader meets it whole or not at all; a name says
nothing until the content has been checked against it.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

from hermes_dist.errors import Invalid, Lost
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.fs import RealFs, read_all, sync_fd, trouble, write_all
from hermes_dist.world.disk.owners import give
from hermes_dist.world.disk.private import FILE, make_private, make_private_in

_FEW = 50
_INCOMING = "incoming"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def _place(digest: Digest) -> str:
    return f"{digest[:2]}/{digest[2:]}"


class Store:
    """Blobs below one folder, which is created by the first write. Safe for parallel use.

    Args:
        root: The folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._top = str(root)

    def path(self, digest: Digest) -> Path:
        """Return the path where a blob is or would be."""
        return self.root / _place(digest)

    def has(self, digest: Digest) -> bool:
        """Return whether a blob of that name exists; only :meth:`read` checks its content."""
        return self.size(digest) is not None

    def size(self, digest: Digest) -> int | None:
        """Return the size of a blob in bytes; None if it is missing."""
        try:
            found = os.stat(f"{self._top}/{_place(digest)}")
        except OSError:
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def keeps(self, digest: Digest, size: int) -> bool:
        """Return whether a blob of this size is stored; it then counts as young, so that no clean-up removes it."""
        place = f"{self._top}/{_place(digest)}"
        try:
            found = os.stat(place, follow_symlinks=False)
            if not stat.S_ISREG(found.st_mode) or found.st_size != size:
                return False
            os.utime(place, follow_symlinks=False)
        except OSError:
            return False
        return True

    def read(self, digest: Digest) -> bytes:
        """Return the content of a blob.

        Args:
            digest: Its name.

        Raises:
            Lost: The blob is missing or damaged; a damaged one is removed, so that it can be fetched again.
            DistError: The disk fails.
        """
        path = f"{self._top}/{_place(digest)}"
        try:
            fd = os.open(path, _READ)
            try:
                found = os.fstat(fd)
                data = read_all(fd, found.st_size) if stat.S_ISREG(found.st_mode) else b""
            finally:
                os.close(fd)
        except FileNotFoundError:
            raise _missing(digest, "missing") from None
        except OSError as error:
            raise trouble(error, "can't read the store", where=path) from error
        if Digest.of(data) != digest:
            with contextlib.suppress(OSError):
                os.unlink(path)
            raise _missing(digest, "damaged")
        return data

    def put(self, data: bytes) -> Digest:
        """Store some bytes durably.

        Returns:
            Their name.

        Raises:
            DistError: The disk is full or fails; earlier blobs stay.
        """
        return self.put_many([data])[0]

    def put_many(self, blobs: Iterable[bytes]) -> list[Digest]:
        """Store many blobs durably with one sync for all; only one of them is in memory at a time.

        Args:
            blobs: The contents; an error that it raises passes through, and nothing new is stored.

        Returns:
            Their names, in order.

        Raises:
            DistError: The disk is full or fails; earlier blobs stay.
        """
        try:
            make_private(self.root / _INCOMING)
            with (
                RealFs(self.root) as fs,
                _opened(self.root) as root,
                _opened(self.root / _INCOMING) as incoming,
            ):
                return _Batch(fs, root, incoming).run(blobs)
        except OSError as error:
            raise trouble(error, "can't write into the store", where=str(self.root)) from error

    def digests(self) -> Iterator[Digest]:
        """Every stored blob, in no order."""
        for folder in self.root.glob("[0-9a-f][0-9a-f]"):
            for file in folder.iterdir():
                with contextlib.suppress(Invalid):
                    yield Digest(folder.name + file.name)

    def gc(self, keep: AbstractSet[Digest], *, older_than: float) -> tuple[int, int]:
        """Remove blobs that nobody needs.

        A blob that another command stores again meanwhile stays: storing it makes its file young, and its age is
        checked once more after it has been moved aside.

        Args:
            keep: What must stay.
            older_than: Only blobs last stored before this time, in seconds since the epoch.

        Returns:
            How many were removed, and their bytes.

        Raises:
            DistError: The disk fails.
        """
        removed = size = 0
        try:
            for digest in set(self.digests()) - keep:
                if freed := self._collect(self.path(digest), older_than):
                    removed, size = removed + 1, size + freed - 1
            for left in self.root.glob(f"{_INCOMING}/*"):
                with contextlib.suppress(FileNotFoundError):
                    if left.stat().st_mtime < older_than:
                        left.unlink()
        except OSError as error:
            raise trouble(error, "can't clean the store", where=str(self.root)) from error
        return removed, size

    def _collect(self, path: Path, older_than: float) -> int:
        """Remove one blob if it is old; returns its size and one, or 0."""
        aside = self.root / _INCOMING / f"{path.name}.{os.urandom(4).hex()}"
        try:
            if path.stat().st_mtime >= older_than:
                return 0
            make_private(aside.parent)
            path.rename(aside)
        except FileNotFoundError:
            return 0
        found = aside.stat()
        if found.st_mtime >= older_than:
            aside.rename(path)
            return 0
        aside.unlink()
        return found.st_size + 1


class _Batch:
    """One call of put_many: write all aside, sync, rename all, sync."""

    def __init__(self, fs: RealFs, root: int, incoming: int) -> None:
        self._fs = fs
        self._root = root
        self._incoming = incoming
        self._mark = os.urandom(6).hex()
        self._written: dict[Digest, str] = {}

    def run(self, blobs: Iterable[bytes]) -> list[Digest]:
        digests = []
        try:
            for data in blobs:
                digest = Digest.of(data)
                digests.append(digest)
                if digest not in self._written and not self._is_kept(digest, len(data)):
                    self._write(digest, data)
            self._settle()
        except BaseException:
            for name in self._written.values():
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=self._incoming)
            raise
        return digests

    def _is_kept(self, digest: Digest, size: int) -> bool:
        """Whether it is stored already; this also makes it young, so that no clean-up removes it."""
        try:
            found = os.stat(_place(digest), dir_fd=self._root, follow_symlinks=False)
            if not stat.S_ISREG(found.st_mode) or found.st_size != size:
                return False
            os.utime(_place(digest), dir_fd=self._root, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def _write(self, digest: Digest, data: bytes) -> None:
        name = f"{self._mark}-{len(self._written)}"
        self._written[digest] = name
        fd = os.open(name, _NEW, FILE, dir_fd=self._incoming)
        try:
            os.fchmod(fd, FILE)
            give(fd, os.fstat(self._incoming))
            write_all(fd, data)
        finally:
            os.close(fd)

    def _settle(self) -> None:
        """Sync contents first, then names, so that a name never exists without its whole content."""
        few = len(self._written) <= _FEW
        if few:
            for name in self._written.values():
                _sync(name, os.O_RDONLY, self._incoming)
        else:
            self._fs.sync_all()
        folders = {digest[:2] for digest in self._written}
        for folder in folders:
            make_private_in(self._root, folder)
        for digest, name in self._written.items():
            os.rename(name, _place(digest), src_dir_fd=self._incoming, dst_dir_fd=self._root)
        if not few:
            self._fs.sync_all()
            return
        for folder in folders:
            _sync(folder, os.O_RDONLY | os.O_DIRECTORY, self._root)
        if folders:
            sync_fd(self._root)


def _sync(name: str, flags: int, folder: int) -> None:
    fd = os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        sync_fd(fd)
    finally:
        os.close(fd)


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def _missing(digest: Digest, what: str) -> Lost:
    return Lost(
        f"the content {digest[:12]} is {what} in the store",
        hint="connect to the network and run the update again, which fetches it again",
    )
