"""The user's own edits that an archive brings and that wait for approval.

As long as they wait, the lock's ``upstream`` holds them, so that ``approve`` writes what the archive held.
``authored`` holds what the author ships in their place, so that an approved edit counts as the user's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hermes_dist.decide.consent.contents import data_in
from hermes_dist.decide.consent.parking import Grafted, put_back
from hermes_dist.decide.placement.jobs import JOBS
from hermes_dist.lazily import later
from hermes_dist.model.documents.api import Kind, dump, kind_of
from hermes_dist.model.keypath import KeyPath, format_key
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree, together
from hermes_dist.model.values import get, same

with later():
    from hermes_dist.decide.placement.carry_over import differences

Place = tuple[RelPath, str]


def brought(theirs: Tree, archive: Tree, waiting: Iterable[Place], read: Read) -> Grafted:
    """Put what an archive holds where something waits into what upstream offers.

    A file of the user's own does not become upstream's. A setting of the user's own does: it has no other place to
    wait in, as the home's file is live.

    Args:
        theirs: What upstream offers, with the home's names.
        archive: The archive's files, switched off.
        waiting: A path or folder with a key, for each thing that waits; the key is empty for whole files.
        read: Gives contents by digest.
    """
    places = tuple(waiting)
    keyed = [(path, key) for path, key in places if key and path in archive and path != JOBS]
    empty = dump({}, Kind.YAML)
    begun = {path: Entry(Digest.of(empty)) for path, _ in keyed if path not in theirs}
    blobs = {Digest.of(empty): empty}
    whole = _whole_files(theirs, archive, [path for path, key in places if not key])
    target = theirs.with_entries({**whole, **begun})
    grafted = put_back(target, archive, keyed, together(blobs, read))
    return Grafted(grafted.tree, {**blobs, **grafted.blobs})


def _whole_files(theirs: Tree, archive: Tree, places: list[RelPath]) -> dict[RelPath, Entry]:
    """Return the archive's version of each of upstream's files at or below some places."""
    return {
        path: archive[path]
        for path in theirs
        if path in archive and any(path.under(place) for place in places)
    }


def authors_of(theirs: Tree, edited: Tree) -> dict[RelPath, Entry | None]:
    """Return the author's entry of each path that has another in ``edited``."""
    return {path: theirs.get(path) for path in theirs.differing(edited)}


def with_edited(theirs: Tree, lock: Lock | None, read: Read) -> Grafted:
    """Return what upstream offers, with the waiting edits in place of what their author has not changed since."""
    if lock is None or not lock.authored:
        return Grafted(theirs, {})
    authors, edits = _two_sides(lock)
    return _exchanged(theirs, authors, edits, lock.authored, read)


def with_authors(base: Tree, lock: Lock | None, read: Read) -> Grafted:
    """Return the next base: an edit that arrived is the user's, so base holds what its author wrote."""
    if lock is None or not lock.authored:
        return Grafted(base, {})
    authors, edits = _two_sides(lock)
    return _exchanged(base, edits, authors, lock.authored, read)


def _exchanged(tree: Tree, old: Tree, new: Tree, paths: Iterable[RelPath], read: Read) -> Grafted:
    """Put the new version of each path where a tree holds the old one, whole or at the keys that differ."""
    given = frozenset(paths)
    whole = {path for path in given if tree.get(path) == old.get(path)}
    keyed = [
        (path, key) for path in given - whole for key in _unchanged_keys(path, old, new, tree, read)
    ]
    return put_back(tree.with_entries({path: new.get(path) for path in whole}), new, keyed, read)


def still_waiting(
    lock: Lock | None, offered: Tree, upstream: Mapping[RelPath, Entry | None]
) -> dict[RelPath, Entry | None]:
    """Return ``authored`` of the next lock: the edits that still wait, each with its author's newest version.

    Args:
        lock: The lock before.
        offered: What upstream offers, without the edits; the lock's own where nothing was fetched.
        upstream: The next lock's ``upstream``.
    """
    if lock is None:
        return {}
    return {
        path: old if offered.get(path) == lock.upstream.get(path) else offered.get(path)
        for path, old in lock.authored.items()
        if path in upstream
    }


def _two_sides(lock: Lock) -> tuple[Tree, Tree]:
    """Return the author's files and the edited ones."""
    edited = {path: lock.upstream.get(path) for path in lock.authored}
    return EMPTY.with_entries(lock.authored), EMPTY.with_entries(edited)


def _unchanged_keys(path: RelPath, old: Tree, new: Tree, tree: Tree, read: Read) -> list[str]:
    """Return the keys that differ between two versions of a document, where ``tree`` holds the old one's values."""
    if kind_of(path) is None or path not in tree:
        return []
    before, after, now = (data_in(path, one, read) for one in (old, new, tree))

    def holds(key: KeyPath) -> bool:
        return same(get(now, key), get(before, key))

    return [format_key(key) for key in differences(before or {}, after or {}) if key and holds(key)]
