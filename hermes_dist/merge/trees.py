"""The merge of trees: the one rule applied to presence, mode and content of each path; edits follow renames.

Each path is decided on its own, after renames are applied (:mod:`hermes_dist.merge.renames`); contents are merged by
the kind of file: a document by key, a skill as front matter and body, text by lines, anything else whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct, field

from hermes_dist.merge.content import Joined, join_contents
from hermes_dist.merge.renames import Names, bring_together
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Conflict
from hermes_dist.model.side import Side
from hermes_dist.model.tree import Digest, Entry, Read, Tree

Favour = Callable[[RelPath, str], Side | None]
"""Called for each conflict with path and key (empty for the whole file); returns a side, or None to leave it open."""


def leave_open(_path: RelPath, _key: str) -> Side | None:
    """Leave every conflict open."""
    return None


class TreeMerge(Struct, frozen=True, kw_only=True):
    """The result of merging three trees.

    Attributes:
        tree: The live result; ours wherever a conflict is open.
        base: The next base: theirs, with each open part put back to its old base.
        conflicts: Open conflicts, in path order.
        blobs: New contents by digest.
        renamed: Upstream's moves that the user's edits and files followed, old to new.
        notes: Which files fell back to a coarser merge, and why.
    """

    tree: Tree
    base: Tree
    conflicts: tuple[Conflict, ...]
    blobs: Mapping[Digest, bytes]
    renamed: Mapping[RelPath, RelPath]
    notes: tuple[str, ...]


class _Work(Struct):
    """Collects results while paths are merged one by one."""

    read: Read
    favour: Favour
    live: dict[RelPath, Entry | None] = field(default_factory=dict)
    base: dict[RelPath, Entry | None] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    blobs: dict[Digest, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def put(self, data: bytes) -> Digest:
        digest = Digest.of(data)
        self.blobs[digest] = data
        return digest


def merge_trees(
    base: Tree, ours: Tree, theirs: Tree, read: Read, favour: Favour = leave_open
) -> TreeMerge:
    """Merge three trees.

    Args:
        base: What the home last received.
        ours: The home as found: the paths of base, and everything in the shared folders.
        theirs: What upstream ships now.
        read: Returns contents by digest, for all three trees.
        favour: How to settle conflicts; by default they stay open.

    Raises:
        Invalid: A file's content can't be read.
    """
    names = bring_together(base, ours, theirs, read)
    work = _Work(read, favour)
    for path in sorted({*names.base, *names.ours, *names.theirs}):
        sides = names.base.get(path), names.ours.get(path), names.theirs.get(path)
        if path in names.moved_here and sides[1] and sides[2] is None:
            _whole(work, path, *sides, kind="edit/delete")  # a move by the user is an edit
        else:
            _merge_path(work, path, *sides)
    _part_files_from_folders(work, names)
    return TreeMerge(
        tree=Tree([(p, e) for p, e in work.live.items() if e]),
        base=Tree([(names.upstream_name(p), e) for p, e in work.base.items() if e]),
        conflicts=tuple(sorted(work.conflicts)),
        blobs=work.blobs,
        renamed=names.followed,
        notes=(*work.notes, *_parted(names)),
    )


def _parted(names: Names) -> Iterator[str]:
    """Note each file that both sides moved to different names: both copies stay, and are no longer connected."""
    for old, (ours, theirs) in names.parted.items():
        yield f"{old}: you moved it to {ours}, upstream to {theirs}; both are kept, and yours is your own from now on"


def _merge_path(
    work: _Work, path: RelPath, base: Entry | None, ours: Entry | None, theirs: Entry | None
) -> None:
    work.base[path] = theirs
    if theirs in (ours, base):
        work.live[path] = ours
    elif ours == base:
        work.live[path] = theirs
    elif ours is None or theirs is None:
        _whole(
            work, path, base, ours, theirs, kind="delete/edit" if ours is None else "edit/delete"
        )
    else:
        _merge_both(work, path, base, ours, theirs)


def _whole(
    work: _Work,
    path: RelPath,
    base: Entry | None,
    ours: Entry | None,
    theirs: Entry | None,
    *,
    kind: str,
) -> None:
    """Record a conflict on the whole path: ours stays and base keeps its old entry, unless a side is favoured."""
    side = work.favour(path, "")
    work.live[path] = ours
    if side is Side.THEIRS:
        work.live[path] = theirs
    elif side is Side.BOTH:
        work.live[path] = ours or theirs
    elif side is None:
        work.base[path] = base
        work.conflicts.append(Conflict(path, "", kind))


def _merge_both(work: _Work, path: RelPath, base: Entry | None, ours: Entry, theirs: Entry) -> None:
    executable = (
        theirs.executable if base and ours.executable == base.executable else ours.executable
    )
    if theirs.digest == ours.digest or (base and theirs.digest == base.digest):
        work.live[path] = Entry(ours.digest, executable)
        return
    if base and ours.digest == base.digest:
        work.live[path] = Entry(theirs.digest, executable)
        return
    joined = join_contents(
        path,
        work.read(base.digest) if base else None,
        work.read(ours.digest),
        work.read(theirs.digest),
        lambda key: work.favour(path, key),
    )
    work.notes += [f"{path}: {note}" for note in joined.notes]
    if joined.whole:
        _whole(work, path, base, ours, theirs, kind="edit/edit" if base else "add/add")
        return
    work.live[path] = Entry(work.put(joined.content), executable)
    _remember(work, path, base, theirs, joined)


def _remember(
    work: _Work, path: RelPath, base: Entry | None, theirs: Entry, joined: Joined
) -> None:
    """Set the next base of a merged file, and record its open conflicts."""
    work.conflicts += [Conflict(path, key, kind) for key, kind in joined.conflicts]
    if not joined.conflicts:
        return
    if base is None and not joined.base:
        work.base[path] = None
    else:
        work.base[path] = Entry(work.put(joined.base), theirs.executable)


def _part_files_from_folders(work: _Work, names: Names) -> None:
    """Where one side has a file and the other a folder, record a conflict; ours stays unless it is settled."""
    live = {path for path, entry in work.live.items() if entry}
    folders = {folder for path in live for folder in path.parents}
    for path in sorted(live):
        over = (
            {other for other in live if other.under(path) and other != path}
            if path in folders
            else set()
        )
        over |= {parent for parent in path.parents if parent in live}
        if not over or path in names.ours:
            continue
        side = work.favour(path, "")
        if side is Side.THEIRS:
            work.live |= dict.fromkeys(over)
            live -= over
            continue
        work.live[path] = None
        if side is None:
            work.base[path] = names.base.get(path)
            work.conflicts.append(Conflict(path, "", "file/folder"))
