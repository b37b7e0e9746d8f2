"""Words that cards and lines share."""

from __future__ import annotations

import pytest

from hermes_dist.model.plan import EffectKind
from hermes_dist.voice.words import EFFECT_VERBS, size_of


def test_every_kind_of_effect_has_its_word() -> None:
    assert set(EFFECT_VERBS) == set(EffectKind)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KB"),
        (1_500_000, "1.5 MB"),
        (2 * 10**12, "2000.0 GB"),
    ],
)
def test_a_size_in_words(count: int, said: str) -> None:
    assert size_of(count) == said
