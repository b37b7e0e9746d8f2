"""Store many contents at once: write all aside, bring them to the disk with few calls, then rename them into place."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping

from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.contents.boxes import Boxes, place_of
from hermes_dist.world.disk.contents.form import FOLDER as BOXES
from hermes_dist.world.disk.contents.form import LARGE as _LARGE
from hermes_dist.world.disk.contents.form import NewBox
from hermes_dist.world.disk.contents.index import Place
from hermes_dist.world.disk.fs import RealFs, sync_fd, write_all
from hermes_dist.world.disk.owners import give
from hermes_dist.world.disk.private import FILE, give_mode, make_private_in

FEW = 8
"""Up to this many small contents have files of their own: the fewer boxes there are, the fewer are looked into."""
_SYNC_EACH = 50
"""Up to this many files are synced one by one."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Batch:
    """Contents that are stored together.

    Args:
        fs: The store.
        root: Its folder, open.
        incoming: Its folder for what is being written, open.
        boxes: Its boxes.
        leaving: A box that is about to be removed; what it holds has to be written again. Empty for none.
    """

    def __init__(self, fs: RealFs, root: int, incoming: int, boxes: Boxes, leaving: str) -> None:
        self._fs = fs
        self._root = root
        self._incoming = incoming
        self._boxes = boxes
        self._leaving = leaving
        self._mark = os.urandom(6).hex()
        self._folders = frozenset(os.listdir(root))
        self._small: dict[Digest, bytes] = {}
        self._written: dict[Digest, str] = {}
        self._box: NewBox | None = None

    def run(self, blobs: Iterable[bytes]) -> list[Digest]:
        """Store contents, and return their names.

        Args:
            blobs: The contents; an error that it raises passes through, and nothing new is stored.

        Raises:
            OSError: The disk is full or fails; nothing new is stored.
        """
        digests = []
        with self._clearing():
            for data in blobs:
                digest = Digest.of(data)
                digests.append(digest)
                if not self._is_new(digest) and not self._is_kept(digest, len(data)):
                    self._take(digest, data)
            self._settle()
        return digests

    @contextlib.contextmanager
    def _clearing(self) -> Iterator[None]:
        """Remove what was written if the block fails."""
        try:
            yield
        except BaseException:
            for name in (*self._written.values(), self._mark):
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=self._incoming)
            raise
        finally:
            if self._box is not None:
                self._box.close()

    def _is_new(self, digest: Digest) -> bool:
        """Whether it is among those that are being stored."""
        boxed = self._box is not None and digest in self._box.rows
        return boxed or digest in self._written or digest in self._small

    def _is_kept(self, digest: Digest, size: int) -> bool:
        """Whether it is stored already; this also makes it young, so that no clean-up removes it."""
        near = self._boxes.near(digest)
        return (
            self._may_use(near, size)
            or self._is_alone(digest, size)
            or self._may_use(self._boxes.place(digest, but=self._leaving), size)
        )

    def _is_alone(self, digest: Digest, size: int) -> bool:
        """Whether it has a file of its own."""
        if digest[:2] not in self._folders:
            return False
        try:
            found = os.stat(place_of(digest), dir_fd=self._root, follow_symlinks=False)
            if not stat.S_ISREG(found.st_mode) or found.st_size != size:
                return False
            os.utime(place_of(digest), dir_fd=self._root, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def _may_use(self, place: Place | None, size: int) -> bool:
        if place is None or place.size != size or place.box == self._leaving:
            return False
        return self._boxes.use(place.box)

    def _take(self, digest: Digest, data: bytes) -> None:
        """Write a content, or keep it until it is known whether there are many."""
        if len(data) > _LARGE:
            self._write(digest, data)
            return
        if self._box is None:
            self._small[digest] = data
            if len(self._small) <= FEW:
                return
            self._box = NewBox(self._incoming, self._mark)
            for waiting, content in self._small.items():
                self._box.add(waiting, content)
            self._small.clear()
        else:
            self._box.add(digest, data)

    def _write(self, digest: Digest, data: bytes) -> None:
        """Write a content into a file of its own."""
        name = f"{self._mark}-{len(self._written)}"
        self._written[digest] = name
        fd = os.open(name, _NEW, FILE, dir_fd=self._incoming)
        try:
            give_mode(fd, FILE)
            give(fd, os.fstat(self._incoming))
            write_all(fd, data)
        finally:
            os.close(fd)

    def _settle(self) -> None:
        """Sync contents first, then names, so that a name never exists without its whole content."""
        for digest, data in self._small.items():
            self._write(digest, data)
        places = {name: place_of(digest) for digest, name in self._written.items()}
        few = len(places) <= _SYNC_EACH
        if few:
            for name in places:
                _sync(name, os.O_RDONLY, self._incoming)
        else:
            self._fs.sync_all()
        if self._box is not None:
            box = self._box.finish()
            places[self._mark] = f"{BOXES}/{box}"
        self._name(places, few=few)
        if self._box is not None:
            self._boxes.add(box, self._box.rows)

    def _name(self, places: Mapping[str, str], *, few: bool) -> None:
        """Give what is written its names, durably."""
        folders = {place.partition("/")[0] for place in places.values()}
        for folder in folders:
            make_private_in(self._root, folder)
        for name, place in places.items():
            os.rename(name, place, src_dir_fd=self._incoming, dst_dir_fd=self._root)
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
