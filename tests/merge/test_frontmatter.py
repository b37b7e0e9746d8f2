"""Skills: front matter by key, body by lines."""

from __future__ import annotations

import pytest

from hermes_dist.merge.frontmatter import merge_skill
from hermes_dist.model.documents.api import Unmergeable
from hermes_dist.model.documents.frontmatter import split
from hermes_dist.model.keypath import BODY, KeyPath, format_key, parse_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side

SKILL = RelPath("skills/x/SKILL.md")
BASE = b"---\nname: x\ndescription: old  # short\n---\n# X\n\none\ntwo\nthree\n"


def test_a_skill_is_cut_at_its_fences() -> None:
    assert split(BASE) == (b"name: x\ndescription: old  # short\n", b"# X\n\none\ntwo\nthree\n")
    assert split(b"# X\n---\na: 1\n---\n") == (None, b"# X\n---\na: 1\n---\n")
    assert split(b"\xef\xbb\xbf---\r\na: 1\r\n--- \r\nx") == (b"a: 1\r\n", b"x")
    assert split(b"---\na: 1\n") == (None, b"---\na: 1\n")
    assert split(b"---\n---\nx") == (b"", b"x")


def test_both_parts_merge_each_in_its_way() -> None:
    ours = BASE.replace(b"old", b"mine").replace(b"three", b"three\nfour")
    theirs = BASE.replace(b"name: x\n", b"name: x\nversion: '2'  # new\n").replace(b"one", b"ONE")
    merged = merge_skill(SKILL, BASE, ours, theirs)
    assert merged.content == (
        b"---\nname: x\nversion: '2'  # new\ndescription: mine  # short\n---\n# X\n\nONE\ntwo\nthree\nfour\n"
    )
    assert (merged.base, merged.conflicts) == (theirs, ())


def test_conflicts_of_both_parts_have_their_keys_and_the_base_is_put_back() -> None:
    ours = BASE.replace(b"old", b"mine").replace(b"two", b"mine")
    theirs = (
        BASE.replace(b"old", b"new")
        .replace(b"two", b"theirs")
        .replace(b"name: x", b"name: 'x'\nk: 1")
    )
    merged = merge_skill(SKILL, BASE, ours, theirs)
    assert merged.conflicts == (("description",), BODY)
    assert merged.content == ours.replace(b"name: x\n", b"name: x\nk: 1\n")
    assert merged.base == BASE.replace(b"name: x", b"name: 'x'\nk: 1")
    assert parse_key(format_key(BODY)) == BODY


def test_a_favour_settles_the_body() -> None:
    ours, theirs = BASE.replace(b"two", b"mine"), BASE.replace(b"two", b"theirs")
    asked: list[KeyPath] = []

    def favour(key: KeyPath) -> Side:
        asked.append(key)
        return Side.THEIRS

    merged = merge_skill(SKILL, BASE, ours, theirs, favour)
    assert (merged.content, merged.base, merged.conflicts) == (theirs, theirs, ())
    assert asked == [BODY]


def test_the_fast_paths_keep_bytes() -> None:
    other = b"no front matter at all"
    assert merge_skill(SKILL, BASE, BASE, other).content == other
    assert merge_skill(SKILL, BASE, other, BASE).content == other
    assert merge_skill(SKILL, None, other, other).base == other


def test_a_skill_new_on_both_sides_merges_without_a_base() -> None:
    merged = merge_skill(SKILL, None, b"---\na: 1\n---\nx\n", b"---\nb: 2\n---\nx\n")
    assert merged.content == b"---\na: 1\nb: 2\n---\nx\n"


@pytest.mark.parametrize(
    "other", [b"no front matter", b"---\na: [\n---\nx\n", b"---\nname: q\n---\n\0\n"]
)
def test_what_has_no_front_matter_is_left_to_lines(other: bytes) -> None:
    with pytest.raises(Unmergeable):
        merge_skill(SKILL, BASE, BASE.replace(b"old", b"mine"), other)


def test_ours_or_the_base_without_front_matter_is_left_to_lines_too() -> None:
    theirs, bare = BASE.replace(b"old", b"new"), b"no front matter"
    for base, ours in ((BASE, bare), (bare, BASE)):
        with pytest.raises(Unmergeable, match="no front matter"):
            merge_skill(SKILL, base, ours, theirs)


def test_a_conflict_in_the_body_stays_open_while_the_front_matter_merges() -> None:
    ours = BASE.replace(b"two", b"mine")
    theirs = BASE.replace(b"old", b"new").replace(b"two", b"theirs")
    merged = merge_skill(SKILL, BASE, ours, theirs, lambda _key: None)
    assert merged.content == ours.replace(b"old", b"new")
    assert (merged.base, merged.conflicts) == (BASE.replace(b"old", b"new"), (BODY,))


def test_a_skill_with_mixed_line_ends_takes_those_of_most_lines_and_changes_no_other() -> None:
    base = b"---\nname: x\ndescription: d\n---\none\ntwo\nthree\nfour\n"
    mine = base.replace(b"name: x\n", b"name: x\r\n").replace(b"two\n", b"2\r\n")
    theirs = base.replace(b"description: d", b"description: e\nmore: 1").replace(b"four", b"4")
    done = merge_skill(SKILL, base, mine, theirs)
    assert done.conflicts == ()
    assert done.content == (b"---\nname: x\r\ndescription: e\nmore: 1\n---\none\n2\r\nthree\n4\n")
