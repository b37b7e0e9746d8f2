"""Data of documents: absent, null, scalars, lists, maps; and equality as the agent sees it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from enum import Enum
from typing import Final

from hermes_dist.model.keypath import Item, KeyPath, Segment


class Absent(Enum):
    """The value of a missing key; it differs from null."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT


class Unmergeable(Exception):
    """The document can't be merged or edited by structure, only line by line.

    Args:
        reason: The reason, as a clause.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


KEY_FIELDS: Final = ("id", "name")
"""The fields that can identify a list item, best first."""


def same(a: object, b: object) -> bool:
    """Return whether the agent treats two values as equal.

    Types must match (``1`` is neither ``1.0`` nor ``True``), NaN equals NaN, and the order of maps is ignored.
    """
    if a is b:
        return True
    kind = type(a)
    if kind is not type(b):
        return False
    if kind is str:  # most values are
        return a == b
    if isinstance(a, dict) and isinstance(b, dict):
        return _same_maps(a, b)
    if isinstance(a, list) and isinstance(b, list):
        return _same_lists(a, b)
    return a == b or (a != a and b != b)  # noqa: PLR0124 - NaN is the value that differs from itself


def _same_maps(a: dict[object, object], b: dict[object, object]) -> bool:
    if len(a) != len(b):
        return False
    # Python finds the key True under 1; the agent treats them as two keys.
    typed = {key: key for key in b}
    for key, value in a.items():
        if key not in b or type(typed[key]) is not type(key) or not same(value, b[key]):
            return False
    return True


def _same_lists(a: list[object], b: list[object]) -> bool:
    return len(a) == len(b) and all(map(same, a, b))


def same_numbers(a: object, b: object) -> bool:
    """Return whether two values of JSON are equal: as :func:`same`, but JSON has one kind of number, so 1 is 1.0."""
    return same(_as_float(a), _as_float(b))


def _as_float(value: object) -> object:
    if isinstance(value, dict):
        return {key: _as_float(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_as_float(part) for part in value]
    # A whole number that a float can't hold is compared exactly.
    if type(value) is int and abs(value) <= 1 << 53:
        return float(value)
    return value


def freeze(value: object) -> Hashable:
    """Return a hashable form: two values are :func:`same` exactly if their hashable forms are equal."""
    if isinstance(value, dict):
        return ("map", frozenset((freeze(key), freeze(part)) for key, part in value.items()))
    if isinstance(value, list):
        return ("list", tuple(map(freeze, value)))
    if value != value:  # noqa: PLR0124 - NaN
        return ("nan", type(value))
    return (type(value), value)


def key_field(*lists: list[object]) -> str | None:
    """Return the field that identifies items in all lists: every item is a map with a unique string there."""
    if not any(lists):
        return None
    for field in KEY_FIELDS:
        if all(_keyed(items, field) for items in lists):
            return field
    return None


def _keyed(items: list[object], field: str) -> bool:
    names = {item.get(field) for item in items if isinstance(item, dict) and _has_text(item, field)}
    return len(names) == len(items)


def _has_text(item: dict[object, object], field: str) -> bool:
    return isinstance(item.get(field), str)


def by_field(items: list[object], field: str) -> dict[str, dict[object, object]]:
    """Return the items of a keyed list by name."""
    return {item[field]: item for item in items if isinstance(item, dict)}


def as_map(value: object) -> Mapping[object, object]:
    """Return a value if it is a map, else an empty one: what somebody wrote by hand can hold anything anywhere."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: object) -> list[object]:
    """Return a value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def get(data: object, path: KeyPath) -> object:
    """Return the value at a path; ABSENT if there is none."""
    for segment in path:
        data = child(data, segment)
        if data is ABSENT:
            return ABSENT
    return data


def child(data: object, segment: Segment) -> object:
    """Return the value of one segment; ABSENT if there is none."""
    if isinstance(segment, Item):
        return _item(data, segment)
    if not isinstance(data, dict) or segment not in data:
        return ABSENT
    if isinstance(segment, str):
        return data[segment]
    # A number or boolean may have been found under a key of another type: 1, 1.0 and True are equal in Python.
    return next((part for key, part in data.items() if same(key, segment)), ABSENT)


def _item(data: object, name: Item) -> object:
    if not isinstance(data, list):
        return ABSENT
    for item in data:
        if isinstance(item, dict) and item.get(name.field) == name.value:
            return item
    return ABSENT


def with_value(data: object, path: KeyPath, value: object, like: object = ABSENT) -> object:
    """Return the data with the value at ``path`` set, or removed if it is ABSENT.

    Args:
        data: The document, which is not modified; ABSENT counts as empty.
        path: The place; missing maps and keyed lists on the way are created.
        value: The new value.
        like: A document whose order tells where a new key goes. Maps that a removal empties stay only if this document
            has them.

    Raises:
        Unmergeable: The path names an item of a list whose items have no names, or an item that is not a map.
    """
    if not path:
        return value
    segment, rest = path[0], path[1:]
    old, model = child(data, segment), child(like, segment)
    if value is ABSENT and old is ABSENT:
        return data
    new = with_value(old, rest, value, model)
    emptied = new is not old and new in ({}, [])
    if rest and value is ABSENT and model is ABSENT and emptied:
        # Otherwise installing and uninstalling a setting would leave the empty map it was in.
        new = ABSENT
    if isinstance(segment, Item):
        return _with_item(data, segment, new, like)
    return _with_key(data, segment, new, like)


def _with_key(data: object, key: Segment, new: object, like: object) -> dict[object, object]:
    fields: dict[object, object] = data if isinstance(data, dict) else {}
    if new is ABSENT:
        return {name: value for name, value in fields.items() if name != key}
    if key in fields:
        return {**fields, key: new}
    models: list[Hashable] = list(like) if isinstance(like, dict) else []
    values = {**fields, key: new}
    return {name: values[name] for name in _placed(list(fields), key, models, gone=False)}


def _with_item(data: object, item: Item, new: object, like: object) -> list[object]:
    if isinstance(data, list) and not _keyed(data, item.field):
        raise Unmergeable(f"the items of a list have no unique {item.field}")
    items = by_field(data, item.field) if isinstance(data, list) else {}
    wanted = _placed(list(items), item.value, _names(like, item.field), new is ABSENT)
    if isinstance(new, dict):
        if item.field not in new:
            new = {item.field: item.value, **new}
        items[item.value] = new
    elif new is not ABSENT:
        raise Unmergeable("an item of a list is not a map")
    return [items[str(name)] for name in wanted]


def _names(like: object, field: str) -> list[Hashable]:
    if not isinstance(like, list):
        return []
    return [item.get(field) for item in like if isinstance(item, dict)]


def _placed(
    keys: list[Hashable], key: Hashable, like: list[Hashable], gone: bool
) -> list[Hashable]:
    if gone:
        return [k for k in keys if k != key]
    if key not in like:
        like = [*like, key]
    return ordered(keys, like, {*keys, key})


def ordered(ours: list[Hashable], theirs: list[Hashable], keep: set[Hashable]) -> list[Hashable]:
    """Order keys: ours keep their order; new ones go after their predecessor in theirs, else before their successor.

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
    """Yield every value that is not a non-empty map or a keyed list, with its path."""
    if isinstance(data, dict) and data:
        for key, part in data.items():
            yield from leaves(part, (*at, key))
    elif isinstance(data, list) and (field := key_field(data)):
        for name, item in by_field(data, field).items():
            yield from leaves(item, (*at, Item(field, name)))
    else:
        yield at, data
