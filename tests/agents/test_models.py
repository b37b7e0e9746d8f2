"""Which provider the name of a model chooses."""

from __future__ import annotations

import pytest

from hermes_dist.agents.models import provider_in


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("nous:hermes-4", "nous"),
        ("Nous : hermes-4", "nous"),
        ("custom:mine:some-model", "custom:mine"),
        ("custom:some-model", "custom"),
        ("some/model:free", ""),
        ("qwen3:8b", ""),
        ("nous", ""),
        ("nous:", ""),
        ("", ""),
        (None, ""),
        (7, ""),
    ],
)
def test_only_a_known_provider_is_chosen(model: object, provider: str) -> None:
    assert provider_in(model) == provider
