"""Effects as JSON, each with the layers that are behind it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hermes_dist.decide.layers.origins import Origin
from hermes_dist.model.plan import Effect
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.review import groups_of, origin_in


def layers_behind(origin: Origin) -> list[str]:
    """The layers that ship something, and those that change what it loads."""
    return sorted({*origin.layers, *origin.changed})


def with_layers(
    proposal: Proposal, effects: Iterable[Effect], data: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Add the layers to effects of a proposal.

    Args:
        proposal: The proposal, of a package that stands on layers.
        effects: The effects.
        data: Each of them as JSON.
    """
    origin, each = origin_in(proposal), tuple(effects)
    behind = {
        effect: layers_behind(origin(group))
        for group in groups_of(each)
        for effect in group.effects
    }
    return [
        {**row, "layers": behind.get(effect, [])} for effect, row in zip(each, data, strict=True)
    ]
