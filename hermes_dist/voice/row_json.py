"""JSON of a profile in a list; a module of its own, because ``list`` starts without the sentences of notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hermes_dist.agents.places import SHOWN_AS

if TYPE_CHECKING:
    from hermes_dist.ops.profiles.list import ProfileRow


def row_data(row: ProfileRow) -> dict[str, Any]:
    """A profile in a list."""
    return {
        "name": row.name,
        "path": row.path,
        "active": row.active,
        "model": row.model,
        "provider": row.provider,
        "gateway": str(row.gateway),
        "aliases": list(row.aliases),
        "package": row.package,
        "source": row.source,
        "managed": row.managed,
        "conflicts": row.conflicts,
        "parked": row.parked,
        "description": row.description,
        SHOWN_AS: row.shown_as,
    }
