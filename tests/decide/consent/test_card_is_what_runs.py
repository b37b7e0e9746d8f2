"""What was approved is what runs: the facts of a card and the placed job or server are the same data."""

from __future__ import annotations

import json

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf import Shelf

from hermes_dist.agents.jobs import FIELDS_0_22, RUN_STATE_0_22
from hermes_dist.decide.consent.granted import grant
from hermes_dist.decide.placement.jobs import skills_of
from hermes_dist.decide.reconcile import Decisions, Situation, reconcile
from hermes_dist.model.facts import fact_value
from hermes_dist.model.keypath import parse_key
from hermes_dist.model.plan import EffectKind

IDENT = "aaaaaaaaaaaa"
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Mn")), min_size=1, max_size=40
).filter(lambda t: t.strip() == t)
LABELS = {"id", "name", "skill", "schedule_display"}
RUN_STATE = {name for name in RUN_STATE_0_22 if "*" not in name and "." not in name}
JOB = st.fixed_dictionaries(
    {
        "prompt": TEXT,
        "schedule": st.sampled_from(
            ["every 2h", "0 9 * * 1", {"kind": "cron", "expr": "* * * * *", "display": "yearly"}]
        ),
    },
    optional={
        "script": st.just("x.py"),
        "model": TEXT,
        "base_url": TEXT,
        "deliver": TEXT,
        "workdir": TEXT,
        "provider": TEXT,
        "skills": st.lists(TEXT, max_size=2, unique=True),
        "enabled_toolsets": st.lists(TEXT, max_size=2, unique=True),
        "monitor_script": TEXT,
        "monitor_url": TEXT,
        "failure_deliver": TEXT,
        "reasoning_effort": TEXT,
        "never_heard_of": TEXT,
        "repeat": st.integers(1, 9),
        "no_agent": st.just(True),
        "attach_to_session": st.booleans(),
    },
)
VALUE = TEXT | st.integers(0, 9) | st.lists(TEXT, max_size=3)
SERVER = st.fixed_dictionaries(
    {"command": TEXT},
    optional={
        "args": st.lists(TEXT, min_size=1, max_size=3),
        "env": st.dictionaries(st.sampled_from("AB"), TEXT, min_size=1, max_size=2),
        "headers": st.dictionaries(st.sampled_from("XY"), TEXT, min_size=1, max_size=2),
        "cwd": TEXT,
        "never_heard_of": VALUE,
    },
)


@settings(deadline=None)
@given(JOB)
def test_law_the_facts_of_a_job_are_the_job_that_runs(job: dict[str, object]) -> None:
    shelf = Shelf()
    placed = shelf.place({"cron/jobs.json": {"jobs": [{"id": IDENT, "name": "j", **job}]}})
    plan = reconcile(Situation(theirs=placed.tree, read=shelf.read), Decisions())
    shelf.update(plan.blobs)
    (effect,) = plan.parked
    facts = {name: fact_value(value) for name, value in effect.facts}
    live = reconcile(
        Situation(theirs=placed.tree, read=shelf.read),
        Decisions(granted=grant(frozenset([effect.digest]))),
    )
    shelf.update(live.blobs)
    (runs,) = json.loads(shelf.text(live.after(shelf.tree({})), "cron/jobs.json"))["jobs"]
    assert runs["enabled"] is True
    acting = {
        key: value
        for key, value in runs.items()
        if key not in LABELS | RUN_STATE
        and not key.endswith(("_snapshot",))
        and not key.startswith("last_")
    }
    acting["schedule"] = {key: value for key, value in runs["schedule"].items() if key != "display"}
    acting["skills"] = skills_of(runs)
    acting["repeat"] = runs["repeat"]["times"]
    said = {
        key: value
        for key, value in acting.items()
        if (value not in (None, "", [], {}) or (key, value) == ("enabled_toolsets", []))
        and (key, value) != ("no_agent", False)
    }
    assert facts == {"name": "j", **said}
    assert set(said) - {"never_heard_of"} <= FIELDS_0_22
    assert "yearly" not in json.dumps(runs)


@settings(deadline=None)
@given(SERVER)
def test_law_the_facts_of_a_server_are_the_server_that_runs(server: dict[str, object]) -> None:
    shelf = Shelf()
    placed = shelf.place({"mcp.json": {"mcpServers": {"s": server}}})
    plan = reconcile(Situation(theirs=placed.tree, read=shelf.read), Decisions())
    assert all(effect.off and effect.kind is EffectKind.RUNS for effect in plan.parked)
    digests = frozenset(effect.digest for effect in plan.parked)
    live = reconcile(
        Situation(theirs=placed.tree, read=shelf.read), Decisions(granted=grant(digests))
    )
    shelf.update(live.blobs)
    runs = yaml.safe_load(shelf.text(live.after(shelf.tree({})), "config.yaml"))["mcp_servers"]["s"]
    assert runs.pop("enabled") is True
    built: dict[object, object] = {}
    for effect in plan.parked:
        ((_, value),) = effect.facts
        where: dict[object, object] = built
        *path, last = parse_key(effect.key)[2:]
        for step in path:
            where = where.setdefault(step, {})  # type: ignore[assignment]  # maps all the way down
        where[last] = fact_value(value)
    assert built == {key: value for key, value in runs.items() if value not in (None, "", [], {})}
