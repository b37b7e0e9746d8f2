"""Where layers say different things in a document, and none of them is above the others.

All layers go through a document together, and only keys that several of them set are looked at again. So the work
grows with what they say, and not with the number of pairs of layers.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from itertools import chain, combinations, product

from msgspec import Struct

from hermes_dist.decide.layers.stack import Layer, Order
from hermes_dist.merge.shapes import Shape, shape_of
from hermes_dist.merge.values import Merge, Values, keys_of, nobody, segment_of
from hermes_dist.model.documents.api import ABSENT, get
from hermes_dist.model.keypath import KeyPath, format_key, join_place
from hermes_dist.model.paths import RelPath
from hermes_dist.model.values import freeze, key_field

Said = Sequence[tuple[Layer, object]]
"""What layers say at one key."""


class Clash(Struct, frozen=True, order=True):
    """A place where two layers say different things and none of them is above the other.

    Attributes:
        path: The file.
        key: The key in it; empty for the whole file.
        names: The layers, by name.
    """

    path: RelPath
    key: str
    names: tuple[str, ...]

    @property
    def place(self) -> str:
        """``path`` or ``path: key``, as ``overrides`` of a manifest names it."""
        return join_place(self.path, self.key)


class _Group(Struct, frozen=True):
    """Layers that say the same at a key."""

    value: object
    names: frozenset[str]


def clashes_in(path: RelPath, order: Order, data: Said) -> frozenset[Clash]:
    """Find the keys on which two layers differ while neither is above the other, and nobody above both decides.

    Args:
        path: The document.
        order: The order of the layers.
        data: The layers that ship it, with its data.
    """
    return frozenset(_Search(path, order, data).at((), data))


class _Search:
    """Looks for clashes in a document, from a key down."""

    def __init__(self, path: RelPath, order: Order, data: Said) -> None:
        self._path = path

        @cache
        def alive(key: KeyPath) -> frozenset[str]:
            saying = [layer for layer, value in data if get(value, key) is not ABSENT]
            return frozenset(layer.name for layer in order.unbeaten(saying, path, key))

        self._alive = alive

    def at(self, key: KeyPath, said: Said) -> Iterator[Clash]:
        shape = shape_of(self._path, key)
        if len(said) <= 1 or shape is Shape.OURS:
            return
        maps: list[tuple[Layer, Values]] = []
        if shape is not Shape.WHOLE:
            maps = [(layer, value) for layer, value in said if isinstance(value, dict)]
        yield from self._inside(key, maps)
        if len(maps) < len(said):
            yield from self._apart(key, said, {layer.name for layer, _ in maps})

    def _inside(self, key: KeyPath, maps: Sequence[tuple[Layer, Values]]) -> Iterator[Clash]:
        """Yield the clashes at keys of maps."""
        found: dict[object, list[tuple[Layer, object]]] = {}
        for layer, value in maps:
            for name, part in value.items():
                found.setdefault(name, []).append((layer, part))
        for name in keys_of(*(value for _, value in maps)):
            yield from self.at((*key, segment_of(name)), found[name])

    def _apart(self, key: KeyPath, said: Said, maps: AbstractSet[str]) -> Iterator[Clash]:
        """Yield the clashes between single values and lists, and of these with maps."""
        alive = self._alive(key)
        inner = _groups([one for one in said if one[0].name in alive & maps])
        others = _groups([one for one in said if one[0].name in alive - maps])
        pairs = chain(
            product(inner, others), combinations(others, 2), combinations(_named(said), 2)
        )
        for one, other in pairs:
            yield from self._between(key, one, other)

    def _between(self, key: KeyPath, one: _Group, other: _Group) -> Iterator[Clash]:
        merge = Merge(self._path, nobody)
        merge.value(ABSENT, one.value, other.value, key)
        for at in merge.conflicts:
            alive = self._alive(at)
            for pair in product(one.names & alive, other.names & alive):
                yield Clash(self._path, format_key(at), tuple(sorted(pair)))


def _named(said: Said) -> tuple[_Group, ...]:
    """Group the lists of named items: two of them can differ on an item, at which other layers may be above."""
    return _groups([one for one in said if isinstance(one[1], list) and key_field(one[1])])


def _groups(said: Said) -> tuple[_Group, ...]:
    """Group layers by what they say."""
    found: dict[Hashable, list[tuple[Layer, object]]] = {}
    for one in said:
        found.setdefault(freeze(one[1]), []).append(one)
    return tuple(
        _Group(value=same[0][1], names=frozenset(layer.name for layer, _ in same))
        for same in found.values()
    )
