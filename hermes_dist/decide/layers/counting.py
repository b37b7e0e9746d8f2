"""Which layer counts at a place in a home, of those that ship or name it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from hermes_dist.agents.places import CONFIG, MCP
from hermes_dist.decide.layers.documents import Documents
from hermes_dist.decide.layers.stack import Layer, Order, covers
from hermes_dist.decide.placement.servers import SERVERS
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import ABSENT, get
from hermes_dist.model.keypath import KeyPath
from hermes_dist.model.paths import RelPath

_SHIPPED_SERVERS: Final = "mcpServers"


def counting(
    order: Order, saying: Iterable[str], path: RelPath, key: KeyPath, documents: Documents
) -> str:
    """Choose the layer whose word counts at a file of a home, or at a key in it.

    Args:
        order: All layers of the stack with their files, and their order.
        saying: The names of those that say something there.
        path: The file, in the spelling of a home.
        key: The key; empty for the whole file.
        documents: Reads their files.

    Returns:
        Its name; empty if none counts, because a layer above takes out what they say.
    """
    names = frozenset(saying)
    if path == CONFIG and key[:1] == (SERVERS,) and len(key) > 1:
        return _counting_server(order, names, key, documents)
    return _highest(order, names, path, key)


def _counting_server(
    order: Order, names: frozenset[str], key: KeyPath, documents: Documents
) -> str:
    """Choose for a server: one that ``config.yaml`` defines, in whichever layer, counts before any ``mcp.json``."""
    config, (shipped, inside) = RelPath(CONFIG), _as_shipped(key)
    defining = frozenset(
        low.name for low in order.downwards if get(_settings(low, documents), key[:2]) is not ABSENT
    )
    if _highest(order, defining, config, key[:2]):
        return _highest(order, names & defining, config, key)
    others = (low.name for low in order.downwards if MCP in low.tree)
    return _highest(order, names.intersection(others), shipped, inside)


def _highest(order: Order, names: frozenset[str], path: RelPath, key: KeyPath) -> str:
    """The highest of some layers at a place as they spell it, without those from which it is taken out."""
    cutting = [
        high for high in order.downwards if any(covers(place, path, key) for place in high.without)
    ]
    said = [
        low
        for low in order.downwards
        if low.name in names and not any(order.stands_on(high, low) for high in cutting)
    ]
    return next((layer.name for layer in order.unbeaten(said, path, key)), "")


def names_place(layer: Layer, path: RelPath, key: KeyPath) -> bool:
    """Whether a layer names a place of a home on purpose, in ``overrides`` or ``without``."""
    named = (*layer.overrides, *layer.without)
    return any(covers(place, *at) for place in named for at in _spellings(path, key))


def _spellings(path: RelPath, key: KeyPath) -> Iterator[tuple[RelPath, KeyPath]]:
    """A place as a home spells it, and as a package with an ``mcp.json`` does."""
    yield path, key
    if path == CONFIG and key[:1] == (SERVERS,):
        yield _as_shipped(key)


def _as_shipped(key: KeyPath) -> tuple[RelPath, KeyPath]:
    """A key of the servers in settings, as an ``mcp.json`` spells it."""
    return RelPath(MCP), (_SHIPPED_SERVERS, *key[1:])


def _settings(layer: Layer, documents: Documents) -> object:
    """The settings of a layer as its author wrote them; none if they can't be read."""
    try:
        return documents.at(RelPath(CONFIG), layer.tree)
    except Invalid:
        return {}
