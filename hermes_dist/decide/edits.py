"""The user's edits by their places, and which of them a typed word means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.changes import Change, How, KeyChange, key_changes
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import ABSENT, get, kind_of, load_data
from hermes_dist.model.keypath import join_place, named_places, parse_key, split_place
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect
from hermes_dist.model.tree import Read, Tree


class Stays(StrEnum):
    """Why an edit is not thrown away."""

    CONFLICT = "conflict"
    KEPT = "kept"


class Edit(Struct, frozen=True):
    """One edit: a file, or a key of a document.

    Attributes:
        change: How its file differs from what was received.
        key: How the key differs; None for a whole file.
        stays: Why it can't be thrown away; None if it can.
        record: The conflict, or what is kept, that it stays for.
    """

    change: Change
    key: KeyChange | None = None
    stays: Stays | None = None
    record: str = ""

    @property
    def place(self) -> str:
        return join_place(self.change.path, self.key.key if self.key else "")

    @property
    def places(self) -> tuple[tuple[RelPath, str], ...]:
        """Where it is; a file that was moved is in two places."""
        key = self.key.key if self.key else ""
        names = (self.change.path, self.change.was)
        return tuple((path, key) for path in names if path is not None)

    @property
    def names(self) -> tuple[str, ...]:
        """What people may call it."""
        return tuple(join_place(path, key) for path, key in self.places)


class Meant(Struct, frozen=True):
    """The edits that a word means.

    Attributes:
        edits: The edits; empty if it means none, or several things.
        candidates: What it could mean, if that is not clear.
    """

    edits: tuple[Edit, ...] = ()
    candidates: tuple[str, ...] = ()


def listed(changes: Iterable[Change], lock: Lock, read: Read) -> tuple[Edit, ...]:
    """List the edits, those of a document key by key.

    Args:
        changes: The package files that differ from what was received.
        lock: The lock, which tells what is open and what is kept.
        read: Gives contents by digest.
    """
    return tuple(
        _with_record(Edit(change, key), lock)
        for change in changes
        for key in (*key_changes(change, read),) or (None,)
    )


def _with_record(edit: Edit, lock: Lock) -> Edit:
    """The edit with what it stays for, if the lock says so."""
    for record, places in _open_places(lock):
        if any(_meet(one, other) for one in places for other in edit.places):
            return replace(edit, stays=Stays.CONFLICT, record=record)
    for record in sorted(lock.kept):
        if named_places(record, edit.names).places:
            return replace(edit, stays=Stays.KEPT, record=record)
    return edit


def _open_places(lock: Lock) -> Iterator[tuple[str, Sequence[tuple[RelPath, str]]]]:
    """Each conflict, with where it is: also where the user moved its file."""
    for conflict in lock.conflicts:
        moved = lock.moved.get(conflict.path, conflict.path)
        yield conflict.place, ((conflict.path, conflict.key), (moved, conflict.key))


def _meet(one: tuple[RelPath, str], other: tuple[RelPath, str]) -> bool:
    """Whether two places are one, or one is a part of the other."""
    if one[0] != other[0]:
        return one[0].under(other[0]) or other[0].under(one[0])
    short, long = sorted((parse_key(one[1]), parse_key(other[1])), key=len)
    return long[: len(short)] == short


def meant(word: str, edits: Sequence[Edit]) -> Meant:
    """Find the edits that a typed word means, as :func:`named_places` reads it."""
    by_name = {name: edit for edit in edits for name in edit.names}
    named = named_places(word, by_name)
    return Meant(tuple(dict.fromkeys(by_name[name] for name in named.places)), named.candidates)


def around(word: str, edits: Iterable[Edit]) -> Edit | None:
    """The edit that a typed word means a part of: a key of a map that is gone as a whole."""

    def holds(name: str) -> bool:
        path, key = split_place(name)
        # A key may be typed without its file.
        inner = [word, join_place(RelPath(path), word)] if key and ": " not in word else [word]
        return bool(named_places(name, inner).places)

    return next((edit for edit in edits if any(map(holds, edit.names))), None)


def thrown_away(edit: Edit) -> Change:
    """An edit the other way round: from what the home has to what it received."""
    change = edit.change
    how = _BACK.get(change.how, change.how)
    if change.was is None:
        return Change(change.path, how, change.after, change.before)
    return Change(change.was, how, change.after, change.before, change.path)


_BACK = {How.ADDED: How.DELETED, How.DELETED: How.ADDED}


def only_ends(effect: Effect, received: Tree, read: Read) -> bool:
    """Whether an effect is only that something goes: what was received has nothing at its place."""
    entry, kind = received.get(effect.path), kind_of(effect.path)
    if entry is None or kind is None or not effect.key:
        return entry is None
    try:
        return get(load_data(read(entry.digest), kind), parse_key(effect.key)) is ABSENT
    except Invalid:
        return False
