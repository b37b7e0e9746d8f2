"""Which layer counts at a place in a home, of those that ship or name it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from hermes_dist.agents.places import CONFIG, MCP
from hermes_dist.decide.layers.stack import Layer, Order, covers
from hermes_dist.decide.placement.servers import SERVERS
from hermes_dist.model.keypath import KeyPath
from hermes_dist.model.paths import RelPath

_SHIPPED_SERVERS: Final = "mcpServers"


def counting(order: Order, saying: Iterable[str], path: RelPath, key: KeyPath) -> str:
    """Choose the layer whose word counts at a file of a home, or at a key in it.

    Args:
        order: All layers of the stack, and their order.
        saying: The names of those that say something there.
        path: The file, in the spelling of a home.
        key: The key; empty for the whole file.

    Returns:
        Its name; empty if none counts, because a layer above takes out what they say.
    """
    names = frozenset(saying)
    said = [
        low for low in order.downwards if low.name in names and not _is_out(order, low, path, key)
    ]
    alive = (low for low in said if not any(_is_above(order, one, low, path, key) for one in said))
    return next((layer.name for layer in alive), "")


def names_place(layer: Layer, path: RelPath, key: KeyPath) -> bool:
    """Whether a layer names a place of a home on purpose, in ``overrides`` or ``without``."""
    named = (*layer.overrides, *layer.without)
    return any(covers(place, *at) for place in named for at in _spellings(path, key))


def _is_out(order: Order, low: Layer, path: RelPath, key: KeyPath) -> bool:
    """Whether a layer above takes the place out of this one."""
    return any(
        covers(place, *at)
        for high in order.downwards
        if order.stands_on(high, low)
        for place in high.without
        for at in _spellings(path, key)
    )


def _is_above(order: Order, high: Layer, low: Layer, path: RelPath, key: KeyPath) -> bool:
    return any(order.is_above(high, low, *at) for at in _spellings(path, key))


def _spellings(path: RelPath, key: KeyPath) -> Iterator[tuple[RelPath, KeyPath]]:
    """A place as a home spells it, and as a package with an ``mcp.json`` does."""
    yield path, key
    if path == CONFIG and key[:1] == (SERVERS,):
        yield RelPath(MCP), (_SHIPPED_SERVERS, *key[1:])
