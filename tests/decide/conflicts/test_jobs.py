"""A cron job in a conflict has a name, and of what is in it only what somebody wrote is told."""

from __future__ import annotations

import pytest

from hermes_dist.decide.conflicts.jobs import is_job, job_called, written_in
from hermes_dist.model.keypath import parse_key
from hermes_dist.model.paths import RelPath

JOBS = RelPath("cron/jobs.json")
HERE = {"jobs": [{"id": "ab12", "name": "daily"}, {"id": "cd34"}]}


@pytest.mark.parametrize(
    ("path", "key", "name"),
    [
        ("cron/jobs.json", "jobs[id=ab12]", "daily"),
        ("cron/jobs.json", "jobs[id=ab12].prompt", "daily"),
        ("cron/jobs.json", "jobs[id=cd34].prompt", ""),
        ("cron/jobs.json", "jobs[id=ef56]", "gone"),
        ("cron/jobs.json", "", ""),
        ("config.yaml", "jobs[id=ab12]", ""),
    ],
)
def test_a_place_in_a_job_has_its_name(path: str, key: str, name: str) -> None:
    was = {"jobs": [{"id": "ab12", "name": "before"}, {"id": "ef56", "name": "gone"}]}
    assert job_called(RelPath(path), parse_key(key), [HERE, was]) == name
    assert is_job(RelPath(path), parse_key(key)) == (path == JOBS and key.endswith("]"))


def test_the_notes_of_the_agent_and_defaults_are_not_told() -> None:
    job = {
        "id": "ab12",
        "name": "daily",
        "prompt": "Look.",
        "skills": [],
        "model": None,
        "schedule": {"kind": "interval", "minutes": 120, "display": "once a year"},
        "schedule_display": "once a year",
        "repeat": {"times": None, "completed": 3},
        "enabled": False,
        "state": "paused",
        "paused_reason": "from package bot",
        "deliver": "telegram",
    }
    assert written_in(job) == {
        "name": "daily",
        "prompt": "Look.",
        "schedule": "every 2 hours",
        "deliver": "telegram",
    }
