from __future__ import annotations

import hashlib

import pytest
from shelf import Shelf

from hermes_dist.decide.placement.schedules import as_text, can_start, parse_schedule
from hermes_dist.errors import Invalid
from hermes_dist.voice.notes import sentences

JOB = {"name": "watch", "prompt": "look", "schedule": "every 2h"}
EVERY_2H = {"kind": "interval", "minutes": 120, "display": "every 120m"}


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("cron/jobs.json", {"jobs": [JOB]}),
        ("cron/jobs.json", {"jobs": [JOB], "updated_at": "2026-01-01"}),
        ("cron/jobs.json", [JOB]),
        ("cron/jobs.json", {"watch": {"prompt": "look", "schedule": "every 2h"}}),
        ("cron/jobs.json", {"jobs": {"watch": {"prompt": "look", "schedule": "every 2h"}}}),
        ("cron/watch.json", JOB),
        ("cron/watch.json", [JOB]),
        ("cron/watch.json", {"jobs": [JOB]}),
        ("cron/watch.yaml", "# mine\nprompt: look\nschedule: every 2h\n"),
        ("cron/watch.yml", "- {name: watch, prompt: look, schedule: every 2h}\n"),
    ],
)
def test_every_shape_of_job_file_becomes_a_paused_job_in_the_agents_shape(
    path: str, content: object
) -> None:
    shelf = Shelf()
    placed = shelf.place({path: content})
    (job,) = shelf.jobs(placed.tree)
    assert set(placed.tree) == {"cron/jobs.json"}
    assert set(placed.shipped) == {path}
    assert placed.notes == ()
    assert job == {
        "id": hashlib.sha256(f"{path}\0watch".encode()).hexdigest()[:12],
        "name": "watch",
        "prompt": "look",
        "skills": [],
        "skill": None,
        "model": None,
        "provider": None,
        "provider_snapshot": None,
        "model_snapshot": None,
        "base_url": None,
        "script": None,
        "no_agent": False,
        "context_from": None,
        "schedule": EVERY_2H,
        "schedule_display": "every 120m",
        "repeat": {"times": None, "completed": 0},
        "enabled": False,
        "state": "paused",
        "paused_at": None,
        "paused_reason": "from package bot: hermes profile approve",
        "created_at": None,
        "next_run_at": None,
        "last_run_at": None,
        "last_status": None,
        "last_error": None,
        "last_delivery_error": None,
        "deliver": "local",
        "origin": None,
        "enabled_toolsets": None,
        "workdir": None,
    }


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("cron/a.json", "{"),
        ("cron/a.json", ""),
        ("cron/a.yaml", "a: ["),
        ("cron/a.json", "7"),
        ("cron/a.yaml", "text"),
        ("cron/a.json", {"a": 1}),
        ("cron/a.json", [7]),
        ("cron/a.json", {"jobs": [None]}),
        ("cron/a.json", b"\xff"),
        ("cron/a.json", {"prompt": "x"}),
        ("cron/a.json", {"schedule": "every 2h"}),
        ("cron/a.json", {"x": {"y": 1}}),
        ("cron/a.json", {**JOB, "schedule": "daily"}),
        ("cron/a.json", {**JOB, "schedule": {"kind": "moon"}}),
        ("cron/a.json", {**JOB, "schedule": 5}),
        ("cron/a.json", {**JOB, "schedule": {"kind": "cron"}}),
    ],
)
def test_a_broken_job_file_is_a_note_that_names_it(path: str, content: object) -> None:
    placed = Shelf().place({path: content, "SOUL.md": "x"})
    assert set(placed.tree) == {"SOUL.md"}
    assert set(placed.shipped) == {path}
    assert len(sentences(placed.notes)) == 1
    assert sentences(placed.notes)[0].startswith(path)


def test_one_broken_job_does_not_keep_the_others_out() -> None:
    shelf = Shelf()
    placed = shelf.place(
        {"cron/jobs.json": {"jobs": [JOB, {**JOB, "schedule": "never"}, {**JOB, "name": "b"}]}}
    )
    assert [job["name"] for job in shelf.jobs(placed.tree)] == ["watch", "b"]
    assert sentences(placed.notes)[0].startswith(
        "cron/jobs.json: the job 'watch' at jobs[1]: 'never' is not a valid schedule"
    )


