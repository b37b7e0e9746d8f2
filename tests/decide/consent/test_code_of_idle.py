"""What stands switched off after a yes is guarded like what runs: switched on again, it would load that code unasked."""

from __future__ import annotations

import json

import pytest
import yaml
from reach_ways import WAYS, Way
from shelf import Shelf

from hermes_dist.decide.consent.effects import find_effects
from hermes_dist.decide.consent.granted import grant
from hermes_dist.decide.consent.switches import (
    Judge,
    Memory,
    Unit,
    server_unit,
    unit_of,
    units_in,
)
from hermes_dist.decide.reconcile import Decisions, Situation, reconcile
from hermes_dist.model.keypath import format_key
from hermes_dist.model.lock_package import OffCause
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Plan
from hermes_dist.model.tree import EMPTY, Entry, Tree

A, B = "print('a')\n", "print('b')\n"
SERVER = {"command": "python", "args": ["scripts/a.py"]}
JOB = {
    "id": "aaaaaaaaaaaa",
    "name": "watch",
    "prompt": "",
    "script": "a.py",
    "no_agent": True,
    "schedule": {"kind": "interval", "minutes": 9},
}
SCRIPT = RelPath("scripts/a.py")


def home(shelf: Shelf, *, on: bool, script: str = A, done: bool = False) -> Tree:
    """A home whose server and job are on or off, as the user's agent writes it."""
    state = {
        "enabled": on,
        "state": "completed" if done else "scheduled" if on else "paused",
        "paused_reason": None,
    }
    return shelf.tree(
        {
            "config.yaml": yaml.safe_dump({"mcp_servers": {"s": {**SERVER, "enabled": on}}}),
            "cron/jobs.json": {"jobs": [JOB | state]},
            "scripts/a.py": script,
        }
    )


def update(
    shelf: Shelf,
    memory: Memory,
    found: Tree,
    *,
    by_author: frozenset[Unit] = frozenset(),
    theirs: Tree | None = None,
) -> Plan:
    base = home(shelf, on=False)
    offered = home(shelf, on=False, script=B) if theirs is None else theirs
    return reconcile(
        Situation(
            base=base,
            found=found,
            theirs=offered,
            read=shelf.read,
            memory=memory,
            by_author=by_author,
        ),
        Decisions(),
    )


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def everything(shelf: Shelf) -> frozenset[Unit]:
    return frozenset(unit for unit, _ in units_in(home(shelf, on=True), shelf.read))


def parked(plan: Plan) -> set[str]:
    return {str(effect.path) for effect in plan.parked}


def test_code_behind_what_the_user_switched_off_waits(shelf: Shelf) -> None:
    plan = update(shelf, Memory(granted=everything(shelf)), home(shelf, on=False))
    assert parked(plan) == {"scripts/a.py"}
    assert plan.steps == ()


@pytest.mark.parametrize("unit", [0, 1])
def test_it_waits_for_each_of_them_alone(shelf: Shelf, unit: int) -> None:
    one = sorted(everything(shelf), key=str)[unit]
    other = RelPath("cron/jobs.json") if one == server_unit("s") else RelPath("config.yaml")
    found = home(shelf, on=False).with_entries({other: None})
    plan = update(shelf, Memory(granted=frozenset([one])), found)
    assert parked(plan) >= {"scripts/a.py"}
    assert SCRIPT not in {step.path for step in plan.steps}


def test_code_behind_what_its_author_switched_off_after_a_yes_waits(shelf: Shelf) -> None:
    every = everything(shelf)
    memory = Memory(granted=every, off=dict.fromkeys(every, OffCause.AUTHOR))
    plan = update(shelf, memory, home(shelf, on=False), by_author=every)
    assert parked(plan) == {"scripts/a.py"}


def test_code_behind_a_job_that_has_run_waits(shelf: Shelf) -> None:
    plan = update(shelf, Memory(granted=everything(shelf)), home(shelf, on=False, done=True))
    assert parked(plan) == {"scripts/a.py"}


def test_what_never_had_a_yes_asks_for_it_with_its_code_and_not_for_each_file(shelf: Shelf) -> None:
    every = everything(shelf)
    found = home(shelf, on=False)
    jobs = json.loads(shelf.text(found, "cron/jobs.json"))
    jobs["jobs"][0]["paused_reason"] = "from package bot"
    waiting = update(
        shelf, Memory(waited=every), found.with_entries(shelf.tree({"cron/jobs.json": jobs}))
    )
    assert SCRIPT in {step.path for step in waiting.steps}
    assert parked(waiting) == {"config.yaml", "cron/jobs.json"}
    shipped_off = Memory(off=dict.fromkeys(every, OffCause.AUTHOR))
    assert (
        update(
            shelf,
            shipped_off,
            found.with_entries(shelf.tree({"cron/jobs.json": jobs})),
            by_author=every,
        ).parked
        == ()
    )


def test_an_own_server_that_stands_off_is_guarded_too(shelf: Shelf) -> None:
    gone: dict[RelPath, Entry | None] = {
        RelPath("config.yaml"): None,
        RelPath("cron/jobs.json"): None,
    }
    theirs = home(shelf, on=False, script=B).with_entries(gone)
    situation = Situation(
        base=home(shelf, on=False).with_entries(gone),
        found=home(shelf, on=False),
        theirs=theirs,
        read=shelf.read,
    )
    assert parked(reconcile(situation, Decisions())) == {"scripts/a.py"}


