"""Parking: what waits for a yes is put back to base in what upstream offers, before the merge.

So a parked change is like an open conflict: base keeps its old value or absence there, it is asked about
again, and it is never taken for a deletion by the user.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hermes_dist.model.documents import Unmergeable, graft, kind_of
from hermes_dist.model.keypath import KeyPath, parse_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect
from hermes_dist.model.tree import Digest, Entry, Read, Tree


@dataclass(frozen=True, slots=True)
class Grafted:
    """A tree with parts replaced, and the new contents."""

    tree: Tree
    blobs: Mapping[Digest, bytes]


def put_back(target: Tree, source: Tree, places: Iterable[tuple[RelPath, str]], read: Read) -> Grafted:
    """Put parts of one tree back to what another tree has there.

    Args:
        target: The tree to change, such as what upstream offers.
        source: Where the parts are taken from, such as base.
        places: Paths (or folders) with a key, or with the empty key for the whole.
        read: Gives contents by digest.
    """
    changes: dict[RelPath, Entry | None] = {}
    keys: dict[RelPath, list[KeyPath]] = {}
    for path, key in places:
        if key and path in target and source.get(path) != target[path]:
            keys.setdefault(path, []).append(parse_key(key))
        elif not key:
            inside = (p for p in {*target, *source} if p.under(path))
            changes |= {p: source.get(p) for p in inside}
    blobs: dict[Digest, bytes] = {}
    for path, parts in keys.items():
        if path not in changes:
            changes[path] = _graft(path, parts, target, source, read, blobs)
    return Grafted(target.with_entries(changes), blobs)


def _graft(
    path: RelPath, keys: list[KeyPath], target: Tree, source: Tree, read: Read, blobs: dict[Digest, bytes]
) -> Entry | None:
    """Replace keys of one document; where that can't be done by splicing, replace the whole file."""
    kind = kind_of(path)
    old = source.get(path)
    if kind is None:
        return old
    try:
        data = graft(read(target[path].digest), read(old.digest) if old else None, kind, keys)
    except Unmergeable:
        return old
    digest = Digest.of(data)
    blobs[digest] = data
    return Entry(digest, target[path].executable)


def park(theirs: Tree, base: Tree, effects: Iterable[Effect], read: Read) -> Grafted:
    """Put the parts that ``effects`` live in back to base, in what upstream offers."""
    return put_back(theirs, base, [(effect.path, effect.key) for effect in effects], read)
