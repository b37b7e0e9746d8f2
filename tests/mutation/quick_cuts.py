"""The simulated power cuts with few rounds, so that a mutant of the transaction meets all of them in seconds."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "world"))

from crashes import Harness, operations

OPERATIONS = {operation.name: operation for operation in operations()}


@pytest.mark.parametrize("name", OPERATIONS)
def test_some_power_cuts_end_as_old_or_new(name: str) -> None:
    assert Harness(OPERATIONS[name]).run(4, 1).bad == []
