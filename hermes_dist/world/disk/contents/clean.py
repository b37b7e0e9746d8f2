"""Clean a store: remove what nobody needs, write damaged boxes anew, and join small ones.

Whatever is needed of a box is first written into another one and brought to the disk; only then does the box go. So a
command that is killed leaves a content twice rather than not at all, and one that runs at the same time finds it in the
one or in the other.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

from hermes_dist.light import NamedTuple
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.contents import batch
from hermes_dist.world.disk.contents.boxes import INCOMING, alone, place_of
from hermes_dist.world.disk.contents.form import ENTRY, ROW, NewBox
from hermes_dist.world.disk.contents.going import GOING, bring_back, either, remove_old, stays
from hermes_dist.world.disk.contents.index import Index, Place
from hermes_dist.world.disk.contents.joining import Sized, groups_to_join
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.fs import sync_fd
from hermes_dist.world.disk.private import make_private
from hermes_dist.world.disk.store import Store

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Cleaned(NamedTuple):
    """What was done, or would be.

    Attributes:
        blobs: How many contents were removed.
        size: Their bytes.
        joined: How many boxes were joined.
        into: How many came of them.
        damaged: How many damaged boxes were met.
        rescued: How many contents were still readable in them.
        lost: What is needed and not there.
        full: The disk had no room to join more boxes.
        folders: Folders where files of the store belong; they are left alone.
        newer: How many boxes were written by a newer program; they are left alone, so what is lost may be in them.
    """

    blobs: int
    size: int
    joined: int
    into: int
    damaged: int
    rescued: int
    lost: frozenset[Digest]
    full: bool
    folders: tuple[Path, ...] = ()
    newer: int = 0


def clean(
    store: Store, keep: AbstractSet[Digest], *, older_than: float, dry_run: bool = False
) -> Cleaned:
    """Remove blobs that nobody needs, write damaged boxes anew, and join small ones.

    A blob that another command stores again meanwhile stays: storing it makes its file young, and its age is
    checked once more before it goes. A large box of which much is needed stays as it is.

    Args:
        store: The store.
        keep: What must stay.
        older_than: Only blobs last stored before this time, in seconds since the epoch.
        dry_run: Only say what would happen.

    Raises:
        DistError: The disk fails.
    """
    try:
        return _Cleaner(store, keep, older_than, dry_run=dry_run).run()
    except OSError as error:
        raise trouble(error, "can't clean the store", where=str(store.root)) from error


class _Seen(NamedTuple):
    """A box.

    Attributes:
        box: Its name.
        file: What is at its place.
        young: Whether all that is in it stays, because another command may be about to need it.
        damaged: Whether only a part of it could be read.
        all: How many contents are in it.
        size: Their bytes.
        used: How many of them are needed.
        needed: The bytes of these.
    """

    box: str
    file: os.stat_result
    young: bool
    damaged: bool
    all: int
    size: int
    used: int
    needed: int

    @property
    def sized(self) -> Sized:
        """What a joined box would hold of it."""
        count, size = (self.all, self.size) if self.young else (self.used, self.needed)
        return Sized(size + count * (ENTRY.size + ROW.size), count, self.box)


class _Cleaner:
    """One clean-up of a store.

    Args:
        store: The store.
        keep: What must stay.
        older_than: Only what was last used before this time may go.
        dry_run: Only say what would happen.
    """

    def __init__(
        self,
        store: Store,
        keep: AbstractSet[Digest],
        older_than: float,
        *,
        dry_run: bool,
    ) -> None:
        self._root = store.root
        self._boxes = store.boxes
        self._write = store.write
        self._keep = keep
        self._keys = {bytes.fromhex(digest) for digest in keep}
        self._missing = set(self._keys)
        self._older_than = older_than
        self._dry = dry_run
        self._seen: dict[str, _Seen] = {}
        self._bad: set[Digest] = set()
        self._unreadable: set[str] = set()
        self._removed = self._size = self._joined = self._into = 0
        self._damaged = self._rescued = 0
        self._full = False
        self._folders: set[Path] = set()
        self._newer: set[str] = set()

    def run(self) -> Cleaned:
        """Clean, and say what was done.

        Raises:
            OSError: The disk fails.
        """
        if not self._dry:
            self._bring_back()
        self._files()
        self._look()
        for seen in self._to_empty():
            self._empty(seen)
        if not self._dry:
            self._look()
        self._join_all()
        if not self._dry:
            self._sweep()
        return Cleaned(
            self._removed,
            self._size,
            self._joined,
            self._into,
            self._damaged,
            self._rescued,
            self._lost(),
            self._full,
            tuple(sorted(self._folders)),
            len(self._newer),
        )

    def _lost(self) -> frozenset[Digest]:
        missing = {str.__new__(Digest, key.hex()) for key in self._missing}
        elsewhere = {
            digest
            for digest in self._bad
            if self._boxes.place(digest, again=True) or (self._root / place_of(digest)).exists()
        }
        return frozenset(missing | (self._bad - elsewhere))

    def _bring_back(self) -> None:
        """Give what a killed clean-up was about to remove its name back."""
        for folder in (self._boxes.folder, *self._root.glob("[0-9a-f][0-9a-f]")):
            for going in folder.glob(f"*{GOING}"):
                if self._is_file(going):
                    bring_back(going)

    def _is_file(self, path: Path) -> bool:
        """Whether there may be a file of the store; a folder in its place is noted, as somebody else put it there."""
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISDIR(path.stat(follow_symlinks=False).st_mode):
                self._folders.add(path)
                return False
        return True

    def _files(self) -> None:
        """Remove contents that have files of their own."""
        for digest in set(alone(self._root)):
            path = self._root / place_of(digest)
            if not self._is_file(path):
                continue
            if digest in self._keep:
                self._missing.discard(bytes.fromhex(digest))
            else:
                self._count(self._remove(path, self._older_than), 1)

    def _count(self, size: int | None, blobs: int) -> None:
        if size is not None:
            self._removed += blobs
            self._size += size

    def _remove(
        self, path: Path, older_than: float | None, was: os.stat_result | None = None
    ) -> int | None:
        if not self._dry:
            return remove_old(path, older_than, was)
        with contextlib.suppress(FileNotFoundError):
            found = either(str(path), os.lstat)
            return None if stays(found, older_than, was) else found.st_size
        return None

    def _look(self) -> None:
        """Learn what is in each box; what is known of one stays, as long as it is there."""
        names = self._boxes.names()
        for gone in {*self._seen} - {*names}:
            del self._seen[gone]
        for box in names:
            if box not in self._seen:
                self._see(box)

    def _see(self, box: str) -> None:
        try:
            file = either(f"{self._boxes.folder}/{box}", os.lstat)
        except FileNotFoundError:
            return
        if not self._is_file(self._boxes.folder / box):
            return
        index = self._boxes.index(box)
        if not index and not index.damaged:
            return  # it can't be opened, so what is in it is not known
        if index.damaged and self._boxes.is_newer(box):
            self._newer.add(box)
            return
        size = used = needed = 0
        for key, _, part in ROW.iter_unpack(index.rows):
            size += part
            if key in self._keys:
                used, needed = used + 1, needed + part
                self._missing.discard(key)
        if index.unread:
            self._unreadable.add(box)
        young = stays(file, self._older_than)
        damaged = bool(index.damaged)
        self._seen[box] = _Seen(box, file, young, damaged, len(index), size, used, needed)

    def _to_empty(self) -> list[_Seen]:
        """The boxes that are damaged, or of which less than half is needed; those with the least to write come first.

        So a full disk has room for the next one: with each that goes, more is freed than was written.
        """
        found = []
        for seen in self._seen.values():
            few = not seen.needed or seen.size - seen.needed > seen.needed
            if seen.damaged or (few and not seen.young):
                found.append(seen)
        return sorted(found, key=lambda seen: (seen.sized.size, seen.box))

    def _empty(self, seen: _Seen) -> None:
        """Remove a box after what is needed of it was stored once more."""
        if seen.damaged:
            self._damaged += 1
            self._rescued += seen.all
        old = None if seen.young else self._older_than
        if not self._dry:
            self._write(self._sound(self._live(seen)), seen.box)
            if seen.box in self._unreadable:
                return
        gone = self._remove(self._boxes.folder / seen.box, old, seen.file)
        self._boxes.forget(seen.box)
        if (
            gone is not None or seen.damaged
        ):  # a damaged one may have been written again under its name
            self._leave(seen)

    def _leave(self, seen: _Seen) -> None:
        """Note that a box is gone, and what with it."""
        live = seen.sized
        if not seen.young:
            self._removed += seen.all - seen.used
            self._size += seen.size - seen.needed
        if self._dry and live.contents > batch.FEW:
            rest = seen if seen.young else seen._replace(all=seen.used, size=seen.needed)
            self._seen[seen.box] = rest._replace(damaged=False)
        else:
            self._seen.pop(seen.box, None)

    def _live(self, seen: _Seen) -> list[Place]:
        """What has to stay of a box, in the order in which it is there.

        What the disk can't read today it may read another day, so such a box stays.
        """
        index: Index = self._boxes.index(seen.box)
        if len(index) != seen.all or index.unread:
            self._unreadable.add(seen.box)
        live = (one for one in index.all() if seen.young or one.digest in self._keep)
        return sorted(live, key=lambda one: one.at)

    def _sound(self, places: Iterable[Place]) -> Iterator[bytes]:
        """The contents at some places that are what they should be."""
        for place in places:
            data = None
            try:
                data = self._boxes.read(place)
            except OSError:
                self._unreadable.add(place.box)
            if data is not None and Digest.of(data) == place.digest:
                yield data
            elif place.digest in self._keep:
                self._bad.add(place.digest)

    def _join_all(self) -> None:
        for group in groups_to_join(seen.sized for seen in self._seen.values() if not seen.damaged):
            some = [self._seen[one.box] for one in group]
            try:
                self._join(some)
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                self._full = True
                return
            self._joined += len(some)
            self._into += 1

    def _join(self, some: list[_Seen]) -> None:
        """Write what is needed of some boxes into one, and remove them."""
        box = "" if self._dry else self._written(some)
        for seen in some:
            old = None if seen.young else self._older_than
            if seen.box == box or seen.box in self._unreadable:
                continue
            if self._remove(self._boxes.folder / seen.box, old, seen.file) is not None:
                self._boxes.forget(seen.box)
                self._leave(seen)
        self._boxes.look()

    def _written(self, some: list[_Seen]) -> str:
        """Write a joined box, and bring it to the disk with its name."""
        name = os.urandom(6).hex()
        make_private(self._root / INCOMING)
        incoming = os.open(self._root / INCOMING, _FOLDER)
        try:
            new = NewBox(incoming, name)
            try:
                for seen in some:
                    for data in self._sound(self._live(seen)):
                        if (digest := Digest.of(data)) not in new.rows:
                            new.add(digest, data)
                box = new.finish()
                os.rename(self._root / INCOMING / name, self._boxes.folder / box)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=incoming)
                raise
            finally:
                new.close()
        finally:
            os.close(incoming)
        _sync_folder(self._boxes.folder)
        self._boxes.add(box, new.rows)
        return box

    def _sweep(self) -> None:
        """Remove what killed commands left."""
        for left in self._root.glob(f"{INCOMING}/*"):
            with contextlib.suppress(FileNotFoundError):
                old = left.stat(follow_symlinks=False).st_mtime < self._older_than
                if old and self._is_file(left):
                    left.unlink()


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, _FOLDER)
    try:
        sync_fd(fd)
    finally:
        os.close(fd)
