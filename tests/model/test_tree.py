"""Trees and digests."""

from __future__ import annotations

import hashlib
import itertools

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.errors import Invalid
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import (
    EMPTY,
    Digest,
    Entry,
    Tree,
    check_side_by_side,
    mode_of,
    names_alike,
    together,
)

ONE, TWO = Entry(Digest.of(b"1")), Entry(Digest.of(b"2"))


def tree(**files: Entry) -> Tree:
    return Tree({RelPath(name.replace("__", "/")): entry for name, entry in files.items()})


def test_a_digest_is_sha_256_of_the_bytes() -> None:
    assert Digest.of(b"x") == hashlib.sha256(b"x").hexdigest()
    assert Digest.of(memoryview(b"x")) == Digest.of(b"x")
    assert Digest(str(Digest.of(b"x"))) == Digest.of(b"x")


@pytest.mark.parametrize(
    "text", ["", "ab", "AB" * 32, "g" * 64, "a" * 63, "a" * 65, "a" * 64 + "\n", " " + "a" * 63]
)
def test_other_text_is_no_digest(text: str) -> None:
    with pytest.raises(Invalid, match="SHA-256"):
        Digest(text)


def test_a_tree_is_a_map_in_path_order() -> None:
    found = Tree([(RelPath("b"), ONE), (RelPath("a/c"), TWO), (RelPath("a.b"), ONE)])
    assert list(found) == ["a.b", "a/c", "b"]
    assert len(found) == 3
    assert found[RelPath("b")] == ONE
    assert RelPath("b") in found
    assert RelPath("x") not in found
    assert found.get(RelPath("x")) is None
    assert len(EMPTY) == 0


def test_equal_trees_are_equal_in_any_order_and_have_the_same_hash() -> None:
    one, other = tree(a=ONE, b=TWO), Tree(reversed([(RelPath("a"), ONE), (RelPath("b"), TWO)]))
    assert one == other
    assert hash(one) == hash(other)
    assert one.digest == other.digest
    assert one != tree(a=ONE)
    assert one != {RelPath("a"): ONE, RelPath("b"): TWO}


def test_the_digest_of_a_tree_is_over_lines_of_mode_digest_and_path() -> None:
    mine = Tree({RelPath("b"): Entry(ONE.digest, executable=True), RelPath("a"): TWO})
    assert mine.digest == Digest.of(f"644 {TWO.digest} a\n755 {ONE.digest} b\n".encode())
    assert EMPTY.digest == Digest.of(b"")


_ENTRIES = st.builds(Entry, st.sampled_from([ONE.digest, TWO.digest]), st.booleans())
_FILES = st.dictionaries(st.sampled_from("abcdef").map(RelPath), _ENTRIES)


@settings(max_examples=examples(500), deadline=None)
@given(_FILES, _FILES)
def test_law_trees_have_the_same_digest_exactly_when_they_are_equal(
    one: dict[RelPath, Entry], other: dict[RelPath, Entry]
) -> None:
    assert (Tree(one).digest == Tree(other).digest) == (one == other) == (Tree(one) == Tree(other))


@settings(max_examples=examples(500), deadline=None)
@given(_FILES, _FILES)
def test_law_differing_and_with_entries_are_each_others_inverse(
    one: dict[RelPath, Entry], other: dict[RelPath, Entry]
) -> None:
    a, b = Tree(one), Tree(other)
    changed = a.differing(b)
    assert changed == sorted(set(changed)) == b.differing(a)
    assert a.with_entries({path: b.get(path) for path in changed}) == b
    assert a == Tree(one), "a tree never changes"


def test_where_keeps_what_is_asked_for() -> None:
    assert tree(a=ONE, x__y=TWO).where(lambda path: path.top == "x") == tree(x__y=TWO)


def test_what_two_trees_have_in_common_is_held_once() -> None:
    one, other = tree(a=ONE, b=ONE, x__y=TWO), tree(a=Entry(Digest(ONE.digest)), b=TWO, z=TWO)
    shared = other.sharing(one)
    assert shared == other
    assert shared.digest == other.digest
    assert shared["a"] is one["a"]
    held = {str(path): path for path in one}
    assert {str(path) for path in shared if path is held.get(str(path))} == {"a", "b"}


def test_with_entries_replaces_adds_and_takes_out() -> None:
    changes: dict[RelPath, Entry | None] = {
        RelPath("a"): None,
        RelPath("b"): ONE,
        RelPath("c"): TWO,
        RelPath("gone"): None,
    }
    assert tree(a=ONE, b=TWO).with_entries(changes) == tree(b=ONE, c=TWO)


def test_a_mode_is_one_of_two() -> None:
    assert mode_of(ONE) == "644"
    assert mode_of(Entry(ONE.digest, executable=True)) == "755"


@pytest.mark.parametrize(
    "paths",
    [
        [],
        ["a", "b", "a.b"],
        ["x/a", "x/b", "x/y/a", "z/a"],
        ["a-b", "a/b", "a.c"],
        ["ss", "s"],
    ],
)
def test_these_stand_side_by_side(paths: list[str]) -> None:
    check_side_by_side(map(RelPath, paths))
    check_side_by_side(map(RelPath, reversed(paths)))


@pytest.mark.parametrize(
    "paths",
    [
        ["a", "A"],
        ["x/a", "X/b"],
        ["x/y/a", "x/Y/b"],
        ["é", "e\u0301"],
        ["é/a", "e\u0301/b"],
        ["straße.md", "STRASSE.md"],
        ["a", "a/b"],
        ["A", "a/b"],
        ["x/a", "x/a/b/c"],
        ["a", "a"],
    ],
)
def test_these_do_not_and_the_error_names_both(paths: list[str]) -> None:
    for order in itertools.permutations(["q", *paths, "r/s"]):
        with pytest.raises(Invalid, match="unsafe path") as caught:
            check_side_by_side(map(RelPath, order))
        assert "some file systems" in caught.value.what


@settings(max_examples=examples(500), deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["a", "A", "b", "a/b", "a/B", "A/b", "a/b/c", "c/d", "c/é", "c/e\u0301", "C"]
        ),
        unique=True,
    )
)
def test_law_a_set_of_paths_stands_side_by_side_exactly_when_each_two_do(paths: list[str]) -> None:
    def fits(some: list[str]) -> bool:
        try:
            check_side_by_side(map(RelPath, some))
        except Invalid:
            return False
        return True

    assert fits(paths) == all(fits(list(pair)) for pair in itertools.combinations(paths, 2))


@pytest.mark.parametrize(
    ("paths", "pairs"),
    [
        (["a", "b", "x/a", "y/A"], []),
        (["a", "A"], [("a", "A")]),
        (["x/a", "X/b", "X/c"], [("x", "X")]),
        (["x/é.md", "x/e\u0301.md", "x/É.md"], [("x/é.md", "x/e\u0301.md"), ("x/é.md", "x/É.md")]),
        (["a", "a/b"], []),
    ],
)
def test_names_alike_are_found_with_the_first_one(
    paths: list[str], pairs: list[tuple[str, str]]
) -> None:
    assert list(names_alike(map(RelPath, paths))) == pairs


def test_new_contents_are_read_before_old_ones_even_those_that_come_later() -> None:
    new: dict[Digest, bytes] = {}
    read = together(new, lambda _digest: b"old")
    assert read(Digest.of(b"x")) == b"old"
    new[Digest.of(b"x")] = b""
    assert read(Digest.of(b"x")) == b""
