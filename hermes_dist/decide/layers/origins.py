"""Which layer each effect comes from, so that a review card does not show it as the package's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from hermes_dist.agents.places import CONFIG, JOBS
from hermes_dist.decide.consent.review import Group, loads_of
from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.model.documents.api import ABSENT, get, kind_of, load_data
from hermes_dist.model.keypath import KeyPath, parse_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Read, Tree

with later():
    from hermes_dist.decide.layers.counting import counting
    from hermes_dist.decide.layers.stack import Layer, Order, Rank

BY_KEY = frozenset(map(RelPath, (CONFIG, JOBS)))
"""The files of a home that several packages write into."""


class Brought(Struct, frozen=True):
    """A layer with what it brings, in the spelling of a home.

    Attributes:
        layer: How it stands to the others, with its files as its author wrote them.
        placed: Its files as a home stores them.
    """

    layer: Layer
    placed: Tree


class Origin(Struct, frozen=True):
    """Where something that could run comes from.

    Attributes:
        layers: The layers that ship it; empty if it is the package's own or the user's.
        changed: The layers that bring another version of what it can load.
    """

    layers: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def origin_of(
    group: Group, stack: Sequence[Brought], read: Read, changed: Iterable[RelPath] = ()
) -> Origin:
    """Tell which layers are behind a server, a job, a hook, a plugin or a key.

    Args:
        group: Its effects.
        stack: The layers, the package itself among them.
        read: Reads the contents of all of them.
        changed: The files that the change at hand writes.
    """
    if not stack:
        return Origin()
    order = Order(one.layer for one in stack)
    loads = _loads_of(group)

    def owners(places: Iterable[tuple[RelPath, KeyPath]]) -> set[str]:
        found = set()
        for path, key in places:
            saying = [one.layer.name for one in stack if _says(one, path, key, read)]
            found.add(counting(order, saying, path, key, read))
        return found - {one.layer.name for one in stack if one.layer.rank is Rank.OWN} - {""}

    ships = owners((e.path, parse_key(e.key) if e.key else ()) for e in group.effects)
    loaded = owners((path, ()) for path in changed if path not in BY_KEY and loads(path))
    return Origin(tuple(sorted(ships)), tuple(sorted(loaded - ships)))


def _loads_of(group: Group) -> Callable[[RelPath], bool]:
    """Make a function that says whether the parts of a group can load a file."""
    folders = [folder for _, folder in loads_of(group)]
    if "" in folders:
        return lambda _path: True
    below = tuple(f"{folder}/" for folder in folders)
    return lambda path: path.startswith(below)


def _says(one: Brought, path: RelPath, key: KeyPath, read: Read) -> bool:
    entry, kind = one.placed.get(path), kind_of(path)
    if entry is None or not key or kind is None:
        return entry is not None
    try:
        return get(load_data(read(entry.digest), kind), key) is not ABSENT
    except Invalid:
        return False
