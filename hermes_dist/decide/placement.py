"""Placement: a package tree spelled as a home spells it.

A home keeps some of what is shared elsewhere than a package does. Merging happens in the home's spelling, so
that conflicts have the names users see, and comments stay where they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Read, Tree

MCP = RelPath("mcp.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A package in the spelling of a home.

    Attributes:
        tree: The files as a home holds them.
        shipped: The package's entries that a home spells otherwise.
        blobs: New contents by digest.
        notes: What was not placed, and why.
    """

    tree: Tree
    shipped: Tree
    blobs: Mapping[Digest, bytes]
    notes: tuple[str, ...]


def place(package: Tree, _read: Read) -> Placed:
    """Spell a package as a home does.

    Args:
        package: The payload of a package.
    """
    elsewhere = package.where(lambda path: path == MCP or path.top == "cron")
    notes = []
    if MCP in elsewhere:
        notes.append("mcp.json: MCP servers are parked")
    if any(path.top == "cron" for path in elsewhere):
        notes.append("cron/: scheduled jobs are parked")
    return Placed(tree=package.where(lambda path: path not in elsewhere), shipped=elsewhere, blobs={}, notes=tuple(notes))
