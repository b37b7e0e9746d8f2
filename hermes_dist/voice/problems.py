"""What is wrong with a package, in words."""

from __future__ import annotations

from collections.abc import Sequence

from hermes_dist.decide.validate.problems import Problem
from hermes_dist.voice.notes import words_of

_SHOWN = 3


def place_of(problem: Problem) -> str:
    """Say where a problem is: the file, and the line if it has one."""
    if problem.line:
        return f"{problem.path}:{problem.line}"
    return problem.path


def invalid_words(problems: Sequence[Problem]) -> str:
    """Say that a package can't be published, with its first errors; text from outside is not cleaned yet."""
    first = "; ".join(f"{place_of(one)}: {words_of(one.what)}" for one in problems[:_SHOWN])
    said = f"the package is not valid: {first}"
    more = len(problems) - _SHOWN
    if more > 0:
        said += f" and {more} more"
    return said
