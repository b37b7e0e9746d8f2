"""What stays of a layer that leaves: what the user edited, with the sections around it, and nothing else."""

from __future__ import annotations

import pytest

from hermes_dist.decide.layers.leaving import Leaving, gone_from
from hermes_dist.merge.trees import TreeMerge, merge_trees
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.source import Pin, PinKind
from hermes_dist.model.tree import Digest, Entry, Tree

CONFIG, DATA = "config.yaml", "skills/find/data.json"
PACK = "pack:\n  # of the pack\n  a: 1\n  b: 2\n"
SERVERS = "mcp_servers:\n  one:\n    command: c\n    args: [a]\n  two:\n    command: d\n"
ITEMS = "items:\n- name: p\n  url: 1\n  key: 1\n- name: q\n  url: 2\n"
NONE = "{ }\n"
"""How placing spells settings of which nothing is left."""


class Home:
    """One file of a home, as its layers leave it."""

    def __init__(self, path: str = CONFIG) -> None:
        self.path = RelPath(path)
        self.blobs: dict[Digest, bytes] = {}

    def tree(self, text: str | None) -> Tree:
        if text is None:
            return Tree()
        data = text.encode()
        self.blobs[Digest.of(data)] = data
        return Tree({self.path: Entry(Digest.of(data))})

    def merge(
        self, base: str, ours: str, theirs: str | None, gone: str, *parked: Effect
    ) -> TreeMerge:
        offered = self.tree(theirs)
        leaves = Leaving([self.tree(gone)], offered, parked, self.blobs.__getitem__)
        sides = self.tree(base), self.tree(ours), offered
        merged = merge_trees(*sides, self.blobs.__getitem__, leaves=leaves)
        self.blobs |= merged.blobs
        assert merged.base == offered or merged.conflicts
        return merged

    def text(self, tree: Tree) -> str | None:
        return self.blobs[tree[self.path].digest].decode() if self.path in tree else None


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "gone", "live", "left"),
    [
        # the key that was edited, and the section that it needs
        (PACK, PACK.replace("1", "9"), NONE, PACK, "pack:\n  # of the pack\n  a: 9\n", ["pack.a"]),
        (PACK, f"{PACK}  c: 3\n", NONE, PACK, "pack:\n  c: 3\n", []),
        (PACK, "pack:\n  b: 2\n", NONE, PACK, NONE, []),
        # a section that others bring, too
        ("s:\n  a: 1\n  b: 2\n", "s:\n  a: 9\n  b: 2\n", "s:\n  b: 3\n", "s:\n  a: 1\n", "s:\n  a: 9\n  b: 3\n", ["s.a"]),
        # a server and a named item stay whole, or leave whole
        (
            SERVERS,
            SERVERS.replace("[a]", "[b]").replace("d\n", "d\n    enabled: false\n"),
            NONE,
            SERVERS,
            "mcp_servers:\n  one:\n    command: c\n    args: [b]\n",
            ["mcp_servers.one"],
        ),
        (
            ITEMS,
            ITEMS.replace("url: 1", "url: 9") + "- name: mine\n  url: 3\n",
            NONE,
            ITEMS,
            "items:\n- name: p\n  url: 9\n  key: 1\n- name: mine\n  url: 3\n",
            ["items[name=p]"],
        ),
        ("toolsets: [a, b]\n", "toolsets: [a, b, c]\n", NONE, "toolsets: [a, b]\n", "toolsets: [c]\n", []),
        # a comment of the user's stays, and holds up no value
        (f"m: 1\n{PACK}", f"m: 1\n{PACK}".replace("2", "2 # mine"), "m: 1\n", PACK, "# mine\nm: 1\n", []),
    ],
)  # fmt: skip
def test_of_settings_stays_what_was_edited(
    base: str, ours: str, theirs: str, gone: str, live: str, left: list[str]
) -> None:
    home = Home()
    merged = home.merge(base, ours, theirs, gone)
    assert home.text(merged.tree) == live
    assert [key for _, key in merged.left] == left
    assert merged.conflicts == ()


def test_what_another_still_brings_is_a_conflict_as_ever() -> None:
    merged = Home().merge("a: 1\n", "a: 9\n", "a: 2\n", "a: 1\n")
    assert ([c.key for c in merged.conflicts], merged.left) == (["a"], ())


def test_what_the_package_itself_drops_is_a_conflict_as_ever() -> None:
    both = f"{PACK}own:\n  a: 1\n"
    merged = Home().merge(both, both.replace("1", "9"), NONE, PACK)
    assert [c.key for c in merged.conflicts] == ["own"]
    assert [key for _, key in merged.left] == ["pack.a"]


@pytest.mark.parametrize(
    ("path", "base", "ours", "live", "left"),
    [
        (DATA, '{"a": {"x": 1, "y": 2}}\n', '{"a": {"x": 9, "y": 2}}\n', '{"a": {"x": 9}}\n', "a.x"),
        (DATA, '{"a": 1}\n', '{"a": 1, "mine": 2}\n', '{"mine": 2}\n', None),
        (DATA, '{"a": 1}\n', '{ "a": 1 }\n', None, None),
        (DATA, "[1, 2]\n", "[1, 3]\n", "[1, 3]\n", ""),
        (DATA, '{"a": 1}\n', "{", "{", ""),
        ("skills/find/SKILL.md", "Find.\n", "Find it.\n", "Find it.\n", ""),
    ],
)  # fmt: skip
def test_of_a_document_stays_what_was_edited_and_any_other_file_stays_whole(
    path: str, base: str, ours: str, live: str | None, left: str | None
) -> None:
    home = Home(path)
    merged = home.merge(base, ours, None, base)
    assert home.text(merged.tree) == live
    assert [key for _, key in merged.left] == ([] if left is None else [left])
    assert merged.conflicts == ()


def test_what_an_unapproved_removal_left_behind_goes_without_a_conflict() -> None:
    home = Home()
    waits = Effect(EffectKind.LOOSENS, RelPath(CONFIG), "pack.b", (), Digest.of(b""))
    merged = home.merge("pack:\n  b: 2\n", "pack:\n  a: 9\n  b: 2\n", NONE, NONE, waits)
    assert home.text(merged.tree) == "pack:\n  a: 9\n"
    assert (merged.conflicts, merged.left) == ((), ())


def test_a_layer_is_gone_if_nobody_asks_for_it_or_for_fewer_of_its_parts() -> None:
    def layer(name: str, *only: str) -> LockedPackage:
        pin = Pin("file:///x", Digest.of(b""), PinKind.TAG)
        return LockedPackage(source="x", pin=pin, name=name, layer="pack", only=only)

    before = layer("p"), layer("q", "skills"), layer("r", "config", "skills")
    now = layer("p", "skills"), layer("q"), layer("r", "skills")
    assert [one.name for one in gone_from(before, now)] == ["p", "r"]
    assert [one.name for one in gone_from(before, ())] == ["p", "q", "r"]
