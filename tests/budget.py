"""How much work the tests may make: one table, chosen by HERMES_TEST_BUDGET.

======  ======================  ==============================================
name    run by                  aim
======  ======================  ==============================================
quick   make check, make test,  a minute for the first, five for the second,
        .ci/run                 well below 25 for the third, on 2 cores
whole   by hand, before a       half an hour, with both agents
        release
long    make long               as long as it takes
======  ======================  ==============================================

What is tried where; no kind of thing is ever left out:

=================================  ===================  ===================  ====================
what                               quick                whole                long
=================================  ===================  ===================  ====================
examples of a law                  a tenth, at least    a fifth, at least    all
                                   40                   40
changes at which a process is      14 from the first    every one            every one
killed, or which fail              to the last
a kill after which work goes on    every third change   every change         every change
power cuts after each change       12, 1 in recovery    60, 2 in recovery    60, 2 in recovery
long stories that go alike on      one, in turns        both                 both
both agents, or over all servers
seeded faults that must show       every third, and     every one            every one
                                   one of each module
whole sessions, each way           1, of 30 steps       3, of 60 steps       as many as are asked
random sessions of a replay        8                    24                   24
looks of the page                  each width, each     each width in each   each width in each
                                   theme                theme                theme
which examples                     the same each time   the same each time   new ones each time
=================================  ===================  ===================  ====================
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

SHARE = {"quick": 0.1, "whole": 0.2, "long": 1.0}
LEAST = 40
"""No law is tried with fewer examples than this, unless it asks for fewer itself."""
MOMENTS = 14
"""At so many of its changes a process is killed in a quick run."""
Row = TypeVar("Row")


def _name() -> str:
    return os.environ.get("HERMES_TEST_BUDGET") or "quick"


IS_QUICK = _name() == "quick"
IS_LONG = _name() == "long"
STRIDE = 3 if IS_QUICK else 1
"""From one change at which a process is killed to the next, in a story that goes on after each."""
STEPS = 30 if IS_QUICK else 60
"""How many steps a whole session has."""


def examples(number: int, *, least: int = LEAST) -> int:
    """How many examples a law is tried with, where it deserves ``number``.

    Args:
        number: As many as `make long` tries.
        least: Never fewer than these; for a law whose example is a whole story, a few.
    """
    return max(min(number, least), int(number * SHARE[_name()]))


def sessions(number: int) -> int:
    """How many whole sessions are played, where `make long` plays ``number``: a few, as each takes seconds."""
    return {"quick": 1, "whole": 3}.get(_name(), number)


def documents(number: int) -> int:
    """How many made-up documents are tried: 100,000 in `make long`, where one takes a few milliseconds.

    Args:
        number: As many as a law with a longer story would be tried with.
    """
    if _name() == "long":
        return 100_000
    return examples(number)


def moments(calls: int, *, most: int = MOMENTS) -> Sequence[int]:
    """At which of its changes something is killed or fails: at each, and in a quick run at some.

    Args:
        calls: How many changes it makes. The first and the last are always among them.
        most: How many a quick run takes.
    """
    if not IS_QUICK or calls <= most:
        return range(1, calls + 1)
    return [1 + number * (calls - 1) // (most - 1) for number in range(most)]


def cuts(rounds: int, nested: int) -> tuple[int, int]:
    """How often the power fails after each change, and in each recovery."""
    return (rounds // 5, 1) if IS_QUICK else (rounds, nested)


def some(rows: Sequence[Row], kind: Callable[[Row], object]) -> list[Row]:
    """Rows of a matrix: all, and in a quick run every third and the first of each kind."""
    if not IS_QUICK:
        return list(rows)
    first = {kind(row): number for number, row in reversed(list(enumerate(rows)))}
    return [row for number, row in enumerate(rows) if number % 3 == 0 or number in first.values()]
