"""Data of documents: absent, null, scalars, lists, maps; equality as the agent sees it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from enum import Enum
from typing import Final

from hermes_dist.model.keypath import Item, KeyPath, Segment


class Absent(Enum):
    """The value of a key that is not there; null is another."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT


class Unmergeable(Exception):
    """The document can't be merged or edited by its structure; it is left to lines.

    Args:
        reason: Why, in half a sentence.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


KEY_FIELDS: Final = ("id", "name")
"""The fields that can name an item of a list, best first."""


def same(a: object, b: object) -> bool:
    """Whether two values are equal to the agent.

    Type-strict (``1`` is neither ``1.0`` nor ``True``), NaN is NaN, maps are unordered.
    """
    if type(a) is not type(b):
        return False
    if isinstance(a, dict) and isinstance(b, dict):
        if len(a) != len(b):
            return False
        typed = {key: key for key in b}
        return all(key in b and type(typed[key]) is type(key) and same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b or (a != a and b != b)  # noqa: PLR0124 - NaN is the value that differs from itself


def freeze(value: object) -> Hashable:
    """Return a hashable twin: two values are :func:`same` exactly when their twins are equal."""
    if isinstance(value, dict):
        return ("map", frozenset((freeze(key), freeze(part)) for key, part in value.items()))
    if isinstance(value, list):
        return ("list", tuple(map(freeze, value)))
    if value != value:  # noqa: PLR0124 - NaN
        return ("nan", type(value))
    return (type(value), value)


def key_field(*lists: list[object]) -> str | None:
    """Name the field by which all lists are keyed: every item a map with a unique string there."""
    if not any(lists):
        return None
    for field in KEY_FIELDS:
        if all(_keyed(items, field) for items in lists):
            return field
    return None


def _keyed(items: list[object], field: str) -> bool:
    names = [item.get(field) if isinstance(item, dict) else None for item in items]
    return all(isinstance(name, str) for name in names) and len(set(names)) == len(names)


def by_field(items: list[object], field: str) -> dict[str, dict[object, object]]:
    """Index the items of a keyed list by their names."""
    return {item[field]: item for item in items if isinstance(item, dict)}


def get(data: object, path: KeyPath) -> object:
    """Look a value up; ABSENT when there is none."""
    for segment in path:
        data = child(data, segment)
        if data is ABSENT:
            return ABSENT
    return data


def child(data: object, segment: Segment) -> object:
    """Look one segment up; ABSENT when there is none."""
    if isinstance(segment, Item):
        if not isinstance(data, list):
            return ABSENT
        return next(
            (i for i in data if isinstance(i, dict) and i.get(segment.field) == segment.value),
            ABSENT,
        )
    if not isinstance(data, dict) or segment not in data:
        return ABSENT
    if isinstance(segment, str):
        return data[segment]
    return next((part for key, part in data.items() if same(key, segment)), ABSENT)


def with_value(data: object, path: KeyPath, value: object, like: object = ABSENT) -> object:
    """Return the data with the value at ``path`` set, or taken out when it is ABSENT.

    Args:
        data: The document; never changed itself. ABSENT counts as empty.
        path: Where; missing maps and keyed lists on the way are made.
        value: The new value.
        like: A document whose order tells where a new key goes, and which of the maps emptied
            by taking a value out stay (those that it has).

    Raises:
        Unmergeable: The path names the item of a list that has no such names, or one that is no map.
    """
    if not path:
        return value
    segment, rest = path[0], path[1:]
    old, model = child(data, segment), child(like, segment)
    if value is ABSENT and old is ABSENT:
        return data
    new = with_value(old, rest, value, model)
    if rest and value is ABSENT and model is ABSENT and new is not old and new in ({}, []):
        new = ABSENT
    if isinstance(segment, Item):
        return _with_item(data, segment, new, like)
    fields = list(data.items()) if isinstance(data, dict) else []
    wanted = _placed(
        [key for key, _ in fields],
        segment,
        list(like) if isinstance(like, dict) else [],
        new is ABSENT,
    )
    values: dict[object, object] = {**dict(fields), segment: new}
    return {key: values[key] for key in wanted}


def _with_item(data: object, item: Item, new: object, like: object) -> list[object]:
    if isinstance(data, list) and not _keyed(data, item.field):
        raise Unmergeable(f"the items of a list have no unique {item.field}")
    items = by_field(data, item.field) if isinstance(data, list) else {}
    models = (
        [i.get(item.field) for i in like if isinstance(i, dict)] if isinstance(like, list) else []
    )
    wanted = _placed(list(items), item.value, models, new is ABSENT)
    if isinstance(new, dict):
        items[item.value] = new if item.field in new else {item.field: item.value, **new}
    elif new is not ABSENT:
        raise Unmergeable("an item of a list is not a map")
    return [items[str(name)] for name in wanted]


def _placed(
    keys: list[Hashable], key: Hashable, like: list[Hashable], gone: bool
) -> list[Hashable]:
    if gone:
        return [k for k in keys if k != key]
    return ordered(keys, like if key in like else [*like, key], {*keys, key})


def ordered(ours: list[Hashable], theirs: list[Hashable], keep: set[Hashable]) -> list[Hashable]:
    """Order keys: ours' order; theirs' new ones after their predecessor, else before their successor.

    Args:
        ours: Our keys in order.
        theirs: Their keys in order.
        keep: The keys that stay.
    """
    out = [key for key in ours if key in keep]
    known = set(out)
    for n, key in enumerate(theirs):
        if key in keep and key not in known:
            out.insert(_slot(out, known, theirs, n), key)
            known.add(key)
    return out


def _slot(out: list[Hashable], known: set[Hashable], theirs: list[Hashable], n: int) -> int:
    for before in reversed(theirs[:n]):
        if before in known:
            return out.index(before) + 1
    for after in theirs[n + 1 :]:
        if after in known:
            return out.index(after)
    return len(out)


def leaves(data: object, at: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """Walk the values that are no maps with keys and no keyed lists, with their paths."""
    if isinstance(data, dict) and data:
        for key, part in data.items():
            yield from leaves(part, (*at, key))
    elif isinstance(data, list) and (field := key_field(data)):
        for name, item in by_field(data, field).items():
            yield from leaves(item, (*at, Item(field, name)))
    else:
        yield at, data
