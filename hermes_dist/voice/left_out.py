"""Why something is left out, in words."""

from __future__ import annotations

from hermes_dist.model.left_out import LeftOut, Why

_DETAILED = {
    Why.CASE_TWIN: "{why} {detail}",
    Why.UNREADABLE_JOBS: "{why} ({detail})",
    Why.UNSAFE_NAME: "{detail}",
}


def why_words(left: LeftOut) -> str:
    """Say why something is left out."""
    return reason_words(left.why, left.detail)


def reason_words(why: Why, detail: str = "") -> str:
    """Say a reason with its detail."""
    if not detail:
        return str(why)
    return _DETAILED.get(why, "{why}: {detail}").format(why=why, detail=detail)
