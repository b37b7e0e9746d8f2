"""Handover: parts that become the user's, or the package's again, when the author's list or ``--include`` changes.

A part that leaves the list while the package still ships it becomes the user's. What it last was as the package's is
remembered, so that going back to an older version, or naming the part again, merges over it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping

from msgspec import Struct

from hermes_dist.decide.consent.parking import put_back
from hermes_dist.decide.ownership import Payload
from hermes_dist.decide.parts import Handover, Place, changes_hands, part_of
from hermes_dist.decide.placement.jobs import JOBS, is_job_file, jobs_by_id
from hermes_dist.decide.placement.place import CONFIG, NO_CONFIGS, Placed, jobs_in, place
from hermes_dist.decide.placement.servers import MCP, SERVERS
from hermes_dist.errors import Invalid
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import Kind, dump, load_data
from hermes_dist.model.keypath import Item, KeyPath, format_key, parse_key, step_name
from hermes_dist.model.left_out import MISSED
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree, together

_COUNTED_BY_FILE = ("soul", "config", "files")
_KINDS = {CONFIG: Kind.YAML, JOBS: Kind.JSON}
_MADE = (*NO_CONFIGS, dump({"jobs": []}, Kind.JSON))
"""Files that placing leaves where the package has nothing any more and the user may."""


class Sides(Struct, frozen=True):
    """A home as received and as found, and what the package brings, all in the home's spelling."""

    base: Tree
    ours: Tree
    placed: Tree


def hand_over(
    sides: Sides,
    unlisted: Collection[Place],
    released: Tree,
    read: Read,
    stays: Callable[[RelPath, str], bool] = lambda _path, _key: False,
) -> Handover:
    """Find out what becomes the user's, and what is the package's again.

    Args:
        sides: The home as received and as found, and what the package brings.
        unlisted: The parts that the package has and does not bring.
        released: What parts that became the user's earlier last were as the package's.
        read: Gives contents by digest.
        stays: Whether a part is left as it is for now.

    Raises:
        Invalid: A content of base can't be read.
    """
    base, placed = sides.base, sides.placed
    if not changes_hands(base, unlisted, released):
        return Handover(base=base, placed=placed)
    had, brought = parts_of(base, read), parts_of(placed, read)
    freed = {
        place: value
        for place, value in had.items()
        if _left(place, brought, unlisted) and not stays(*place)
    }
    again, rest = _split(parts_of(released, read), brought)
    blobs: dict[Digest, bytes] = {}
    read = together(blobs, read)
    less = put_back(base, EMPTY, freed, read)
    blobs |= less.blobs
    hollow = _hollow(freed, had, brought)
    return Handover(
        base=_with_parts(
            less.tree.where(lambda path: path not in hollow),
            _still_there(again, sides.ours, read),
            read,
            blobs,
        ),
        placed=placed.where(lambda path: path not in hollow),
        released=_tree_of({**rest, **freed}, blobs),
        freed=freed,
        blobs=blobs,
    )


class Grown(Contents, frozen=True, kw_only=True):
    """A package with more parts than its author's list names.

    Attributes:
        placed: What it brings.
        shipped: Its entries that a home spells differently.
        blobs: New contents by digest.
    """

    placed: Tree
    shipped: Tree
    blobs: Mapping[Digest, bytes]


