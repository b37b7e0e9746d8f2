"""Which edits in a home change one of its layers, and that layer with the edits in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from hermes_dist.agents.places import MCP
from hermes_dist.decide.consent.parking import Grafted, put_back
from hermes_dist.decide.layers.compose import BY_KEY
from hermes_dist.decide.layers.counting import counting
from hermes_dist.decide.layers.documents import Documents, data_at
from hermes_dist.decide.layers.stack import Layer, Order
from hermes_dist.model.documents.api import ABSENT, get, same
from hermes_dist.model.keypath import KeyPath, format_key, join_place
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree, together
from hermes_dist.model.values import leaves

_EMPTY = {RelPath(MCP): b"{}\n"}
"""Documents without anything in them, where that is not the empty text."""


class Edit(Struct, frozen=True, kw_only=True):
    """A place of a package that is not as it was received.

    Attributes:
        path: The file, in the spelling of packages.
        key: The key in it; empty for the whole file.
        owner: The layer whose value counts there; empty where no layer says anything.
        near: The layer that alone says something around it; empty if there is none.
    """

    path: RelPath
    key: KeyPath
    owner: str = ""
    near: str = ""

    @property
    def place(self) -> str:
        """``path`` or ``path: key``."""
        return join_place(self.path, format_key(self.key))


def edits(stack: Sequence[Layer], received: Tree, now: Tree, read: Read) -> tuple[Edit, ...]:
    """List the places of a package that were edited, and whose they are.

    Args:
        stack: The layers and the package itself, in the spelling of packages.
        received: The package with its layers, as it was received.
        now: The same as a home has it by now.
        read: Gives contents by digest.

    Raises:
        Invalid: A document can't be read.
    """
    whose = _Whose(stack, read)
    found = []
    for path in sorted(received.differing(now)):
        keys = _keys(path, received, now, read) if path in BY_KEY else [()]
        found += [whose.edit(path, key) for key in keys]
    return tuple(found)


def with_edits(layer: Tree, now: Tree, chosen: Iterable[Edit], read: Read) -> Grafted:
    """Make a layer with edits in it; all else stays as its author wrote it.

    Args:
        layer: The layer.
        now: The package with its layers, as a home has it by now.
        chosen: The edits.
        read: Gives contents by digest, for both.
    """
    chosen = tuple(chosen)
    begun = _with_documents(layer, chosen)
    blobs = dict(begun.blobs)
    read = together(blobs, read)
    gone = [e for e in chosen if e.key and get(data_at(e.path, now, read), e.key) is ABSENT]
    made = put_back(begun.tree, now, [_at(e.path, e.key) for e in chosen if e not in gone], read)
    blobs |= made.blobs
    cut = [_at(*place) for place in _emptied(layer, gone, read)]
    bare = put_back(made.tree, EMPTY, cut, read)
    return Grafted(bare.tree, {**blobs, **bare.blobs})


def _with_documents(layer: Tree, chosen: Iterable[Edit]) -> Grafted:
    """The layer with an empty document wherever it has none yet for a key."""
    new = {e.path: _EMPTY.get(e.path, b"") for e in chosen if e.key and e.path not in layer}
    blobs = {Digest.of(data): data for data in new.values()}
    return Grafted(
        layer.with_entries({path: Entry(Digest.of(data)) for path, data in new.items()}), blobs
    )


def _at(path: RelPath, key: KeyPath) -> tuple[RelPath, str]:
    return path, format_key(key) if key else ""


def _emptied(layer: Tree, gone: Iterable[Edit], read: Read) -> Iterator[tuple[RelPath, KeyPath]]:
    """The keys to take out of a layer: those that are gone, and a map around them of which nothing would stay."""
    keys: dict[RelPath, set[KeyPath]] = {}
    for edit in gone:
        keys.setdefault(edit.path, set()).add(edit.key)
    for path, cut in keys.items():
        stay = {key for key, _ in leaves(data_at(path, layer, read))} - cut
        held = {key[:end] for key in stay for end in range(len(key) + 1)}
        for key in cut:
            ways = (key[:end] for end in range(1, len(key)))
            yield path, next((way for way in ways if way not in held), key)


def _keys(path: RelPath, received: Tree, now: Tree, read: Read) -> list[KeyPath]:
    then, by_now = (data_at(path, tree, read) for tree in (received, now))
    keys = dict.fromkeys(key for data in (then, by_now) for key, _ in leaves(data) if key)
    return [key for key in keys if not same(get(then, key), get(by_now, key))]


class _Whose:
    """Tells whose a place is; each document is read once."""

    def __init__(self, stack: Sequence[Layer], read: Read) -> None:
        self._stack, self._documents = stack, Documents(read)
        self._order = Order(stack)

    def edit(self, path: RelPath, key: KeyPath) -> Edit:
        saying = [layer.name for layer in self._stack if self._says(layer, path, key)]
        owner = counting(self._order, saying, path, key, self._documents)
        return Edit(path=path, key=key, owner=owner, near=owner or self._near(path, key))

    def _says(self, layer: Layer, path: RelPath, key: KeyPath) -> bool:
        if not key:
            return path in layer.tree
        return path in BY_KEY and get(self._documents.at(path, layer.tree), key) is not ABSENT

    def _near(self, path: RelPath, key: KeyPath) -> str:
        for around in _around(path, key):
            names = {layer.name for layer in self._stack if self._has(layer, *around)}
            if names:
                return names.pop() if len(names) == 1 else ""
        return ""

    def _has(self, layer: Layer, path: RelPath, key: KeyPath) -> bool:
        if key:
            return self._says(layer, path, key)
        return any(inside.under(path) for inside in layer.tree)


def _around(path: RelPath, key: KeyPath) -> Iterator[tuple[RelPath, KeyPath]]:
    """The keys around a key, or the folders around a file, the nearest first; a shared top-level folder is nobody's."""
    if key:
        for end in range(len(key) - 1, 0, -1):
            yield path, key[:end]
    else:
        yield from ((folder, ()) for folder in reversed(path.parents) if len(folder.parts) > 1)