@pytest.mark.parametrize("content", [{"jobs": []}, [], {}, "null"])
def test_an_empty_job_file_places_an_empty_store(content: object) -> None:
    shelf = Shelf()
    placed = shelf.place({"cron/jobs.json": content})
    assert shelf.jobs(placed.tree) == []
    assert placed.notes == ()


def test_run_state_that_an_author_shipped_is_dropped_and_unknown_fields_stay() -> None:
    shelf = Shelf()
    sloppy = {
        **JOB,
        "id": "0123456789ab",
        "enabled": True,
        "state": "scheduled",
        "last_run_at": "2026-01-01",
        "origin": {"c": 1},
        "next_run_at": "2026-01-01T00:00:00",
        "repeat": {"times": 3, "completed": 2},
        "run_claim": {"at": 1},
        "novel": [1],
        "model_snapshot": "m",
        "created_at": "2026-01-01",
        "paused_reason": None,
        "attach_to_session": True,
    }
    (job,) = shelf.jobs(shelf.place({"cron/jobs.json": {"jobs": [sloppy]}}).tree)
    assert job["id"] == "0123456789ab"
    assert (job["enabled"], job["state"], job["novel"], job["attach_to_session"]) == (
        False,
        "paused",
        [1],
        True,
    )
    assert job["repeat"] == {"times": 3, "completed": 0}
    assert [
        job[f] for f in ("last_run_at", "origin", "next_run_at", "model_snapshot", "created_at")
    ] == [None] * 5
    assert "run_claim" not in job


def test_ids_are_stable_unique_and_never_a_users() -> None:
    shelf = Shelf()
    own = "aaaaaaaaaaaa"
    files = {
        "cron/jobs.json": {
            "jobs": [{**JOB, "id": own}, {**JOB, "id": own}, JOB, JOB, {**JOB, "id": "../../x"}]
        }
    }
    ids = [job["id"] for job in shelf.jobs(shelf.place(files).tree)]
    assert ids[0] == own
    assert len(set(ids)) == 5
    assert ids == [job["id"] for job in shelf.jobs(shelf.place(files).tree)]
    assert ids[1] == hashlib.sha256(b"cron/jobs.json\0watch").hexdigest()[:12]
    taken = shelf.place(files, user_jobs={own: {}, str(ids[1]): {}})
    others = [job["id"] for job in shelf.jobs(taken.tree)]
    assert own not in others
    assert ids[1] not in others
    assert len(set(others)) == 5
    kept = shelf.place(files, keep_containers=taken.tree)
    assert [
        job["id"] for job in shelf.jobs(kept.tree)
    ] == others  # even when the user's job is gone
    held = shelf.place({"cron/a.yaml": "prompt: x\nschedule: every 1h\n"}, user_jobs={})
    first = shelf.jobs(held.tree)[0]["id"]
    moved = shelf.place(
        {"cron/a.yaml": "prompt: x\nschedule: every 1h\n"}, user_jobs={str(first): {}}
    )
    after = shelf.place(
        {"cron/a.yaml": "prompt: x\nschedule: every 1h\n"}, keep_containers=moved.tree
    )
    assert shelf.jobs(after.tree)[0]["id"] == shelf.jobs(moved.tree)[0]["id"] != first


def test_the_names_and_skills_of_jobs_are_the_agents_way() -> None:
    shelf = Shelf()
    placed = shelf.place(
        {
            "cron/daily.yaml": "prompt: x\nskill: s\nschedule: 2027-01-31T09:00\n",
            "cron/jobs.json": [
                {
                    "prompt": "y" * 80,
                    "skills": ["b", "b", " c "],
                    "schedule": "0 9 * * 1",
                    "repeat": 2,
                }
            ],
        }
    )
    daily, long = shelf.jobs(placed.tree)
    assert (daily["name"], daily["skills"], daily["skill"], daily["repeat"]) == (
        "daily",
        ["s"],
        "s",
        {"times": 1, "completed": 0},
    )
    assert daily["schedule"] == {
        "kind": "once",
        "run_at": "2027-01-31T09:00:00",
        "display": "once at 2027-01-31 09:00",
    }
    assert (long["name"], long["skills"], long["skill"], long["repeat"]) == (
        "y" * 50,
        ["b", "c"],
        "b",
        {"times": 2, "completed": 0},
    )


