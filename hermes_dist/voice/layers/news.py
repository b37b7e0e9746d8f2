"""Words about a layer that has a newer version and stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hermes_dist.ops.layers.news import LayerNews


def layer_words(layers: Sequence[LayerNews]) -> Iterator[str]:
    """Say which layers have something newer, and which of them stay as they are."""
    newer = [one.name for one in layers if not one.kept_back]
    if newer:
        yield f"below it: {', '.join(newer)}"
    yield from (kept_back_words(one) for one in layers if one.kept_back)


def kept_back_words(news: LayerNews) -> str:
    """Say what keeps a layer back, in a few words."""
    keepers = " and ".join(f"{one.by} ({one.range})" for one in news.keepers)
    return f"{news.name} is kept back by {keepers or 'the other layers'}"
