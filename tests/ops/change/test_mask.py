"""What is shown of a home holds no secret: by its looks, by its name, or because .env holds it."""

from __future__ import annotations

from pathlib import Path

import pytest
from story import BOT, GO, Story, yes

from hermes_dist.model.plan import Conflict
from hermes_dist.ops.change import review
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.diff import diff
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.update import update

TOKEN = "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"
WORD = "correct-horse-battery-staple-77"


@pytest.fixture
def story(tmp_path: Path) -> Story:
    story = Story(
        tmp_path,
        {
            "distribution.yaml": "name: bot\n",
            "config.yaml": "model: a\napi_key: none\nnote: x\n",
            "SOUL.md": "Soul.\n",
        },
    )
    installing.install(story.ctx, story.url, GO, yes, name="bot")
    story.write(".env", f"MY_PASSWORD={WORD}\n")
    story.write("config.yaml", f"model: mine\napi_key: {TOKEN}\nnote: {WORD}\n")
    story.write("SOUL.md", f"Soul.\nThe key is {TOKEN}, the word {WORD}.\n")
    return story


def test_differences_and_states_show_names_in_place_of_secrets(story: Story) -> None:
    shown = repr([(d.keys, d.lines) for d in diff(story.ctx, BOT).files]) + repr(
        status(story.ctx, BOT).keys
    )
    assert TOKEN not in shown
    assert WORD not in shown
    assert "${MY_PASSWORD}" in shown
    assert "mine" in shown
    soul = next(d for d in diff(story.ctx, BOT).files if d.change.path == "SOUL.md")
    assert len(soul.lines) == 5


def test_your_own_value_beside_upstreams_is_hidden_on_the_card(story: Story) -> None:
    story.ship({"config.yaml": "model: b\napi_key: other\nnote: y\n"})
    outcome = update(story.ctx, BOT, Request(dry_run=True), yes)
    assert outcome.proposal is not None
    rows = {row.key: row for row in review.changed_keys(story.ctx, outcome.proposal)}
    assert (rows["model"].before, rows["model"].after, rows["model"].yours) == ("a", "b", "mine")
    assert rows["note"].yours == "${MY_PASSWORD}"
    assert TOKEN not in repr(rows)
    assert (
        Conflict(next(iter(outcome.proposal.plan.conflicts)).path, "model")
        in outcome.proposal.plan.conflicts
    )
