"""Renames: give three trees common names, so that an edit follows a file that moved.

A rename on one side is applied to the other two trees before paths are merged. Exact renames always count, and so does
a name that is only spelled otherwise (:mod:`hermes_dist.merge.spellings`). Similar
ones (:mod:`hermes_dist.merge.likeness`) count only for files that the other side edited or deleted, or that are in a
folder where the other side added files, since only there would something be lost. The next update
finds the same renames again; only those of files with an open conflict are remembered, since until it is resolved both
sides may become too unlike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping

from msgspec import Struct, field

from hermes_dist.lazily import later
from hermes_dist.merge.spellings import in_our_folders, respelled
from hermes_dist.model.paths import RelPath, folded, folders_of
from hermes_dist.model.tree import Digest, Read, Tree

with later():
    from hermes_dist.merge.likeness import Alike, Likeness, Portrait

_MOST_PAIRS = 20_000
_NONE: Mapping[RelPath, RelPath] = {}


class Names(Struct, frozen=True):
    """Three trees under common names.

    Attributes:
        followed: Upstream's moves that our files follow, old to new.
        moved_here: The user's moves, our name to upstream's name.
        parted: Files that each side moved to a different name: the old name to ours and theirs.
    """

    base: Tree
    ours: Tree
    theirs: Tree
    followed: Mapping[RelPath, RelPath] = field(default_factory=dict)
    moved_here: Mapping[RelPath, RelPath] = field(default_factory=dict)
    parted: Mapping[RelPath, tuple[RelPath, RelPath]] = field(default_factory=dict)

    def upstream_name(self, path: RelPath) -> RelPath:
        """Return upstream's name for a path."""
        return self.moved_here.get(path, path)


def under_common_names(
    base: Tree,
    ours: Tree,
    theirs: Tree,
    read: Read,
    known: Mapping[RelPath, RelPath] = _NONE,
) -> Names:
    """Apply the renames of each side to the other two trees.

    Args:
        base: The common ancestor.
        ours: The local tree.
        theirs: The upstream tree.
        read: Returns contents by digest.
        known: The user's moves that were found before, old to new; they count where both names still fit.

    Raises:
        Invalid: A file's content can't be read.
    """
    they_spell, we_spell = respelled(base, theirs, ours), respelled(base, ours, theirs)
    by_them = find_renames(base, theirs, ours, read, they_spell.files)
    by_us = find_renames(base, ours, theirs, read, _with_known(we_spell.files, known))
    both = _moved_by_both(by_us, by_them, in_our_folders(we_spell, they_spell, theirs))
    base = relabelled(base, both.same)
    by_them, by_us = (
        {**they_spell.along, **by_them, **_new_files_along(by_them, by_us, base, ours, theirs)},
        {**we_spell.along, **by_us, **_new_files_along(by_us, by_them, base, theirs, ours)},
    )
    # A file that is already at the new name did not come from upstream, so it is not part of the move.
    by_them = {old: new for old, new in by_them.items() if new not in ours}
    by_us = {old: new for old, new in by_us.items() if new not in theirs}
    alike = {new: by_them.get(own, own) for new, own in both.alike.items()}
    return Names(
        base=relabelled(base, {**by_them, **by_us}),
        ours=relabelled(ours, by_them),
        theirs=relabelled(theirs, {**by_us, **alike}),
        followed={old: new for old, new in by_them.items() if old in ours},
        moved_here={new: old for old, new in (*by_us.items(), *alike.items())},
        parted=both.parted,
    )


class _Both(Struct, frozen=True):
    """What both sides moved, and what upstream has in folders that both sides spell anew.

    Attributes:
        same: The old name to ours, where both sides have one name, perhaps in two spellings.
        alike: Upstream's spelling to ours.
        parted: The old name to ours and theirs, where these are two names.
    """

    same: Mapping[RelPath, RelPath]
    alike: Mapping[RelPath, RelPath]
    parted: Mapping[RelPath, tuple[RelPath, RelPath]]


def _moved_by_both(
    by_us: dict[RelPath, RelPath],
    by_them: dict[RelPath, RelPath],
    spelled: Mapping[RelPath, RelPath],
) -> _Both:
    """Take the files out of both sides' moves that are in both, or in a folder that both spell anew.

    If they moved to the same name, only base follows. If to two names, the files are unrelated from now on, unless
    these are two spellings of one: then ours stays.

    Args:
        by_us: Our moves, old to new.
        by_them: Upstream's moves.
        spelled: Upstream's files in folders that both sides spell anew, with their names in our folders.
    """
    same: dict[RelPath, RelPath] = {}
    alike: dict[RelPath, RelPath] = dict(spelled)
    parted: dict[RelPath, tuple[RelPath, RelPath]] = {}
    for old in sorted(by_them.keys() & by_us.keys()):
        ours, theirs = by_us.pop(old), by_them.pop(old)
        if folded(ours) != folded(theirs):
            parted[old] = (ours, theirs)
            continue
        same[old] = ours
        if ours != theirs:
            alike[theirs] = ours
    # The user deleted these, and upstream has them on: should they come back, it is in the user's folder.
    for old in [old for old, new in by_them.items() if new in spelled]:
        same[old] = spelled[by_them.pop(old)]
    return _Both(same, alike, parted)


