"""Content-addressed blobs shared by all profiles: each file is named by the SHA-256 of what it holds.

A blob is written beside its place and renamed into it, so a reader meets it whole or not at all; a name says
nothing until the content has been checked against it. Small blobs that are stored together with many others share a
file: :mod:`hermes_dist.world.disk.contents.boxes`.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from hermes_dist.errors import DistError, Lost
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.contents.boxes import INCOMING, Boxes, alone, place_of
from hermes_dist.world.disk.contents.form import FOLDER as BOXES
from hermes_dist.world.disk.contents.going import either, remove_old
from hermes_dist.world.disk.contents.index import Place
from hermes_dist.world.disk.fs import RealFs, read_all, trouble
from hermes_dist.world.disk.private import make_private

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Store:
    """Blobs below one folder, which is created by the first write. Safe for parallel use.

    Args:
        root: The folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._top = str(root)
        self.boxes = Boxes(root / BOXES)

    def path(self, digest: Digest) -> Path:
        """Return the path where a blob with a file of its own is or would be."""
        return self.root / place_of(digest)

    def has(self, digest: Digest) -> bool:
        """Return whether a blob of that name exists; only :meth:`read` checks its content."""
        return self.size(digest) is not None

    def size(self, digest: Digest) -> int | None:
        """Return the size of a blob in bytes; None if it is missing."""
        for again in (False, True):
            with contextlib.suppress(OSError):
                place = self._place(digest, again=again)
                if place is not None and self.boxes.is_there(place):
                    return place.size
                found = either(f"{self._top}/{place_of(digest)}", os.stat)
                return found.st_size if stat.S_ISREG(found.st_mode) else None
        return None

    def file_of(self, digest: Digest) -> str | None:
        """Return the path of the file that holds a blob, of its own or shared; None if it is missing."""
        with contextlib.suppress(OSError):
            place = self._place(digest)
            path = (
                f"{self.boxes.folder}/{place.box}" if place else f"{self._top}/{place_of(digest)}"
            )
            if os.path.lexists(path):
                return path
        return None

    def has_all(self, digests: Iterable[Digest]) -> bool:
        """Return whether there are blobs of all these names."""
        return next(self._lacking(digests), None) is None

    def lacking(self, digests: Iterable[Digest]) -> list[Digest]:
        """Return those of these names that there are no blobs of, in order."""
        return sorted(self._lacking(digests))

    def _lacking(self, digests: Iterable[Digest]) -> Iterator[Digest]:
        """Yield each name that there is no blob of; a box is asked once for all that it may have."""
        rest = set(digests)
        while rest:
            digest = rest.pop()
            if not self.has(digest):
                yield digest
                continue
            near = self.boxes.near(digest)
            if near is not None:
                rest -= self.boxes.index_of(near.box).among(rest)

    def sizes(self, digests: Iterable[Digest]) -> dict[Digest, int]:
        """Return the size of each blob in bytes, without those that are missing."""
        return {name: size for name, size in self._found_at_once(digests) if size is not None}

    def _found_at_once(self, digests: Iterable[Digest]) -> Iterator[tuple[Digest, int | None]]:
        """Yield what :meth:`size` says of each name once; a box is asked once for all that it may have."""
        rest = set(digests)
        while rest:
            digest = rest.pop()
            size = self.size(digest)
            yield digest, size
            near = None if size is None else self.boxes.near(digest)
            if near is not None:
                found = self.boxes.index_of(near.box).sizes(rest)
                rest -= found.keys()
                yield from found.items()

    def _place(self, digest: Digest, *, again: bool = False, sure: bool = False) -> Place | None:
        """Find a blob in the boxes; None if it has a file of its own, or is missing.

        Raises:
            OSError: The disk fails.
        """
        near = None if again else self.boxes.near(digest)
        # Most packages have a file for each content, and need not know what is in boxes.
        if near is None and not os.path.lexists(f"{self._top}/{place_of(digest)}"):
            return self.boxes.place(digest, again=again, sure=sure)
        return near

    def keeps(self, digest: Digest, size: int) -> bool:
        """Return whether a blob of this size is stored; it then counts as young, so that no clean-up removes it."""
        try:
            return self._keeps(self._place(digest), digest, size)
        except OSError:
            return False

    def _keeps(self, place: Place | None, digest: Digest, size: int) -> bool:
        """The same.

        Raises:
            OSError: It is missing, or the disk fails.
        """
        if place is not None:
            return place.size == size and self.boxes.use(place.box)
        path = f"{self._top}/{place_of(digest)}"
        found = os.stat(path, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode) or found.st_size != size:
            return False
        os.utime(path, follow_symlinks=False)
        return True

    def read(self, digest: Digest) -> bytes:
        """Return the content of a blob.

        Args:
            digest: Its name.

        Raises:
            Lost: The blob is missing or damaged; a damaged one is removed, so that it can be fetched again.
            DistError: The disk fails.
        """
        path = f"{self._top}/{place_of(digest)}"
        try:
            data = self._found(digest, path)
            if data is not None and Digest.of(data) != digest:
                data = self._found_again(digest, path)
        except OSError as error:
            raise trouble(error, "can't read the store", where=path) from error
        if data is None:
            raise _missing(digest, "missing")
        if Digest.of(data) != digest:
            with contextlib.suppress(OSError, DistError):
                self._remove(digest)
            raise _missing(digest, "damaged")
        return data

    def _found(self, digest: Digest, path: str) -> bytes | None:
        """Read a blob, unchecked; None if there is none. Another command may move it from one file to another."""
        for again, sure in ((False, False), (True, False), (True, True)):
            place = self._place(digest, again=again, sure=sure)
            data = _content(path) if place is None else self.boxes.read(place)
            if data is not None:
                return data
        return None

    def _found_again(self, digest: Digest, path: str) -> bytes | None:
        """Read a damaged blob once more: another command may have written its box again since it was opened."""
        place = self._place(digest)
        if place is not None:
            self.boxes.forget(place.box)
        return self._found(digest, path)

    def _remove(self, digest: Digest) -> None:
        """Remove a damaged blob; what shares its box moves to another one."""
        place = self._place(digest)
        if place is None:
            remove_old(self.path(digest), None)
            return
        path = self.boxes.folder / place.box
        was = path.stat(follow_symlinks=False)
        self.write(self._others(place), leaving=place.box)
        remove_old(path, None, was)
        self.boxes.look()

    def _others(self, bad: Place) -> Iterator[bytes]:
        """What shares a box with a damaged blob, and is not damaged itself."""
        for place in self.boxes.index(bad.box).all():
            data = self.boxes.read(place)
            if data is not None and Digest.of(data) == place.digest != bad.digest:
                yield data

    def put(self, data: bytes) -> Digest:
        """Store some bytes durably.

        Returns:
            Their name.

        Raises:
            DistError: The disk is full or fails; earlier blobs stay.
        """
        return self.put_many([data])[0]

    def put_many(self, blobs: Iterable[bytes]) -> list[Digest]:
        """Store many blobs durably with one sync for all; only a few of them are in memory at a time.

        Args:
            blobs: The contents; an error that it raises passes through, and nothing new is stored.

        Returns:
            Their names, in order.

        Raises:
            DistError: The disk is full or fails; earlier blobs stay.
        """
        try:
            rest = iter(blobs)
            first = next(rest, None)
            # Most packages have nothing that a home stores otherwise, so mostly there is nothing to do.
            return [] if first is None else self.write(chain([first], rest))
        except OSError as error:
            raise trouble(error, "can't write into the store", where=str(self.root)) from error

    def write(self, blobs: Iterable[bytes], leaving: str = "") -> list[Digest]:
        """Store blobs; those in the box that is ``leaving`` count as new.

        Raises:
            OSError: The disk is full or fails; nothing new is stored.
        """
        from hermes_dist.world.disk.contents.batch import Batch  # noqa: PLC0415 - start-up: status only reads

        there: list[Digest] = []
        if not leaving and not self._is_open():
            there, blobs = self._there_already(iter(blobs))
            if not blobs:
                return there
        make_private(self.root / INCOMING)
        with (
            RealFs(self.root) as fs,
            _opened(self.root) as root,
            _opened(self.root / INCOMING) as incoming,
        ):
            return there + Batch(fs, root, incoming, self.boxes, leaving).run(blobs)

    def _is_open(self) -> bool:
        """Whether this user may write into the store, or there is none yet."""
        return os.access(f"{self._top}/{INCOMING}", os.W_OK) or not os.path.lexists(self._top)

    def _there_already(self, blobs: Iterator[bytes]) -> tuple[list[Digest], Iterable[bytes]]:
        """The names of the first blobs, as far as they are stored, and the others; nothing is made young.

        So what only looks works with a store on a read-only disk, or of another user.
        """
        digests: list[Digest] = []
        for data in blobs:
            digest = Digest.of(data)
            if self.size(digest) != len(data):
                return digests, chain([data], blobs)
            digests.append(digest)
        return digests, ()

    def digests(self) -> Iterator[Digest]:
        """Every stored blob, in no order."""
        found = set(alone(self.root))
        for box in self.boxes.names():
            found.update(place.digest for place in self.boxes.index(box).all())
        yield from found


def _content(path: str) -> bytes | None:
    """Read a blob that has a file of its own, unchecked; None if there is none."""
    try:
        fd = either(path, lambda name: os.open(name, _READ))
    except FileNotFoundError:
        return None
    try:
        found = os.fstat(fd)
        return read_all(fd, found.st_size) if stat.S_ISREG(found.st_mode) else b""
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
