"""The real file system: a few operations below one folder, and small atomic writes."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from hermes_dist.errors import DistError
from hermes_dist.lazily import later
from hermes_dist.model.tree import Entry
from hermes_dist.world.disk import attributes, libc, owners
from hermes_dist.world.disk import rename as _rename
from hermes_dist.world.disk.errors import not_regular, trouble
from hermes_dist.world.disk.fill import Filler, write_all
from hermes_dist.world.disk.links import Links, open_folder
from hermes_dist.world.disk.private import REFUSED, give_mode
from hermes_dist.world.disk.scan import Known, Scan, digest_of, scan
from hermes_dist.world.files import LARGEST, OddFile, open_fd, read_fd
from hermes_dist.world.ports import Elsewhere, Kept, Kind, New, Odd
from hermes_dist.world.trace import note

with later():
    from hermes_dist.world.disk import modes, obstacles

__all__ = ["Known", "RealFs", "Scan", "atomic_write", "scan", "trouble", "write_all"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO would otherwise wait for somebody who writes to it.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

_NOBODY = ".dist-nobody"
"""A name that no file has."""


def sync_fd(fd: int) -> None:
    """Sync a file or folder to the disk, through the disk's own cache if the system has a call for that."""
    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is None:
        os.fsync(fd)
    else:
        fcntl.fcntl(fd, full)


def read_all(fd: int, size: int) -> bytes:
    """Read to the end.

    Args:
        fd: The file.
        size: Its expected size; it may have grown or shrunk meanwhile.
    """
    chunks = []
    while chunk := os.read(fd, size + 1):
        chunks.append(chunk)
    return b"".join(chunks)


