"""Going back, holding, removing and inferring, without a disk."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.decide.history import (
    ANY,
    Back,
    Moment,
    as_before,
    as_spelled_before,
    came_later,
    edited_since,
    hold_after,
    holds,
    is_later,
    one_back,
    take_back,
)
from hermes_dist.decide.infer import (
    Margin,
    Match,
    Version,
    Whole,
    compare,
    copied_besides,
    is_sure,
    margin,
    shortlist,
)
from hermes_dist.decide.removal import removal
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Plan, Step
from hermes_dist.model.source import Pin, PinKind
from hermes_dist.model.tree import Digest, Entry, Tree

BLOBS: dict[Digest, bytes] = {}


def entry(text: str) -> Entry:
    data = text.encode()
    BLOBS[Digest.of(data)] = data
    return Entry(Digest.of(data))


def tree(files: Mapping[str, str]) -> Tree:
    return Tree({RelPath(path): entry(text) for path, text in files.items()})


def read(digest: Digest) -> bytes:
    return BLOBS[digest]


def steps(before: Tree, after: Tree) -> list[Step]:
    return [Step(path, before.get(path), after.get(path)) for path in before.differing(after)]


def moments(*rows: tuple[str, int | None]) -> list[Moment]:
    return [Moment(n, package, back) for n, (package, back) in enumerate(rows)]


def by_name(one: Moment, other: Moment) -> bool:
    return one.package > other.package


def back_from(rows: list[Moment]) -> int | None:
    found = one_back(rows, by_name)
    assert not (found and found.forward)
    return found.number if found else None


def test_one_back_is_the_last_generation_with_another_package() -> None:
    assert back_from([]) is None
    assert back_from(moments(("", None), ("v1", None))) is None
    assert back_from(moments(("", None), ("v1", None), ("v2", None))) == 1
    assert back_from(moments(("", None), ("v1", None), ("v2", None), ("v2", None))) == 1


def test_after_going_back_one_back_goes_further_back() -> None:
    rows = [("", None), ("v1", None), ("v2", None), ("v3", None)]
    assert back_from(moments(*rows)) == 2
    assert back_from(moments(*rows, ("v2", 2))) == 1
    assert back_from(moments(*rows, ("v2", 2), ("v1", 1))) is None
    assert back_from(moments(*rows, ("v2", 2), ("v3", 3))) == 2
    assert back_from(moments(*rows, ("v2", 2), ("v4", None))) == 4
    assert back_from(moments(("v1", None), ("v2", None), ("", None))) == 1, (
        "an uninstall is gone back from"
    )


def test_a_label_that_points_at_itself_or_forward_ends_nowhere_else() -> None:
    assert back_from([Moment(1, "v1"), Moment(2, "v2", 2)]) == 1
    assert back_from([Moment(1, "v1"), Moment(2, "v2", 9)]) == 1
    assert back_from([Moment(5, "v2", 3)]) is None


def test_after_a_detour_one_back_is_an_older_package_and_only_for_want_of_one_a_later() -> None:
    rows = [("", None), ("v1", None), ("v2", None), ("v3", None)]
    assert one_back(moments(*rows, ("v2", None)), by_name) == Back(1)
    assert one_back(moments(*rows, ("v1", None)), by_name) == Back(3, forward=True)
    assert one_back(moments(*rows, ("v1", None), ("v4", None)), by_name) == Back(4)
    # From there, the only other packages are later ones.
    assert one_back(moments(*rows, ("v1", None), ("v4", None), ("v1", 4)), by_name) == Back(
        3, forward=True
    )
    # After an uninstall there is no version to compare with.
    assert one_back(moments(*rows, ("", None)), by_name) == Back(3)


@given(st.lists(st.tuples(st.sampled_from(["", "v1", "v2", "v3"]), st.integers(0, 9)), max_size=9))
@settings(max_examples=examples(200))
def test_one_back_goes_forward_only_if_everything_before_is_later(
    changes: list[tuple[str, int]],
) -> None:
    rows = [
        Moment(n, package, back if back < n else None) for n, (package, back) in enumerate(changes)
    ]
    found = one_back(rows, by_name)
    if found is None:
        return
    here, there = rows[-1], rows[found.number]
    assert there.package not in ("", here.package)
    assert found.forward == (here.package != "" and by_name(there, here))


def test_a_pin_is_later_by_its_version_then_by_the_dates_of_its_commits() -> None:
    def pin(version: str) -> Pin:
        return Pin("https://x.test/a", Digest.of(b""), PinKind.BRANCH, version=version)

    def at(*times: int) -> list[bytes]:
        return [b"tree 1\ncommitter A B <a@b> %d +0100\n\ncommitter no" % time for time in times]

    assert is_later(pin("2.0"), pin("v1.9"), lambda: at(1, 2)) is True
    assert is_later(pin("1.10"), pin("1.9"), list) is True
    assert is_later(pin("1.0"), pin("2.0"), lambda: at(2, 1)) is False
    for one, other in (("1.0", "1.0.0"), ("main", "1.0"), ("", "")):
        assert is_later(pin(one), pin(other), lambda: at(2, 1)) is True
        assert is_later(pin(one), pin(other), lambda: at(1, 2)) is False
        assert is_later(pin(one), pin(other), lambda: at(1, 1)) is None
        assert is_later(pin(one), pin(other), list) is None
        assert is_later(pin(one), pin(other), lambda: [b"tree 1\n\n", b""]) is None


def test_a_package_came_later_if_it_was_first_received_later() -> None:
    rows = moments(("a", None), ("b", None), ("a", None))
    assert came_later(rows, rows[1], rows[2])
    assert not came_later(rows, rows[2], rows[1])


def test_a_hold_stands_against_the_newest_commit_that_was_left() -> None:
    assert hold_after("", "c3", "c2") == "c3"
    assert hold_after("c3", "c2", "c1") == "c3"
    assert hold_after("c3", "c1", "c3") == ""
    assert hold_after("", "c2", "c2") == ""
    assert hold_after(ANY, "c2", "c1") == ANY


def test_a_hold_lets_only_later_commits_through() -> None:
    assert holds("c3", "c3", "")
    assert holds("c3", "c2", "backward")
    assert not holds("c3", "c4", "forward")
    assert not holds("c3", "x", "unrelated")
    assert holds(ANY, "c4", "forward")
    assert not holds("", "c4", "")


PATHS = st.sampled_from(["SOUL.md", "a/x.md", "a/y.md", "b.txt"])
TEXTS = st.sampled_from(["", "one\n", "two\n", "one\ntwo\nthree\n", "three\ntwo\none\n"])
TREES = st.dictionaries(PATHS, TEXTS, max_size=4).map(tree)


@settings(max_examples=examples(2000), deadline=None)
@given(st.lists(TREES, min_size=2, max_size=4))
def test_changes_that_nobody_touched_since_are_taken_back_byte_for_byte(states: list[Tree]) -> None:
    changes = [steps(one, two) for one, two in pairwise(states)]
    back = take_back(states[-1], reversed(changes), read)
    assert back.tree == states[0]
    assert (back.edited, back.stuck) == ((), ())


@settings(max_examples=examples(2000), deadline=None)
@given(TREES, TREES, TREES)
def test_what_was_added_beside_a_change_survives_its_taking_back(
    before: Tree, after: Tree, other: Tree
) -> None:
    own = Tree({RelPath(f"own/{path}"): e for path, e in other.items()})
    back = take_back(after.with_entries(dict(own)), [steps(before, after)], read)
    assert back.tree == before.with_entries(dict(own))


def test_a_later_edit_is_merged_towards_the_state_before_and_named() -> None:
    lines = [f"line {n}\n" for n in range(12)]
    before, after = "".join(lines), "".join(["new\n", *lines[1:]])
    found = after.replace("line 9", "mine")
    change = steps(tree({"SOUL.md": before}), tree({"SOUL.md": after}))
    back = take_back(tree({"SOUL.md": found}), [change], read)
    assert {**BLOBS, **back.blobs}[back.tree[RelPath("SOUL.md")].digest].decode() == before.replace(
        "line 9", "mine"
    )
    assert (back.edited, back.stuck) == (("SOUL.md",), ())


def test_an_edit_on_the_same_line_stays_and_is_named_as_stuck() -> None:
    one, two, mine = tree({"SOUL.md": "a\n"}), tree({"SOUL.md": "b\n"}), tree({"SOUL.md": "c\n"})
    back = take_back(mine, [steps(one, two)], read)
    assert back.tree == mine
    assert back.stuck == ("SOUL.md",)


def test_as_before_is_the_state_before_the_first_and_edited_since_looks_at_the_last() -> None:
    states = [
        tree({"a.md": "1"}),
        tree({"a.md": "2", "b.md": "x"}),
        tree({"a.md": "3", "b.md": "x"}),
    ]
    changes = [steps(states[1], states[2]), steps(states[0], states[1])]
    assert as_before(changes) == {RelPath("a.md"): entry("1"), RelPath("b.md"): None}
    assert edited_since(states[2], changes) == ()
    assert edited_since(states[2].with_entries({RelPath("b.md"): entry("y")}), changes) == ("b.md",)


@settings(max_examples=examples(2000), deadline=None)
@given(TREES, TREES)
def test_a_removal_takes_exactly_what_is_as_received(base: Tree, found: Tree) -> None:
    gone = removal(base, found, found, read)
    assert {s.path for s in gone.plan.steps} == {p for p in base if found.get(p) == base[p]}
    assert all(step.after is None for step in gone.plan.steps)
    assert set(gone.kept) == {p for p in base if p in found and found[p] != base[p]}
    assert set(gone.own) == found.keys() - base.keys()


def test_the_shortlist_puts_the_version_with_most_in_common_first_and_twins_once() -> None:
    files = {RelPath("SOUL.md"): "s1", RelPath("skills/a/SKILL.md"): "a1"}
    versions = [
        Version("c4", {**files, RelPath("SOUL.md"): "s2"}),
        Version("c3", {**files, RelPath("README.md"): "r2"}),
        Version("c2", {**files, RelPath("README.md"): "r1"}),
        Version("c1", {RelPath("SOUL.md"): "s1"}),
    ]
    found = shortlist(versions, files, 10)
    assert [version.commit for version in found] == ["c3", "c4", "c1"]
    assert len(shortlist(versions, files, 1)) == 1


def test_a_moved_file_counts_almost_as_one_in_its_place() -> None:
    placed = tree({"SOUL.md": "soul\n", "skills/a/SKILL.md": "a skill\n"})
    found = tree({"SOUL.md": "soul\n", "skills/b/SKILL.md": "a skill\n"})
    match = compare(placed, Tree(), found, (), read)
    assert (match.same, match.missing) == (2, 0)
    assert 0.9 < match.score < 1


def test_a_guess_is_sure_when_good_and_alone_at_the_top() -> None:
    good, bad = Match(same=9, edited=1), Match(same=1, missing=9)
    assert is_sure(good, [])
    assert is_sure(good, [Margin(1, 0), Margin(0.5, 0.1)])
    assert not is_sure(good, [Margin(9, 0), Margin(0.4, 0)])
    assert not is_sure(good, [Margin(2, 1)])
    assert not is_sure(bad, [])
    assert Match().score == 0


def test_a_document_that_nobody_edited_since_is_spelled_as_before_if_it_says_the_same() -> None:
    was, now = tree({"a.yaml": "# mine\n\n\na: 1\n", "b.md": "x\n"}), tree({"a.yaml": "a: 2\n"})
    change = steps(was, now)

    def back(found: Tree, merged: str) -> str:
        plan = Plan(steps=tuple(steps(found, tree({"a.yaml": merged}))))
        after = as_spelled_before(plan, [change], found, read).after(found)
        return read(after[RelPath("a.yaml")].digest).decode()

    assert back(now, "a: 1\n") == "# mine\n\n\na: 1\n"
    assert back(now, "a: 3\n") == "a: 3\n"
    assert back(tree({"a.yaml": "a: 2 # new\n"}), "a: 1 # new\n") == "a: 1 # new\n"


def test_a_document_that_was_edited_between_two_changes_keeps_what_was_merged() -> None:
    """The last change left the remark in it, so the file looks untouched since; the earlier spelling lacks it."""
    was, first = tree({"a.yaml": "a: 1\n"}), tree({"a.yaml": "a: 2\n"})
    edited, last = tree({"a.yaml": "# mine\na: 2\n"}), tree({"a.yaml": "# mine\na: 3\n"})
    merged = tree({"a.yaml": "# mine\na: 1\n"})
    plan = Plan(steps=tuple(steps(last, merged)))
    changes = [steps(edited, last), steps(was, first)]
    assert as_spelled_before(plan, changes, last, read).after(last) == merged


SAME = {f"skills/s{n}/SKILL.md": f"skill {n}\n" for n in range(40)}
TEN = "".join(f"line {n}\n" for n in range(10))


@pytest.mark.parametrize(
    ("here", "wide"),
    [
        (TEN, True),
        (TEN + "mine\n", True),
        (TEN.replace("line 3", "mine"), True),
        (TEN.replace("line 5", "new 5"), False),
        (TEN.replace("line 5", "mine"), False),
        ("all mine\n", False),
    ],
)
def test_only_the_files_in_which_two_versions_differ_tell_them_apart(here: str, wide: bool) -> None:
    old = Whole(tree({**SAME, "SOUL.md": TEN}), Tree(), Tree())
    new = Whole(tree({**SAME, "SOUL.md": TEN.replace("line 5", "new 5")}), Tree(), Tree())
    found = tree({**SAME, "SOUL.md": here})
    assert margin(old, new, found, read).is_wide is wide


def test_a_config_that_the_agents_update_left_behind_does_not_outweigh_the_rest() -> None:
    files = {"SOUL.md": "new\n", "config.yaml": "model: new\n"}
    new = Whole(tree(files), Tree(), Tree())
    old = Whole(tree({"SOUL.md": "old\n", "config.yaml": "model: old\n"}), Tree(), Tree())
    found = tree({"SOUL.md": "new\n", "config.yaml": "model: old\n"})
    assert margin(new, old, found, read).is_wide
    assert not margin(old, new, found, read).is_wide


def test_what_a_list_leaves_out_counts_if_it_is_there_and_says_nothing_if_it_is_not() -> None:
    listed, rest = tree({"SOUL.md": "s\n"}), tree({"skills/a/SKILL.md": "a1\n"})
    other = tree({"skills/a/SKILL.md": "a2\n"})
    old, new = Whole(listed, Tree(), rest), Whole(listed, Tree(), other)
    known = [*rest, *listed]
    copied = tree({"SOUL.md": "s\n", "skills/a/SKILL.md": "a1\n"})
    match = compare(listed, Tree(), copied, known, read, rest)
    assert (match.same, match.extra) == (2, 0)
    assert compare(listed, Tree(), listed, known, read, rest).missing == 0
    assert margin(old, new, copied, read) == Margin(1, 0)
    assert margin(old, new, listed, read) == Margin(0, 0)


def test_what_an_installer_copied_besides_the_list_is_named_by_folder() -> None:
    files = {
        "SOUL.md": "s\n",
        "README.md": "read\n",
        "docs/a.md": "a\n",
        "docs/deep/b.md": "b\n",
        "skills/x/SKILL.md": "x\n",
        "skills/x/gone.md": "gone\n",
        "mcp.json": "{}\n",
        "cron/a.yaml": "a\n",
    }
    package = tree(files)
    listed = package.where(lambda path: path == "SOUL.md")
    whole = Whole(listed, Tree(), package.where(lambda path: path != "SOUL.md"))
    home = {path: text for path, text in files.items() if path != "skills/x/gone.md"}
    found = tree({**home, "README.md": "all my own\n"})
    assert copied_besides(whole, package, found, read) == ("docs", "skills/x/SKILL.md")
