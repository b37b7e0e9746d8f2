"""Renames: which moves are found, what follows them, and that nothing is lost on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.merge.renames import find_renames, under_common_names
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


def test_the_nearest_folder_is_the_one_with_the_longest_shared_end() -> None:
    base = tree({"old/x/y/a.md": "same"})
    side = tree({"new/x/y/a.md": "same", "x/z/z/z/z/y/a.md": "same"})
    assert find_renames(base, side, base, unread) == {"old/x/y/a.md": "new/x/y/a.md"}


def test_two_equal_files_of_one_name_have_a_place_each() -> None:
    base = tree({"one/a.md": "same", "two/a.md": "same"})
    found = find_renames(base, tree({"new/a.md": "same", "new/b.md": "same"}), base, unread)
    assert found == {"one/a.md": "new/a.md", "two/a.md": "new/b.md"}


def test_one_new_file_is_the_new_place_of_one_old_file_only_however_like_it_is_to_two() -> None:
    base = tree({"a.md": text(10), "b.md": text(9)})
    found = find_renames(base, tree({"x.md": text(10) + "more\n"}), tree({}), read)
    assert found == {"a.md": "x.md"}


def test_of_two_equally_like_files_the_one_of_the_same_name_is_meant() -> None:
    base = tree({"s/a.md": text(10)})
    side = tree({"t/a.md": text(8), "t/b.md": text(8)})
    assert find_renames(base, side, tree({}), read) == {"s/a.md": "t/a.md"}
    side = tree({"t/z.md": text(8), "t/a.md": text(8)})
    assert find_renames(base, side, tree({}), read) == {"s/a.md": "t/a.md"}


def test_a_text_is_never_compared_with_what_is_no_text() -> None:
    base = tree({"a.md": text(10)})
    other = b"\0\n" + text(10).encode()
    assert find_renames(base, tree({"b.md": other}), tree({}), read) == {}


@pytest.mark.parametrize(
    ("theirs", "moved"),
    [
        (["v/a.md", "v/b.md"], True),
        (["v/a.md", "w/b.md"], False),  # to two places
        (["v/a.md", "v/c.md"], False),  # one of them has another name now
        (["v/a.md"], True),  # half of it moved, and the rest is gone
    ],
)
def test_own_files_go_along_only_if_the_whole_folder_went_to_one_place(
    theirs: list[str], moved: bool
) -> None:
    content = {"v/a.md": "x", "v/b.md": "y", "w/b.md": "y", "v/c.md": "y"}
    base = {"s/a.md": "x", "s/b.md": "y"}
    ours = tree({**base, "s/own.md": "mine"})
    names = under_common_names(tree(base), ours, tree({p: content[p] for p in theirs}), read)
    place = "v/own.md" if moved else "s/own.md"
    assert place in names.ours
    assert dict(names.followed).get(RelPath("s/own.md")) == (place if moved else None)


def test_a_new_file_beside_a_folder_that_moved_stays_where_it_is() -> None:
    ours = tree({"s/a.md": "x", "elsewhere.md": "mine", "so/own.md": "mine, too"})
    names = under_common_names(tree({"s/a.md": "x"}), ours, tree({"v/a.md": "x"}), read)
    assert set(names.ours) == {"v/a.md", "elsewhere.md", "so/own.md"}
    assert names.followed == {"s/a.md": "v/a.md"}


def test_a_move_of_a_file_that_the_user_deleted_is_not_one_that_ours_follows() -> None:
    names = under_common_names(tree({"s/a.md": "x"}), tree({}), tree({"v/a.md": "x"}), read)
    assert (set(names.base), names.followed) == ({"v/a.md"}, {})


def test_own_files_stay_where_less_than_half_of_the_folder_moved() -> None:
    base = {"s/a.md": "x", "s/b.md": "y", "s/c.md": "z"}
    ours = tree({**base, "s/own.md": "mine"})
    names = under_common_names(tree(base), ours, tree({"v/a.md": "x"}), read)
    assert "s/own.md" in names.ours


@pytest.mark.parametrize(
    ("base", "theirs", "moved"),
    [
        ({"SKILL.md": "a", "LICENSE": "mit"}, {"SKILL.md": "b", "LICENSE": "mit"}, False),
        (
            {"SKILL.md": "a", "LICENSE": "mit", "x.py": "x"},
            {"SKILL.md": "b", "LICENSE": "mit", "x.py": "x"},
            False,
        ),
        ({"a.md": "a", "LICENSE": "mit"}, {"a.md": "b", "LICENSE": "mit"}, False),
        ({"a.md": "a", "LICENSE": "mit"}, {"LICENSE": "mit"}, True),
        (
            {"a.md": "a", "LICENSE": "mit", "x.py": "x"},
            {"a.md": "b", "LICENSE": "mit", "x.py": "x"},
            True,
        ),
    ],
)
def test_own_files_do_not_go_to_another_folder_that_only_shares_files(
    base: dict[str, str], theirs: dict[str, str], moved: bool
) -> None:
    before = {f"skills/tides/{name}": data for name, data in base.items()}
    after = {f"skills/invoices/{name}": data for name, data in theirs.items()}
    ours = tree({**before, "skills/tides/own.md": "mine"})
    names = under_common_names(tree(before), ours, tree(after), read)
    assert ("skills/invoices/own.md" in names.ours) is moved


def test_an_own_file_in_an_inner_folder_follows_that_and_not_the_outer_one() -> None:
    base = {"s/a.md": "x", "s/t/b.md": "y"}
    theirs = tree({"v/a.md": "x", "w/b.md": "y"})
    names = under_common_names(tree(base), tree({**base, "s/t/own.md": "mine"}), theirs, read)
    assert "w/own.md" in names.ours


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
    names = under_common_names(
        tree({"a.md": "x"}), tree({"mine.md": "x"}), tree({"theirs.md": "x"}), read
    )
    assert names.parted == {"a.md": ("mine.md", "theirs.md")}
    assert (names.followed, names.moved_here) == ({}, {})
    assert (set(names.ours), set(names.theirs)) == ({"mine.md"}, {"theirs.md"})


def test_a_file_that_the_user_moved_has_its_new_name_everywhere_and_upstreams_is_remembered() -> (
    None
):
    base = tree({"a.md": "x", "b.md": "y"})
    names = under_common_names(
        base, tree({"mine.md": "x", "b.md": "y"}), tree({"a.md": "x2", "b.md": "y"}), read
    )
    assert set(names.base) == set(names.ours) == set(names.theirs) == {"b.md", "mine.md"}
    assert names.upstream_name(RelPath("mine.md")) == "a.md"
    assert names.upstream_name(RelPath("b.md")) == "b.md"


def test_a_move_that_is_known_needs_no_likeness_and_both_names_must_fit() -> None:
    base, ours = tree({"a.md": text(10), "b.md": "y"}), tree({"mine.md": "all new", "b.md": "y"})
    theirs = tree({"a.md": text(9), "b.md": "y"})
    known = {RelPath("a.md"): RelPath("mine.md")}
    names = under_common_names(base, ours, theirs, read, known)
    assert names.moved_here == {"mine.md": "a.md"}
    for gone in ({"a.md": "nowhere.md"}, {"b.md": "mine.md"}, {"a.md": "b.md"}):
        unfit = {RelPath(old): RelPath(new) for old, new in gone.items()}
        assert not under_common_names(base, ours, theirs, read, unfit).moved_here


def test_nothing_moves_onto_what_is_there_already() -> None:
    base = tree({"a.md": "x"})
    ours = tree({"a.md": "x, edited", "b.md": "my own"})
    names = under_common_names(base, ours, tree({"b.md": "x"}), read)
    assert names.ours == ours
    assert names.followed == {}


def test_where_two_folders_became_one_of_two_own_files_of_one_name_only_one_goes_along() -> None:
    base = tree({"s/a.md": "x", "u/b.md": "y"})
    ours = tree({"s/a.md": "x", "u/b.md": "y", "s/own.md": "mine", "u/own.md": "mine, too"})
    names = under_common_names(base, ours, tree({"v/a.md": "x", "v/b.md": "y"}), read)
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
    names = under_common_names(base, ours, theirs, read)
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
