"""How a file that others can read is made private."""

from __future__ import annotations

import shlex
from pathlib import Path

from hermes_dist.world.disk.modes import kept_at


def can_be_private(path: Path) -> bool:
    """Whether the disk of a file or folder keeps others out of what is to be private."""
    return kept_at(path).private


def way_to_private(path: Path) -> str:
    """What keeps others from a file: a command, or another disk where this one keeps no permissions."""
    if can_be_private(path):
        return f"chmod 600 {shlex.quote(str(path))}"
    return "move it to another disk; this one keeps no permissions"
