"""What git was asked to do."""

from __future__ import annotations

import pytest

from hermes_dist.world import child

_VERBS = ("fetch", "ls-remote", "rev-list", "cat-file", "ls-tree", "diff-tree")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The verbs of all git processes that are started."""
    words: list[str] = []
    start = child._start

    def noting(command: child.Command, *more: object, **named: object) -> object:
        words.append(next(w for w in command.argv if w in _VERBS))
        return start(command, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(child, "_start", noting)
    return words
