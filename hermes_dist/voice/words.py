"""Words for values that cards and lines share."""

from __future__ import annotations

from hermes_dist.model.plan import EffectKind

EFFECT_VERBS = {
    EffectKind.RUNS: "runs",
    EffectKind.SCHEDULES: "schedules",
    EffectKind.WANTS: "wants",
    EffectKind.LOOSENS: "loosens",
    EffectKind.HIDES: "hides",
}
"""What an effect does, as the first word of its line on a card; the kinds themselves are in order of weight."""


def size_of(count: int) -> str:
    """Format a number of bytes for people."""
    if count < 1000:
        return f"{count} B"
    value = count / 1000
    for unit in ("KB", "MB"):
        if value < 1000:
            return f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
