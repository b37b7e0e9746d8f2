"""Where things stand on this machine: the active profile, what is open, and the agent."""

from __future__ import annotations

from collections.abc import Sequence

from hermes_dist.errors import DistError
from hermes_dist.light import NamedTuple
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles.list import ProfileRow, list_profiles


class Overview(NamedTuple):
    """What there is.

    Attributes:
        rows: The profiles; none of them is active if the active one is not there.
        lost: A sentence about the active profile that is not there; empty otherwise.
        agent: The program of the installed agent; empty for none.
    """

    rows: Sequence[ProfileRow]
    lost: str
    agent: str

    @property
    def open(self) -> list[ProfileRow]:
        """The profiles in which the user has to settle something."""
        return [row for row in self.rows if is_open(row)]

    @property
    def managed(self) -> int:
        return sum(row.managed for row in self.rows)

    @property
    def active(self) -> ProfileRow | None:
        return next((row for row in self.rows if row.active), None)


def is_open(row: ProfileRow) -> bool:
    """Whether something is to be settled in a profile, or its lockfile can't be read."""
    return bool((row.managed and not row.source) or row.conflicts or row.parked)


def look_over(ctx: Context) -> Overview:
    """Look at all profiles, and for the agent."""
    rows: Sequence[ProfileRow] = []
    lost = ""
    if ctx.layout.root.is_dir():
        rows, lost = list_profiles(ctx), _lost(ctx)
    if lost:
        rows = [row._replace(active=False) for row in rows]
    return Overview(rows, lost, str(ctx.agent.launcher) if ctx.agent else "")


def _lost(ctx: Context) -> str:
    """Say that the active profile is not there; empty if it is."""
    try:
        ctx.active()
    except DistError as error:
        return f"{error.what[:1].upper()}{error.what[1:]}."
    return ""
