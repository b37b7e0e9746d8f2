"""Under which spelling a disk lists a name that it also finds under another, as on most Macs and on Windows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from hermes_dist.brand import PRIVATE
from hermes_dist.errors import Invalid
from hermes_dist.lazily import unicodedata
from hermes_dist.model.paths import RelPath, folded
from hermes_dist.model.tree import Entry, Tree
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.ports import Fs, Odd

_OTHERWISE = PRIVATE.upper()
"""Where our own folder is found as well on a disk that takes upper and lower case for the same."""


def takes_case_as_one(fs: Fs) -> bool:
    """Whether the disk of a home finds a name in upper case that is there in lower case."""
    if fs.kind(PRIVATE) != "absent":
        return fs.kind(_OTHERWISE) != "absent"
    names = fs.listdir("")
    for name in names:
        other = name.swapcase()
        if folded(other) == folded(name) and other not in names:
            return fs.kind(other) != "absent"
    return False


def possible(fs: Fs, paths: Iterable[RelPath]) -> list[RelPath]:
    """Return the paths that the disk of a home may find by another spelling.

    Some disks tell upper from lower case, but not how an accent is composed.
    """
    every = list(paths)
    if not every or takes_case_as_one(fs):
        return every
    return [path for path in every if not path.isascii()]


def listed_as(name: str, listed: Collection[str]) -> str | None:
    """Return the name among those listed that a disk takes for this one; None if there is none."""
    if name in listed:
        return name
    alike = [other for other in listed if folded(other) == folded(name)]
    # A disk may tell apart how accents are composed, and hold several of these.
    nearest = [other for other in alike if other.casefold() == name.casefold()]
    return next(iter(nearest or alike), None)


def is_listed(fs: Fs, path: str) -> bool:
    """Whether the folder of a path lists it, in any spelling; what a name leads to may only be remembered."""
    above, _, name = path.rpartition("/")
    return (not above or fs.kind(above) == "folder") and listed_as(
        name, fs.listdir(above)
    ) is not None


class Names:
    """The names in the folders of a home; each folder is listed once.

    Args:
        fs: The home.
    """

    def __init__(self, fs: Fs) -> None:
        self._fs = fs
        self._names: dict[str, Mapping[str, list[str]]] = {}

    def of(self, path: str) -> str | None:
        """Return what the last name of a path is listed as; None if nothing is there."""
        above, _, name = path.rpartition("/")
        if above not in self._names:
            self._names[above] = self._alike(above)
        found = listed_as(name, self._names[above].get(folded(name), ()))
        # The disk may tell these two apart.
        return found if found in (None, name) or self._fs.kind(path) != "absent" else None

    def _alike(self, folder: str) -> Mapping[str, list[str]]:
        """The names in a folder, by what is equal for all spellings."""
        found: dict[str, list[str]] = {}
        if not folder or self._fs.kind(folder) == "folder":
            for name in self._fs.listdir(folder):
                found.setdefault(folded(name), []).append(name)
        return found

    def whole(self, path: RelPath) -> RelPath | None:
        """Return a path as it is listed; None if nothing is there, or no package can have its name."""
        parts = [self.of(part) for part in (*path.parents, path)]
        try:
            return None if None in parts else RelPath("/".join(map(str, parts)))
        except Invalid:
            return None


def with_other_spellings(home: Path, tree: Tree, package: Tree, missing: Iterable[RelPath]) -> Tree:
    """Return the files of a home, with those that a look by exact names has missed.

    Args:
        home: The folder.
        tree: The files that were found, as they are listed.
        package: What was looked for.
        missing: The paths of it that were not found.

    Returns:
        The files. One that somebody gave a name in another case has that name; one that only differs in how an accent
        is composed has the name of the package, since some disks list each name in a form of their own.
    """
    more: dict[RelPath, Entry | None] = {}
    with RealFs(home, home=True) as fs:
        names = Names(fs)
        for path in possible(fs, missing):
            listed = names.whole(path) if fs.kind(path) == "file" else None
            if listed is None or listed in package:
                continue
            entry = tree.get(listed) or _entry(fs, listed)
            if _composed(listed) == _composed(path):
                more |= {listed: None, path: entry}
            else:
                more[listed] = entry
    return tree.with_entries(more)


def _entry(fs: Fs, path: RelPath) -> Entry | None:
    try:
        return fs.entry(path)
    except (OSError, Odd):
        return None


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
