"""Parking: parts that wait for approval are put back to base in what upstream offers, before the merge.

So a parked change behaves like an open conflict: base keeps its old value (or absence) there, the user is asked
again next time, and it is never mistaken for a deletion by the user.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from hermes_dist.decide.placement.jobs import JOBS
from hermes_dist.model.documents.api import Unmergeable, graft, kind_of
from hermes_dist.model.keypath import KeyPath, parse_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect
from hermes_dist.model.tree import Digest, Entry, Read, Tree


class Grafted(Struct, frozen=True):
    """A tree with some parts replaced, and the new contents."""

    tree: Tree
    blobs: Mapping[Digest, bytes]


def put_back(
    target: Tree, source: Tree, places: Iterable[tuple[RelPath, str]], read: Read
) -> Grafted:
    """Replace parts of one tree with what another tree has there.

    Args:
        target: The tree to change, such as the one that upstream offers.
        source: The tree to take the parts from, such as base.
        places: A path or folder with a key; an empty key means the whole of it.
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
    # Splicing keeps the author's comments and layout around the keys, so a parked key makes no other difference.
    for path in keys.keys() - changes.keys():
        old = source.get(path)
        data = _grafted(
            path, read(target[path].digest), read(old.digest) if old else None, keys[path]
        )
        # Default: the whole file goes back. That is the safe answer where a key can't be spliced out.
        changes[path] = old
        if data is not None:
            changes[path] = Entry(Digest.of(data), target[path].executable)
            blobs[Digest.of(data)] = data
    return Grafted(target.with_entries(changes), blobs)


def _grafted(
    path: RelPath, target: bytes, source: bytes | None, keys: list[KeyPath]
) -> bytes | None:
    """Replace keys of one document; None if splicing can't do it, and then the whole file goes back."""
    kind = kind_of(path)
    try:
        return graft(target, source, kind, keys) if kind else None
    except Unmergeable:
        return None


_TWINS = {"schedule": "schedule_display", "skills": "skill"}
"""Fields of a job that hold the same data as another field."""


def park(theirs: Tree, base: Tree, effects: Iterable[Effect], read: Read) -> Grafted:
    """Put the parts that ``effects`` live in back to base, within what upstream offers."""
    places: list[tuple[RelPath, str]] = []
    for effect in effects:
        places.append((effect.path, effect.key))
        # A twin field has to go back together with its field, or the job would contradict itself.
        head, dot, field = effect.key.rpartition(".")
        if effect.path == JOBS and field in _TWINS:
            places.append((effect.path, f"{head}{dot}{_TWINS[field]}"))
    return put_back(theirs, base, places, read)
