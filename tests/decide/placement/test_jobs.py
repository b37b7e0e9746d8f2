"""Fields of a job as the agent reads them: how often it runs, its names, its id."""

from __future__ import annotations

import pytest

from hermes_dist.decide.placement.job_ids import own_id
from hermes_dist.decide.placement.jobs import jobs_by_id, meaning, skills_of, times_of, toolsets_of


@pytest.mark.parametrize(
    ("repeat", "often", "once"),
    [
        (None, None, 1),
        (3, 3, 3),
        (1, 1, 1),
        (0, None, 1),
        (-1, None, 1),
        (True, None, 1),
        ("3", None, 1),
        ({}, None, 1),
        ({"completed": 2}, None, 1),
        ({"times": None}, None, None),
        ({"times": 0}, None, None),
        ({"times": 2}, 2, 2),
        ({"times": True}, None, None),
    ],
)
def test_a_job_runs_as_often_as_the_agent_lets_it(
    repeat: object, often: int | None, once: int | None
) -> None:
    assert times_of(repeat, once=False) == often
    assert times_of(repeat, once=True) == once


def test_a_limit_of_nothing_is_no_limit_on_a_card() -> None:
    every, at = {"kind": "interval", "minutes": 1}, {"kind": "once", "run_at": "2027-01-01"}
    assert meaning({"schedule": every, "repeat": 0})["repeat"] is None
    assert meaning({"schedule": at, "repeat": 0})["repeat"] == 1
    assert meaning({"schedule": at, "repeat": {"times": 0}})["repeat"] is None


@pytest.mark.parametrize(
    ("job", "skills"),
    [
        ({"skills": ["a", " b ", "a", "", None]}, ["a", "b"]),
        ({"skills": [], "skill": "a"}, ["a"]),
        ({"skills": "a", "skill": "b"}, ["a"]),
        ({"skill": ["a", "b"]}, ["a", "b"]),
        ({"skills": {"a": 1}}, ["a"]),  # the agent takes what a loop gives
        ({}, []),
    ],
)
def test_the_skills_of_a_job_are_in_either_field(job: dict[str, object], skills: list[str]) -> None:
    assert skills_of(job) == skills


def test_only_an_id_of_the_agents_form_is_kept() -> None:
    assert own_id({"id": "0123456789ab"}) == "0123456789ab"
    assert [
        own_id(job) for job in ({"id": "0123456789AB"}, {"id": "0" * 13}, {"id": 7}, [], {})
    ] == [""] * 5


def test_jobs_are_read_from_a_map_or_a_bare_list_and_what_is_none_is_passed_over() -> None:
    job = {"id": "a", "prompt": "x"}
    assert jobs_by_id({"jobs": [job, {"id": 7}, "x"]}) == jobs_by_id([job]) == {"a": job}
    assert jobs_by_id({"jobs": {"a": job}}) == jobs_by_id(None) == {}


@pytest.mark.parametrize(
    ("job", "toolsets"),
    [({}, None), ({"enabled_toolsets": None}, None), ({"enabled_toolsets": []}, [])]
    + [({"enabled_toolsets": written}, ["web"]) for written in ("web", [" web", "web", ""])],
)
def test_a_job_without_any_toolset_is_none_that_has_all_of_them(
    job: dict[str, object], toolsets: object
) -> None:
    assert toolsets_of(job) == meaning(job)["enabled_toolsets"] == toolsets
