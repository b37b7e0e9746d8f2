"""What became of a profile since it was shown: the changes since, or where it went."""

from __future__ import annotations

from typing import Any

from hermes_dist.errors import DistError
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import is_in_state
from hermes_dist.ops.package.history import Past, history
from hermes_dist.voice.package_json import generation_data


def changed_since(ctx: Context, profile: str, state: str) -> list[dict[str, Any]]:
    """List the changes of a profile since a state, as rows of its history; none if they are not known."""
    try:
        rows = history(ctx, ProfileName.typed(profile))
    except DistError:
        return []
    return [generation_data(row) for row in _after(rows, state) if row.generation]


def _after(rows: list[Past], state: str) -> list[Past]:
    """The rows behind the last one that left the profile in a state; the last one if none did."""
    for at in range(len(rows) - 1, -1, -1):
        made = rows[at].generation
        if made is not None and is_in_state(made.lock_after, state):
            return rows[at + 1 :]
    return rows[-1:]
