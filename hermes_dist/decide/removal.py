"""Removal: a package's unedited files leave a home; edited files, the user's own and the machine's stay."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.consent.granted import grant
from hermes_dist.decide.placement.jobs import JOBS
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.decide.placement.servers import SERVERS
from hermes_dist.decide.reconcile import Decisions, Situation, reconcile
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import (
    ABSENT,
    Kind,
    Unmergeable,
    dump,
    load_data,
    only_comments,
    parse,
    put,
    uncommented,
)
from hermes_dist.model.keypath import KeyPath
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Plan, Step
from hermes_dist.model.side import Side
from hermes_dist.model.tree import Digest, Entry, Read, Tree, together

_CONTAINERS = (CONFIG, JOBS)
"""The agent's own files that hold parts of the package beside the user's."""
_STAMPS = frozenset(["updated_at"])
"""Keys that the agent writes into these files by itself."""


class Removal(Struct, frozen=True):
    """A package taken out of a home.

    Attributes:
        plan: The steps, and the contents of files that stay without the package's part.
        kept: Files of the package that stay, because they were edited.
        own: Files in the shared folders that did not come from the package.
    """

    plan: Plan
    kept: tuple[RelPath, ...]
    own: tuple[RelPath, ...]


def removal(base: Tree, found: Tree, ours: Tree, read: Read) -> Removal:
    """Plan the removal of a package: a merge with an empty upstream, in which every conflict keeps the edit.

    The package's jobs and servers are removed from ``cron/jobs.json`` and ``config.yaml``; the user's own stay.

    Args:
        base: What the home last received.
        found: The home as found.
        ours: The home as it is merged.
        read: Gives contents by digest.

    Raises:
        Invalid: A file's content can't be read.
    """
    blobs: dict[Digest, bytes] = {}
    contents = together(blobs, read)
    theirs = _hollow_containers(base, found, ours, read, blobs)
    granted = grant(frozenset(), everything=True)
    plan = reconcile(
        Situation(base=base, found=found, ours=ours, theirs=theirs, read=contents),
        Decisions(default=Side.OURS, granted=granted),
    )
    blobs |= plan.blobs
    tidied = (
        _tidied(step, base[step.path], contents, blobs) for step in plan.steps if step.path in base
    )
    steps = tuple(_without_header(step, base[step.path], contents, blobs) for step in tidied)
    left = found.with_entries({step.path: step.after for step in steps})
    return Removal(
        plan=Plan(steps=steps, blobs=blobs),
        kept=tuple(path for path in left if path in base),
        own=tuple(path for path in ours if path not in base),
    )


def _hollow_containers(
    base: Tree, found: Tree, ours: Tree, read: Read, blobs: dict[Digest, bytes]
) -> Tree:
    """Return an empty skeleton for each container file: the maps and lists as received, without their contents."""
    hollow = {}
    for path in _CONTAINERS:
        if path not in base or found.get(path) in (None, base[path]):
            continue
        data = _data(path, base[path], read)
        if isinstance(data, dict):
            # If upstream had no such file, any edit would be a conflict and the whole file would stay.
            # A skeleton removes only the package's keys.
            content = _with_notes(dump(_hollow(data), _kind(path)), path, base, ours, read)
            hollow[path] = Entry(Digest.of(content), base[path].executable)
            blobs[hollow[path].digest] = content
    return Tree(hollow)


def _with_notes(hollow: bytes, path: RelPath, base: Tree, ours: Tree, read: Read) -> bytes:
    """Return a skeleton with the comments that the user wrote: what both sides hold stays, and holds up no value."""
    if path not in ours:
        return hollow
    try:
        own, old = (parse(read(tree[path].digest), _kind(path)) for tree in (ours, base))
    except Invalid:
        return hollow
    return only_comments(own, old) + hollow


def _hollow(value: object) -> object:
    """Empty maps and lists recursively; a server is removed as a whole, and so is a job."""
    if not isinstance(value, dict):
        return []
    parts = {key: _hollow(item) for key, item in value.items() if isinstance(item, dict | list)}
    if SERVERS in parts:
        parts[SERVERS] = {}
    return parts


def _tidied(step: Step, base: Entry, read: Read, blobs: dict[Digest, bytes]) -> Step:
    """Drop maps and lists that the removal leaves empty; a container with nothing left is deleted."""
    if step.after is None or step.path not in _CONTAINERS:
        return step
    before, after = _data(step.path, base, read), _data(step.path, step.after, read)
    if not isinstance(before, dict) or not isinstance(after, dict):
        return step
    keys = _emptied(after, before)
    # The agent stamps its own file; a stamp alone is nothing of the user's.
    if sum(len(key) == 1 for key in keys) == len(after.keys() - _STAMPS):
        return _with_comments_only(step, step.after, base, read, blobs)
    # An empty list of jobs stays, as the agent writes it itself.
    if not keys or step.path == JOBS:
        return step
    return _without_keys(step, step.after, keys, read, blobs)


def _without_header(step: Step, base: Entry, read: Read, blobs: dict[Digest, bytes]) -> Step:
    """Take out the package's comments that stand apart from every key: no value takes them along."""
    if step.after is None or step.path != CONFIG:
        return step
    content = together(blobs, read)(step.after.digest)
    with suppress(Invalid):
        left = uncommented(content, parse(read(base.digest), Kind.YAML))
        return step if left == content else _with_content(step, step.after, left, blobs)
    return step


def _with_comments_only(
    step: Step, after: Entry, base: Entry, read: Read, blobs: dict[Digest, bytes]
) -> Step:
    """Leave only the user's comments; a container without any is deleted."""
    own, old = (parse(read(one.digest), _kind(step.path)) for one in (after, base))
    left = only_comments(own, old)
    return _with_content(step, after, left, blobs) if left else replace(step, after=None)


def _without_keys(
    step: Step, after: Entry, keys: list[KeyPath], read: Read, blobs: dict[Digest, bytes]
) -> Step:
    """Drop keys from what a step leaves; where splicing can't do it, the empty maps stay, which harms nobody."""
    try:
        content = put(read(after.digest), _kind(step.path), dict.fromkeys(keys, ABSENT))
    except Unmergeable:
        return step
    return _with_content(step, after, content, blobs)


def _with_content(step: Step, after: Entry, content: bytes, blobs: dict[Digest, bytes]) -> Step:
    digest = Digest.of(content)
    blobs[digest] = content
    return replace(step, after=after._replace(digest=digest))


def _emptied(
    data: Mapping[str, object], before: Mapping[str, object], at: KeyPath = ()
) -> list[KeyPath]:
    """List the keys of maps and lists that held parts of the package and are empty now."""
    keys: list[KeyPath] = []
    for key, value in data.items():
        was, here = before.get(key), (*at, key)
        if value in ({}, []):
            keys += [here] if was else []
        elif isinstance(value, dict) and isinstance(was, dict):
            inner = _emptied(value, was, here)
            # If everything in it goes, the map goes as one.
            direct = sum(len(found) == len(here) + 1 for found in inner)
            keys += [here] if direct == len(value) else inner
    return keys


def _kind(path: RelPath) -> Kind:
    return Kind.JSON if path == JOBS else Kind.YAML


def _data(path: RelPath, entry: Entry, read: Read) -> object:
    try:
        return load_data(read(entry.digest), _kind(path))
    except Invalid:
        return None
