"""An agent writes its files while a user looks at the preview: the change is planned again, and still what it said."""

from __future__ import annotations

import json
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


def test_a_thing_that_the_agent_changes_all_the_time_is_left_alone_and_named(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hermes_dist.ops.change import confirm as confirming

    real, turns = confirming.carry_out, []

    def overtaken(*args: object, **more: object) -> object:
        turns.append(1)
        story.write("config.yaml", written.replace("deep: a", f"deep: a, t: {len(turns)}"))
        return real(*args, **more)  # type: ignore[arg-type]  # as it was called

    one = "a:\n  b: {deep: a}\n"
    story.ship({"config.yaml": str(NEWER["config.yaml"]) + one})
    story.update()
    story.ship({"config.yaml": str(NEWER["config.yaml"]) + one.replace("deep: a", "deep: b")})
    written = story.read("config.yaml")
    monkeypatch.setattr(confirming, "carry_out", overtaken)
    with pytest.raises(Changed) as told:
        story.update()
    assert len(turns) == 8
    assert told.value.where == "config.yaml"
    assert told.value.hint == (
        "another program keeps writing it: stop it (hermes-dist gateways stop bot), then run it again"
    )
    assert "t: 8" in story.read("config.yaml")
    assert story.lock.pin.commit == story.commits[-2]


WRITER = """
import os, re, sys, time
path, n = sys.argv[1], 0
while not os.path.exists(sys.argv[2]):
    text = open(path).read()
    assert n == 0 or f"tick: {n}\\n" in text, (n, text)
    n += 1
    with open(path + ".new", "w") as file:
        file.write(re.sub(r"tick: \\d+", f"tick: {n}", text))
    os.replace(path + ".new", path)
    time.sleep(0.01)
"""

JOBS_WRITER = """
import fcntl, json, os, sys, time
path, n = sys.argv[1], 0
lock = open(os.path.join(os.path.dirname(path), ".jobs.lock"), "a")
while not os.path.exists(sys.argv[2]):
    fcntl.flock(lock, fcntl.LOCK_EX)
    with open(path) as file:
        data = json.load(file)
    (job,) = data["jobs"]
    assert n == 0 or job["last_run_at"] == f"2026-11-30T00:00:{n}", (n, job)
    n += 1
    job["last_run_at"] = f"2026-11-30T00:00:{n}"
    with open(path + ".new", "w") as file:
        json.dump(data, file, indent=2)
    os.replace(path + ".new", path)
    fcntl.flock(lock, fcntl.LOCK_UN)
    time.sleep(0.01)
"""


def test_updates_arrive_while_the_agent_writes_every_ten_milliseconds(
    story: Story, tmp_path: Path
) -> None:
    """Both writers count, and stop if what they wrote is not there any more when they read it."""

    def version(number: int) -> dict[str, str]:
        schedule = {"kind": "interval", "minutes": 60, "display": "every 60m"}
        job = {"id": "0123456789ab", "prompt": f"p{number}", "schedule": schedule}
        config = str(FIRST["config.yaml"]).replace("small", f"size{number}")
        return {"config.yaml": config, "cron/jobs.json": json.dumps({"jobs": [job]})}

    story.ship(version(0))
    story.update()
    story.write("config.yaml", story.read("config.yaml") + "tick: 0\n")
    stop = tmp_path / "stop"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(story.home / path), str(stop)], stderr=subprocess.PIPE
        )
        for code, path in ((WRITER, "config.yaml"), (JOBS_WRITER, "cron/jobs.json"))
    ]
    try:
        for number in range(1, 4):
            story.ship(version(number))
            done = story.update()
            assert done.done
            assert not done.skipped
            assert not done.open_conflicts
            assert f"default: size{number}\n" in story.read("config.yaml")
            assert f'"p{number}"' in story.read("cron/jobs.json")
    finally:
        stop.touch()
        ends = [writer.communicate()[1].decode() for writer in writers]
    assert ends == ["", ""]
    assert not story.update().done


def test_a_home_whose_settings_are_rewritten_all_the_time_is_read_whole(story: Story) -> None:
    """Every proposal is made from one text, however often that is replaced meanwhile."""
    story.write("config.yaml", story.read("config.yaml") + "tick: 0\n")
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(story.home / "config.yaml"), ""], stderr=subprocess.PIPE
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
