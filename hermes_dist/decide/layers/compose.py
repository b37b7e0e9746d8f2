"""Compose layers: the tree that a profile receives from several packages, and where two of them clash.

Settings and servers (``config.yaml``, ``mcp.json``) are composed key by key, every other file comes whole from one
layer. The texts are joined by the three-way merge with an empty base, so comments come along as they do in an update.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from hermes_dist.agents.places import CONFIG, MCP
from hermes_dist.decide.consent.parking import put_back
from hermes_dist.decide.layers.clashes import Clash, clashes_in
from hermes_dist.decide.layers.stack import Layer, Order
from hermes_dist.errors import Invalid
from hermes_dist.merge.content import join_contents
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import ABSENT, get, kind_of, load_data
from hermes_dist.model.documents.told import spot_in
from hermes_dist.model.keypath import KeyPath, parse_key, split_written
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree, together

BY_KEY = frozenset(map(RelPath, (CONFIG, MCP)))
"""The files that layers share; any other file belongs to one of them."""


class Composed(Contents, frozen=True):
    """The composition of a stack.

    Attributes:
        tree: What a profile receives; at a clash, the value of the layer that comes first by its name.
        blobs: New contents by digest.
        clashes: Where the layers contradict each other; nothing may be received before that is settled.
    """

    tree: Tree
    blobs: Mapping[Digest, bytes]
    clashes: tuple[Clash, ...]


def compose(layers: Iterable[Layer], read: Read) -> Composed:
    """Compose a stack of layers into one tree.

    Args:
        layers: The layers; their sequence has no say.
        read: Gives contents by digest.

    Raises:
        Invalid: The layers have no order (:class:`Order`), or a document of theirs can't be read.
    """
    layers = tuple(layers)
    cut = _without(layers, Order(layers), read)
    order, read = Order(cut.layers), together(cut.blobs, read)
    work = _Work(order, read)
    entries = {}
    for path in sorted({path for layer in cut.layers for path in layer.tree}):
        shipping = [layer for layer in order.downwards if path in layer.tree]
        entries[path] = work.file(path, shipping)
    blobs = {**cut.blobs, **work.blobs}
    tree = Tree(entries)
    used = {entry.digest for entry in tree.values()}
    kept = {digest: data for digest, data in blobs.items() if digest in used}
    return Composed(tree, kept, (*sorted(work.clashes), *_files_as_folders(tree, cut.layers)))


class _Cut(Contents, frozen=True):
    """The layers after what layers above them take out of them."""

    layers: tuple[Layer, ...]
    blobs: Mapping[Digest, bytes]


def _without(layers: tuple[Layer, ...], order: Order, read: Read) -> _Cut:
    """Take out of each layer what a layer above it is without."""
    cut: list[Layer] = []
    blobs: dict[Digest, bytes] = {}
    for low in layers:
        places = {place for high in layers if order.stands_on(high, low) for place in high.without}
        split = [_split(place) for place in sorted(places)]
        grafted = put_back(low.tree, EMPTY, split, read)
        blobs.update(grafted.blobs)
        cut.append(
            Layer(
                name=low.name,
                rank=low.rank,
                tree=grafted.tree,
                over=low.over,
                overrides=low.overrides,
                without=low.without,
            )
        )
    return _Cut(tuple(cut), blobs)


def _split(place: str) -> tuple[RelPath, str]:
    path, key = split_written(place)
    return RelPath(path), key


class _Work:
    """Composes one file after the other, and collects new contents and clashes."""

    def __init__(self, order: Order, read: Read) -> None:
        self.blobs: dict[Digest, bytes] = {}
        self.clashes: list[Clash] = []
        self._order = order
        self._read = together(self.blobs, read)

    def file(self, path: RelPath, shipping: list[Layer]) -> Entry:
        """Compose one file.

        Args:
            path: The file.
            shipping: The layers that ship it, from the top down.
        """
        entries = {layer.tree[path] for layer in shipping}
        if len(entries) == 1:
            return entries.pop()
        if path in BY_KEY:
            return self._by_key(path, shipping)
        return self._whole(path, shipping)

    def _whole(self, path: RelPath, shipping: list[Layer]) -> Entry:
        alive = self._order.unbeaten(shipping, path)
        if len({layer.tree[path] for layer in alive}) > 1:
            self.clashes.append(Clash(path, "", tuple(sorted(layer.name for layer in alive))))
        return alive[0].tree[path]

    def _by_key(self, path: RelPath, shipping: list[Layer]) -> Entry:
        data = {layer.name: self._data(path, layer) for layer in shipping}
        said = [(layer, data[layer.name]) for layer in shipping]
        self.clashes += clashes_in(path, self._order, said)
        first = shipping[0].tree[path]
        content, above = self._read(first.digest), [shipping[0]]
        for low in shipping[1:]:
            favour = self._favour(path, low, above, data)
            text = self._read(low.tree[path].digest)
            content = join_contents(path, None, content, text, favour).content or content
            above.append(low)
        digest = Digest.of(content)
        self.blobs[digest] = content
        return Entry(digest, first.executable)

    def _favour(
        self, path: RelPath, low: Layer, above: list[Layer], data: Mapping[str, object]
    ) -> Callable[[str], Side]:
        """Say for each key on which two differ whose value stands: that of the layers above, or the lower layer's."""

        def side(key: str) -> Side:
            steps = _steps(key)
            highs = (layer for layer in above if get(data[layer.name], steps) is not ABSENT)
            beaten = (self._order.is_above(low, high, path, steps) for high in highs)
            return Side.THEIRS if next(beaten, False) and all(beaten) else Side.OURS

        return side

    def _data(self, path: RelPath, layer: Layer) -> object:
        kind = kind_of(path)
        if kind is None:  # the two files of BY_KEY are YAML and JSON
            raise AssertionError(path)
        try:
            return load_data(self._read(layer.tree[path].digest), kind)
        except Invalid as err:
            raise Invalid(
                err.what,
                where=f"{layer.name}: {spot_in(path, err)}",
                hint="layers are combined key by key, so each has to be readable: tell the author of this one",
            ) from None


def _steps(key: str) -> KeyPath:
    return parse_key(key) if key else ()


def _files_as_folders(tree: Tree, layers: Iterable[Layer]) -> tuple[Clash, ...]:
    """Find files of one layer where another has a folder: no machine can hold both."""
    found = []
    for path in tree:
        for parent in path.parents:
            if parent in tree:
                names = {x.name for x in layers if path in x.tree or parent in x.tree}
                found.append(Clash(parent, "", tuple(sorted(names))))
    return tuple(sorted(set(found)))
