"""Renames: which moves are found, what follows them, and that nothing is lost on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.merge.renames import bring_together, find_renames
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Tree

BLOBS: dict[Digest, bytes] = {}
TEN = [f"line {n}\n" for n in range(10)]


def tree(files: Mapping[str, str | bytes]) -> Tree:
    entries = {}
    for path, text in files.items():
        data = text if isinstance(text, bytes) else text.encode()
        BLOBS[Digest.of(data)] = data
        entries[RelPath(path)] = Entry(Digest.of(data))
    return Tree(entries)


def read(digest: Digest) -> bytes:
    return BLOBS[digest]


def unread(_digest: Digest) -> bytes:
    pytest.fail("a content was read")


def text(kept: int) -> str:
    """Ten lines, of which so many are those of TEN."""
    return "".join([*TEN[:kept], *(f"new {n}\n" for n in range(10 - kept))])


def test_a_file_of_equal_content_moved_and_no_content_is_read_for_that() -> None:
    base = tree({"a.md": "x", "stays.md": "y"})
    assert find_renames(base, tree({"b/c.md": "x", "stays.md": "y"}), base, unread) == {
        "a.md": "b/c.md"
    }
    assert find_renames(base, base, base, unread) == {}


def test_of_several_places_the_one_of_the_same_name_and_then_of_the_nearest_folder_is_meant() -> (
    None
):
    base = tree({"old/x/a.md": "same"})
    side = tree({"old/x/b.md": "same", "new/a.md": "same", "new/x/a.md": "same"})
    assert find_renames(base, side, base, unread) == {"old/x/a.md": "new/x/a.md"}


def test_each_of_two_equal_files_has_a_place_of_its_own() -> None:
    base = tree({"one/a.md": "same", "two/b.md": "same"})
    found = find_renames(base, tree({"new/b.md": "same", "new/a.md": "same"}), base, unread)
    assert found == {"one/a.md": "new/a.md", "two/b.md": "new/b.md"}


def test_empty_files_are_not_taken_for_one_another() -> None:
    assert (
        find_renames(tree({"a/__init__.py": ""}), tree({"b/__init__.py": ""}), tree({}), read) == {}
    )


@pytest.mark.parametrize(("kept", "moved"), [(10, True), (5, True), (4, False), (0, False)])
def test_half_of_the_lines_make_an_edited_file_the_same_file(kept: int, moved: bool) -> None:
    base, edited = tree({"a.md": text(10)}), tree({"a.md": text(10) + "mine\n"})
    assert bool(find_renames(base, tree({"b.md": text(kept)}), edited, read)) is moved


def test_likeness_is_asked_only_where_a_move_would_leave_something_behind() -> None:
    base, side = tree({"s/a.md": text(10)}), tree({"t/a.md": text(8)})
    assert find_renames(base, side, base, unread) == {}
    for other in ({"s/a.md": "edited"}, {}, {"s/a.md": text(10), "s/own.md": "mine"}):
        assert find_renames(base, side, tree(other), read) == {"s/a.md": "t/a.md"}
    elsewhere = tree({"s/a.md": text(10), "u/own.md": "mine"})
    assert find_renames(base, side, elsewhere, unread) == {}


def test_the_likest_pairs_come_first_and_each_file_is_in_one_of_them() -> None:
    base = tree({"a.md": text(10), "b.md": text(9)})
    found = find_renames(base, tree({"x.md": text(8), "y.md": text(10) + "more\n"}), tree({}), read)
    assert found == {"a.md": "y.md", "b.md": "x.md"}


def test_bytes_that_are_no_text_are_the_same_or_another_file() -> None:
    base = tree({"a.png": b"\0" + text(10).encode()})
    assert find_renames(base, tree({"b.png": b"\0" + text(9).encode()}), tree({}), read) == {}
    assert find_renames(base, tree({"b.png": b"\0" + text(10).encode()}), tree({}), read) == {
        "a.png": "b.png"
    }


def test_too_many_pairs_to_compare_are_not_compared() -> None:
    base = tree({f"a/{n}.md": f"old {n}" for n in range(201)})
    assert (
        find_renames(base, tree({f"b/{n}.md": f"new {n}" for n in range(100)}), tree({}), unread)
        == {}
    )


def test_a_file_moved_to_two_names_stands_at_both_and_is_told() -> None:
    names = bring_together(
        tree({"a.md": "x"}), tree({"mine.md": "x"}), tree({"theirs.md": "x"}), read
    )
    assert names.parted == {"a.md": ("mine.md", "theirs.md")}
    assert (names.followed, names.moved_here) == ({}, {})
    assert (set(names.ours), set(names.theirs)) == ({"mine.md"}, {"theirs.md"})


def test_a_file_that_the_user_moved_has_its_new_name_everywhere_and_upstreams_is_remembered() -> (
    None
):
    base = tree({"a.md": "x", "b.md": "y"})
    names = bring_together(
        base, tree({"mine.md": "x", "b.md": "y"}), tree({"a.md": "x2", "b.md": "y"}), read
    )
    assert set(names.base) == set(names.ours) == set(names.theirs) == {"b.md", "mine.md"}
    assert names.upstream_name(RelPath("mine.md")) == "a.md"
    assert names.upstream_name(RelPath("b.md")) == "b.md"


def test_nothing_moves_onto_what_is_there_already() -> None:
    base = tree({"a.md": "x"})
    ours = tree({"a.md": "x, edited", "b.md": "my own"})
    names = bring_together(base, ours, tree({"b.md": "x"}), read)
    assert names.ours == ours
    assert names.followed == {}


def test_where_two_folders_became_one_of_two_own_files_of_one_name_only_one_goes_along() -> None:
    base = tree({"s/a.md": "x", "u/b.md": "y"})
    ours = tree({"s/a.md": "x", "u/b.md": "y", "s/own.md": "mine", "u/own.md": "mine, too"})
    names = bring_together(base, ours, tree({"v/a.md": "x", "v/b.md": "y"}), read)
    assert Counter(names.ours.values()) == Counter(ours.values())
    assert {"v/a.md", "v/b.md", "v/own.md"} < set(names.ours)


_NAMES = [
    "a.md",
    "b.md",
    "s/a.md",
    "s/b.md",
    "s/t/a.md",
    "u/a.md",
    "u/t/a.md",
    "u/own.md",
    "s/own.md",
]
TREES = st.dictionaries(
    st.sampled_from(_NAMES), st.sampled_from([text(10), text(7), text(4), "", "z\n", "w\n"])
).map(tree)


@settings(max_examples=examples(300), deadline=None)
@given(TREES, TREES, TREES)
def test_law_names_change_and_never_what_they_stand_for(
    base: Tree, ours: Tree, theirs: Tree
) -> None:
    names = bring_together(base, ours, theirs, read)
    for before, after in ((base, names.base), (ours, names.ours), (theirs, names.theirs)):
        assert Counter(after.values()) == Counter(before.values())


@settings(max_examples=examples(300), deadline=None)
@given(TREES, TREES, TREES)
def test_law_a_move_leads_from_a_name_of_base_to_one_that_is_new_and_used_once(
    base: Tree, side: Tree, other: Tree
) -> None:
    found = find_renames(base, side, other, read)
    assert found.keys() <= base.keys() - side.keys()
    assert set(found.values()) <= side.keys() - base.keys()
    assert len(set(found.values())) == len(found)
