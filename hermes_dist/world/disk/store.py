"""Content-addressed blobs shared by all profiles: each file is named by the SHA-256 of what it holds.

A blob is written beside its place and renamed into it, so a reader meets it whole or not at all; a name says
nothing until the content has been checked against it. Small blobs that are stored together with many others share a
file: :mod:`hermes_dist.world.disk.contents.boxes`.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from pathlib import Path

from hermes_dist.errors import DistError, Invalid, Lost
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.contents.boxes import FOLDER as BOXES
from hermes_dist.world.disk.contents.boxes import INCOMING, Boxes, Place, place_of
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
        self._boxes = Boxes(root / BOXES)

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
                if place is not None and self._boxes.is_there(place):
                    return place.size
                found = os.stat(f"{self._top}/{place_of(digest)}")
                return found.st_size if stat.S_ISREG(found.st_mode) else None
        return None

    def has_all(self, digests: Iterable[Digest]) -> bool:
        """Return whether there are blobs of all these names."""
        there: set[str] = set()
        for digest in digests:
            near = self._boxes.near(digest)
            if near is not None and near.box in there:
                continue
            if not self.has(digest):
                return False
            if near is not None:
                there.add(near.box)
        return True

    def _place(self, digest: Digest, *, again: bool = False) -> Place | None:
        """Find a blob in the boxes; None if it has a file of its own, or is missing.

        Raises:
            OSError: The disk fails.
        """
        near = None if again else self._boxes.near(digest)
        # Most packages have a file for each content, and need not know what is in boxes.
        if near is None and not os.path.lexists(f"{self._top}/{place_of(digest)}"):
            return self._boxes.place(digest, again=again)
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
            return place.size == size and self._boxes.use(place.box)
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
        for again in (False, True):
            place = self._place(digest, again=again)
            data = _content(path) if place is None else self._boxes.read(place)
            if data is not None:
                return data
        return None

    def _found_again(self, digest: Digest, path: str) -> bytes | None:
        """Read a damaged blob once more: another command may have written its box again since it was opened."""
        place = self._place(digest)
        if place is not None:
            self._boxes.forget(place.box)
        return self._found(digest, path)

    def _remove(self, digest: Digest) -> None:
        """Remove a damaged blob; what shares its box moves to another one."""
        place = self._place(digest)
        if place is None:
            self.path(digest).unlink()
            return
        rows = self._boxes.of(place.box)
        self._rebox(place.box, [one for one in rows if one.digest != digest])

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
            return [] if first is None else self._stored(chain([first], rest))
        except OSError as error:
            raise trouble(error, "can't write into the store", where=str(self.root)) from error

    def _stored(self, blobs: Iterable[bytes], leaving: str = "") -> list[Digest]:
        """Store blobs; those in the box that is ``leaving`` count as new."""
        from hermes_dist.world.disk.contents.batch import Batch  # noqa: PLC0415 - start-up: status only reads

        make_private(self.root / INCOMING)
        with (
            RealFs(self.root) as fs,
            _opened(self.root) as root,
            _opened(self.root / INCOMING) as incoming,
        ):
            return Batch(fs, root, incoming, self._boxes, leaving).run(blobs)

    def digests(self) -> Iterator[Digest]:
        """Every stored blob, in no order."""
        found = set(self._alone())
        for box in self._boxes.names():
            found.update(place.digest for place in self._boxes.of(box))
        yield from found

    def _alone(self) -> Iterator[Digest]:
        """Every blob that has a file of its own."""
        for folder in self.root.glob("[0-9a-f][0-9a-f]"):
            for file in folder.iterdir():
                with contextlib.suppress(Invalid):
                    yield Digest(folder.name + file.name)

    def gc(
        self, keep: AbstractSet[Digest], *, older_than: float, dry_run: bool = False
    ) -> tuple[int, int]:
        """Remove blobs that nobody needs.

        A blob that another command stores again meanwhile stays: storing it makes its file young, and its age is
        checked once more after it has been moved aside. A box of which much is needed stays as it is.

        Args:
            keep: What must stay.
            older_than: Only blobs last stored before this time, in seconds since the epoch.
            dry_run: Only count.

        Returns:
            How many were removed, and their bytes.

        Raises:
            DistError: The disk fails.
        """
        removed = size = 0
        try:
            for digest in set(self._alone()) - keep:
                freed = self._collect(self.path(digest), older_than, dry_run=dry_run)
                if freed is not None:
                    removed, size = removed + 1, size + freed
            for box in self._half_used(keep):
                count, freed = self._collect_box(box, keep, older_than, dry_run=dry_run)
                removed, size = removed + count, size + freed
            if not dry_run:
                self._sweep(older_than)
        except OSError as error:
            raise trouble(error, "can't clean the store", where=str(self.root)) from error
        return removed, size

    def _sweep(self, older_than: float) -> None:
        """Remove what killed commands left."""
        for left in self.root.glob(f"{INCOMING}/*"):
            with contextlib.suppress(FileNotFoundError):
                if left.stat().st_mtime < older_than:
                    left.unlink()

    def _half_used(self, keep: AbstractSet[Digest]) -> list[str]:
        """The boxes of which less than half is needed, those first of which the least has to be written once more.

        So a full disk has room for the next one: with each that goes, more is freed than was written.
        """
        found = []
        for box in self._boxes.names():
            size = needed = 0
            for place in self._boxes.of(box):
                size += place.size
                needed += place.size if place.digest in keep else 0
            if not needed or size - needed > needed:
                found.append((needed, box))
        return [box for _, box in sorted(found)]

    def _collect_box(
        self, box: str, keep: AbstractSet[Digest], older_than: float, *, dry_run: bool
    ) -> tuple[int, int]:
        """Remove a box if it is old; returns how many blobs went, and their bytes."""
        places = self._boxes.of(box)
        live = [place for place in places if place.digest in keep]
        if not self._rebox(box, live, older_than, dry_run=dry_run):
            return 0, 0
        freed = sum(place.size for place in places) - sum(place.size for place in live)
        return len(places) - len(live), freed

    def _rebox(
        self,
        box: str,
        live: Sequence[Place],
        older_than: float | None = None,
        *,
        dry_run: bool = False,
    ) -> bool:
        """Remove a box after what is needed of it was written once more; returns whether it is gone.

        Args:
            box: The box.
            live: What is needed of it; what is damaged does not come along.
            older_than: The box stays if it was used after this time; None to remove it in any case.
            dry_run: Only say whether it would go.
        """
        path = self._boxes.folder / box
        if self._collect(path, older_than, dry_run=True) is None:
            return False
        if dry_run:
            return True
        self._stored(self._sane(live), leaving=box)
        gone = self._collect(path, older_than, dry_run=False) is not None
        self._boxes.look()
        return gone

    def _sane(self, places: Iterable[Place]) -> Iterator[bytes]:
        """The contents at some places that are what they should be."""
        for place in places:
            data = self._boxes.read(place)
            if data is not None and Digest.of(data) == place.digest:
                yield data

    def _collect(self, path: Path, older_than: float | None, *, dry_run: bool) -> int | None:
        """Remove a file if it is old; returns its size, or None if it stays or is gone already."""
        aside = self.root / INCOMING / f"{path.name}.{os.urandom(4).hex()}"
        try:
            found = path.stat()
            if _is_young(found, older_than):
                return None
            if dry_run:
                return found.st_size
            make_private(aside.parent)
            path.rename(aside)
        except FileNotFoundError:
            return None
        found = aside.stat()
        if _is_young(found, older_than):
            aside.rename(path)
            return None
        aside.unlink()
        return found.st_size


def _is_young(found: os.stat_result, older_than: float | None) -> bool:
    return older_than is not None and found.st_mtime >= older_than


def _content(path: str) -> bytes | None:
    """Read a blob that has a file of its own, unchecked; None if there is none."""
    try:
        fd = os.open(path, _READ)
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
