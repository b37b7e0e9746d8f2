"""Parking: parts that wait for approval are put back to base in what upstream offers, before the merge.

So a parked change behaves like an open conflict: base keeps its old value (or absence) there, the user is asked
again next time, and it is never mistaken for a deletion by the user.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hermes_dist.agents.jobs import TWINS
from hermes_dist.decide.placement.jobs import JOBS
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import Kind, Unmergeable, graft, kind_of
from hermes_dist.model.documents.frontmatter import cut
from hermes_dist.model.keypath import BODY, KeyPath, parse_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import Digest, Entry, Read, Tree

_READING = ("skills", "security")
"""Sections that say which texts the agent takes for skills, and whether it installs what they name."""
_BARE = b"---\n---\n"
"""A skill that names nothing."""


class Grafted(Contents, frozen=True):
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
    whole, keys = _split_places(target, source, places)
    changes: dict[RelPath, Entry | None] = {path: source.get(path) for path in whole}
    blobs: dict[Digest, bytes] = {}
    # Splicing keeps the author's comments and layout around the keys, so a parked key makes no other difference.
    for path in keys.keys() - changes.keys():
        data = _grafted(path, target, source, keys[path], read)
        if data is None:
            # The whole file goes back. That is the safe answer where a key can't be spliced out.
            changes[path] = source.get(path)
            continue
        digest = Digest.of(data)
        blobs[digest] = data
        changes[path] = Entry(digest, target[path].executable)
    return Grafted(target.with_entries(changes), blobs)


def _split_places(
    target: Tree, source: Tree, places: Iterable[tuple[RelPath, str]]
) -> tuple[set[RelPath], dict[RelPath, list[KeyPath]]]:
    """Return the files that go back as a whole, and the keys to put back within other files."""
    whole: set[RelPath] = set()
    keys: dict[RelPath, list[KeyPath]] = {}
    for path, key in places:
        if not key:
            # A place without a key may be a folder, such as a plugin: all that either tree has in it goes back.
            whole |= {inside for inside in {*target, *source} if inside.under(path)}
        elif path in target and source.get(path) != target[path]:
            keys.setdefault(path, []).append(parse_key(key))
    return whole, keys


def _grafted(
    path: RelPath, target: Tree, source: Tree, keys: list[KeyPath], read: Read
) -> bytes | None:
    """Replace keys of one document; None if splicing can't do it."""
    kind = kind_of(path)
    old = source.get(path)
    before = None if old is None else read(old.digest)
    if kind is None:
        return _grafted_skill(read(target[path].digest), before, keys)
    try:
        return graft(read(target[path].digest), before, kind, keys)
    except Unmergeable:
        return None


def _grafted_skill(target: bytes, source: bytes | None, keys: list[KeyPath]) -> bytes | None:
    """Replace keys of a skill's front matter, or its body; None if one of them has no front matter.

    Without a source, keys are taken out: the rest of a new skill needs no approval for what it asks for.
    """
    if source is None:
        source = b"" if BODY in keys else _BARE
    parts, other = cut(target), cut(source)
    if parts is None or other is None:
        return None
    body = other.body if BODY in keys else parts.body
    inside = [key for key in keys if key != BODY]
    try:
        front = graft(parts.front, other.front, Kind.YAML, inside)
    except Unmergeable:
        return None
    return parts.opening + front + parts.closing + body


def park(theirs: Tree, base: Tree, effects: Iterable[Effect], read: Read) -> Grafted:
    """Put the parts that ``effects`` live in back to base, within what upstream offers."""
    # Base takes the part's place, and not the home's value: with ours there, the merge would take the user's edit for
    # upstream's, and the next base would hold it.
    places = with_twins((effect.path, effect.key) for effect in effects)
    return put_back(theirs, base, places, read)


def as_wholes(effects: Iterable[Effect]) -> list[tuple[RelPath, str]]:
    """The places of effects as whole files, and of the settings that make the agent do what a text asks for."""
    found: list[tuple[RelPath, str]] = []
    for effect in effects:
        found.append((effect.path, ""))
        if kind_of(effect.path) is None and effect.kind is EffectKind.LOOSENS:
            found += ((CONFIG, key) for key in _READING)
    return found


def with_twins(places: Iterable[tuple[RelPath, str]]) -> list[tuple[RelPath, str]]:
    """Places, each with its twin: the field of a job that has to go back together with it, or they would contradict."""
    found: list[tuple[RelPath, str]] = []
    for path, key in places:
        found.append((path, key))
        head, dot, field = key.rpartition(".")
        if path == JOBS and field in TWINS:
            found.append((path, f"{head}{dot}{TWINS[field]}"))
    return found
