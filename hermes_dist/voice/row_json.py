"""JSON of profiles in a list, and of the overview; apart, because ``list`` loads no sentences of notes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from hermes_dist.agents.places import SHOWN_AS
from hermes_dist.light import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from hermes_dist.ops.profiles.list import ProfileRow
    from hermes_dist.ops.profiles.overview import Overview

_NEXT = 3
"""How many next commands are named."""


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


def overview_data(seen: Overview, following: list[str]) -> dict[str, Any]:
    """Where things stand, and the next commands as they are typed."""
    return {
        "active": seen.active.name if seen.active else "",
        "agent": seen.agent,
        "profiles": len(seen.rows),
        "packages": seen.managed,
        "open": [
            {
                "profile": row.name,
                "conflicts": row.conflicts,
                "parked": row.parked,
                "readable": _readable(row),
            }
            for row in seen.open
        ],
        "next": following,
    }


def next_words(seen: Overview, most: int = _NEXT) -> dict[str, str]:
    """The commands that lead on, the most urgent first, with what each does; there is always one."""
    return dict(islice(dict(_next(seen)).items(), most))


def _next(seen: Overview) -> Iterator[tuple[str, str]]:
    if seen.lost and not seen.given:
        yield "use NAME", "choose the active profile"
    for row in seen.open:
        yield _settling(row)
    for row in seen.rows:
        if row.source and not row.managed:
            yield f"adopt {row.name}", "take over what the agent installed"
    if seen.managed:
        yield "outdated", "see what is new upstream"
        return
    yield "install SOURCE", "install an agent, such as github.com/you/research-bot"
    yield "search", "see the packages of the registries"
    yield "create NAME", "make a blank profile"


def _readable(row: ProfileRow) -> bool:
    """Whether its lockfile can be read; a profile that is only kept in sync has none."""
    return bool(row.source) or not row.managed


def _settling(row: ProfileRow) -> tuple[str, str]:
    if not _readable(row):
        return "doctor", "see what is wrong with a lockfile"
    if row.conflicts:
        return f"resolve {row.name} --list", "settle what both sides changed"
    return f"approve {row.name} --list", "see what waits for your approval"
