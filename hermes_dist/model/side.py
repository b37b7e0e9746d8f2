"""The sides of a merge that a conflict can be settled by."""

from __future__ import annotations

from enum import StrEnum


class Side(StrEnum):
    """What a conflict is settled as: ours (this machine), theirs (upstream), or both joined."""

    OURS = "ours"
    THEIRS = "theirs"
    BOTH = "both"
