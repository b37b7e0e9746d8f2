"""Pins keep their kind: what was followed is there as what it was, or the source is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_dist.decide.pins import about_refs, check_kept
from hermes_dist.errors import Refused
from hermes_dist.model.source import HEADS, TAGS, Pin, PinKind
from hermes_dist.model.tree import Digest
from hermes_dist.voice.notes import sentences

A, B = "a" * 40, "b" * 40
NAMES = ("v1", "main", "refs/heads/x", A, "deadbee", "latest")


def pin(kind: PinKind, ref: str = "", commit: str = A) -> Pin:
    return Pin(url="u", kind=kind, ref=ref, commit=commit, tree=Digest.of(b""))


@pytest.mark.parametrize(
    ("kind", "ref", "tags", "heads", "why"),
    [
        (PinKind.TAG, "refs/tags/v1", ["v1"], [], ""),
        (PinKind.TAG, "refs/tags/v1", ["v1"], ["v1"], ""),
        (
            PinKind.TAG,
            "refs/tags/v1",
            [],
            ["v1"],
            "v1 was a tag when it was received, and is a branch now",
        ),
        (PinKind.TAG, "refs/tags/v1", ["v2"], ["main"], "the tag v1 is gone: it named aaaaaaa"),
        (PinKind.BRANCH, "refs/heads/v1", [], ["v1"], ""),
        (PinKind.BRANCH, "refs/heads/v1", ["v1"], ["v1"], ""),
        (
            PinKind.BRANCH,
            "refs/heads/v1",
            ["v1"],
            [],
            "v1 was a branch when it was received, and is a tag now",
        ),
        (PinKind.BRANCH, "refs/heads/v1", [], [], "the branch v1 is gone"),
        (PinKind.COMMIT, "", [], [], ""),
        (PinKind.RANGE, "refs/tags/v1", [], [], ""),
        (PinKind.FOLDER, "", [], [], ""),
    ],
)
@pytest.mark.parametrize("in_full", [False, True])
def test_what_was_followed_is_there_or_the_source_is_refused(
    kind: PinKind, ref: str, tags: list[str], heads: list[str], why: str, in_full: bool
) -> None:
    asked = ref if in_full else "v1"
    if not why:
        check_kept("s", asked, pin(kind, ref), tags, heads)
        return
    with pytest.raises(Refused, match=why) as caught:
        check_kept("s", asked, pin(kind, ref), tags, heads)
    assert "--to" in caught.value.hint
    if "now" in why:
        other = {PinKind.TAG: HEADS, PinKind.BRANCH: TAGS}[kind]
        assert f"{other}v1" in caught.value.hint


def test_the_default_branch_may_be_another_one() -> None:
    before = pin(PinKind.BRANCH, "refs/heads/main")
    check_kept("s", "", before, [], ["trunk"])
    assert sentences(about_refs("", before, "refs/heads/trunk", {}, ["trunk"])) == (
        "the default branch is trunk now; it was main",
    )
    assert sentences(about_refs("", before, "", {}, [])) == (
        "the default branch is no branch now; it was main",
    )
    assert about_refs("", before, "refs/heads/main", {}, ["main"]) == ()


def test_a_name_that_is_both_is_told_where_it_is_followed_first() -> None:
    note = about_refs("v1", None, "refs/tags/v1", {"v1": A}, ["v1"])
    assert len(note) == 1
    assert "refs/heads/v1" in sentences(note)[0]
    assert about_refs("refs/tags/v1", None, "refs/tags/v1", {"v1": A}, ["v1"]) == ()
    assert about_refs("v1", None, "refs/tags/v1", {"v1": A}, []) == ()
    assert (
        about_refs("v1", pin(PinKind.TAG, "refs/tags/v1"), "refs/tags/v1", {"v1": A}, ["v1"]) == ()
    )


def test_a_range_tells_of_the_tag_that_it_leaves_where_that_moved() -> None:
    before = pin(PinKind.RANGE, "refs/tags/v1")
    assert sentences(about_refs("^1", before, "refs/tags/v1.1", {"v1": B, "v1.1": B}, [])) == (
        "the tag v1, which this profile was at, now names another commit",
    )
    assert about_refs("^1", before, "refs/tags/v1.1", {"v1": A, "v1.1": B}, []) == ()
    assert about_refs("^1", before, "refs/tags/v1.1", {"v1.1": B}, []) == ()


@given(
    st.sampled_from([PinKind.TAG, PinKind.BRANCH]),
    st.sampled_from(NAMES),
    st.sets(st.sampled_from(NAMES)),
    st.sets(st.sampled_from(NAMES)),
)
def test_law_a_source_is_let_in_only_where_its_very_ref_is_there(
    kind: PinKind, name: str, tags: set[str], heads: set[str]
) -> None:
    prefix, there = (TAGS, tags) if kind is PinKind.TAG else (HEADS, heads)
    if name in there:
        check_kept("s", name, pin(kind, prefix + name), tags, heads)
        return
    with pytest.raises(Refused) as caught:
        check_kept("s", name, pin(kind, prefix + name), tags, heads)
    assert caught.value.what.endswith(" now") == (name in (tags | heads))
