"""The structural merge of plain data."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from hermes_dist.agents.jobs import ANY
from hermes_dist.merge.algebra import pick
from hermes_dist.merge.shapes import Shape, has_machine_keys, implied, shape_of
from hermes_dist.model.keypath import Item, KeyPath, Segment
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side
from hermes_dist.model.values import ABSENT, Unmergeable, by_field, freeze, key_field, ordered, same

Favour = Callable[[KeyPath], Side | None]
Values = dict[object, object]


def nobody(key: KeyPath) -> Side | None:  # noqa: ARG001 - it answers for every key
    """Leave every conflict open."""
    return None


def alike(path: RelPath, key: KeyPath, a: object, b: object) -> bool:
    """Return whether two values are equal, ignoring keys that belong to the machine and values that are implied."""
    if not has_machine_keys(path):
        return same(a, b)
    if a is ABSENT or b is ABSENT:
        default = implied(path, key)
        if default is ANY or a is b:
            return True
        if default is ABSENT:
            return False
        a, b = (default if value is ABSENT else value for value in (a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return all(
            shape_of(path, (*key, _segment(k))) is Shape.OURS
            or alike(path, (*key, _segment(k)), a.get(k, ABSENT), b.get(k, ABSENT))
            for k in _keys(a, b)
        )
    if isinstance(a, list) and isinstance(b, list) and (field := key_field(a, b)):
        return len(a) == len(b) and all(
            x[field] == y[field] and alike(path, (*key, Item(field, x[field])), x, y)
            for x, y in zip(a, b, strict=True)
        )
    return same(a, b)


def _keys(*maps: Values) -> list[object]:
    """Return the keys of all maps, each once.

    Raises:
        Unmergeable: Two keys differ only in their types, such as 1 and true.
    """
    kept: Values = {}
    for one in maps:
        for key in one:
            if type(kept.setdefault(key, key)) is not type(key):
                raise Unmergeable("two keys differ only in their types")
    return list(kept)


def _segment(key: object) -> Segment:
    if key is None or isinstance(key, str | int | float):
        return key
    raise Unmergeable("a key is neither text nor number")


class Merge:
    """One merge of three values.

    Args:
        path: The document that they come from.
        favour: Settles conflicts.
        pinned: Keys where theirs must not be taken, for a reason outside the data.
    """

    def __init__(self, path: RelPath, favour: Favour, pinned: Iterable[KeyPath] = ()) -> None:
        self.path = path
        self.favour = favour
        self.pinned = frozenset(pinned)
        self.conflicts: list[KeyPath] = []

    def value(self, base: object, ours: object, theirs: object, key: KeyPath = ()) -> object:
        """Return the merged value; conflicts are recorded.

        Raises:
            Unmergeable: Keys of its maps can't be told apart.
        """
        shape = shape_of(self.path, key)
        if shape is Shape.OURS:
            return ours
        if key in self.pinned and not same(ours, theirs):
            return self.clash(ours, theirs, key)
        if (
            isinstance(ours, dict)
            and isinstance(theirs, dict)
            and (base is ABSENT or isinstance(base, dict))
        ):
            return self.map(base if isinstance(base, dict) else {}, ours, theirs, key)
        side = pick(base, ours, theirs, lambda a, b: alike(self.path, key, a, b))
        if side is Side.OURS:
            return ours
        lists = [one for one in (base, ours, theirs) if isinstance(one, list)]
        if (
            len(lists) == (2 if base is ABSENT else 3)
            and isinstance(ours, list)
            and isinstance(theirs, list)
        ):
            old = base if isinstance(base, list) else []
            if shape is Shape.SET and all(map(_is_set, lists)):
                return theirs if side else _joined(old, ours, theirs)
            if shape is None and (field := key_field(*lists)):
                return self.keyed(old, ours, theirs, key, field)
        return theirs if side else self.clash(ours, theirs, key)

    def map(self, base: Values, ours: Values, theirs: Values, key: KeyPath) -> Values:
        merged: Values = {}
        for name in _keys(ours, theirs, base):
            old, own, new = (one.get(name, ABSENT) for one in (base, ours, theirs))
            value = self.value(old, own, new, (*key, _segment(name)))
            if value is not ABSENT:
                merged[name] = value
        return {name: merged[name] for name in ordered(list(ours), list(theirs), set(merged))}

    def keyed(
        self, base: list[object], ours: list[object], theirs: list[object], key: KeyPath, field: str
    ) -> list[object]:
        """Merge lists of named maps item by item; a list that ours did not change takes the order of theirs."""
        old, own, new = (by_field(one, field) for one in (base, ours, theirs))
        merged: dict[Hashable, object] = {}
        for name in dict.fromkeys([*own, *new, *old]):
            at = (*key, Item(field, name))
            value = self.value(
                old.get(name, ABSENT), own.get(name, ABSENT), new.get(name, ABSENT), at
            )
            if value is not ABSENT:
                merged[name] = value
        first, second = (new, own) if alike(self.path, key, ours, base) else (own, new)
        return [merged[name] for name in ordered(list(first), list(second), set(merged))]

    def clash(self, ours: object, theirs: object, key: KeyPath) -> object:
        side = self.favour(key)
        if side is None:
            self.conflicts.append(key)
        if side is Side.THEIRS:
            return theirs
        if side is Side.BOTH and isinstance(ours, list) and isinstance(theirs, list):
            known = {freeze(item) for item in ours}
            return [*ours, *(item for item in theirs if freeze(item) not in known)]
        return ours


def _is_set(items: list[object]) -> bool:
    twins = {freeze(item) for item in items}
    return len(twins) == len(items) and not any(isinstance(item, dict | list) for item in items)


def _joined(base: list[object], ours: list[object], theirs: list[object]) -> list[object]:
    """Return the items that both keep and those that either added, in our order."""
    values = {freeze(item): item for item in [*theirs, *ours]}
    old, own, new = ([freeze(item) for item in one] for one in (base, ours, theirs))
    keep = (set(own) & set(new)) | (set(own) - set(old)) | (set(new) - set(old))
    return [values[twin] for twin in ordered(own, new, keep)]
