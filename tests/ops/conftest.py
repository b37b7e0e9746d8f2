"""What all tests of the verbs share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _cheap_passphrases(cheap_passphrases: None) -> None:
    """Backups of these tests are opened at once."""