class RealFs:
    """The folder ``root`` and everything below it; see :class:`hermes_dist.world.ports.Fs`.

    Args:
        root: The folder; a symlink at the root itself is the user's choice and followed.
        home: Whether it is a home, in which the links are followed that the user said to follow.
        links: The links of the home, as an earlier look judged them; None to look at them now.

    Raises:
        DistError: The folder can't be opened.
    """

    def __init__(self, root: Path, *, home: bool = False, links: Links | None = None) -> None:
        self.root = root
        try:
            self._fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise trouble(error, "can't open the folder", where=str(root)) from error
        self._device = os.fstat(self._fd).st_dev
        self._links = links or Links(root, followed=home)
        self._led: dict[str, str] = {}
        self._kept: dict[int, Kept] = {}
        self._close = weakref.finalize(self, os.close, self._fd)

    def close(self) -> None:
        """Close the folder; this also happens automatically at the end."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _folder(self, path: str) -> Iterator[int]:
        """Open a folder, step by step, through no symlink but those that are followed."""
        fd, seen = self._fd, ""
        try:
            for name in path.split("/") if path else ():
                seen = f"{seen}/{name}" if seen else name
                try:
                    deeper = os.open(name, _FOLDER, dir_fd=fd)
                except OSError as error:
                    deeper = self._behind(error, fd, name, seen)
                if fd != self._fd:
                    os.close(fd)
                fd = deeper
            yield fd
        finally:
            if fd != self._fd:
                os.close(fd)

    def _behind(self, error: OSError, fd: int, name: str, seen: str) -> int:
        """Open the folder behind a followed link that could not be opened as a folder itself.

        Raises:
            OSError: The error, as the system gave it, if there is no link.
            Odd: The link is not followed, or leads to a file.
        """
        if error.errno not in {errno.ELOOP, errno.ENOTDIR}:
            raise type(error)(error.errno, error.strerror, seen) from error
        try:
            linked = stat.S_ISLNK(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode)
        except OSError:
            linked = False
        deeper = self._links.folder(seen) if linked else None
        if deeper is None:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), seen) from error
        return deeper

    def _place(self, path: str) -> str:
        """The absolute path behind a name that was led elsewhere or is a followed link; empty for any other."""
        if path in self._led:
            return self._led[path]
        if path not in self._links.agreed:
            return ""
        link = self._links.followed(path)
        return link.target if link is not None and not link.folder else ""

    @contextlib.contextmanager
    def _at(self, path: str) -> Iterator[tuple[int, str]]:
        if place := self._place(path):
            folder, _, name = place.rpartition("/")
            fd = open_folder(folder)
            try:
                yield fd, name
            finally:
                os.close(fd)
            return
        parent, _, name = path.rpartition("/")
        with self._folder(parent) as fd:
            yield fd, name

    def elsewhere(self, path: str) -> Elsewhere | None:
        if not self._links.any_followed:
            return None
        link = self._links.followed(path) if self._links.at(path) else None
        if link is not None and not link.folder:
            return Elsewhere(link.target, os.path.dirname(link.target))
        around = self._links.around(path)
        if around is None or os.stat(around.target).st_dev == self._device:
            return None
        rest = path.removeprefix(f"{around.path}/")
        return Elsewhere(os.path.join(around.target, rest), around.target)

    def lead(self, path: str, place: str) -> None:
        if place:
            self._led[path] = place
        else:
            self._led.pop(path, None)

    @contextlib.contextmanager
    def _two(self, one: str, other: str) -> Iterator[tuple[tuple[int, str], tuple[int, str]]]:
        with self._at(one) as first, self._at(other) as second:
            yield first, second

    def _lstat(self, path: str) -> os.stat_result | None:
        try:
            with self._at(path) as (fd, name):
                return os.stat(name or ".", dir_fd=fd, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    @contextlib.contextmanager
    def _opened(self, path: str) -> Iterator[int | None]:
        """Open a regular file for reading; None if nothing is there."""
        try:
            with self._at(path) as (folder, name):
                fd = open_fd(name, follow=False, folder=folder)
        except (FileNotFoundError, NotADirectoryError):
            yield None
            return
        except (OddFile, IsADirectoryError) as error:
            raise not_regular(path) from error
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            self._links.followed(path)  # a symlink: says why it is not followed
            raise not_regular(path) from error
        try:
            yield fd
        finally:
            os.close(fd)

    def kind(self, path: str) -> Kind:
        """Return what is there, without following or opening it."""
        try:
            found = self._lstat(path)
        except Odd:
            return "odd"
        except OSError as error:
            # Where a followed link led through, another link stands now.
            if error.errno not in {errno.ELOOP, errno.ENOTDIR}:
                raise
            return "odd"
        if found is None:
            return "absent"
        if stat.S_ISLNK(found.st_mode):
            return self._kind_behind(path)
        # A rename can't cross devices, so nothing on a mount below a home can be exchanged.
        if found.st_dev != self._device and self._is_elsewhere(path):
            return "odd"
        if stat.S_ISREG(found.st_mode):
            return "file"
        return "folder" if stat.S_ISDIR(found.st_mode) else "odd"

    def _kind_behind(self, path: str) -> Kind:
        link = self._links.at(path)
        return "folder" if link is not None and link.folder and link.why is None else "odd"

    def _is_elsewhere(self, path: str) -> bool:
        if self._place(path) or self._links.around(path) is not None:
            return False  # behind a link that is followed
        with self._at(path) as (fd, name):
            return obstacles.is_elsewhere(fd, name, self._fd)

    def holds(self, path: str, data: bytes | bytearray) -> bool:
        """Whether a file has just this content; what it has is read only if it has as many bytes.

        Raises:
            Odd: It is no regular file.
        """
        with self._opened(path) as fd:
            if fd is None or os.fstat(fd).st_size != len(data):
                return False
            return read_all(fd, len(data)) == data

    def read(self, path: str) -> bytes | None:
        with self._opened(path) as fd:
            if fd is None:
                return None
            return read_fd(fd, path, limit=LARGEST)

    def entry(self, path: str) -> Entry | None:
        with self._opened(path) as fd:
            if fd is None:
                return None
            return Entry(
                digest_of(fd, os.fstat(fd).st_size), bool(os.fstat(fd).st_mode & stat.S_IXUSR)
            )

    def mode(self, path: str) -> int | None:
        found = self._lstat(path)
        return None if found is None else stat.S_IMODE(found.st_mode)

    def closed(self, folder: str) -> DistError | None:
        inside = f"{folder}/{_NOBODY}" if folder else _NOBODY
        with self._folder(folder) as fd, self._stage_of(inside) as stage:
            return obstacles.closed(fd, stage, self.root, folder)

    def pinned(self, path: str) -> DistError | None:
        try:
            with self._at(path) as (fd, name), self._stage_of(path) as stage:
                return obstacles.pinned(fd, name, stage, self.root, path)
        except (FileNotFoundError, NotADirectoryError):
            return None

    @contextlib.contextmanager
    def _stage_of(self, path: str) -> Iterator[int]:
        """Open the folder from which a file comes to a path: the home, or one behind a followed link."""
        place = self.elsewhere(path)
        if place is None:
            yield self._fd
            return
        fd = open_folder(place.folder)
        try:
            yield fd
        finally:
            os.close(fd)

    def listdir(self, path: str) -> list[str]:
        with self._folder(path) as fd:
            # Without it btrfs lists what was there when the folder was opened, and misses what came in since.
            os.lseek(fd, 0, os.SEEK_SET)
            return sorted(os.listdir(fd))

    def write_new(
        self,
        path: str,
        data: bytes | bytearray,
        mode: int,
        *,
        exact: bool = False,
        sync: bool = True,
        like: str = "",
    ) -> None:
        note("disk", "write new", path, len(data), "bytes")
        with self._at(path) as (folder, name):
            fd = os.open(name, _NEW, mode, dir_fd=folder)
            owner, wanted = self._near(like) or (os.fstat(folder), None)
        try:
            owners.give(fd, owner)
            if wanted is not None:
                attributes.give(fd, wanted, mode)
            write_all(fd, data)
            if exact:
                give_mode(fd, mode)
            # What is led elsewhere may be on a disk that no later sync reaches.
            if sync or path in self._led:
                sync_fd(fd)
        finally:
            os.close(fd)

    def fill(self, news: Iterable[New]) -> None:
        note("disk", "fill")
        with Filler(self._fd) as filler:
            for new in news:
                if new.path in self._led or new.like:
                    self._make(new)
                else:
                    filler.make(new)

    def _make(self, new: New) -> None:
        """Make a file that is elsewhere, or gets the owner of another one."""
        assert new.data is not None  # noqa: S101 - no folder is either
        self.write_new(new.path, new.data, new.mode, exact=new.exact, sync=False, like=new.like)

    def set_mode(self, path: str, mode: int) -> None:
        note("disk", "set mode", path, f"{mode:o}")
        with self._at(path) as (folder, name):
            fd = os.open(name, _READ, dir_fd=folder)
        try:
            os.fchmod(fd, mode)
            sync_fd(fd)
        except OSError as error:
            if error.errno not in REFUSED or all(self.kept(path)):
                raise
        finally:
            os.close(fd)

    def kept(self, path: str) -> Kept:
        try:
            with self._stage_of(path) as fd:
                device = os.fstat(fd).st_dev
                if device not in self._kept:
                    self._kept[device] = modes.kept_in(fd)
        except (OSError, Odd):
            return Kept()
        return self._kept[device]

    def _near(self, path: str) -> tuple[os.stat_result, attributes.Attributes] | None:
        """What a new file gets from the file at a path, or else from the nearest folder above it.

        Returns:
            What that is, and its attributes; None for the empty path.
        """
        if not path:
            return None
        while path:
            try:
                with self._at(path) as (fd, name):
                    found = os.stat(name, dir_fd=fd, follow_symlinks=False)
                    return found, attributes.near(fd, name, found)
            except (FileNotFoundError, NotADirectoryError):
                path = path.rpartition("/")[0]
        home = os.fstat(self._fd)
        return home, attributes.near(self._fd, ".", home)

    def beside(self, name: str, temp: str) -> None:
        """Let a temporary name stand beside what a followed link leads to, so that it can be renamed over that."""
        if place := self.elsewhere(name):
            self.lead(temp, os.path.join(place.folder, temp))

    def put(self, name: str, temp: str, data: bytes | bytearray, mode: int) -> None:
        """Write a file in the root durably and in one step, by way of a temporary name, replacing what was there."""
        self.beside(name, temp)
        try:
            self.write_new(temp, data, mode, exact=True, like=name)
            self.rename(temp, name)
        except BaseException:
            with contextlib.suppress(OSError):
                self.unlink(temp)
            raise
        self.sync_folder("")

    def sync_folder(self, path: str) -> None:
        with self._folder(path) as fd:
            sync_fd(fd)
        self._sync_led()

    def _sync_led(self) -> None:
        """Make the names durable that are led to other folders."""
        for folder in {os.path.dirname(place) for place in self._led.values()}:
            try:
                fd = open_folder(folder)
            except (FileNotFoundError, NotADirectoryError):
                continue  # with the folder, everything that was to be kept there is gone
            try:
                sync_fd(fd)
            finally:
                os.close(fd)

    def sync_all(self, folder: str = "") -> None:
        note("disk", "sync all")
        self._sync_led()
        sync = libc.function("syncfs", "i")
        # macOS has no syncfs; elsewhere it is better, because sync() never reports a failing disk.
        if sync is None:
            os.sync()
            return
        with self._folder(folder) as fd:
            if sync(fd):
                raise libc.failure(str(self.root / folder))

    def rename(self, source: str, target: str) -> None:
        note("disk", "rename", source, target)
        with self._two(source, target) as ((fd, name), (other, new)):
            os.rename(name, new, src_dir_fd=fd, dst_dir_fd=other)

    def exchange(self, one: str, other: str) -> None:
        note("disk", "exchange", one, other)
        with self._two(one, other) as (first, second):
            _rename.exchange(first, second)

    def noreplace(self, source: str, target: str) -> None:
        note("disk", "noreplace", source, target)
        with self._two(source, target) as (first, second):
            _rename.noreplace(first, second)

    def unlink(self, path: str) -> None:
        note("disk", "unlink", path)
        with self._at(path) as (fd, name):
            os.unlink(name, dir_fd=fd)

    def mkdir(self, path: str, mode: int, *, exact: bool = False) -> None:
        note("disk", "mkdir", path)
        with self._at(path) as (fd, name):
            os.mkdir(name, mode, dir_fd=fd)
            owners.give_folder(name, fd)
            if exact:
                give_mode(name, mode, fd)

    def rmdir(self, path: str) -> None:
        note("disk", "rmdir", path)
        with self._at(path) as (fd, name):
            os.rmdir(name, dir_fd=fd)


def atomic_write(
    path: Path, data: bytes | bytearray, mode: int = 0o600, *, home: bool = False
) -> None:
    """Write one small file whole or not at all; the same content is not written again.

    Args:
        path: The file; its folder is made when missing. A file that exists keeps its permission bits.
        data: The content.
        mode: The permission bits of a new file.
        home: Whether the folder is a home: a link that the user said to follow is written through.

    Raises:
        Odd: The path is a symlink that is not followed, or not a regular file.
        DistError: The disk is full, read-only, or fails; the old content stays.
    """
    try:
        owners.make_folders(path.parent)
        with RealFs(path.parent, home=home) as folder:
            if folder.holds(path.name, data):
                return
            folder.put(
                path.name,
                f".{path.name[:150]}.{os.urandom(6).hex()}.tmp",
                data,
                folder.mode(path.name) or mode,
            )
    except Odd as error:
        error.where = str(path)  # a name alone tells nobody where it is
        raise
    except OSError as error:
        raise trouble(error, "can't write the file", where=str(path)) from error
