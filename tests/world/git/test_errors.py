"""What git says, read without git."""

from __future__ import annotations

import pytest

from hermes_dist.world.child import Finished
from hermes_dist.world.git.errors import followed_to

ASKED = "https://ada:s3cret@host.example/bot.git"


@pytest.mark.parametrize(
    ("said", "there"),
    [
        ("", ""),
        ("warning: redirecting elsewhere", ""),
        ("warning: redirecting to https://new.example/bot/", "https://new.example/bot"),
        ("x\nwarning: redirecting to https://b.example/c\ny", "https://b.example/c"),
        ("x warning: redirecting to https://b.example/c", ""),
        ("warning: redirecting to https://host.example/bot.git/", ""),
        ("warning: redirecting to https://host.example/bot/", ""),
        (
            "warning: redirecting to https://host.example/bot.github",
            "https://host.example/bot.github",
        ),
        (
            "warning: redirecting to https://one.example/bot\nwarning: redirecting to https://me:x@two.example/bot",
            "https://two.example/bot",
        ),
    ],
)
def test_a_redirect_that_git_followed_is_told_if_it_leads_elsewhere(said: str, there: str) -> None:
    assert followed_to(Finished(0, b"", said), ASKED) == there
