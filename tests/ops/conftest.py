"""What all tests of the verbs share."""

from __future__ import annotations

import pytest

from hermes_dist.world.keys.age import AgeWriter

CHEAP = 8
"""The work factor of passphrases here: a thousandth of what it is for users, which tests/world/keys measures."""


@pytest.fixture(autouse=True)
def _cheap_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AgeWriter.__init__, "__defaults__", (CHEAP,))
