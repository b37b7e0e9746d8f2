"""The sides of a merge that can settle a conflict."""

from __future__ import annotations

from hermes_dist.light import StrEnum


class Side(StrEnum):
    """How a conflict is settled: ours (this machine), theirs (upstream), or both joined."""

    OURS = "ours"
    THEIRS = "theirs"
    BOTH = "both"
