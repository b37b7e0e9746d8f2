"""Which entries of a collection stay, which are new, and where the new ones go."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable

from msgspec import Struct

from hermes_dist.model.documents.layout import View
from hermes_dist.model.keypath import Item, Segment
from hermes_dist.model.values import ABSENT, by_field, freeze, key_field, ordered, same


class Slot(Struct, frozen=True):
    """One entry of the collection after the edit.

    Attributes:
        want: Its value.
        own: The existing entry that stays in place; None for a new one.
        moved: The existing entry that moves here from elsewhere in the same list.
        key: Its key in a map.
        name: Its name in a keyed list.
    """

    want: object
    own: View | None = None
    moved: View | None = None
    key: object = ABSENT
    name: Item | None = None

    def segment(self) -> tuple[Segment, ...]:
        """Return what it adds to the path of its collection; empty for an item without a name."""
        if self.name is not None:
            return (self.name,)
        if isinstance(self.key, str | int | float | None):
            return (self.key,)
        return ()

    def among(self, other: View | None) -> View | None:
        """Return the matching entry in another document's collection.

        An item without a name is found by its value: in a list of words that is all there is to go by.
        """
        if other is None:
            return None
        if self.key is not ABSENT:
            return other.kid(self.key)
        if self.name is not None:
            return other.named(self.name)
        return other.equal(self.want)


def slots_of(view: View, want: dict[object, object] | list[object], *, alike: bool) -> list[Slot]:
    """Match the wanted entries with the existing ones.

    Args:
        view: The collection.
        want: Its wanted value.
        alike: Whether a map without a name may be matched by what is equal in it. Not where a donor spells it: its
            comments would not come along.

    Raises:
        Unmergeable: The lines of the entries can't be told apart.
    """
    if isinstance(want, dict):
        return _in_map(view, want)
    return _in_list(view, want, alike=alike)


def name_of(value: object, field: str | None) -> Item | None:
    """Return the name of an item of a list; None in a list without names."""
    if field and isinstance(value, dict):
        return Item(field, str(value.get(field)))
    return None


def _in_map(view: View, want: dict[object, object]) -> list[Slot]:
    own = {kid.entry.key: kid for kid in view.kids() if kid.entry.key in want}
    keys = ordered(list(own), list(want), set(want))
    return [Slot(want[key], own.get(key), key=key) for key in keys]


def _in_list(view: View, want: list[object], *, alike: bool) -> list[Slot]:
    kids = view.kids()
    field = key_field([kid.value for kid in kids], want)
    if field:
        pairs = _same_names(kids, want, field)
    else:
        pairs = _matched([freeze(kid.value) for kid in kids], [freeze(value) for value in want])
        if alike:
            _pair_alike([kid.value for kid in kids], want, pairs)
    stay = _rising(pairs)
    slots = []
    for n, (value, at) in enumerate(zip(want, pairs, strict=True)):
        name = name_of(value, field)
        if at is None:
            slots.append(Slot(value, name=name))
        elif n in stay:
            slots.append(Slot(value, own=kids[at], name=name))
        else:
            slots.append(Slot(value, moved=kids[at], name=name))
    return slots


def _same_names(kids: list[View], want: list[object], field: str) -> list[int | None]:
    """Return, for each wanted item, the position of the existing one with its name."""
    places = {kid.value[field]: n for n, kid in enumerate(kids) if isinstance(kid.value, dict)}
    return [places.get(name) for name in by_field(want, field)]


def _matched(here: list[Hashable], want: list[Hashable]) -> list[int | None]:
    """Return, for each wanted item, the position of an equal existing one; none is used twice, ends match first."""
    pairs: list[int | None] = [None] * len(want)
    low = 0
    while low < min(len(here), len(want)) and here[low] == want[low]:
        pairs[low] = low
        low += 1
    high = 0
    while high < min(len(here), len(want)) - low and here[-1 - high] == want[-1 - high]:
        pairs[len(want) - 1 - high] = len(here) - 1 - high
        high += 1
    places: dict[Hashable, list[int]] = defaultdict(list)
    for n in reversed(range(low, len(here) - high)):
        places[here[n]].append(n)
    for n in range(low, len(want) - high):
        if places.get(want[n]):
            pairs[n] = places[want[n]].pop()
    return pairs


def _pair_alike(here: list[object], want: list[object], pairs: list[int | None]) -> None:
    """Pair maps that changed with the existing ones they were, in order, so that their comments and spelling stay.

    An item without a name is the same one if half of what it says is equal, and it stands between the same neighbours.
    """
    low = 0
    for n, value in enumerate(want):
        at = pairs[n]
        if at is None:
            ends = (other for other in pairs[n + 1 :] if other is not None and other >= low)
            room = range(low, min(ends, default=len(here)))
            at = next((spot for spot in room if _is_alike(here[spot], value)), None)
            pairs[n] = at
        if at is not None and at >= low:
            low = at + 1


def _is_alike(one: object, other: object) -> bool:
    """Return whether at least half of the fields of two maps are equal."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return False
    equal = sum(same(value, other.get(key, ABSENT)) for key, value in one.items())
    return 2 * equal >= max(len(one), len(other))


def _rising(pairs: list[int | None]) -> set[int]:
    """Return the wanted positions whose partners form the longest increasing sequence.

    These entries stay where they are, and only the others move: the fewest lines change places.
    """
    tails: list[int] = []
    last: list[int] = []
    before: dict[int, int | None] = {}
    for n, at in enumerate(pairs):
        if at is None:
            continue
        spot = bisect_left(tails, at)
        before[n] = last[spot - 1] if spot else None
        tails[spot : spot + 1] = [at]
        last[spot : spot + 1] = [n]
    run: set[int] = set()
    n_or_none = last[-1] if last else None
    while n_or_none is not None:
        run.add(n_or_none)
        n_or_none = before[n_or_none]
    return run
