"""Every way to change the code behind a yes asks again, and nothing of it arrives before."""

from __future__ import annotations

import json

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from reach_ways import WAYS, A, B, Way, server
from shelf import Shelf

from hermes_dist.decide.consent.effects import find_effects
from hermes_dist.decide.consent.granted import grant
from hermes_dist.decide.reconcile import Decisions, Situation, reconcile
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import EMPTY, Entry, Tree

WORSE = "---\nname: watch\n---\n!`worse`\n"
each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)


def states(shelf: Shelf, way: Way) -> tuple[Tree, Tree]:
    """The home before and after."""
    before = shelf.tree(way.files)
    changes: dict[RelPath, Entry | None] = {RelPath(path): None for path in way.change}
    changes |= dict(
        shelf.tree({path: text for path, text in way.change.items() if text is not None})
    )
    changes |= {
        path: before[path]._replace(executable=True) for path in map(RelPath, way.executable)
    }
    return before, before.with_entries(changes)


def asked(shelf: Shelf, ours: Tree, merged: Tree) -> dict[str, Effect]:
    effects = find_effects(ours, merged, merged, shelf.read)
    return {str(effect.path): effect for effect in effects if not effect.key and not effect.off}


def test_there_are_more_than_thirty_ways() -> None:
    assert len({way.name for way in WAYS}) == len(WAYS) > 30


@each_way
def test_it_asks_again(way: Way) -> None:
    shelf = Shelf()
    before, after = states(shelf, way)
    found = asked(shelf, before, after)
    assert set(found) == way.asked
    assert {effect.kind for effect in found.values()} == {EffectKind.RUNS}


@each_way
def test_nothing_of_it_arrives_without_a_yes_and_all_of_it_with_one(way: Way) -> None:
    shelf = Shelf()
    before, after = states(shelf, way)
    situation = Situation(base=before, found=before, theirs=after, read=shelf.read)
    held = reconcile(situation, Decisions())
    touched = {str(step.path) for step in held.steps}
    assert not [path for path in touched for place in way.asked if RelPath(path).under(place)]
    assert {str(effect.path) for effect in held.parked} == way.asked
    released = reconcile(
        situation, Decisions(granted=grant(frozenset(e.digest for e in held.parked)))
    )
    assert released.after(before) == after
    assert released.parked == ()


@each_way
def test_the_yes_to_one_change_is_none_to_the_next(way: Way) -> None:
    shelf = Shelf()
    before, after = states(shelf, way)
    yes = grant(frozenset(effect.digest for effect in asked(shelf, before, after).values()))
    worse = {
        path: Entry(shelf.tree({path: WORSE})[path].digest)
        for path in map(RelPath, [*way.change, *way.executable])
    }
    plan = reconcile(
        Situation(base=before, found=before, theirs=after.with_entries(worse), read=shelf.read),
        Decisions(granted=yes),
    )
    assert {str(effect.path) for effect in plan.parked} >= way.asked


@each_way
def test_what_does_not_run_yet_gets_its_yes_for_the_code_of_that_day(way: Way) -> None:
    shelf = Shelf()
    before, after = states(shelf, way)
    packages = [idle(shelf, tree) for tree in (before, after)]
    digests = [
        {e.place: e.digest for e in find_effects(EMPTY, tree, tree, shelf.read)}
        for tree in packages
    ]
    assert digests[0] != digests[1]


def idle(shelf: Shelf, tree: Tree) -> Tree:
    """The package that placed such a home: its jobs paused, its servers off."""
    changes = {}
    for path in ("config.yaml", "cron/jobs.json"):
        if path in tree:
            data = json.loads(shelf.bytes_of(tree, path))
            for one in data.get("jobs", []):
                one |= {
                    "enabled": False,
                    "paused_reason": "from package bot",
                    "schedule": {"kind": "interval", "minutes": 120},
                }
            for one in data.get("mcp_servers", {}).values():
                one["enabled"] = False
            changes[path] = data
    return tree.with_entries(shelf.tree(changes))


@each_way
def test_the_users_own_edit_asks_nothing(way: Way) -> None:
    shelf = Shelf()
    before, after = states(shelf, way)
    plan = reconcile(
        Situation(base=before, found=after, theirs=before, read=shelf.read), Decisions()
    )
    assert (plan.steps, plan.parked) == ((), ())


@pytest.mark.parametrize(
    "path",
    [
        "SOUL.md",
        "docs/guide.md",
        "skills/other/SKILL.md",
        "skills/other/tool.py",
        "README.md",
        "skins/x.yaml",
        "templates/t.md",
    ],
)
@each_way
def test_what_is_unrelated_asks_nothing(way: Way, path: str) -> None:
    shelf = Shelf()
    before = shelf.tree({**way.files, path: "one"})
    after = before.with_entries(shelf.tree({path: "two"}))
    assert asked(shelf, before, after) == {}


HOMES = [
    "",
    "./",
    "${HERMES_HOME}/",
    "$HERMES_HOME/",
    "~/.hermes/profiles/bot/",
    "/home/u/.hermes/profiles/bot/",
    "/srv/x/",
    "docs/../",
]
COMMANDS = [
    ("python", "{}"),
    ("python", "-u", "{}", "--fast"),
    ("uv", "run", "{}"),
    ("node", "--require={}", "x"),
    ("sh", "-c", "exec python '{}'"),
    ("bash", "-lc", "cd /; python '{}' && true"),
    ("env", "A=1", "python", "{}"),
    ("sh", "-c", "X='{}'; python $X"),
    ("{}",),
]
PLACES = ["scripts/a.py", "tools/deep/er/a.py", "skills/s/scripts/a.py", "a b/c d.py"]


@settings(max_examples=examples(300), deadline=None)
@given(
    st.sampled_from(HOMES),
    st.sampled_from(COMMANDS),
    st.sampled_from(PLACES),
    st.sampled_from(["itself", "beside", "below", "goes"]),
    st.booleans(),
)
def test_law_however_a_server_spells_its_script_its_folder_is_covered(
    home: str, command: tuple[str, ...], place: str, how: str, in_environment: bool
) -> None:
    folder = place.rpartition("/")[0]
    words = [word.replace("{}", home + place) for word in command]
    value = next(word for word in words if place in word)
    runs = server("true", env={"RUN": value}) if in_environment else server(*words)
    files = {**runs, place: A, f"{folder}/old.py": A}
    target = {
        "itself": place,
        "beside": f"{folder}/json.py",
        "below": f"{folder}/p/q/r.py",
        "goes": f"{folder}/old.py",
    }[how]
    way = Way("law", files, {target: None if how == "goes" else B})
    shelf = Shelf()
    assert set(asked(shelf, *states(shelf, way))) == {target}
