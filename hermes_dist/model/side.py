"""The sides of a merge that can settle a conflict."""

from __future__ import annotations

from hermes_dist.light import StrEnum


class Side(StrEnum):
    """How a conflict is settled: ours (this machine), theirs (upstream), or both joined."""

    OURS = "ours"
    THEIRS = "theirs"
    BOTH = "both"


class Apart(StrEnum):
    """Why both sides of a conflict can't be taken at once."""

    VALUE = "value"  # it is a single one
    UNREADABLE = "unreadable"  # the document here is
    UPSTREAM_UNREADABLE = "upstream-unreadable"
    NO_TEXT = "no-text"
    WHOLE = "whole"  # documents that have nothing in common
    FOLDER = "folder"  # against a file
