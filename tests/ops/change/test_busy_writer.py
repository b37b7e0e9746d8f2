"""An agent writes its files while a user looks at the preview: the change is planned again, and still what it said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from story import BOT, FIRST, GO, Story

from hermes_dist.errors import Cancelled
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package.update import update
from hermes_dist.world.transaction.apply import Changed

NEWER = {
    "distribution.yaml": "name: bot\nversion: 1.1.0\n",
    "config.yaml": str(FIRST["config.yaml"]).replace("small", "large"),
}


@pytest.fixture
def story(home: Path) -> Story:
    story = Story(home)
    story.install()
    story.ship(NEWER)
    return story


def test_what_the_agent_wrote_during_the_question_stays_and_nothing_is_asked_twice(
    story: Story,
) -> None:
    asked: list[Proposal] = []

    def confirm(proposal: Proposal) -> bool:
        asked.append(proposal)
        story.write("config.yaml", story.read("config.yaml") + "tick: 1\n")
        return True

    assert update(story.ctx, BOT, GO, confirm).done
    assert len(asked) == 1
    text = story.read("config.yaml")
    assert "default: large" in text
    assert "tick: 1" in text
    assert not story.update().done


@pytest.mark.parametrize("answer", [True, False])
def test_a_preview_that_is_no_longer_true_is_asked_again(answer: bool, story: Story) -> None:
    asked: list[Proposal] = []

    def confirm(proposal: Proposal) -> bool:
        asked.append(proposal)
        if len(asked) == 1:
            story.edit("config.yaml", "small", "mine")
            return True
        return answer

    if answer:
        assert update(story.ctx, BOT, GO, confirm).open_conflicts == 1
    else:
        with pytest.raises(Cancelled):
            update(story.ctx, BOT, GO, confirm)
    assert [len(proposal.plan.conflicts) for proposal in asked] == [0, 1]
    assert "default: mine" in story.read("config.yaml")
    assert story.lock.pin.version == ("1.1.0" if answer else "1.0.0")


def test_a_new_conflict_stops_where_none_may_stay_open(story: Story) -> None:
    def confirm(_: Proposal) -> bool:
        story.edit("config.yaml", "small", "mine")
        return True

    with pytest.raises(Exception, match="1 conflict would stay open"):
        update(story.ctx, BOT, Request(on_conflict="abort"), confirm)
    assert story.lock.pin.version == "1.0.0"


def test_a_file_that_never_rests_is_left_alone_and_named(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hermes_dist.ops.change import confirm as confirming

    real, turns = confirming.carry_out, []

    def overtaken(*args: object, **more: object) -> object:
        turns.append(1)
        story.write("config.yaml", f"{FIRST['config.yaml']}tick: {len(turns)}\n")
        return real(*args, **more)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(confirming, "carry_out", overtaken)
    with pytest.raises(Changed) as told:
        story.update()
    assert len(turns) == 8
    assert told.value.where == "config.yaml"
    assert told.value.hint == (
        "another program keeps writing it: stop it (hermes-dist gateways stop bot), then run it again"
    )
    assert "tick: 8" in story.read("config.yaml")
    assert story.lock.pin.version == "1.0.0"


WRITER = """
import os, re, sys, time
path, n = sys.argv[1], 0
while True:
    text = open(path).read()
    assert n == 0 or f"tick: {n}\\n" in text, (n, text)
    n += 1
    with open(path + ".new", "w") as file:
        file.write(re.sub(r"tick: \\d+", f"tick: {n}", text))
    os.replace(path + ".new", path)
    time.sleep(0.01)
"""


def test_a_home_whose_settings_are_rewritten_all_the_time_is_read_whole(story: Story) -> None:
    """Every proposal is made from one text, however often that is replaced meanwhile."""
    story.write("config.yaml", story.read("config.yaml") + "tick: 0\n")
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(story.home / "config.yaml")], stderr=subprocess.PIPE
    )
    try:
        for _ in range(20):
            seen = update(story.ctx, BOT, Request(dry_run=True), lambda _: True).proposal
            assert seen is not None
            (step,) = [step for step in seen.steps if step.path == "config.yaml"]
            assert step.after is not None
            text = seen.plan.blobs[step.after.digest].decode()
            assert "default: large" in text
            assert "tick: " in text
        assert writer.poll() is None, writer.stderr and writer.stderr.read()
    finally:
        writer.kill()
        writer.communicate()