def test_commands_inside_skills_are_guarded_while_the_approved_switch_is_off(shelf: Shelf) -> None:
    skill = "---\nname: x\n---\n!`one`\n"
    before = shelf.tree(
        {"config.yaml": "skills: {inline_shell: true}\n", "skills/x/SKILL.md": skill}
    )
    found = before.with_entries(shelf.tree({"config.yaml": "skills: {inline_shell: false}\n"}))
    theirs = before.with_entries(shelf.tree({"skills/x/SKILL.md": skill.replace("one", "two")}))
    memory = Memory(granted=frozenset([unit_of(RelPath("config.yaml"), "skills.inline_shell")]))
    plan = reconcile(
        Situation(base=before, found=found, theirs=theirs, read=shelf.read, memory=memory),
        Decisions(),
    )
    assert parked(plan) == {"skills/x"}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_every_way_to_change_code_waits_while_its_thing_is_off(shelf: Shelf, way: Way) -> None:
    base = shelf.tree(way.files)
    changes: dict[RelPath, Entry | None] = {RelPath(path): None for path in way.change}
    changes |= dict(
        shelf.tree({path: text for path, text in way.change.items() if text is not None})
    )
    changes |= {path: base[path]._replace(executable=True) for path in map(RelPath, way.executable)}
    found = base
    for path in ("config.yaml", "cron/jobs.json"):
        if path in base:
            data = json.loads(shelf.bytes_of(base, path))
            for one in data.get("jobs", []):
                one |= {"enabled": False, "state": "paused"}
            for one in data.get("mcp_servers", {}).values():
                one["enabled"] = False
            found = found.with_entries(shelf.tree({path: data}))
    granted = frozenset(unit for unit, _ in units_in(base, shelf.read))
    situation = Situation(
        base=base,
        found=found,
        theirs=base.with_entries(changes),
        read=shelf.read,
        memory=Memory(granted=granted),
    )
    plan = reconcile(situation, Decisions(granted=grant(frozenset())))
    assert {str(e.path) for e in plan.parked if not e.key} == way.asked, [
        format_key(unit[1]) for unit in granted
    ]


def jobs(**scripts: str | None) -> dict[str, object]:
    """Jobs that run each its script; ``b`` gives its output to ``a``, and is off."""
    every = {"kind": "interval", "minutes": 9}
    return {
        "jobs": [
            {
                "id": name * 12,
                "name": name,
                "prompt": "x",
                "schedule": every,
                "script": script,
                "enabled": name == "a",
                **({"context_from": "b" * 12} if name == "a" else {}),
            }
            for name, script in scripts.items()
        ]
    }


def effects_of(shelf: Shelf, ours: dict[str, object], merged: dict[str, object]) -> set[str]:
    """The effects of a change by which the code below ``scripts/y`` becomes another."""
    code = {"scripts/x/a.py": A, "scripts/y/b.py": A}
    before = shelf.tree({"cron/jobs.json": ours, **code})
    after = shelf.tree({"cron/jobs.json": merged, **code, "scripts/y/b.py": B})
    here = frozenset(unit for unit, _ in units_in(before, shelf.read))
    found = find_effects(before, after, EMPTY, shelf.read, Judge(here=here))
    return {e.key or str(e.path) for e in found}


def test_the_code_of_a_changed_command_is_asked_about_with_the_command_alone(shelf: Shelf) -> None:
    ours, merged = jobs(a="x/a.py"), jobs(a="y/b.py")
    assert effects_of(shelf, ours, merged) == {"jobs[id=aaaaaaaaaaaa].script"}


def test_the_code_of_a_job_that_gives_its_output_is_asked_about_though_it_is_off(
    shelf: Shelf,
) -> None:
    ours, merged = jobs(a=None, b="x/a.py"), jobs(a=None, b="y/b.py")
    assert effects_of(shelf, ours, merged) == {"scripts/y/b.py"}


def test_a_changed_file_tells_what_it_was_and_what_it_is(shelf: Shelf) -> None:
    config = {"mcp_servers": {"s": SERVER}}
    old, new = (
        shelf.tree({"config.yaml": config, "scripts/a.py": "", "scripts/b.py": text})
        for text in (A, B)
    )
    without = old.with_entries({RelPath("scripts/b.py"): None})
    run = old.with_entries(
        {RelPath("scripts/b.py"): Entry(old[RelPath("scripts/b.py")].digest, executable=True)}
    )

    def told(before: Tree, after: Tree) -> tuple[str, str]:
        (effect,) = find_effects(before, after, EMPTY, shelf.read)
        facts = dict(effect.facts)
        return facts["before"], facts["after"]

    a, b = (tree[RelPath("scripts/b.py")].digest[:12] for tree in (old, new))
    assert told(old, new) == (a, b)
    assert told(without, new) == ("none", b)
    assert told(old, without) == (a, "none")
    assert told(old, run) == (a, f"{a} executable")


def test_a_hook_tells_whether_it_is_new_or_changed_and_how_many_files_it_has(shelf: Shelf) -> None:
    one = shelf.tree({"hooks/h/run.py": A})
    two = shelf.tree({"hooks/h/run.py": A, "hooks/h/more.py": B})
    for before, after, change, files in ((EMPTY, one, "new", "1"), (one, two, "changed", "2")):
        (effect,) = find_effects(before, after, EMPTY, shelf.read)
        assert dict(effect.facts) | {"change": change, "kind": "hook", "files": files} == dict(
            effect.facts
        )
    assert find_effects(one, EMPTY, EMPTY, shelf.read) == ()