def _with_known(
    spelled: Mapping[RelPath, RelPath], known: Mapping[RelPath, RelPath]
) -> Mapping[RelPath, RelPath]:
    """Return what is spelled otherwise with the moves that were found before, which count first."""
    taken = set(known.values())
    return {**{old: new for old, new in spelled.items() if new not in taken}, **known}


def relabelled(tree: Tree, names: Mapping[RelPath, RelPath]) -> Tree:
    """Return the tree with other names for some of its paths."""
    if not any(path in tree for path in names):
        return tree
    return Tree({names.get(path, path): entry for path, entry in tree.items()})


def find_renames(
    base: Tree,
    side: Tree,
    other: Tree,
    read: Read,
    known: Mapping[RelPath, RelPath] = _NONE,
) -> dict[RelPath, RelPath]:
    """Return the files that one side moved, old to new.

    Args:
        base: The common ancestor.
        side: The side to search for moves.
        other: The opposite side: a move must not leave behind what it edited, deleted or added beside a file.
        read: Returns contents by digest.
        known: Moves of this side that are known already; they count where the one is gone and the other is new.
    """
    gone, added = base.lacking(side), side.lacking(base)
    if not gone or not added:
        return {}
    again = {old: new for old, new in known.items() if old in gone and new in added}
    gone, added = _lacking(gone, again.keys()), _lacking(added, set(again.values()))
    found = again | _exact(gone, added, base, side)
    left, free = _lacking(gone, found.keys()), _lacking(added, set(found.values()))
    return found | _similar(_touched(left, base, other), free, base, side, read)


class Moves(Struct, frozen=True):
    """Where one side moved some files.

    Attributes:
        files: The files, old to new.
        folders: The folders that moved as a whole, old to new.
        joined: Files that the side added in such a folder: the name that each would have had before, to its name.
    """

    files: Mapping[RelPath, RelPath] = field(default_factory=dict)
    folders: Mapping[RelPath, RelPath] = field(default_factory=dict)
    joined: Mapping[RelPath, RelPath] = field(default_factory=dict)


def find_moves(base: Tree, side: Tree, read: Read, of: Callable[[RelPath], bool]) -> Moves:
    """Return where one side moved files, whether or not the other side touched them.

    Args:
        base: The common ancestor.
        side: The side to search.
        read: Returns contents by digest.
        of: Which files of base to look for, and which names to give to files that were added in a folder that moved.
    """
    gone = base.lacking(side)
    if not any(map(of, gone)):
        return Moves()
    added = side.lacking(base)
    spelled = respelled(base, side, base).files
    found = {
        **spelled,
        **_exact(
            _lacking(gone, spelled.keys()), _lacking(added, set(spelled.values())), base, side
        ),
    }
    left = [path for path in gone if of(path) and path not in found]
    found |= _similar(left, _lacking(added, set(found.values())), base, side, read)
    files = {old: new for old, new in found.items() if of(old)}
    folders = _folder_moves(files, base, side)
    joined = _joined(folders, _lacking(added, set(found.values())), of)
    return Moves(files, folders, joined)


def _joined(
    folders: Mapping[RelPath, RelPath], added: Iterable[RelPath], of: Callable[[RelPath], bool]
) -> dict[RelPath, RelPath]:
    """Give files that were added in folders that moved the names that they would have had before."""
    joined: dict[RelPath, RelPath] = {}
    left = list(added)
    for old, folder in folders.items():
        for path in [path for path in left if path.under(folder)]:
            name = RelPath(f"{old}{path[len(folder) :]}")
            if of(name):
                joined[name] = path
                left.remove(path)
    return joined


def _lacking(paths: Iterable[RelPath], among: Container[RelPath]) -> list[RelPath]:
    """Return the paths that are not among the others."""
    return [path for path in paths if path not in among]


def _touched(paths: list[RelPath], base: Tree, other: Tree) -> list[RelPath]:
    """Return the paths that the other side edited or deleted, or beside which it added files."""
    beside = folders_of(other.lacking(base))
    return [path for path in paths if other.get(path) != base[path] or path.parent in beside]


def _exact(
    gone: Iterable[RelPath], added: Iterable[RelPath], base: Tree, side: Tree
) -> dict[RelPath, RelPath]:
    """Pair files of equal content; among equal copies, the same name or folder wins. Empty files never pair."""
    places: dict[Digest, list[RelPath]] = {}
    for path in added:
        places.setdefault(side[path].digest, []).append(path)
    found: dict[RelPath, RelPath] = {}
    for old in gone:
        candidates = places.get(base[old].digest, [])
        # Every empty file has the same content, so equal content says nothing about a move.
        if not candidates or base[old].digest == _NOTHING:
            continue
        new = max(candidates, key=lambda p: (p.name == old.name, _shared_tail(p, old)))
        candidates.remove(new)
        found[old] = new
    return found


