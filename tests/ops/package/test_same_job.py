"""A job of the user's own that comes back with the package is one job, not two."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from story import BOT, GO, Story, yes

from hermes_dist.ops.change.request import Choices, Request
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.resolve import to_approve
from hermes_dist.ops.package.uninstall import uninstall

PLAIN = Request(choices=Choices())
FIRST = {
    "distribution.yaml": "name: bot\nversion: 1.0.0\n",
    "cron/jobs.json": json.dumps({"jobs": [{"name": "j1", "prompt": "p", "schedule": "every 2h"}]}),
}
MAIL: dict[str, Any] = {
    "id": "571e1ab8c604",
    "name": "mail",
    "prompt": "check the mail",
    "schedule": {"kind": "interval", "minutes": 60, "display": "every 60m"},
    "schedule_display": "every 60m",
    "deliver": "local",
}
LIVE = {
    **MAIL,
    "skills": [],
    "skill": None,
    "model": None,
    "repeat": {"times": None, "completed": 3},
    "enabled": True,
    "state": "scheduled",
    "paused_reason": None,
    "next_run_at": "2030-01-01T00:00:00",
    "origin": {"platform": "cli"},
}
PAUSED = {"enabled": False, "state": "paused", "paused_reason": "user", "next_run_at": None}


def jobs(story: Story) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(story.read("cron/jobs.json"))["jobs"]
    return found


def with_mail(tmp_path: Path, **state: Any) -> Story:
    story = Story(tmp_path, FIRST)
    story.install()
    story.write("cron/jobs.json", json.dumps({"jobs": [*jobs(story), {**LIVE, **state}]}))
    return story


def shipped(**more: Any) -> dict[str, str | bytes | None]:
    rows = json.loads(FIRST["cron/jobs.json"])["jobs"]
    return {"cron/jobs.json": json.dumps({"jobs": [*rows, {**MAIL, **more}]})}


COPIES: dict[str, dict[str, str | bytes | None]] = {
    "copied without its id": shipped(id=None),
    "in a file of its own": {
        "cron/mail.yaml": "name: mail\nprompt: check the mail\nschedule: every 60m\n"
    },
}


@pytest.mark.parametrize("state", [{}, PAUSED], ids=["running", "paused by the user"])
def test_a_job_that_went_upstream_comes_back_as_the_same_job(
    state: dict[str, Any], tmp_path: Path
) -> None:
    story = with_mail(tmp_path, **state)
    before = jobs(story)
    story.ship(shipped())
    story.update(PLAIN)
    assert jobs(story) == before
    assert (story.lock.parked, story.lock.conflicts) == ((), ())
    story.ship({"SOUL.md": "Soul.\n"})
    story.update(PLAIN)
    assert jobs(story) == before
    # Now it is the package's, so its author's changes arrive; one to a running job waits.
    story.ship(shipped(name="post"))
    story.update(PLAIN)
    assert [job["id"] for job in jobs(story)].count(MAIL["id"]) == 1


@pytest.mark.parametrize("copy", COPIES)
def test_a_likeness_of_the_users_own_job_does_not_give_it_to_the_package(
    copy: str, tmp_path: Path
) -> None:
    """It would leave with the release that drops it; a second job that waits is the smaller evil."""
    story = with_mail(tmp_path)
    (mine,) = [job for job in jobs(story) if job["id"] == MAIL["id"]]
    story.ship(COPIES[copy])
    story.update(PLAIN)
    namesakes = [job for job in jobs(story) if job["name"] == "mail"]
    assert mine in namesakes
    assert [job["enabled"] for job in namesakes if job != mine] == [False]
    story.ship({**dict.fromkeys(COPIES[copy]), "cron/jobs.json": FIRST["cron/jobs.json"]})
    story.update(PLAIN)
    assert [job for job in jobs(story) if job["name"] == "mail"] == [mine]


def test_what_its_author_changed_on_the_way_is_a_conflict_in_one_job(tmp_path: Path) -> None:
    story = with_mail(tmp_path)
    before = jobs(story)
    story.ship(shipped(prompt="check the mail; delete it"))
    story.update(PLAIN)
    assert jobs(story) == before
    assert [c.key for c in story.lock.conflicts] == [f"jobs[id={MAIL['id']}].prompt"]


@pytest.mark.parametrize(
    "other", [{"name": "weather"}, {"id": None, "prompt": "read the news"}], ids=["name", "prompt"]
)
def test_another_job_of_the_same_id_or_name_is_another_job(
    other: dict[str, Any], tmp_path: Path
) -> None:
    story = with_mail(tmp_path)
    before = jobs(story)
    story.ship(shipped(**other))
    story.update(PLAIN)
    after = jobs(story)
    assert [job for job in after if job in before] == before
    assert len(after) == len(before) + 1
    assert len({job["id"] for job in after}) == len(after)


def test_a_waiting_job_that_the_user_edited_and_kept_is_listed_after_a_new_installation(
    tmp_path: Path,
) -> None:
    rows = {"jobs": [{**MAIL, "schedule": "every 60m"}]}
    story = Story(tmp_path, {**FIRST, "cron/jobs.json": json.dumps(rows)})
    installing.install(story.ctx, story.url, PLAIN, yes, name="bot")
    story.edit("cron/jobs.json", "check the mail", "check the mail, in German")
    uninstall(story.ctx, BOT, GO, yes)
    assert [job["prompt"] for job in jobs(story)] == ["check the mail, in German"]
    installing.install(story.ctx, story.url, PLAIN, yes, name="bot", force=True)
    (job,) = jobs(story)
    assert (job["prompt"], job["enabled"]) == ("check the mail, in German", False)
    (effect,) = to_approve(story.ctx, BOT).effects
    assert dict(effect.facts)["prompt"] == "check the mail, in German"


WEATHER = {"name": "weather", "prompt": "look out of the window", "schedule": "every 2h"}
MOVES: dict[str, dict[str, str | bytes | None]] = {
    "to a file of its own": {
        "cron/jobs.json": None,
        "cron/weather.json": json.dumps(WEATHER),
    },
    "to another list": {
        "cron/jobs.json": None,
        "cron/all.json": json.dumps({"jobs": [WEATHER, {**WEATHER, "name": "again"}]}),
    },
    "given an id": {"cron/jobs.json": json.dumps({"jobs": [{**WEATHER, "id": "c" * 12}]})},
    "renamed": {"cron/jobs.json": json.dumps({"jobs": [{**WEATHER, "name": "sky"}]})},
}


@pytest.mark.parametrize("state", [{}, PAUSED], ids=["running", "paused by the user"])
@pytest.mark.parametrize("move", MOVES)
def test_an_approved_job_that_its_author_moves_stays_as_it_was(
    move: str, state: dict[str, Any], tmp_path: Path
) -> None:
    story = Story(tmp_path, {**FIRST, "cron/jobs.json": json.dumps({"jobs": [WEATHER]})})
    story.install()
    (job,) = jobs(story)
    mine = {**job, "repeat": {"times": None, "completed": 3}, "deliver": "telegram", **state}
    story.write("cron/jobs.json", json.dumps({"jobs": [mine]}))
    story.ship(MOVES[move])
    story.update(PLAIN)
    after = {job["id"]: job for job in jobs(story)}
    assert after[mine["id"]] == {**mine, "name": "sky" if move == "renamed" else "weather"}
    assert len(after) == (2 if move == "to another list" else 1)
    # What is off and not the user's choice is listed.
    waiting = {effect.key for effect in story.lock.parked}
    assert waiting == {f"jobs[id={ident}]" for ident in after if ident != mine["id"]}
