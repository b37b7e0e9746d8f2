"""The base of a home that the agent's own installer made."""

from __future__ import annotations

import json

import pytest
from shelf import Shelf

from hermes_dist.decide.changes import changes_between
from hermes_dist.decide.infer import active_effects, adopted_base
from hermes_dist.decide.placement.jobs import JOBS
from hermes_dist.decide.placement.place import place
from hermes_dist.model.tree import Tree

HOURLY = {"kind": "interval", "minutes": 60, "display": "every 60m"}
PLAIN = {"id": "0123456789ab", "name": "daily", "prompt": "Look.", "schedule": HOURLY}
WRITTEN = {
    "as short as can be": PLAIN,
    "without a name": {key: value for key, value in PLAIN.items() if key != "name"},
    "without words for its schedule": {**PLAIN, "schedule": {"kind": "interval", "minutes": 60}},
    "with one skill": {**PLAIN, "skill": "hello"},
    "with some skills": {**PLAIN, "skills": ["hello"]},
    "with all that goes without saying": {
        **PLAIN,
        "skills": [],
        "skill": None,
        "deliver": "local",
        "repeat": {"times": None},
    },
    "so often": {**PLAIN, "repeat": 3},
    "never run": {**PLAIN, "enabled": False},
}


def adopted(shelf: Shelf, package: Tree, found: Tree) -> tuple[Tree, Shelf]:
    placed = place(package, shelf.read, name="bot")
    shelf.update(placed.blobs)
    base = adopted_base(placed.tree, placed.shipped, found, shelf.read)
    shelf.update(base.blobs)
    return base.tree, shelf


@pytest.mark.parametrize("job", WRITTEN.values(), ids=WRITTEN)
def test_a_job_as_its_author_wrote_it_is_no_edit_whatever_the_agent_adds(
    job: dict[str, object],
) -> None:
    shelf = Shelf()
    package = shelf.tree(
        {"distribution.yaml": "name: bot\n", "cron/jobs.json": json.dumps({"jobs": [job]})}
    )
    touched = {
        **job,
        "skills": job.get("skills") or [s for s in [job.get("skill")] if s],
        "state": "scheduled",
        "next_run_at": "x",
    }
    touched["skill"] = next(iter(touched["skills"]), None)
    for here in (job, touched):
        found = package.with_entries(
            shelf.tree({"cron/jobs.json": json.dumps({"jobs": [here], "updated_at": "now"})})
        )
        base, _ = adopted(shelf, package, found)
        assert changes_between(base, found, shelf.read) == []


def test_a_job_that_does_something_else_is_an_edit() -> None:
    shelf = Shelf()
    package = shelf.tree(
        {"distribution.yaml": "name: bot\n", "cron/jobs.json": json.dumps({"jobs": [PLAIN]})}
    )
    for more in (
        {"prompt": "Look away."},
        {"deliver": "telegram"},
        {"no_agent": True},
        {"skills": ["x"]},
        {"mood": "good"},
    ):
        found = package.with_entries(
            shelf.tree({"cron/jobs.json": json.dumps({"jobs": [{**PLAIN, **more}]})})
        )
        base, _ = adopted(shelf, package, found)
        assert [change.path for change in changes_between(base, found, shelf.read)] == [JOBS], more


def test_copies_of_files_that_placing_spells_otherwise_are_the_packages_and_edited_ones_are_not() -> (
    None
):
    shelf = Shelf()
    package = shelf.tree(
        {
            "distribution.yaml": "name: bot\n",
            "mcp.json": '{"web": {"command": "w"}}',
            "cron/a.yaml": "prompt: x\nschedule: every 1h\n",
        }
    )
    base, _ = adopted(shelf, package, package)
    assert changes_between(base, package, shelf.read) == []
    edited = package.with_entries(shelf.tree({"mcp.json": '{"web": {"command": "mine"}}'}))
    base, _ = adopted(shelf, package, edited)
    assert [(change.path, change.how) for change in changes_between(base, edited, shelf.read)] == [
        ("mcp.json", "added")
    ]


def test_what_runs_already_is_named_and_nothing_of_the_users() -> None:
    shelf = Shelf()
    own = {**PLAIN, "id": "aaaaaaaaaaaa", "name": "mine"}
    off = {**PLAIN, "id": "bbbbbbbbbbbb", "name": "off", "enabled": False}
    package = shelf.tree(
        {
            "distribution.yaml": "name: bot\n",
            "cron/jobs.json": json.dumps({"jobs": [PLAIN, off]}),
            "config.yaml": "mcp_servers:\n  web: {command: w}\n  idle: {command: i}\n",
            "plugins/p/plugin.yaml": "name: p\n",
        }
    )
    placed = place(package, shelf.read, name="bot")
    shelf.update(placed.blobs)
    found = package.with_entries(
        shelf.tree(
            {
                "cron/jobs.json": json.dumps({"jobs": [PLAIN, off, own]}),
                "plugins/own/plugin.yaml": "name: own\n",
                "config.yaml": "mcp_servers:\n  web: {command: w}\n  idle: {command: i, enabled: false}\n  mine: {command: m}\n",
            }
        )
    )
    named = {
        (effect.kind, effect.key or str(effect.path))
        for effect in active_effects(placed.tree, found, shelf.read)
    }
    assert named == {
        ("runs", "plugins/p"),
        ("runs", "mcp_servers.web.command"),
        ("schedules", "jobs[id=0123456789ab]"),
    }
