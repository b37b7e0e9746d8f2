"""Where things stand on this machine: the active profile, what is open, and the agent."""

from __future__ import annotations

from collections.abc import Sequence

from hermes_dist.light import NamedTuple
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles.list import ProfileRow, list_profiles, no_active


class Overview(NamedTuple):
    """What there is.

    Attributes:
        rows: The profiles; none of them is active if the active one is not there.
        lost: A sentence about the active profile that is not there; empty otherwise.
        agent: The program of the installed agent; empty for none.
        given: The command line or the environment names the active profile, so another choice changes nothing.
    """

    rows: Sequence[ProfileRow]
    lost: str
    agent: str
    given: bool = False

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
    agent = str(ctx.agent.launcher) if ctx.agent else ""
    return Overview(rows, lost, agent, given=ctx.chosen is not None)


def _lost(ctx: Context) -> str:
    """Say that the active profile is not there; empty if it is."""
    error = no_active(ctx)
    if error is None:
        return ""
    way_out = f" ({error.advice(ctx.command)})" if ctx.chosen else ""
    return f"{error.what[:1].upper()}{error.what[1:]}{way_out}."
