"""The files of several folders of one commit, sorted out from one reading of it.

git lists one folder by its tree, but several by their paths. There, a hostile name with a slash in it looks like a part
of another folder. So every tree is put together again from what was listed, and a folder counts as read only if all its
trees have the ids that git says. Any other folder has to be listed alone, which tells what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from hermes_dist.errors import Invalid
from hermes_dist.model.git_object import name_of
from hermes_dist.model.paths import RelPath
from hermes_dist.world.disk.limits import Limits
from hermes_dist.world.git.listing import Sorting
from hermes_dist.world.ports import Listing

Listed = tuple[str, str, str, int, bytes]
"""An entry of a commit's tree: mode, type, id, size, path."""


class _TooMany(Exception):
    """The folders hold more together than one package may."""


class _NotClear(Exception):
    """It can't be told which entry is in which folder."""


class Folders:
    """Sorts the entries of several folders and of the folders above them.

    Args:
        folders: The folders.
        limits: How large each of them may be, and all of them together.
    """

    def __init__(self, folders: Iterable[RelPath], limits: Limits) -> None:
        self._folders = {folder.encode(): folder for folder in folders}
        self._sortings = {raw: Sorting(limits) for raw in self._folders}
        self._left, self._room = limits.entries, limits.total
        self._around: dict[bytes, tuple[bytes, ...]] = {b"": ()}
        """Of each folder that was listed, those that are asked for and that it is in, itself included."""
        self._trees: dict[bytes, tuple[str, bytearray]] = {}
        """The id of each folder's tree, and the tree as far as it was listed."""

    def read(self, entries: Iterable[Listed]) -> bool:
        """Take all entries, folders before what is in them.

        Returns:
            Whether they were taken; False if the folders hold more together than one package may.
        """
        try:
            for entry in entries:
                self._take(*entry)
        except _TooMany:
            return False
        except _NotClear:
            self._sortings.clear()
        return True

    def _take(self, mode: str, kind: str, oid: str, size: int, raw: bytes) -> None:
        """Take one entry.

        Raises:
            _TooMany: The folders hold too much together.
            _NotClear: It is in no folder that was listed, or listed twice.
        """
        above, _, name = raw.rpartition(b"/")
        self._left -= 1
        self._room -= size
        if self._left < 0 or self._room < 0:
            raise _TooMany
        if above not in self._around or raw in self._around:
            raise _NotClear
        if kind == "tree":
            self._open(raw, oid, self._around[above])
        if above:
            whole = self._trees[above][1]
            whole += b"%s %s\0%s" % (mode.lstrip("0").encode(), name, bytes.fromhex(oid))
        for folder in self._around[above]:
            self._give(folder, mode, kind, oid, size, raw)

    def _open(self, raw: bytes, oid: str, around: tuple[bytes, ...]) -> None:
        self._around[raw] = (*around, raw) if raw in self._folders else around
        self._trees[raw] = oid, bytearray()

    def _give(self, folder: bytes, mode: str, kind: str, oid: str, size: int, raw: bytes) -> None:
        """Give an entry to a folder; one that it breaks a rule of is left out."""
        sorting = self._sortings.get(folder)
        if sorting is not None:
            try:
                sorting.take(mode, kind, oid, size, raw[len(folder) + 1 :])
            except Invalid:
                del self._sortings[folder]

    def close(self, read: Callable[[list[str]], Mapping[str, bytes]]) -> dict[RelPath, Listing]:
        """Return the listing of each folder that is there, proved, and keeps all rules.

        Args:
            read: Reads the targets of symlinks by their ids.
        """
        self._prove()
        whole = {raw: one for raw, one in self._sortings.items() if raw in self._trees}
        oids = list(dict.fromkeys(oid for one in whole.values() for oid in one.targets))
        texts = read(oids) if oids else {}
        found = dict[RelPath, Listing]()
        for raw, one in whole.items():
            listing = _closed(one, texts)
            if listing is not None:
                found[self._folders[raw]] = listing
        return found

    def _prove(self) -> None:
        """Leave out each folder with a tree that is not what git says."""
        for raw, (oid, tree) in self._trees.items():
            around = self._around[raw]
            if around and name_of("tree", tree, sha256=len(oid) == 64) != oid:
                for folder in around:
                    self._sortings.pop(folder, None)


def _closed(sorting: Sorting, texts: Mapping[str, bytes]) -> Listing | None:
    try:
        return sorting.close(lambda _: texts)
    except Invalid:
        return None
