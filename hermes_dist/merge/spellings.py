"""Spellings: names that one side wrote anew only in another case, or with accents encoded in another way.

For the disks of macOS and Windows both spellings are one name. So such a change is a rename, however much of the file
changed with it, and a folder takes along everything that is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from hermes_dist.model.paths import RelPath, folded, folders_of
from hermes_dist.model.tree import Tree


class Respelled(Struct, frozen=True):
    """What one side spells otherwise, old to new.

    Attributes:
        files: Its files.
        along: Files that the other side alone has in folders which this one spells otherwise.
        folders: Its folders.
    """

    files: Mapping[RelPath, RelPath] = field(default_factory=dict)
    along: Mapping[RelPath, RelPath] = field(default_factory=dict)
    folders: Mapping[RelPath, RelPath] = field(default_factory=dict)


_NOTHING = Respelled()


def respelled(base: Tree, side: Tree, other: Tree) -> Respelled:
    """Return what one side spells otherwise than base.

    Where a side has two names that differ only in their spelling, as some disks can, none of them counts.

    Args:
        base: The common ancestor.
        side: The side to search.
        other: The opposite side.
    """
    gone, added = base.lacking(side), side.lacking(base)
    if not gone or not added:
        return _NOTHING
    files = _paired(gone, added)
    folders = _paired(folders_of(gone) - side.folders, folders_of(added) - base.folders)
    if not folders:
        return Respelled(files)
    along = {path: new for path in other.lacking(side) if (new := _inside(path, folders))}
    # If this side has such a file, too, both are one file on many disks, and it is merged as one.
    along = {p: new for p, new in along.items() if p not in files and new not in other}
    return Respelled(files, along, folders)


def in_our_folders(we: Respelled, they: Respelled, theirs: Tree) -> dict[RelPath, RelPath]:
    """Return upstream's files in folders that both sides spell anew, each in its own way, with their names in ours.

    Otherwise, such a folder would be there twice afterwards, once in each spelling.

    Args:
        we: What our side spells otherwise.
        they: What upstream spells otherwise.
        theirs: The upstream tree.
    """
    folders = {
        they.folders[old]: ours
        for old, ours in we.folders.items()
        if they.folders.get(old, ours) != ours
    }
    if not folders:
        return {}
    found = {path: new for path in theirs if (new := _inside(path, folders))}
    return {
        # A folder around it may have upstream's spelling, which everything in it follows.
        path: _inside(new, they.folders) or new
        for path, new in found.items()
        if new not in theirs
    }


def _paired(gone: Iterable[RelPath], added: Iterable[RelPath]) -> dict[RelPath, RelPath]:
    """Pair names that are gone with those that only differ in their spelling."""
    before, after = _by_key(gone), _by_key(added)
    both = before.keys() & after.keys()
    return {
        before[key][0]: after[key][0]
        for key in sorted(both)
        if len(before[key]) == len(after[key]) == 1
    }


def _by_key(paths: Iterable[RelPath]) -> dict[str, list[RelPath]]:
    found: dict[str, list[RelPath]] = {}
    for path in paths:
        found.setdefault(folded(path), []).append(path)
    return found


def _inside(path: RelPath, folders: Mapping[RelPath, RelPath]) -> RelPath | None:
    """Return the new name of a file in a folder that is spelled otherwise; None for any other file."""
    for folder in reversed(path.parents):
        if folder in folders:
            return RelPath(f"{folders[folder]}{path[len(folder) :]}")
    return None
