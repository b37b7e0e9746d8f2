"""The golden cases of the security floor, through placement and reconcile."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from shelf import Shelf

from hermes_dist.decide.consent.granted import grant
from hermes_dist.decide.reconcile import Decisions, Situation, reconcile
from hermes_dist.model.documents.api import Kind, load_data, same
from hermes_dist.model.paths import RelPath

CASES = yaml.safe_load((Path(__file__).parents[3] / "merge" / "golden-cases.yaml").read_text())
FLOOR = [case for case in CASES if 40 <= case["case"] <= 44]
CONFIG = RelPath("config.yaml")


def situation(shelf: Shelf, case: dict[str, str]) -> Situation:
    return Situation(
        base=shelf.place({"config.yaml": case["base"]}).tree,
        found=shelf.tree({"config.yaml": case["ours"]}),
        theirs=shelf.place({"config.yaml": case["theirs"]}).tree,
        read=shelf.read,
    )


@pytest.mark.parametrize("case", FLOOR, ids=lambda case: f"{case['case']}: {case['name']}")
def test_nothing_loosens_without_a_yes(case: dict[str, str]) -> None:
    shelf = Shelf()
    facts = situation(shelf, case)
    granted = grant(
        frozenset(), everything="consents" not in case
    )  # the keys of the others are made up
    plan = reconcile(facts, Decisions(granted=granted))
    shelf.update(plan.blobs)
    after = next((step.after for step in plan.steps if step.path == CONFIG), facts.found[CONFIG])
    assert after is not None
    assert same(load_data(shelf[after.digest], Kind.YAML), yaml.safe_load(case["result"]))
    assert {effect.key for effect in plan.parked} == set(case.get("consents", []))
    assert plan.conflicts == ()


@pytest.mark.parametrize("case", FLOOR, ids=lambda case: f"{case['case']}: {case['name']}")
def test_with_every_yes_upstreams_values_arrive(case: dict[str, str]) -> None:
    shelf = Shelf()
    facts = situation(shelf, case)
    plan = reconcile(facts, Decisions(granted=grant(frozenset(), everything=True)))
    shelf.update(plan.blobs)
    after = next((step.after for step in plan.steps if step.path == CONFIG), facts.found[CONFIG])
    assert after is not None
    value = load_data(shelf[after.digest], Kind.YAML)
    expected = yaml.safe_load(case["theirs"])
    for server in expected.get("mcp_servers", {}).values():
        if case["case"] == 42:
            server["enabled"] = True
    if case["case"] == 43:
        expected["approvals"] = {"mode": "off"}
    assert same(value, expected)
    assert plan.parked == ()
    assert plan.base == facts.theirs


@pytest.mark.parametrize("case", FLOOR, ids=lambda case: f"{case['case']}: {case['name']}")
def test_what_waits_is_asked_about_again_and_can_be_granted_later(case: dict[str, str]) -> None:
    shelf = Shelf()
    facts = situation(shelf, case)
    first = reconcile(facts, Decisions())
    shelf.update(first.blobs)
    home = facts.found.with_entries({step.path: step.after for step in first.steps})
    later = Situation(base=first.base, found=home, theirs=facts.theirs, read=shelf.read)
    again = reconcile(later, Decisions())
    assert again.steps == ()
    assert {e.id for e in again.parked} == {e.id for e in first.parked}
    granted = reconcile(later, Decisions(granted=grant(frozenset(e.digest for e in first.parked))))
    at_once = reconcile(facts, Decisions(granted=grant(frozenset(), everything=True)))
    shelf.update({**granted.blobs, **at_once.blobs})
    ends = [
        home.with_entries({s.path: s.after for s in granted.steps}),
        facts.found.with_entries({s.path: s.after for s in at_once.steps}),
    ]
    one, two = (load_data(shelf[end[CONFIG].digest], Kind.YAML) for end in ends)
    assert same(one, two)
    assert granted.base == facts.theirs


def test_the_floor_is_five_cases() -> None:
    assert len(FLOOR) == 5
