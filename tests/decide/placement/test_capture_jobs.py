"""Jobs on their way back into the author's files: only what changed, in the author's shape and spelling."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from shelf import Shelf

from hermes_dist.decide.placement.capture_jobs import job_files
from hermes_dist.decide.placement.jobs import read_jobs
from hermes_dist.model.paths import RelPath

OWN: dict[str, object] = {
    "id": "feedfeedfeed",
    "name": "mine",
    "prompt": "own",
    "schedule": {"kind": "interval", "minutes": 5},
    "last_run_at": "x",
}


def taken(
    files: dict[str, object],
    edits: dict[str, dict[str, object] | None],
    *,
    own: tuple[dict[str, object], ...] = (),
    hide: Any = None,
) -> dict[str, str | None]:
    """The files that come out, when jobs (by name) got new fields or went (None)."""
    shelf = Shelf()
    package = shelf.tree(files)
    shipped = read_jobs(package, shelf.read, name="bot")
    base = {job.id: dict(job.placed) for job in shipped.jobs}
    names = {str(job.placed["name"]): job.id for job in shipped.jobs}
    assert set(edits) <= set(names)
    changed = {
        names[name]: {**base[names[name]], **more}
        for name, more in edits.items()
        if more is not None
    }
    home = {**base, **changed, **{str(job["id"]): job for job in own}}
    for name, more in edits.items():
        if more is None:
            del home[names[name]]
    out = job_files(
        shipped,
        package,
        shelf.read,
        base=base,
        home=home,
        hide=hide or (lambda value, _key: value),
        own=bool(own),
    )
    return {str(path): None if data is None else data.decode() for path, data in out.items()}


YAML: dict[str, object] = {
    "cron/daily.yaml": "# each day\nprompt: look # well\nschedule: every 2h\nskill: s\n"
}


def test_what_only_ran_is_no_change() -> None:
    assert (
        taken(YAML, {"daily": {"last_run_at": "now", "enabled": True, "state": "scheduled"}}) == {}
    )


def test_an_edit_lands_in_the_authors_file_with_its_comments() -> None:
    out = taken(YAML, {"daily": {"prompt": "look twice"}})
    assert out == {
        "cron/daily.yaml": "# each day\nprompt: look twice # well\nschedule: every 2h\nskill: s\n"
    }


def test_a_schedule_stays_text_where_the_author_wrote_text() -> None:
    out = taken(
        YAML,
        {
            "daily": {
                "schedule": {"kind": "interval", "minutes": 60, "display": "every 60m"},
                "schedule_display": "every 60m",
            }
        },
    )
    assert yaml.safe_load(out["cron/daily.yaml"] or "")["schedule"] == "every 60m"
    once = taken(YAML, {"daily": {"schedule": {"kind": "once", "run_at": None, "display": "?"}}})
    assert yaml.safe_load(once["cron/daily.yaml"] or "")["schedule"] == {
        "kind": "once",
        "run_at": None,
        "display": "?",
    }


def test_new_skills_take_the_place_of_either_field_and_emptied_fields_go() -> None:
    out = taken(YAML, {"daily": {"skills": ["a", "b"], "skill": "a", "prompt": ""}})
    data = yaml.safe_load(out["cron/daily.yaml"] or "")
    assert data == {"schedule": "every 2h", "skills": ["a", "b"]}


def test_a_renamed_job_keeps_its_id_from_then_on() -> None:
    data = yaml.safe_load(taken(YAML, {"daily": {"name": "weekly"}})["cron/daily.yaml"] or "")
    shelf = Shelf()
    (before,) = read_jobs(shelf.tree(YAML), shelf.read, name="bot").jobs
    assert (data["name"], data["id"]) == ("weekly", before.id)


def test_a_deleted_job_takes_its_file_along_and_its_place_in_a_list() -> None:
    assert taken(YAML, {"daily": None}) == {"cron/daily.yaml": None}
    rows = [{"name": n, "prompt": n, "schedule": "every 2h"} for n in "abc"]
    out = taken({"cron/jobs.json": {"jobs": rows}}, {"a": None, "c": None})
    assert json.loads(out["cron/jobs.json"] or "") == {"jobs": [rows[1]]}


def test_of_twins_the_one_that_stays_keeps_its_id() -> None:
    shelf = Shelf()
    twin = {"name": "t", "prompt": "p", "schedule": "every 2h"}
    package = shelf.tree({"cron/jobs.json": [twin, twin]})
    shipped = read_jobs(package, shelf.read, name="bot")
    first, second = ({job.id: dict(job.placed)} for job in shipped.jobs)
    out = job_files(
        shipped,
        package,
        shelf.read,
        base={**first, **second},
        home=second,
        hide=lambda value, _key: value,
        own=False,
    )
    (left,) = json.loads(out[RelPath("cron/jobs.json")] or b"")
    assert left == {**twin, "id": next(iter(second))}


@pytest.mark.parametrize(
    "before",
    [
        {"jobs": [{"name": "a", "prompt": "a", "schedule": "every 2h"}]},
        [{"name": "a", "prompt": "a", "schedule": "every 2h"}],
        {"jobs": {"a": {"prompt": "a", "schedule": "every 2h"}}},
        {"a": {"prompt": "a", "schedule": "every 2h"}},
        {"prompt": "a", "schedule": "every 2h"},
        {"jobs": []},
        None,
    ],
)
def test_own_jobs_join_the_others_in_whatever_shape_the_file_has(before: object) -> None:
    files: dict[str, object] = {} if before is None else {"cron/jobs.json": before}
    out = taken(files, {}, own=(OWN,))["cron/jobs.json"]
    shelf = Shelf()
    old = {
        job.id: job.placed["name"]
        for job in read_jobs(shelf.tree(files), shelf.read, name="bot").jobs
    }
    jobs = read_jobs(shelf.tree({"cron/jobs.json": out}), shelf.read, name="bot").jobs
    assert {job.id: job.placed["name"] for job in jobs} == old | {"feedfeedfeed": "mine"}
    assert "last_run_at" not in (out or "")


def test_a_lone_job_that_can_not_be_read_stays_beside_own_ones_as_it_is() -> None:
    out = taken({"cron/jobs.json": {"prompt": "a", "schedule": "now and then"}}, {}, own=(OWN,))[
        "cron/jobs.json"
    ]
    broken, mine = json.loads(out or "")
    assert (broken, mine["id"]) == ({"prompt": "a", "schedule": "now and then"}, "feedfeedfeed")


def test_secrets_are_taken_out_of_what_is_new_and_the_authors_own_text_stays() -> None:
    def hide(value: object, key: tuple[str, ...]) -> object:
        return f"<{'.'.join(key)}>" if isinstance(value, str) else value

    out = taken(YAML, {"daily": {"base_url": "https://x"}}, own=(OWN,), hide=hide)
    assert yaml.safe_load(out["cron/daily.yaml"] or "")["base_url"] == "<daily.base_url>"
    assert "prompt: look # well" in (out["cron/daily.yaml"] or "")
    assert json.loads(out["cron/jobs.json"] or "")["jobs"][0]["prompt"] == "<mine.prompt>"
