"""Base and theirs follow what the agent's own migration did to a home, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hermes_dist.agents.migrations import MISSING, REWRITES, Rewrite
from hermes_dist.decide.placement.migrations import CONFIG, SOUL, as_shipped, follow_agent
from hermes_dist.decide.reconcile import Decisions, Situation, reconcile
from hermes_dist.model.tree import EMPTY, Digest, Entry, Tree

Config = Mapping[str, object]


class Shelf:
    def __init__(self) -> None:
        self.blobs: dict[Digest, bytes] = {}

    def tree(self, config: Config | str | None = None, soul: str = "") -> Tree:
        files = {SOUL: soul.encode()} if soul else {}
        if config is not None:
            files[CONFIG] = (config if isinstance(config, str) else yaml.safe_dump(config)).encode()
        self.blobs |= {Digest.of(data): data for data in files.values()}
        return Tree({path: Entry(Digest.of(data)) for path, data in files.items()})

    def read(self, digest: Digest) -> bytes:
        return self.blobs[digest]

    def config(self, tree: Tree, blobs: Mapping[Digest, bytes]) -> object:
        return yaml.safe_load({**self.blobs, **blobs}[tree[CONFIG].digest])


def _nested(key: tuple[str, ...], value: object, beside: Config | None = None) -> dict[str, object]:
    inner: dict[str, object] = dict(beside or {"stays": 1})
    if value is not MISSING:
        inner[key[-1]] = value
    for part in reversed(key[:-1]):
        inner = {"x" if part == "*" else part: inner}
    return inner


@pytest.mark.parametrize("rewrite", REWRITES, ids=lambda row: f"{row.since}-{'.'.join(row.key)}")
def test_every_row_is_followed_where_the_home_shows_it_and_not_elsewhere(rewrite: Rewrite) -> None:
    shelf = Shelf()
    old = rewrite.old[0] if rewrite.old else "whatever"
    base = shelf.tree(_nested(rewrite.key, old))
    migrated = _nested(rewrite.key, rewrite.new)
    done = follow_agent(
        base, base, shelf.tree({**migrated, "_config_version": rewrite.since}), shelf.read
    )
    assert shelf.config(done.base, done.blobs) == migrated
    assert done.theirs == done.base
    for home in (
        {**migrated, "_config_version": rewrite.since - 1},
        migrated,
        {**_nested(rewrite.key, old), "_config_version": 99},
        {**_nested(rewrite.key, "another"), "_config_version": 99},
        {"_config_version": 99},
    ):
        assert follow_agent(base, base, shelf.tree(home), shelf.read).base == base, home


def test_a_value_that_no_agent_replaces_is_left() -> None:
    shelf = Shelf()
    base = shelf.tree({"delegation": {"max_iterations": 60}})
    home = shelf.tree({"delegation": {"max_iterations": 250}, "_config_version": 50})
    assert follow_agent(base, base, home, shelf.read).base == base


def test_an_old_file_does_not_undo_it_and_a_new_word_arrives() -> None:
    shelf = Shelf()
    old = {"display": {"personality": "kawaii", "skin": "a"}, "curator": {"stale_after_days": 30}}
    home = {
        "display": {"personality": "", "skin": "a"},
        "curator": {"stale_after_days": 14},
        "_config_version": 50,
    }
    base, ours = shelf.tree(old), shelf.tree(home)
    newer = {"display": {"personality": "kawaii", "skin": "b"}, "curator": {"stale_after_days": 30}}
    plan = reconcile(
        Situation(base=base, found=ours, theirs=shelf.tree(newer), read=shelf.read), Decisions()
    )
    (step,) = plan.steps
    assert step.after is not None
    assert yaml.safe_load(plan.blobs[step.after.digest]) == {
        **home,
        "display": {"personality": "", "skin": "b"},
    }
    assert plan.conflicts == ()
    assert shelf.config(plan.base, plan.blobs) == newer, "the next base is what the source holds"
    now = shelf.tree({**home, "display": {"personality": "", "skin": "b"}})
    louder = shelf.tree({**newer, "display": {"personality": "pirate", "skin": "b"}})
    plan = reconcile(
        Situation(base=shelf.tree(newer), found=now, theirs=louder, read=shelf.read), Decisions()
    )
    (step,) = plan.steps
    assert step.after is not None
    assert yaml.safe_load(plan.blobs[step.after.digest])["display"]["personality"] == "pirate"


def test_lists_lose_and_win_what_the_agent_says_and_keep_the_users_own() -> None:
    shelf = Shelf()
    base = shelf.tree(
        {
            "platform_toolsets": {"cli": ["web", "bfl", "file"]},
            "plugins": {"enabled": ["nemo_relay", "a"]},
        }
    )
    ours = {
        "platform_toolsets": {"cli": ["connections", "file", "mine", "web"]},
        "plugins": {"enabled": ["a"]},
        "_config_version": 50,
    }
    done = follow_agent(base, base, shelf.tree(ours), shelf.read)
    wanted = {
        "platform_toolsets": {"cli": ["connections", "file", "web"]},
        "plugins": {"enabled": ["a"]},
    }
    assert shelf.config(done.base, done.blobs) == wanted


def test_bare_words_that_one_reader_takes_for_booleans() -> None:
    shelf = Shelf()
    base = shelf.tree("own: {a: y, b: n, c: y, d: yes please}\n")
    ours = shelf.tree(
        {"own": {"a": True, "b": False, "c": "y", "d": "yes please"}, "_config_version": 50}
    )
    done = follow_agent(base, base, ours, shelf.read)
    assert shelf.config(done.base, done.blobs) == {
        "own": {"a": True, "b": False, "c": "y", "d": "yes please"}
    }


SOULS = "You are a bot.\n\n## Messaging other agents\nwords\n### deeper\n\n## Rules\nbe kind\n"


def test_a_section_that_the_agent_cut_out_is_gone_from_base_too() -> None:
    shelf = Shelf()
    base = shelf.tree({"a": 1}, SOULS)
    ours = shelf.tree({"a": 1, "_config_version": 50}, "You are a bot.\n\n## Rules\nbe kind\n")
    done = follow_agent(base, base, ours, shelf.read)
    assert done.base[SOUL] == ours[SOUL]
    blobs: dict[Digest, bytes] = {}
    assert as_shipped(done.theirs, done, lambda d: {**shelf.blobs, **done.blobs}[d], blobs) == base
    kept = shelf.tree({"a": 1, "_config_version": 50}, SOULS + "mine\n")
    assert follow_agent(base, base, kept, shelf.read).base == base


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 300)
    | st.sampled_from(["", "all", "auto", "y", "n"]),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)
names = st.sampled_from(
    sorted({part for row in REWRITES for part in row.key if part != "*"} | {"own"})
)
configs = st.dictionaries(names, st.dictionaries(names, values, max_size=3) | values, max_size=4)


@given(configs, configs, configs, st.integers(0, 60))
def test_only_known_keys_change_and_only_to_what_the_home_has(
    base: Config, theirs: Config, ours: Config, version: int
) -> None:
    shelf = Shelf()
    home = {**ours, "_config_version": version}
    trees = shelf.tree(base), shelf.tree(theirs), shelf.tree(home)
    done = follow_agent(*trees, shelf.read)
    for before, tree in ((base, done.base), (theirs, done.theirs)):
        after = shelf.config(tree, done.blobs)
        assert isinstance(after, dict)
        for key in {*before, *after}:
            one, two = before.get(key), after.get(key)
            if one != two and isinstance(two, dict):
                mine = home.get(key)
                assert isinstance(mine, dict)
                told = one if isinstance(one, dict) else {}
                assert all(
                    two.get(k) == mine.get(k)
                    for k in {*told, *two}
                    if told.get(k) != two.get(k) and not isinstance(two.get(k), list)
                )
    blobs: dict[Digest, bytes] = {}
    back = as_shipped(done.theirs, done, lambda d: {**shelf.blobs, **done.blobs}[d], blobs)
    assert shelf.config(back, {**done.blobs, **blobs}) == theirs


def test_a_home_without_a_stamp_is_left_as_it_is() -> None:
    shelf = Shelf()
    base = shelf.tree({"curator": {"stale_after_days": 30}})
    assert (
        follow_agent(
            base, EMPTY, shelf.tree({"curator": {"stale_after_days": 14}}), shelf.read
        ).base
        == base
    )


@pytest.mark.parametrize("left", [{}, {"delegation": {}}])
def test_a_map_that_the_agent_empties_and_drops_is_no_deletion_by_the_user(left: Config) -> None:
    shelf = Shelf()
    base = shelf.tree({"delegation": {"max_async_children": 3}, "k": 1})
    home = shelf.tree({**left, "k": 1, "own": 1, "_config_version": 33})
    theirs = shelf.tree({"delegation": {"max_async_children": 3, "max_iterations": 60}, "k": 1})
    plan = reconcile(Situation(base=base, found=home, theirs=theirs, read=shelf.read), Decisions())
    assert plan.conflicts == ()
    assert shelf.config(plan.after(home), plan.blobs)["delegation"] == {"max_iterations": 60}  # type: ignore[index]
