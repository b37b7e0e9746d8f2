"""Which layer each effect comes from, so that a review card does not show it as the package's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from hermes_dist.agents.places import CONFIG, JOBS
from hermes_dist.decide.consent.review import Group, loads_of
from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.model.documents.api import ABSENT, get, kind_of
from hermes_dist.model.keypath import KeyPath, parse_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Read, Tree

with later():
    from hermes_dist.decide.layers.counting import counting
    from hermes_dist.decide.layers.documents import Documents
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


class Origins:
    """Tells which layers are behind what could run; each of their files is read once for all questions.

    Args:
        stack: The layers, the package itself among them.
        read: Reads the contents of all of them.
        changed: The files that the change at hand writes.
    """

    def __init__(
        self, stack: Sequence[Brought], read: Read, changed: Iterable[RelPath] = ()
    ) -> None:
        self._stack, self._changed = stack, tuple(changed)
        if stack:
            self._documents = Documents(read)
            self._order = Order(one.layer for one in stack)
            self._own = {one.layer.name for one in stack if one.layer.rank is Rank.OWN}

    def of(self, group: Group) -> Origin:
        """Tell which layers are behind a server, a job, a hook, a plugin or a key, by its effects."""
        if not self._stack:
            return Origin()
        loads = _loads_of(group)
        ships = self._owners((e.path, parse_key(e.key) if e.key else ()) for e in group.effects)
        files = (path for path in self._changed if path not in BY_KEY and loads(path))
        loaded = self._owners((path, ()) for path in files)
        return Origin(tuple(sorted(ships)), tuple(sorted(loaded - ships)))

    def _owners(self, places: Iterable[tuple[RelPath, KeyPath]]) -> set[str]:
        found = set()
        for path, key in places:
            saying = [one.layer.name for one in self._stack if self._says(one, path, key)]
            found.add(counting(self._order, saying, path, key, self._documents))
        return found - self._own - {""}

    def _says(self, one: Brought, path: RelPath, key: KeyPath) -> bool:
        entry, kind = one.placed.get(path), kind_of(path)
        if entry is None or not key or kind is None:
            return entry is not None
        try:
            return get(self._documents.data(entry, kind), key) is not ABSENT
        except Invalid:
            return False


def _loads_of(group: Group) -> Callable[[RelPath], bool]:
    """Make a function that says whether the parts of a group can load a file."""
    folders = [folder for _, folder in loads_of(group)]
    if "" in folders:
        return lambda _path: True
    below = tuple(f"{folder}/" for folder in folders)
    return lambda path: path.startswith(below)
