"""Inputs whose answers go into the schedule of a cron job: an answer has to make a schedule that the agent knows."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec import Struct

from hermes_dist.decide.inputs.fill import PLACEHOLDER, Values, names_within, with_answers
from hermes_dist.decide.placement.jobs import schedules_in
from hermes_dist.decide.placement.schedules import parse_schedule
from hermes_dist.errors import Invalid
from hermes_dist.model.tree import Read, Tree

EXAMPLES = ("1", "every 1h", "0 9 * * *", "mon", "2h", "09:00", "2030-01-31")
"""Answers that somebody could give to an input in a schedule."""


class Timed(Struct, frozen=True):
    """A schedule with placeholders.

    Attributes:
        schedule: The schedule, as its author wrote it.
        names: The inputs in it.
    """

    schedule: object
    names: frozenset[str]

    @property
    def whole(self) -> bool:
        """Whether the schedule is one placeholder and nothing else."""
        text = self.schedule
        return isinstance(text, str) and PLACEHOLDER.fullmatch(text.strip()) is not None


def timed_in(tree: Tree, names: Collection[str], read: Read) -> Iterator[Timed]:
    """Find the schedules that answers are put into.

    Args:
        tree: A package, as its author ships it.
        names: Its inputs, without secrets.
        read: Gives contents by digest.
    """
    for written in schedules_in(tree, read):
        # An archive has them as a home would: what counts of such a map is its text.
        schedule = written.get("expr", written) if isinstance(written, dict) else written
        found = frozenset(names_within(schedule)) & frozenset(names)
        if found:
            yield Timed(schedule, found)


def misfit(timed: Collection[Timed], name: str, values: Values) -> Invalid | None:
    """Return why no schedule comes of an answer, whatever the others are that nobody gave yet; None if one does.

    Args:
        timed: The schedules that answers are put into.
        name: The input that is answered.
        values: Its answer, and the others that are known.
    """
    faults = (_fault(one, values) for one in timed if name in one.names)
    return next(filter(None, faults), None)


def _fault(one: Timed, values: Values) -> Invalid | None:
    error = None
    for example in EXAMPLES if one.names - values.keys() else EXAMPLES[:1]:
        try:
            parse_schedule(
                with_answers(one.schedule, {**dict.fromkeys(one.names, example), **values})
            )
        except Invalid as err:
            error = error or err
        else:
            return None
    return error
