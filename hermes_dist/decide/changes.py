"""Differences between two trees, as people name them: by path, by part, and by key inside documents."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from hermes_dist.decide.parts import part_of
from hermes_dist.errors import Invalid, Lost
from hermes_dist.merge.data import changed_keys, same_document
from hermes_dist.merge.text import unified
from hermes_dist.model.documents.api import ABSENT, Kind, dump, get, kind_of, load_data
from hermes_dist.model.keypath import format_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Entry, Read, Tree


class How(StrEnum):
    """How a path differs."""

    ADDED = "added"
    CHANGED = "changed"
    DELETED = "deleted"
    MODE = "mode"
    RENAMED = "renamed"


class KeyChange(Struct, frozen=True):
    """A value in a document that differs; both values as single-line text, empty if absent."""

    key: str
    before: str
    after: str


class Change(Struct, frozen=True):
    """A path that differs.

    Attributes:
        before: None if the path is new.
        after: None if the path is gone.
        was: The earlier name of a file that moved unchanged.
    """

    path: RelPath
    how: How
    before: Entry | None
    after: Entry | None
    was: RelPath | None = None

    @property
    def part(self) -> str:
        return part_of(self.path)


def changes_between(
    before: Tree, after: Tree, read: Read, paths: Iterable[RelPath] | None = None
) -> list[Change]:
    """List the differences; documents that hold the same data count as equal, however they are written.

    A document whose content is lost never counts as equal to another one.

    Args:
        before: One tree.
        after: The other tree.
        read: Gives contents by digest.
        paths: The paths to compare; by default all of both.
    """
    chosen = sorted({*before, *after} if paths is None else set(paths))
    found = []
    for path in chosen:
        one, two = before.get(path), after.get(path)
        if one == two:
            continue
        if one is None or two is None:
            found.append(Change(path, How.ADDED if one is None else How.DELETED, one, two))
        elif one.digest == two.digest:
            found.append(Change(path, How.MODE, one, two))
        elif not _says_the_same(path, one, two, read):
            found.append(Change(path, How.CHANGED, one, two))
    return _with_moves(found)


def _says_the_same(path: RelPath, one: Entry, two: Entry, read: Read) -> bool:
    if kind_of(path) is None:
        return False
    try:
        return same_document(path, read(one.digest), read(two.digest))
    except Lost:
        return False


def _with_moves(changes: list[Change]) -> list[Change]:
    """Report a deleted file and an added one with the same content as one move."""
    gone = {change.before: change for change in reversed(changes) if change.how is How.DELETED}
    moved: dict[RelPath, Change] = {}
    for change in changes:
        old = gone.pop(change.after, None) if change.how is How.ADDED and change.after else None
        if old is not None:
            moved[old.path] = Change(change.path, How.RENAMED, old.before, change.after, old.path)
    places = {change.path: change for change in moved.values()}
    return [places.get(change.path, change) for change in changes if change.path not in moved]


def key_changes(change: Change, read: Read) -> list[KeyChange]:
    """List the keys that changed in a document; empty if it is not a document, or its content is lost."""
    kind = kind_of(change.path)
    if kind is None or change.before is None or change.after is None:
        return []
    try:
        old, new = read(change.before.digest), read(change.after.digest)
        before, after = load_data(old, kind), load_data(new, kind)
    except Invalid:
        return []
    return [
        KeyChange(format_key(key), shown_value(get(before, key)), shown_value(get(after, key)))
        for key in changed_keys(change.path, old, new)
    ]


def shown_value(value: object) -> str:
    """Format a value as one line; empty if it is absent."""
    if value is ABSENT:
        return ""
    return " ".join((value if isinstance(value, str) else dump(value, Kind.JSON).decode()).split())


def text_diff(change: Change, read: Read, before_label: str, after_label: str) -> list[str]:
    """Return a unified diff of one path; a mode change, or content that can't be shown, is one line of its own."""
    if change.how is How.RENAMED:
        return [f"{change.was} moved to {change.path}"]
    if change.how is How.MODE and change.after is not None:
        return [f"mode of {change.path} changed to {'755' if change.after.executable else '644'}"]
    try:
        before = read(change.before.digest) if change.before else b""
        after = read(change.after.digest) if change.after else b""
    except Lost:
        return [f"{change.path} is {change.how}; what was in it can't be shown: a content is lost"]
    one = f"{before_label}/{change.path}" if change.before else "/dev/null"
    two = f"{after_label}/{change.path}" if change.after else "/dev/null"
    return unified(before, after, one, two)
