"""Reasons in words, with their detail where they have one."""

from __future__ import annotations

import pytest

from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.voice.left_out import WORDS, why_words


@pytest.mark.parametrize(
    ("why", "detail", "said"),
    [
        (Why.EACH_MACHINE, "", "belongs to each machine"),
        (Why.CASE_TWIN, "hooks", "only by case another name than hooks"),
        (Why.UNREADABLE, "Permission denied", "can't be read: Permission denied"),
        (Why.UNREADABLE_JOBS, "3:1: odd", "it can't be read (3:1: odd)"),
        (Why.UNSAFE_NAME, "a control character", "a control character"),
    ],
)
def test_a_reason_in_words(why: Why, detail: str, said: str) -> None:
    assert why_words(LeftOut("x", why, detail=detail)) == said


def test_every_reason_has_its_words() -> None:
    assert set(WORDS) == set(Why)