_NOTHING = Digest.of(b"")


def _shared_tail(a: RelPath, b: RelPath) -> int:
    count = 0
    for x, y in zip(reversed(a.parts), reversed(b.parts), strict=False):
        if x != y:
            break
        count += 1
    return count


def _similar(
    matters: list[RelPath], free: list[RelPath], base: Tree, side: Tree, read: Read
) -> dict[RelPath, RelPath]:
    # Comparing every pair is quadratic: a huge move counts as deletions and additions, which loses nothing
    # silently.
    if not matters or len(matters) * len(free) > _MOST_PAIRS:
        return {}
    found: dict[RelPath, RelPath] = {}
    taken: set[RelPath] = set()
    # The likest first; of equally like ones the shared end of the path pairs a file with its namesake.
    for _alike, _tail, old, new in sorted(_scored(matters, free, base, side, read), reverse=True):
        if old not in found and new not in taken:
            found[old] = new
            taken.add(new)
    return found


def _scored(
    matters: list[RelPath], free: list[RelPath], base: Tree, side: Tree, read: Read
) -> Iterator[tuple[Alike, int, RelPath, RelPath]]:
    """Yield the pairs that are similar enough: likeness, length of the shared end of the paths, old and new name."""
    likeness = Likeness(base, side, read)
    before = {path: Portrait.of(path, read(base[path].digest)) for path in matters}
    for new in free:
        after = Portrait.of(new, read(side[new].digest))
        if after is None:
            continue
        for old, portrait in before.items():
            alike = portrait and likeness.between(portrait, after)
            if alike:
                yield alike, _shared_tail(old, new), old, new


def _new_files_along(
    moves: Mapping[RelPath, RelPath],
    others: Mapping[RelPath, RelPath],
    base: Tree,
    adder: Tree,
    mover: Tree,
) -> dict[RelPath, RelPath]:
    """If one side renamed a whole folder, new files of the other side in it move along; files it moved there don't."""
    new = _lacking(adder.lacking(base), set(others.values()))
    if not new:
        return {}
    along: dict[RelPath, RelPath] = {}
    occupied = {*adder, *mover}
    # The moves come deepest folder first, so that a file follows the closest folder that moved, and only that.
    for old, folder in _folder_moves(moves, base, mover).items():
        for path in new:
            if path in along or not path.under(old):
                continue
            target = RelPath(f"{folder}{path[len(old) :]}")
            if target not in occupied:
                along[path] = target
                occupied.add(target)
    return along


def _folder_moves(
    moves: Mapping[RelPath, RelPath], base: Tree, mover: Tree
) -> dict[RelPath, RelPath]:
    """Return the folders that one side emptied by moving most files to one other folder; deepest first."""
    targets: dict[RelPath, list[RelPath | None]] = {}
    for old, new in moves.items():
        for folder in old.parents:
            targets.setdefault(folder, []).append(_folder_after(folder, old, new))
    files_before, files_now = _files_in(base), _files_in(mover)
    whole: dict[RelPath, RelPath] = {}
    for folder in sorted(targets, key=lambda folder: -len(folder.parts)):
        # If less than half of its files moved, they moved out of the folder; the folder did not move.
        moved_most = 2 * len(targets[folder]) >= files_before[folder]
        target = _only(targets[folder])
        if target is None or not moved_most or files_now[folder]:
            continue
        if not _is_another_folder(folder, target, moves, base, mover):
            whole[folder] = target
    return whole


def _is_another_folder(
    old: RelPath,
    new: RelPath,
    moves: Mapping[RelPath, RelPath],
    base: Tree,
    mover: Tree,
) -> bool:
    """Whether a folder is one of its own that only shares files, such as a licence, with one that is gone.

    Two skills of one author have the same licence and helpers. What tells them apart are the files that have the same
    name in both and are not the same file: their ``SKILL.md``, or as many files as moved.
    """
    inside = [path for path in base if path.under(old)]
    came = {path for path in mover if path not in base}
    unlike = [p for p in inside if p not in moves and RelPath(f"{new}{p[len(old) :]}") in came]
    return RelPath(f"{old}/SKILL.md") in unlike or 2 * len(unlike) >= len(inside)


def _files_in(tree: Tree) -> Counter[RelPath]:
    """Count the files below each folder."""
    return Counter(folder for path in tree for folder in path.parents)


def _only(targets: list[RelPath | None]) -> RelPath | None:
    """Return the target that all have in common; None if they differ."""
    first = targets[0]
    return first if all(target == first for target in targets) else None


def _folder_after(folder: RelPath, old: RelPath, new: RelPath) -> RelPath | None:
    """Return where a folder went if it took this file along; None if the file's path below it changed, too."""
    tail = old[len(folder) :]
    if not new.endswith(tail):
        return None
    return RelPath(new[: -len(tail)])