def with_included(
    placed: Tree, shipped: Tree, now: Lock, brings: Callable[[RelPath], bool], read: Read
) -> Grown:
    """Add to an earlier version of a package what the user includes now, as the home last received it.

    Args:
        placed: What the earlier version brings.
        shipped: Its entries that a home spells differently.
        now: The lock of the home.
        brings: Whether the earlier version would bring a path, if it had it.
        read: Gives contents by digest.

    Raises:
        Invalid: A content can't be read.
    """
    included = now.top.included

    def is_included(path: RelPath) -> bool:
        return any(path.under(place) for place in included) and not brings(path)

    files = now.base.where(is_included).with_entries(now.shipped.where(is_included))
    if not files:
        return Grown(placed=placed, shipped=shipped, blobs={})
    # Placed again, these files tell which jobs and servers of base are theirs.
    again = place(files, read, name=now.name, known_jobs=jobs_in(now.base, read))
    blobs = dict(again.blobs)
    read = together(blobs, read)
    have, base = parts_of(placed, read), parts_of(now.base, read)
    new = [each for each in parts_of(again.tree, read) if each in base and each not in have]
    more = {path: entry for path, entry in now.shipped.items() if path in files}
    grown = _with_parts(placed, {each: base[each] for each in new}, read, blobs)
    return Grown(placed=grown, shipped=shipped.with_entries({**more, **shipped}), blobs=blobs)


def parts_of(tree: Tree, read: Read) -> dict[Place, object]:
    """Return the parts of a tree in the home's spelling, each with its entry or, inside a document, its data.

    Jobs, servers and settings are parts of their own, as several packages and the user keep theirs in one file.
    """
    parts: dict[Place, object] = {(path, ""): entry for path, entry in tree.items()}
    for path, kind in _KINDS.items():
        inside = _inside(path, kind, tree[path].digest, read) if path in tree else None
        if inside is not None:
            del parts[path, ""]
            parts |= inside
    return parts


def unlisted_parts(
    payload: Payload, placed: Placed, placing: Callable[[Tree], Placed], read: Read
) -> frozenset[Place]:
    """Return the parts, in the home's spelling, that a package ships and does not bring because nobody names them.

    Args:
        payload: The files of the package that are installed, and those that nobody names.
        placed: The former in the home's spelling.
        placing: Converts files to the home's spelling.
        read: Gives contents by digest.

    Raises:
        Invalid: A document of the package can't be converted.
    """
    rest = payload.unlisted
    if not any(path in (CONFIG, MCP) or is_job_file(path) for path in rest):
        return frozenset((path, "") for path in rest)
    full = placing(payload.tree.with_entries(rest))
    brought = parts_of(placed.tree, together(placed.blobs, read))
    return frozenset(parts_of(full.tree, together(full.blobs, read)).keys() - brought.keys())


def _kind_of(path: RelPath) -> str:
    """What a file counts as; empty if it is only a piece of something that is counted otherwise."""
    part = part_of(path)
    if part == "skills":
        return "skill" if path.name == "SKILL.md" else ""
    return "file" if part in _COUNTED_BY_FILE else ""


def count_missed(files: Collection[RelPath], parts: Collection[Place]) -> dict[str, int]:
    """Count what a package leaves out as people count it: skills, jobs, servers, and the other files.

    Args:
        files: The files that are left out, as shipped.
        parts: What is left out, in the home's spelling.
    """
    counts = Counter(map(_kind_of, files))
    counts["job"] = sum(path == JOBS and bool(key) for path, key in parts)
    counts["server"] = sum(key.startswith(f"{SERVERS}.") for _, key in parts)
    for part in ("plugins", "hooks"):
        counts[part[:-1]] = len({path.parts[1] for path in files if part_of(path) == part})
    return {kind: counts[kind] for kind in MISSED if counts[kind]}


def part_words(place: Place, value: object) -> str:
    """Return how a part is named to people: a file by its folder, a job or server by its name."""
    path, key = place
    if path == JOBS and isinstance(value, Mapping):
        return f"the job {value.get('name') or value.get('id')}"
    if path == CONFIG and key.startswith(f"{SERVERS}."):
        return f"the server {step_name(parse_key(key)[-1])}"
    return "/".join(path.parts[:2])


def _inside(path: RelPath, kind: Kind, digest: Digest, read: Read) -> dict[Place, object] | None:
    """Return the parts inside a document; None if it can only be taken whole, for instance because it is lost.

    None at all are in one that placing made to stay in place of one that is gone.
    """
    try:
        data = read(digest)
        value = load_data(data, kind)
    except Invalid:
        return None
    rows = _job_keys(value) if path == JOBS else _setting_keys(value)
    if not rows and data not in _MADE:
        return None
    return {(path, format_key(key)): part for key, part in rows.items()}


