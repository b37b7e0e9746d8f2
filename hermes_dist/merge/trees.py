"""Merge trees: the one rule applied to presence, mode and content of each path; edits follow renamed files.

Each path is decided on its own, after renames are applied (:mod:`hermes_dist.merge.renames`); contents are merged by
the kind of file: a document by key, a skill as front matter and body, text by lines, anything else whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from msgspec import Struct, field

from hermes_dist.lazily import later
from hermes_dist.merge.renames import Names, relabelled, under_common_names
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import (
    EDITING,
    Kind,
    Unmergeable,
    comments_of,
    kind_of,
    parse,
)
from hermes_dist.model.keypath import KeyPath, format_key
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath, folders_of
from hermes_dist.model.plan import Conflict, ConflictKind
from hermes_dist.model.side import Side
from hermes_dist.model.tree import Digest, Entry, Read, Tree

with later():
    from hermes_dist.merge.content import Joined, join_contents
    from hermes_dist.merge.data import merge_document

Favour = Callable[[RelPath, str], Side | None]
"""Called for each conflict with path and key (empty for the whole file); returns a side, or None to leave it open."""


_EMPTY = {Kind.YAML: b"", Kind.JSON: b"{}\n"}


def leave_open(_path: RelPath, _key: str) -> Side | None:
    """Leave every conflict open."""
    return None


Leaves = Callable[[RelPath, KeyPath], bool]
"""Called with path and key (empty for the whole file) of what upstream has no more: whether it leaves with a layer."""


def nothing_leaves(_path: RelPath, _key: KeyPath) -> bool:
    """Say of every place that no layer took it along."""
    return False


class TreeMerge(Contents, frozen=True, kw_only=True):
    """The result of merging three trees.

    Attributes:
        tree: The live result; ours wherever a conflict is open.
        base: The next base: theirs, with each open part put back to its old base.
        conflicts: Open conflicts, in path order.
        blobs: New contents by digest.
        renamed: Upstream's moves that the user's edits and files followed, old to new.
        moved: The user's moves of files with an open conflict, upstream's name to ours; for the next merge.
        left: What stays as the user's although the layer that brought it is gone, as path and key.
        notes: Which files fell back to a coarser merge, and why.
    """

    tree: Tree
    base: Tree
    conflicts: tuple[Conflict, ...]
    blobs: Mapping[Digest, bytes]
    renamed: Mapping[RelPath, RelPath]
    moved: Mapping[RelPath, RelPath]
    left: tuple[tuple[RelPath, str], ...] = ()
    notes: tuple[Note, ...]


class _Work(Struct):
    """Collects results while paths are merged one by one: ``live`` what differs from ours, ``base`` from theirs."""

    read: Read
    favour: Favour
    leaves: Leaves
    live: dict[RelPath, Entry | None] = field(default_factory=dict)
    base: dict[RelPath, Entry | None] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    blobs: dict[Digest, bytes] = field(default_factory=dict)
    left: list[tuple[RelPath, str]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def put(self, data: bytes) -> Digest:
        digest = Digest.of(data)
        self.blobs[digest] = data
        return digest

    def give_way(self, paths: Collection[RelPath]) -> None:
        """Let ours go where theirs is taken instead; with it, what was open about it is settled."""
        self.live |= dict.fromkeys(paths)
        for path in paths:
            self.base.pop(path, None)
        self.conflicts = [each for each in self.conflicts if each.path not in paths]


def merge_trees(
    base: Tree,
    ours: Tree,
    theirs: Tree,
    read: Read,
    favour: Favour = leave_open,
    moved: Mapping[RelPath, RelPath] | None = None,
    leaves: Leaves = nothing_leaves,
) -> TreeMerge:
    """Merge three trees.

    Args:
        base: What the home last received.
        ours: The home as found: the paths of base, and everything in the shared folders.
        theirs: What upstream ships now.
        read: Returns contents by digest, for all three trees.
        favour: How to settle conflicts; by default they stay open.
        moved: The user's moves that the last merge found, as it returned them.
        leaves: What leaves with a layer. Of that, what the user edited stays as the user's, and is no conflict.

    Raises:
        Invalid: A file's content can't be read.
    """
    names = under_common_names(base, ours, theirs, read, moved or {})
    # Where upstream changed nothing, the home stays as it is: only what differs is decided path by path.
    work = _Work(read, favour, leaves)
    _merge_paths(work, names)
    _part_files_from_folders(work, names)
    still_open = {conflict.path for conflict in work.conflicts}
    return TreeMerge(
        tree=names.ours.with_entries(work.live),
        base=relabelled(names.theirs.with_entries(work.base), names.moved_here),
        conflicts=tuple(sorted(work.conflicts)),
        blobs=work.blobs,
        renamed=names.followed,
        moved={old: new for new, old in names.moved_here.items() if new in still_open},
        left=tuple(sorted(work.left)),
        notes=(*work.notes, *_parted(names)),
    )


def _merge_paths(work: _Work, names: Names) -> None:
    """Merge each path that upstream changed, under the name that it has in all three trees."""
    for path in sorted(dict.fromkeys([*names.base.differing(names.theirs), *names.moved_here])):
        old, own, new = names.base.get(path), names.ours.get(path), names.theirs.get(path)
        if path in names.moved_here and new is None:
            # Under the common name ours equals base, but a move by the user is an edit: deleting the file would
            # lose it.
            _merge_gone(work, path, old, own, names.upstream_name(path))
        else:
            _merge_path(work, path, old, own, new)


def _parted(names: Names) -> Iterator[Note]:
    """Note each file that both sides moved to different names: both copies stay, and are no longer connected."""
    for old, (ours, theirs) in names.parted.items():
        yield Note.of(NoteKind.BOTH_MOVED, where=old, ours=ours, theirs=theirs)


def _merge_path(
    work: _Work, path: RelPath, base: Entry | None, ours: Entry | None, theirs: Entry | None
) -> None:
    work.base[path] = theirs
    if theirs in (ours, base):
        work.live[path] = ours
    elif ours == base:
        work.live[path] = theirs
    elif ours is None:
        _whole(work, path, base, ours, theirs, kind=ConflictKind.DELETE_EDIT)
    elif theirs is None:
        _merge_gone(work, path, base, ours, path)
    else:
        _merge_both(work, path, base, ours, theirs)


def _merge_gone(
    work: _Work, path: RelPath, base: Entry | None, ours: Entry | None, name: RelPath
) -> None:
    """Merge a file that the user changed and upstream has no more; ``name`` is what upstream called it.

    If it left with its layer, it is the user's from now on: a document as far as the user edited it, any other whole.
    """
    if base is None or ours is None or not work.leaves(name, ()):
        _whole(work, path, base, ours, None, kind=ConflictKind.EDIT_DELETE)
        return
    work.live[path] = ours
    left = _edited_in(work, path, base, ours)
    if left is None:
        work.left.append((path, ""))
        return
    content, keys = left
    work.live[path] = Entry(work.put(content), ours.executable) if content else None
    work.left += [(path, key) for key in keys]


def _edited_in(
    work: _Work, path: RelPath, base: Entry, ours: Entry
) -> tuple[bytes, tuple[str, ...]] | None:
    """Return what the user edited in a document of a layer, and the keys; None if it can only be taken whole."""
    kind = kind_of(path)
    if kind is None or base.digest == ours.digest:
        return None
    texts = work.read(base.digest), work.read(ours.digest), _EMPTY[kind]
    try:
        merged = merge_document(path, *texts, leaves=lambda _key: True)
    except Unmergeable:
        return None
    if merged.conflicts:
        return None
    doc = parse(merged.content, kind, limits=EDITING)
    content = merged.content if doc.value or comments_of(doc) else b""
    return content, tuple(map(format_key, merged.left))


def _whole(
    work: _Work,
    path: RelPath,
    base: Entry | None,
    ours: Entry | None,
    theirs: Entry | None,
    *,
    kind: ConflictKind,
) -> None:
    """Record a conflict on the whole path: ours stays and base keeps its old entry, unless a side is favoured."""
    side = work.favour(path, "")
    work.live[path] = ours
    if side is Side.THEIRS:
        work.live[path] = theirs
    elif side is Side.BOTH:
        # One path holds one file, so "both" can only mean: whichever of the two is there.
        work.live[path] = ours or theirs
    elif side is None:
        # If base moved on to theirs, the next update would see only our change and never ask again.
        work.base[path] = base
        work.conflicts.append(Conflict(path, "", kind))


def _merge_both(work: _Work, path: RelPath, base: Entry | None, ours: Entry, theirs: Entry) -> None:
    """Merge a file that both sides have and changed: mode and content apart."""
    executable = _merged_mode(base, ours, theirs)
    if theirs.digest == ours.digest or (base and theirs.digest == base.digest):
        work.live[path] = Entry(ours.digest, executable)
        return
    if base and ours.digest == base.digest:
        work.live[path] = Entry(theirs.digest, executable)
        return
    joined = _joined(work, path, base, ours, theirs)
    if joined.whole:
        kind = ConflictKind.of_texts(base)
        _whole(work, path, base, ours, theirs, kind=kind)
        return
    work.live[path] = Entry(work.put(joined.content), executable)
    if joined.conflicts:
        work.conflicts += [Conflict(path, key, kind) for key, kind in joined.conflicts]
        work.base[path] = _remembered(work, base, theirs, joined)


def _merged_mode(base: Entry | None, ours: Entry, theirs: Entry) -> bool:
    # A mode has two values, so if both sides changed it they agree: there is no conflict to record.
    if base and ours.executable == base.executable:
        return theirs.executable
    return ours.executable


def _joined(work: _Work, path: RelPath, base: Entry | None, ours: Entry, theirs: Entry) -> Joined:
    old = None
    if base:
        old = work.read(base.digest)
    own, new = work.read(ours.digest), work.read(theirs.digest)
    joined = join_contents(
        path,
        old,
        own,
        new,
        lambda key: work.favour(path, key),
        lambda key: work.leaves(path, key),
    )
    work.left += [(path, key) for key in joined.left]
    work.notes += joined.notes
    return joined


def _remembered(work: _Work, base: Entry | None, theirs: Entry, joined: Joined) -> Entry | None:
    """Return the next base of a merged file with open conflicts."""
    if base is None and not joined.base:
        # The sides agree on nothing. An empty file in base would say that the home once received one.
        return None
    return Entry(work.put(joined.base), theirs.executable)


def _part_files_from_folders(work: _Work, names: Names) -> None:
    """Where one side has a file and the other a folder, record a conflict; ours stays unless it is settled.

    Paths are merged one by one, so only here can be seen that two of them can't be on one disk together.
    """
    new = sorted(path for path, entry in work.live.items() if entry and path not in names.ours)
    live = set(names.ours.with_entries(work.live)) if new else set()
    folders = folders_of(live)
    if folders.isdisjoint(live):
        return
    for path in new:
        in_the_way = _in_the_way(path, live, folders)
        if not in_the_way:
            continue
        side = work.favour(path, "")
        if side is Side.THEIRS:
            work.give_way(in_the_way)
            live -= in_the_way
            continue
        work.live[path] = None
        if side is None:
            work.base[path] = names.base.get(path)
            work.conflicts.append(Conflict(path, "", ConflictKind.FILE_FOLDER))


def _in_the_way(path: RelPath, live: set[RelPath], folders: set[RelPath]) -> set[RelPath]:
    """Return the live files below a path that is also a file, and the live files that are its parent folders."""
    above = live.intersection(path.parents)
    if path not in folders:
        return above
    below = {other for other in live if other.under(path) and other != path}
    return above | below
