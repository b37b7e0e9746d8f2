"""What keeps a plugin folder of ours from working, as kinds."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from hermes_dist.decide.plugins.enabled import Enabled
from hermes_dist.decide.plugins.marker import Standing, Whose


class Trouble(StrEnum):
    """What keeps a plugin folder of ours from working, or from working as this version does."""

    ABSENT = "absent"
    FOREIGN = "foreign"
    CHANGED = "changed"
    INCOMPLETE = "incomplete"
    BEHIND = "behind"
    NOT_ENABLED = "not-enabled"
    OFF = "off"
    PROGRAM_GONE = "program-gone"
    NO_AGENT = "no-agent"


def troubles_of(
    standing: Standing, enabled: Enabled, *, current: bool, program: bool, agent: bool
) -> tuple[Trouble, ...]:
    """List what is wrong with a plugin folder, the first thing to do first.

    Args:
        standing: The folder.
        enabled: Whether the agent loads it.
        current: Whether it is exactly what this version puts there.
        program: Whether the program that it starts is there.
        agent: Whether an agent is installed.
    """
    found = list(_in_folder(standing, current=current, program=program))
    if standing.whose in {Whose.OURS, Whose.CHANGED}:
        wrong = {Enabled.NO: Trouble.NOT_ENABLED, Enabled.OFF: Trouble.OFF}
        found += [wrong[enabled]] if enabled in wrong else []
    return (*found, *([] if agent else [Trouble.NO_AGENT]))


def _in_folder(standing: Standing, *, current: bool, program: bool) -> Iterator[Trouble]:
    if standing.whose is Whose.ABSENT:
        yield Trouble.ABSENT
        return
    if standing.whose is Whose.FOREIGN:
        yield Trouble.FOREIGN
        return
    if standing.whose is Whose.CHANGED:
        yield Trouble.CHANGED
    if standing.missing:
        yield Trouble.INCOMPLETE
    if not program:
        yield Trouble.PROGRAM_GONE
    elif standing.whose is Whose.OURS and not standing.missing and not current:
        yield Trouble.BEHIND