def _job_keys(value: object) -> dict[KeyPath, object]:
    return {("jobs", Item("id", ident)): job for ident, job in jobs_by_id(value).items()}


def _setting_keys(value: object) -> dict[KeyPath, object]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        return {}
    servers = value.get(SERVERS)
    if not isinstance(servers, dict):
        return {(key,): part for key, part in value.items()}
    rest: dict[KeyPath, object] = {(key,): part for key, part in value.items() if key != SERVERS}
    return rest | {(SERVERS, name): part for name, part in servers.items()}


def _split(
    known: Mapping[Place, object], brought: Mapping[Place, object]
) -> tuple[dict[Place, object], dict[Place, object]]:
    """Split the parts released earlier into those that the package brings again and the rest."""
    again = {place: value for place, value in known.items() if place in brought}
    return again, {place: value for place, value in known.items() if place not in again}


def _left(place: Place, brought: Mapping[Place, object], unlisted: Collection[Place]) -> bool:
    """Whether a part of base is one that the package still has and no longer brings."""
    path, key = place
    if place in brought:
        return False
    if place in unlisted:
        return True
    # A document that can't be read by its parts, here or there, changes hands as a whole.
    if key:
        return (path, "") in unlisted
    return (
        path in _KINDS
        and any(other == path for other, _ in unlisted)
        and not any(other == path for other, key in brought if key)
    )


def _hollow(
    freed: Iterable[Place], had: Iterable[Place], brought: Iterable[Place]
) -> frozenset[RelPath]:
    """Return the agent's own files in which nothing is the package's any more: they are the user's as a whole."""
    freed = set(freed)
    here = {path for path, _ in freed} & _KINDS.keys()
    kept = {path for path, _ in set(had) - freed} | {path for path, key in brought if key}
    return frozenset(here - kept)


def _still_there(again: Mapping[Place, object], ours: Tree, read: Read) -> Mapping[Place, object]:
    """Return the parts that the home still has; one that the user removed since comes in as a new one."""
    if not again:
        return {}
    here = parts_of(ours, read)
    return {place: value for place, value in again.items() if place in here}


def _with_parts(
    tree: Tree, parts: Mapping[Place, object], read: Read, blobs: dict[Digest, bytes]
) -> Tree:
    """Return a tree with some parts added."""
    if not parts:
        return tree
    added = _tree_of(parts, blobs)
    inside = [place for place in parts if place[1] and place[0] in tree]
    grown = put_back(tree, added, inside, read)
    blobs |= grown.blobs
    return grown.tree.with_entries(
        {path: entry for path, entry in added.items() if path not in tree}
    )


def _tree_of(parts: Mapping[Place, object], blobs: dict[Digest, bytes]) -> Tree:
    """Return a tree that has just these parts: the opposite of :func:`parts_of`."""
    files: dict[RelPath, Entry] = {}
    for (path, key), value in parts.items():
        if not key and isinstance(value, Entry):
            files[path] = value
    for path in _KINDS.keys() - files.keys():
        inside = {key: value for (place, key), value in parts.items() if place == path and key}
        if inside:
            # In the order of their keys, so that the same parts are always the same bytes.
            data = _document(path, sorted(inside.items(), key=lambda part: part[0]))
            files[path] = Entry(Digest.of(data))
            blobs[files[path].digest] = data
    return Tree(files)


def _document(path: RelPath, parts: list[tuple[str, object]]) -> bytes:
    if path == JOBS:
        return dump({"jobs": [value for _, value in parts]}, Kind.JSON)
    settings: dict[object, object] = {}
    for key, value in parts:
        head, *name = parse_key(key)
        if name:
            settings.setdefault(head, {})[name[0]] = value  # type: ignore[index]  # a map of servers
        else:
            settings[head] = value
    return dump(settings, Kind.YAML)
