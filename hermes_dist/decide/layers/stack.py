"""A stack of layers: which one stands above which, at a file or at a key of the settings.

The order has three steps: the base, then the packs, then the package itself. Within one step a layer stands above
another if it depends on it, or if it says so for a place (``overrides``). Between two others nobody is above.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum

from hermes_dist.errors import Invalid, quoted
from hermes_dist.model.discreet import Contents
from hermes_dist.model.keypath import KeyPath, parse_key, split_written
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Tree


class Rank(IntEnum):
    """The step of the order that a layer belongs to; a higher one stands above a lower one."""

    BASE = 0
    PACK = 1
    OWN = 2


class Layer(Contents, frozen=True, kw_only=True):
    """One package of a stack, at one version.

    Attributes:
        name: The name that messages call it by; no two layers of a stack have the same.
        rank: Whether it is the base, a pack, or the package itself.
        tree: What it brings into a home, as it ships it.
        over: The layers that it depends on itself, by name.
        overrides: Places, ``path`` or ``path: key``, where it wins over layers of its own rank.
        without: Places of the layers below that it takes out.
    """

    name: str
    rank: Rank
    tree: Tree
    over: frozenset[str] = frozenset()
    overrides: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()


class Order:
    """Which layer of a stack stands above which.

    Args:
        layers: The layers, in any sequence: it has no say.

    Raises:
        Invalid: Layers depend on each other in a circle, or two have the same name.
    """

    def __init__(self, layers: Iterable[Layer]) -> None:
        stack = tuple(layers)
        self._below = _below(stack)
        depth = {name: len(below) for name, below in self._below.items()}
        self.downwards = tuple(
            sorted(stack, key=lambda layer: (-layer.rank, -depth[layer.name], layer.name))
        )
        """The layers from the top down; a layer comes before all that it stands above."""

    def is_above(self, high: Layer, low: Layer, path: RelPath, key: KeyPath = ()) -> bool:
        """Return whether one layer's value counts and not the other's, at a file or at a key in it."""
        one, other = (self._tier(layer, path, key) for layer in (high, low))
        return one > other or (one == other and low.name in self._below[high.name])

    def unbeaten(self, layers: Sequence[Layer], path: RelPath, key: KeyPath = ()) -> list[Layer]:
        """Return those of some layers that no other of them is above, at a file or at a key in it."""
        if len(layers) <= 1:
            return list(layers)
        tiers = [self._tier(layer, path, key) for layer in layers]
        highest = max(tiers)
        top = [layer for layer, tier in zip(layers, tiers, strict=True) if tier == highest]
        beaten = frozenset[str]().union(*(self._below[layer.name] for layer in top))
        return [layer for layer in top if layer.name not in beaten]

    def stands_on(self, high: Layer, low: Layer) -> bool:
        """Return whether a layer is above another wherever both ship something."""
        return high.rank > low.rank or low.name in self._below[high.name]

    def _tier(self, layer: Layer, path: RelPath, key: KeyPath) -> tuple[int, bool]:
        return layer.rank, any(covers(place, path, key) for place in layer.overrides)


def covers(place: str, path: RelPath, key: KeyPath = ()) -> bool:
    """Return whether a place, ``path`` or ``path: key``, is that of a file or key, or around it."""
    folder, inside = split_written(place)
    steps = parse_key(inside) if inside else ()
    if key[: len(steps)] != steps:
        return False
    return path == folder or (not steps and path.startswith(f"{folder}/"))


def _below(stack: tuple[Layer, ...]) -> Mapping[str, frozenset[str]]:
    """All that each layer depends on, also by way of others."""
    _check_names(stack)
    below = {layer.name: set(layer.over) for layer in stack}
    before, now = -1, 0
    while before < now:
        before = now
        for names in below.values():
            names.update(*(below.get(name, ()) for name in tuple(names)))
        now = sum(map(len, below.values()))
    circle = sorted(name for name, names in below.items() if name in names)
    if circle:
        raise Invalid(
            f"layers depend on each other in a circle: {' and '.join(circle)}",
            hint="one of their authors has to take the other out of `dependencies` or `extends`",
        )
    return {name: frozenset(names) for name, names in below.items()}


def _check_names(stack: tuple[Layer, ...]) -> None:
    names = [layer.name for layer in stack]
    twice = sorted(name for name in set(names) if names.count(name) > 1)
    if twice:
        raise Invalid(f"two layers are called {quoted(twice[0], 100)}")
