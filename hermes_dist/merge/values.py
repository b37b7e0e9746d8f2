"""Merge plain data by structure: maps by key, lists as their shape says."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import date
from operator import itemgetter
from typing import Any

from hermes_dist.agents.jobs import ANY
from hermes_dist.agents.places import CONFIG
from hermes_dist.merge.algebra import pick
from hermes_dist.merge.shapes import (
    Shape,
    any_order,
    has_machine_keys,
    implied,
    shape_of,
    stays_whole,
    twins_at,
)
from hermes_dist.model.documents.api import Kind, kind_of
from hermes_dist.model.keypath import Item, KeyPath, Segment
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side
from hermes_dist.model.values import (
    ABSENT,
    Unmergeable,
    by_field,
    freeze,
    key_field,
    ordered,
    same,
    same_numbers,
)

Favour = Callable[[KeyPath], Side | None]
Leaves = Callable[[KeyPath], bool]
"""Called for a key that upstream has no more: whether that is because a layer that brought it is gone."""
Values = dict[object, object]


def nobody(key: KeyPath) -> Side | None:  # noqa: ARG001 - it answers for every key
    """Leave every conflict open."""
    return None


def nothing(key: KeyPath) -> bool:  # noqa: ARG001 - it answers for every key
    """Say of every key that no layer took along what stood there."""
    return False


def alike(path: RelPath, key: KeyPath, a: object, b: object) -> bool:
    """Return whether two values are equal, ignoring keys that belong to the machine and values that are implied."""
    # Most values that are compared are the same, and then no table has to be asked.
    return same(a, b) or _alike_in_parts(path, key, a, b)


def _alike_in_parts(path: RelPath, key: KeyPath, a: object, b: object) -> bool:
    """Compare two values as the tables say."""
    if not has_machine_keys(path):
        return _is_same_number(path, a, b)
    if a is ABSENT or b is ABSENT:
        return _alike_without(path, key, a, b)
    if isinstance(a, dict) and isinstance(b, dict):
        return all(_alike_at(path, (*key, segment_of(k)), k, a, b) for k in keys_of(a, b))
    if isinstance(a, list) and isinstance(b, list) and (field := key_field(a, b)):
        return _alike_items(path, key, field, a, b)
    return _is_same_number(path, a, b)


def _is_same_number(path: RelPath, a: object, b: object) -> bool:
    """Return whether two values that are not the same differ only in how the language of a document spells numbers."""
    return kind_of(path) is Kind.JSON and same_numbers(a, b)


def _alike_without(path: RelPath, key: KeyPath, a: object, b: object) -> bool:
    """Compare two values of which at least one is missing: a missing one is what the agent takes it for."""
    default = implied(path, key)
    if default is ANY or a is b:
        return True
    if default is ABSENT:
        return False
    present = b if a is ABSENT else a
    return alike(path, key, default, present)


def _alike_at(path: RelPath, at: KeyPath, key: object, a: Values, b: Values) -> bool:
    if shape_of(path, at) is Shape.OURS:
        return True
    return alike(path, at, a.get(key, ABSENT), b.get(key, ABSENT))


def _alike_items(path: RelPath, key: KeyPath, field: str, a: list[Any], b: list[Any]) -> bool:
    if len(a) != len(b):
        return False
    if any_order(path, key):
        a, b = (sorted(items, key=itemgetter(field)) for items in (a, b))
    for x, y in zip(a, b, strict=True):
        name = x[field]
        if name != y[field] or not alike(path, (*key, Item(field, name)), x, y):
            return False
    return True


def keys_of(*maps: Values) -> list[object]:
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


def segment_of(key: object) -> Segment:
    """Return a key of a map as a step of a path.

    Raises:
        Unmergeable: No path can name it.
    """
    if key is None or isinstance(key, str | int | float | date):
        return key
    raise Unmergeable("a key is neither text, number nor date")


class Merge:
    """One merge of three values.

    Args:
        path: The document that they come from.
        favour: Settles conflicts.
        pinned: Keys where theirs must not be taken, for a reason outside the data.
        leaves: Tells what leaves with a layer: of that, what was edited stays as the user's, and nobody is asked.
    """

    def __init__(
        self,
        path: RelPath,
        favour: Favour,
        pinned: Iterable[KeyPath] = (),
        leaves: Leaves = nothing,
    ) -> None:
        self.path = path
        self.favour = favour
        self.pinned = frozenset(pinned)
        self.leaves = leaves
        self.conflicts: list[KeyPath] = []
        self.open: list[KeyPath] = []  # the conflicts, and what goes along with them
        self.left: list[KeyPath] = []  # what stays of a layer that is gone
        self.kept: list[KeyPath] = []  # the conflicts, and those that were settled for ours or both

    def value(self, base: object, ours: object, theirs: object, key: KeyPath = ()) -> object:
        """Return the merged value; conflicts are recorded.

        Raises:
            Unmergeable: Keys of its maps can't be told apart.
        """
        # Most values are the same in all three, or only here, and every shape leaves them so.
        if (theirs is base is ABSENT and not self.pinned) or (
            same(ours, theirs) and same(ours, base)
        ):
            return ours
        return self._changed(base, ours, theirs, key)

    def _changed(self, base: object, ours: object, theirs: object, key: KeyPath) -> object:
        """Merge three values as the table of shapes says."""
        shape = shape_of(self.path, key)
        if shape is Shape.OURS:
            return ours
        if key in self.pinned and not same(ours, theirs):
            return self.clash(ours, theirs, key)
        if theirs is ABSENT and base is not ABSENT and self.leaves(key):
            return self._edited(base, ours, key)
        if shape is Shape.MAP and any(map(_is_empty, (base, ours, theirs))):
            return self._map_or_nothing(base, ours, theirs, key)
        return self._by_kind(shape, base, ours, theirs, key)

    def _by_kind(
        self, shape: Shape | None, base: object, ours: object, theirs: object, key: KeyPath
    ) -> object:
        """Merge three values as maps, lists or single values."""
        # Before asking who changed it: a map taken whole brings keys that belong to a machine.
        maps = _as_maps(base, ours, theirs)
        if maps and shape is not Shape.WHOLE:
            return self.map(*maps, key)
        side = self._pick(base, ours, theirs, key)
        if side is Side.OURS:
            return ours
        lists = _as_lists(base, ours, theirs)
        merged = self._merged_lists(lists, shape, side, key) if lists else None
        if merged is not None:
            return merged
        if side is Side.THEIRS:
            return theirs
        return self.clash(ours, theirs, key)

    def _map_or_nothing(self, base: object, ours: object, theirs: object, key: KeyPath) -> object:
        """Merge three values of which null and absent are empty maps; an empty result is spelled as ours, or as theirs.

        So a package that drops the last entry of such a map does not take along the entries that only the user has.
        """
        old, own, new = ({} if _is_empty(one) else one for one in (base, ours, theirs))
        merged = self._by_kind(Shape.MAP, old, own, new, key)
        if merged != {}:
            return merged
        return ours if ours == {} or _is_empty(ours) else theirs

    def _pick(self, base: object, ours: object, theirs: object, key: KeyPath) -> Side | None:
        """Return whose value wins; None for a conflict."""
        # An empty map is no setting, but a place that the author wrote, so it comes and goes with them. Only where
        # somebody else took it out is it the same as none: the agent drops empty maps when it writes its settings.
        if self.path == CONFIG and {} in (base, ours, theirs):
            exact = pick(base, ours, theirs, same)
            if exact is not None:
                return exact
            if alike(self.path, key, ours, theirs):
                return Side.OURS if ours == {} else Side.THEIRS  # the place stays
        return pick(base, ours, theirs, lambda a, b: alike(self.path, key, a, b))

    def _merged_lists(
        self,
        lists: tuple[list[object], list[object], list[object]],
        shape: Shape | None,
        side: Side | None,
        key: KeyPath,
    ) -> list[object] | None:
        """Return three lists merged as sets or item by item; None if they can only be taken whole."""
        if shape is Shape.SET and side is None and all(map(_is_set, lists)):
            return _joined(*lists)
        # Named items merge one by one even if only theirs changed: some of their fields belong to this machine.
        if shape is None and (field := key_field(*lists)):
            return self.keyed(*lists, key, field)
        return None

    def map(self, base: Values, ours: Values, theirs: Values, key: KeyPath) -> Values:
        merged: Values = {}
        twins = self._twins(ours, theirs, key)
        for name in keys_of(ours, theirs, base):
            if name in twins.values():
                continue
            old, own, new = (one.get(name, ABSENT) for one in (base, ours, theirs))
            value = self.value(old, own, new, (*key, segment_of(name)))
            if value is not ABSENT:
                merged[name] = value
        self._take_along(twins, merged, ours, theirs, key)
        return {name: merged[name] for name in ordered(list(ours), list(theirs), set(merged))}

    def _twins(self, ours: Values, theirs: Values, key: KeyPath) -> Mapping[str, str]:
        """Return the keys on which the sides differ, each with the key that repeats it and so goes along with it.

        One question is enough for both, and the two would contradict each other if they came from different sides.
        """
        return {
            name: twin
            for name, twin in twins_at(self.path, key).items()
            if not _alike_at(self.path, (*key, name), name, ours, theirs)
        }

    def _take_along(
        self,
        twins: Mapping[str, str],
        merged: Values,
        ours: Values,
        theirs: Values,
        key: KeyPath,
    ) -> None:
        """Take each twin from the side that the merged value of its key comes from."""
        for name, twin in twins.items():
            source = theirs if same(merged.get(name, ABSENT), theirs.get(name, ABSENT)) else ours
            if twin in source:
                merged[twin] = source[twin]
            for noted in (self.open, self.kept):
                if (*key, name) in noted:
                    noted.append((*key, twin))

    def keyed(
        self, base: list[object], ours: list[object], theirs: list[object], key: KeyPath, field: str
    ) -> list[object]:
        """Merge lists of named maps item by item; a list that ours did not change takes the order of theirs."""
        old, own, new = (by_field(one, field) for one in (base, ours, theirs))
        merged: dict[Hashable, object] = {}
        for name in dict.fromkeys([*own, *new, *old]):
            at = (*key, Item(field, name))
            before, mine, yours = (one.get(name, ABSENT) for one in (old, own, new))
            value = self.value(before, mine, yours, at)
            if value is not ABSENT:
                merged[name] = value
        first, second = own, new
        # A mere reordering counts only where nobody here touched the list; otherwise each update would shuffle it.
        if alike(self.path, key, ours, base):
            first, second = new, own
        return [merged[name] for name in ordered(list(first), list(second), set(merged))]

    def _edited(self, base: object, ours: object, key: KeyPath) -> object:
        """Return what the user edited of a value that leaves with its layer; ABSENT for nothing.

        Maps and lists stay only as far as something in them does. A server and a named item stay or leave whole: a
        part of one says nothing to the agent.
        """
        if ours is ABSENT or alike(self.path, key, ours, base):
            return ABSENT
        if not stays_whole(self.path, key):
            maps, lists = _as_maps(base, ours, {}), _as_lists(base, ours, [])
            merged: object = None
            if maps and shape_of(self.path, key) is not Shape.WHOLE:
                merged = self.map(*maps, key)
            elif lists:
                merged = self._merged_lists(lists, shape_of(self.path, key), None, key)
            if merged is not None:
                return merged or ABSENT
        self.left.append(key)
        self.kept.append(key)
        return ours

    def clash(self, ours: object, theirs: object, key: KeyPath) -> object:
        side = self.favour(key)
        if side is None:
            self.conflicts.append(key)
            self.open.append(key)
        if side is Side.THEIRS:
            return theirs
        self.kept.append(key)
        if side is Side.BOTH and isinstance(ours, list) and isinstance(theirs, list):
            known = {freeze(item) for item in ours}
            return [*ours, *(item for item in theirs if freeze(item) not in known)]
        return ours


def _is_empty(value: object) -> bool:
    return value is None or value is ABSENT


def _as_maps(base: object, ours: object, theirs: object) -> tuple[Values, Values, Values] | None:
    """Return three maps, an absent base as an empty one; None if one of them is something else."""
    if base is ABSENT:
        base = {}
    if isinstance(base, dict) and isinstance(ours, dict) and isinstance(theirs, dict):
        return base, ours, theirs
    return None


def _as_lists(
    base: object, ours: object, theirs: object
) -> tuple[list[object], list[object], list[object]] | None:
    """Return three lists, an absent base as an empty one; None if one of them is something else."""
    if base is ABSENT:
        base = []
    if isinstance(base, list) and isinstance(ours, list) and isinstance(theirs, list):
        return base, ours, theirs
    return None


def _is_set(items: list[object]) -> bool:
    twins = {freeze(item) for item in items}
    return len(twins) == len(items) and not any(isinstance(item, dict | list) for item in items)


def _joined(base: list[object], ours: list[object], theirs: list[object]) -> list[object]:
    """Return the items that both keep and those that either added, in our order."""
    values = {freeze(item): item for item in [*theirs, *ours]}
    old, own, new = ([freeze(item) for item in one] for one in (base, ours, theirs))
    keep = (set(own) & set(new)) | (set(own) - set(old)) | (set(new) - set(old))
    return [values[twin] for twin in ordered(own, new, keep)]