def test_a_schedule_counted_from_creation_is_placed_and_told() -> None:
    shelf = Shelf()
    placed = shelf.place({"cron/soon.yaml": "prompt: x\nschedule: 30m\n"})
    (job,) = shelf.jobs(placed.tree)
    assert job["schedule"] == {"kind": "once", "run_at": None, "display": "once in 30m"}
    assert job["schedule_display"] == "once in 30m"
    assert sentences(placed.notes)[0].startswith(
        "cron/soon.yaml: the schedule 'once in 30m' counts from"
    )


def test_other_files_in_cron_are_payload() -> None:
    shelf = Shelf()
    placed = shelf.place({"cron/README.md": "x", "cron/more/a.json": "{}"})
    assert set(placed.tree) == {"cron/README.md", "cron/more/a.json"}


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("every 2h", EVERY_2H),
        ("Every 30 minutes", {"kind": "interval", "minutes": 30, "display": "every 30m"}),
        ("every 1d", {"kind": "interval", "minutes": 1440, "display": "every 1440m"}),
        (" 0 9 * * 1 ", {"kind": "cron", "expr": "0 9 * * 1", "display": "0 9 * * 1"}),
        (
            "*/15 8-18 * * mon-fri",
            {"kind": "cron", "expr": "*/15 8-18 * * mon-fri", "display": "*/15 8-18 * * mon-fri"},
        ),
        (
            "2027-01-31",
            {
                "kind": "once",
                "run_at": "2027-01-31T00:00:00",
                "display": "once at 2027-01-31 00:00",
            },
        ),
        (
            "2027-01-31T09:00Z",
            {
                "kind": "once",
                "run_at": "2027-01-31T09:00:00+00:00",
                "display": "once at 2027-01-31 09:00",
            },
        ),
        ({"minutes": 5}, {"kind": "interval", "minutes": 5, "display": "every 5m"}),
        (
            {"kind": "cron", "expr": "1 2 3 4 5"},
            {"kind": "cron", "expr": "1 2 3 4 5", "display": "1 2 3 4 5"},
        ),
        (
            {"kind": "interval", "minutes": 5, "display": "often", "x": 1},
            {"kind": "interval", "minutes": 5, "display": "every 5m", "x": 1},
        ),
    ],
)
def test_schedules_in_every_spelling_become_the_agents_map(
    text: object, schedule: dict[str, object]
) -> None:
    assert parse_schedule(text) == schedule
    assert can_start(schedule)
    again = as_text(schedule)
    assert again is not None
    assert {**parse_schedule(again), "display": 0} == {
        k: v for k, v in {**schedule, "display": 0}.items() if k != "x"
    }


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "  ",
        5,
        [],
        {},
        "soon",
        "every",
        "every day",
        "every 0m",
        "60 * * * *",
        "0 24 * * *",
        "0 0 32 * *",
        "0 0 * 13 *",
        "0 0 * * 8",
        "*/0 * * * *",
        "0 9 * *",
        "2027-13-01",
        "Tomorrow",
        {"kind": "interval", "minutes": "5"},
        {"kind": "interval", "minutes": True},
        {"kind": "interval", "minutes": 0},
        {"kind": "once", "run_at": "x"},
        {"kind": "cron", "expr": "x"},
    ],
)
def test_what_the_agent_could_not_schedule_is_refused(value: object) -> None:
    with pytest.raises(Invalid) as caught:
        parse_schedule(value)
    assert (
        "schedule" in caught.value.what
        or "time" in caught.value.what
        or "interval" in caught.value.what
    )
