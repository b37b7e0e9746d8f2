"""Boxes: many small contents in one file, so that a large package costs the store one file and not thousands.

A box is written beside its place, brought to the disk and renamed into it, so a reader meets it whole or not at all;
what is in it is still checked against its digest by whoever reads it. What is in a file: :mod:`.form`.

A store may hold far more than a command asks for, so the rows of a box are read when it is likely to have what is
looked for.
"""

from __future__ import annotations

import contextlib
import os
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Lock

from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.contents.form import Part, is_newer, name_of, read_rows, rows_of
from hermes_dist.world.disk.contents.going import GOING, either
from hermes_dist.world.disk.contents.index import Index, Place, may_hold

with later():
    from hermes_dist.world.disk.contents.rescue import Rescue

INCOMING = "incoming"
"""The folder of a store where contents are written before they get their names."""
_MOMENT = 1.0
"""Seconds for which a box that was used counts as being used: a package asks for thousands of its contents."""
_GLANCES = 8
"""After so many glances at a box it is cheaper to read all of its rows."""
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def place_of(digest: Digest) -> str:
    """Return where a content that has a file of its own is in a store."""
    return f"{digest[:2]}/{digest[2:]}"


def alone(root: Path) -> Iterator[Digest]:
    """Every content of a store that has a file of its own."""
    for folder in root.glob("[0-9a-f][0-9a-f]"):
        for file in folder.iterdir():
            with contextlib.suppress(Invalid):
                yield Digest(folder.name + file.name.removesuffix(GOING))


