"""What git was asked to do."""

from __future__ import annotations

import pytest
from programs import note_starts


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The verbs of all git processes that are started."""
    return note_starts(monkeypatch)
