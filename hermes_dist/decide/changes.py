"""Differences between two trees, as people name them: by path, by part, and by key inside documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct

from hermes_dist.decide.parts import part_of
from hermes_dist.errors import Invalid, Lost
from hermes_dist.lazily import later
from hermes_dist.merge.data import changed_keys, same_document, without_machine_changes
from hermes_dist.merge.text import unified
from hermes_dist.model.documents.api import ABSENT, get, kind_of, load_data
from hermes_dist.model.keypath import format_key
from hermes_dist.model.paths import RelPath, folded
from hermes_dist.model.tree import Entry, Read, Tree

with later():
    from hermes_dist.model.documents.json_text import json_text


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
        was: The earlier name of a file that moved. Its content is the same, unless only the spelling of its name
            differs.
    """

    path: RelPath
    how: How
    before: Entry | None
    after: Entry | None
    was: RelPath | None = None

    @property
    def part(self) -> str:
        return part_of(self.path)

    @property
    def moved_and_changed(self) -> bool:
        """Whether its content differs as well as its name."""
        if self.was is None or self.before is None or self.after is None:
            return False
        return self.before.digest != self.after.digest


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
    chosen = {*before, *after} if paths is None else set(paths)
    found: list[Change] = []
    for path in sorted(chosen):
        one, two = before.get(path), after.get(path)
        how = _how(path, one, two, read)
        if how is not None:
            found.append(Change(path, how, one, two))
    return _with_moves(found)


def _how(path: RelPath, one: Entry | None, two: Entry | None, read: Read) -> How | None:
    """Return how a path differs; None if it does not."""
    if one == two:
        return None
    if one is None:
        return How.ADDED
    if two is None:
        return How.DELETED
    if one.digest == two.digest:
        return How.MODE
    return None if _says_the_same(path, one, two, read) else How.CHANGED


def _says_the_same(path: RelPath, one: Entry, two: Entry, read: Read) -> bool:
    if kind_of(path) is None:
        return False
    try:
        return same_document(path, read(one.digest), read(two.digest))
    except Lost:
        return False


def _with_moves(changes: list[Change]) -> list[Change]:
    """Report a deleted file and an added one as one move: of the same content, or of two spellings of one name."""
    gone, come = _of(How.DELETED, changes), _of(How.ADDED, changes)
    moved: dict[RelPath, Change] = {}
    for pairs in (_respelled, _same):
        for old, new in pairs(gone, come):
            moved[new] = _move(gone.pop(old), come.pop(new))
    left = {change.was for change in moved.values()}
    return [moved.get(change.path, change) for change in changes if change.path not in left]


_Changes = Mapping[RelPath, Change]


def _of(how: How, changes: list[Change]) -> dict[RelPath, Change]:
    return {change.path: change for change in changes if change.how is how}


def _respelled(gone: _Changes, come: _Changes) -> list[tuple[RelPath, RelPath]]:
    """Pair the files whose names only differ in their spelling."""
    before = {folded(path): path for path in gone}
    pairs = [(before.pop(folded(path), None), path) for path in come]
    return [(old, new) for old, new in pairs if old is not None]


def _same(gone: _Changes, come: _Changes) -> list[tuple[RelPath, RelPath]]:
    """Pair files of the same content: each deleted one explains one new copy, and further copies are simply new."""
    before = {change.before: path for path, change in reversed([*gone.items()])}
    pairs = [(before.pop(change.after, None), path) for path, change in come.items()]
    return [(old, new) for old, new in pairs if old is not None]


def _move(old: Change, new: Change) -> Change:
    return Change(new.path, How.RENAMED, old.before, new.after, old.path)


def key_changes(change: Change, read: Read) -> list[KeyChange]:
    """List the keys that changed in a document; empty if it is not a document, or its content is lost."""
    kind = kind_of(change.path)
    if kind is None or change.before is None or change.after is None:
        return []
    try:
        old, new = read(change.before.digest), read(change.after.digest)
        keys = changed_keys(change.path, old, new)
        if not keys:
            return []
        before, after = load_data(old, kind), load_data(new, kind)
    except Invalid:
        return []
    return [
        KeyChange(format_key(key), shown_value(get(before, key)), shown_value(get(after, key)))
        for key in keys
    ]


def shown_value(value: object) -> str:
    """Format a value as one line; empty if it is absent."""
    if value is ABSENT:
        return ""
    text = value if isinstance(value, str) else json_text(value, indent=2)
    return " ".join(text.split())


def line_diff(before: bytes, after: bytes, before_label: str, after_label: str) -> list[str]:
    """Return a unified diff of two texts."""
    return unified(before, after, before_label, after_label)


def text_diff(change: Change, read: Read, before_label: str, after_label: str) -> list[str]:
    """Return a unified diff of one path; a mode change, or content that can't be shown, is one line of its own.

    Keys that belong to the machine, such as the switch that an approval writes, count as equal.
    """
    moved = [f"{change.was} moved to {change.path}"] if change.was else []
    if change.how is How.RENAMED and not change.moved_and_changed:
        return moved
    if change.how is How.MODE and change.after is not None:
        mode = "755" if change.after.executable else "644"
        return [f"mode of {change.path} changed to {mode}"]
    return [*moved, *_lines(change, read, before_label, after_label)]


def _lines(change: Change, read: Read, before_label: str, after_label: str) -> list[str]:
    try:
        before, one = _shown(change.before, f"{before_label}/{change.was or change.path}", read)
        after, two = _shown(change.after, f"{after_label}/{change.path}", read)
    except Lost:
        return [f"{change.path} is {change.how}; its content is lost, so it can't be shown"]
    if change.before and change.after:
        before, after = without_machine_changes(change.path, before, after)
    return unified(before, after, one, two)


def _shown(entry: Entry | None, label: str, read: Read) -> tuple[bytes, str]:
    """Return the content of one side of a diff, and its name there as git writes it."""
    return (read(entry.digest), label) if entry else (b"", "/dev/null")
