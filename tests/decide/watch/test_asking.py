"""The words behind ``/dist``."""

from __future__ import annotations

import pytest

from hermes_dist.decide.watch.asking import Wish, wish_of
from hermes_dist.errors import DistError, UsageError
from hermes_dist.model.paths import ProfileName


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("", Wish(verb="help")),
        ("help", Wish(verb="help")),
        ("status", Wish(verb="status")),
        ("  STATUS ", Wish(verb="status")),
        ("diff -p Coder", Wish(verb="diff", profile=ProfileName("coder"))),
        ("update", Wish(verb="update")),
        ("update 1234-5678", Wish(verb="update", code="1234-5678")),
        ("update 12345678", Wish(verb="update", code="12345678")),
        ("update 1234\u20135678", Wish(verb="update", code="1234-5678")),
        ("approve nightly job", Wish(verb="approve", words=("nightly job",))),
        (
            "approve nightly 1234-5678",
            Wish(verb="approve", words=("nightly",), code="1234-5678"),
        ),
        (
            "resolve config.yaml: model.default THEIRS 1234-5678",
            Wish(
                verb="resolve",
                words=("config.yaml: model.default", "theirs"),
                code="1234-5678",
            ),
        ),
        (
            "resolve SOUL.md ours -p bot",
            Wish(verb="resolve", profile=ProfileName("bot"), words=("SOUL.md", "ours")),
        ),
    ],
)
def test_what_is_meant(text: str, wish: Wish) -> None:
    assert wish_of(text) == wish


@pytest.mark.parametrize(
    "text",
    [
        "uninstall",
        "rollback bot",
        "status bot",
        "update bot",
        "update --to main",
        "update 1234",
        "approve",
        "approve 1234-5678",
        "resolve SOUL.md",
        "resolve ours",
        "resolve SOUL.md both",
        "resolve",
        "status -p",
        "x" * 1001,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        wish_of(text)
    assert refused.value.hint


def test_a_profile_that_can_not_be_is_refused() -> None:
    with pytest.raises(DistError):
        wish_of("status -p ../x")