class Boxes:
    """The boxes of a store. Safe for parallel use.

    Args:
        folder: Their folder; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._top = str(folder)
        self._lock = Lock()
        self._used: dict[str, float] = {}
        self._indexes: dict[str, Index] = {}
        self._glances: dict[str, int] = {}
        self._known: list[str] | None = None
        self._latest = ""
        self._name = ""
        self._fd = -1
        self._close: Callable[[], object] = int

    def near(self, digest: Digest) -> Place | None:
        """Find a content in the box in which something was found last; None if it is not there."""
        return self.index_of(self._latest).find(digest) if self._latest else None

    def place(
        self, digest: Digest, *, again: bool = False, sure: bool = False, but: str = ""
    ) -> Place | None:
        """Find a content; None if it is in no box.

        Args:
            digest: Its name.
            again: Look again which boxes there are: another command may have written one, or removed one.
            sure: Read the rows of all boxes: at a glance, a content is not seen where rows are damaged.
            but: A box that does not count; empty for none.

        Raises:
            OSError: The disk fails.
        """
        if again or self._known is None:
            self.look()
        key = bytes.fromhex(digest)
        for box in self._in_turn(but):
            if sure or self._may_hold(box, key):
                place = self.index_of(box).find(digest)
                if place is not None:
                    self._latest = box
                    return place
        return None

    def _in_turn(self, but: str) -> list[str]:
        """The boxes to look into: first those of which the rows are in memory."""
        boxes = [box for box in self._known or () if box != but]
        return sorted(boxes, key=lambda box: box not in self._indexes)

    def index(self, box: str) -> Index:
        """Read what a box holds; nothing if it is gone, and what can be rescued if it is damaged.

        Raises:
            OSError: The disk fails.
        """
        try:
            fd = self._open(box)
        except OSError:
            return Index(box, b"")
        try:
            with contextlib.suppress(OSError):  # it is read once more, piece by piece
                rows = read_rows(fd)
                if name_of(rows) == box:
                    return Index(box, rows)
            found, rescue = os.fstat(fd), Rescue(fd)
            file = (found.st_dev, found.st_ino, found.st_size)
            return Index(box, rescue.rows(), file, unread=rescue.failed)
        finally:
            os.close(fd)

    def is_newer(self, box: str) -> bool:
        """Whether a box can be read, and was written by a newer program in a form that this one does not know."""
        try:
            fd = self._open(box)
        except OSError:
            return False
        try:
            return is_newer(fd)
        except OSError:
            return False
        finally:
            os.close(fd)

    def names(self) -> list[str]:
        """The boxes that are there, damaged ones and those that are about to be removed included.

        Raises:
            OSError: The disk fails.
        """
        try:
            return list({name.removesuffix(GOING) for name in os.listdir(self.folder)})
        except FileNotFoundError:
            return []

    def read(self, place: Place) -> bytes | None:
        """Read a content, unchecked; None if its box is gone.

        Raises:
            OSError: The disk fails.
        """
        with self._lock:
            try:
                return os.pread(self._opened(place.box), place.size, place.at)
            except FileNotFoundError:
                return None

    def add(self, box: str, rows: Mapping[Digest, Part]) -> None:
        """Learn of a box that this process has written."""
        self.forget(box)
        self._indexes[box] = Index(box, rows_of(rows))
        self._known = [box, *(name for name in self._known or () if name != box)]
        self._latest = box

    def use(self, box: str) -> bool:
        """Make a box young, so that no clean-up removes it; False if it is gone, or about to be removed."""
        now = time.monotonic()
        if now - self._used.get(box, -_MOMENT) < _MOMENT:
            return True
        try:
            os.utime(f"{self._top}/{box}", follow_symlinks=False)
        except OSError:
            return False
        self._used[box] = now
        return True

    def is_there(self, place: Place) -> bool:
        """Whether the box of a content is still there."""
        box = f"{self._top}/{place.box}"
        return any(os.access(name, os.F_OK) for name in (box, box + GOING, box))

    def look(self) -> None:
        """Learn which boxes there are now.

        Raises:
            OSError: The disk fails.
        """
        names = self.names()
        if self._known is not None and {*names} == {*self._known}:
            return
        for gone in {*self._indexes} - {*names}:
            self.forget(gone)
        # The one that was used last mostly has what is looked for, and then the others are not read.
        self._known = sorted(names, key=self._age)

    def forget(self, box: str) -> None:
        """Forget what is known of a box, so that it is read again."""
        with self._lock:
            self._indexes.pop(box, None)
            self._used.pop(box, None)
            if self._latest == box:
                self._latest = ""
            if self._name == box:
                self._close()
                self._name = ""

    def _age(self, box: str) -> tuple[int, str]:
        with contextlib.suppress(OSError):
            return -os.stat(f"{self._top}/{box}", follow_symlinks=False).st_mtime_ns, box
        return 0, box

    def _may_hold(self, box: str, key: bytes) -> bool:
        """Whether it is worth the time to read the rows of a box."""
        glances = self._glances.get(box, 0)
        if box in self._indexes or glances >= _GLANCES:
            return True
        self._glances[box] = glances + 1
        try:
            fd = self._open(box)
        except OSError:
            return False
        try:
            return may_hold(fd, key)
        except OSError:
            return True
        finally:
            os.close(fd)

    def index_of(self, box: str) -> Index:
        """What a box holds, as far as that is known since it was read; as :meth:`index` if it was not read.

        Raises:
            OSError: The disk fails.
        """
        known = self._indexes.get(box)
        if known is None or (known.damaged and self._is_another(known)):
            known = self.index(box)
            if known or known.damaged:
                self._indexes[box] = known
        return known

    def _is_another(self, known: Index) -> bool:
        """Whether a damaged box was written again under its name."""
        try:
            found = either(f"{self._top}/{known.box}", os.lstat)
        except OSError:
            return True
        return known.damaged != (found.st_dev, found.st_ino, found.st_size)

    def _open(self, box: str) -> int:
        return either(f"{self._top}/{box}", lambda name: os.open(name, _READ))

    def _opened(self, box: str) -> int:
        """Open a box; the last one stays open, because its neighbours are read next."""
        if box != self._name:
            fd = self._open(box)
            self._close()
            self._name, self._fd, self._close = box, fd, weakref.finalize(self, os.close, fd)
        return self._fd
