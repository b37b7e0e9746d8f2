"""The programs that are started, as they are started."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from hermes_dist.world import child

VERBS = ("fetch", "ls-remote", "rev-list", "cat-file", "ls-tree", "diff-tree")
"""What git is asked to do."""


def verb_of(argv: Sequence[str]) -> str:
    """What git is asked to do; ``other`` for what is none of that."""
    return next((word for word in argv if word in VERBS), "other")


def note_starts(
    patch: pytest.MonkeyPatch, say: Callable[[Sequence[str]], str] = verb_of
) -> list[str]:
    """List each program that is started from now on.

    Args:
        patch: Ends it with the test.
        say: What is listed of a program, by its words.
    """
    found, start = list[str](), child._start

    def noting(command: child.Command, *more: Any, **named: Any) -> object:
        found.append(say(command.argv))
        return start(command, *more, **named)

    patch.setattr(child, "_start", noting)
    return found
