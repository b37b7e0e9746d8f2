"""A settings file that its author and its user edit: no data that nobody wrote, and each comment once."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from budget import documents
from document_authors import mutated, three
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.errors import Invalid
from hermes_dist.merge.content import Joined, join_contents
from hermes_dist.merge.data import merge_values
from hermes_dist.model.documents.api import Kind, Unmergeable, load_data, same
from hermes_dist.model.keypath import format_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side
from hermes_dist.voice.notes import sentences

PATH = RelPath("settings.yaml")
LAW = settings(max_examples=documents(3000), deadline=None)


def joined(base: str, ours: str, theirs: str, favour: Side | None = None) -> Joined:
    sides = (side.encode() for side in (base, ours, theirs))
    return join_contents(PATH, *sides, lambda _key: favour)


def data(text: str | bytes) -> object:
    return load_data(text.encode() if isinstance(text, str) else text, Kind.YAML)


def stories() -> st.SearchStrategy[tuple[str, str, str]]:
    return st.integers(0, 1 << 62).map(three)


@LAW
@given(stories())
def test_the_data_are_those_of_the_merge_by_key(texts: tuple[str, str, str]) -> None:
    result = joined(*texts)
    assert not result.whole
    value, clashes = merge_values(PATH, *map(data, texts))
    # A comment of the user's can hold more keys than the data know; there the data of ours stay.
    held = {key for key, _ in result.conflicts}
    assert "" in held or held >= {format_key(key) for key in clashes}
    if held == {format_key(key) for key in clashes}:
        assert same(data(result.content), value)
    again = join_contents(PATH, result.base, result.content, texts[2].encode(), lambda _: None)
    assert (again.content, again.base) == (result.content, result.base)
    mine = join_contents(PATH, result.base, result.content, texts[2].encode(), lambda _: Side.OURS)
    assert mine.content == result.content
    assert mine.conflicts == ()


def test_a_map_that_upstream_replaced_whole_takes_its_heading_along() -> None:
    result = joined("# old\nm:\n  a: 1\nk: 1", "# old\nm:\n  a: 1\nk: 2", "# new\nm:\n  b: 1\nk: 1")
    assert (result.content, result.base) == (
        b"# new\nm:\n  b: 1\nk: 2",
        b"# new\nm:\n  b: 1\nk: 1",
    )
    assert (result.conflicts, result.notes) == ((), ())


def test_no_server_has_the_name_of_one_and_the_arguments_of_another() -> None:
    old = "# searches\nservers:\n  search:\n    command: npx\n    args:\n    - search@1\n"
    new = "# reads files\nservers:\n  files:\n    command: npx\n    args:\n    - files@7\n    - /srv\n"
    model = "model:\n  default: {}\n"
    result = joined(model.format("x") + old, model.format("mine") + old, model.format("x") + new)
    assert result.content.decode() == model.format("mine") + new
    assert result.conflicts == ()


ANCHORED = "x: &x 1\na: *x\n\nb: 1\n"


def test_lines_stand_only_if_they_say_what_the_keys_say() -> None:
    moved = ANCHORED.replace("&x 1", "&x 5")
    agreed = joined(ANCHORED, ANCHORED.replace("b: 1", "b: 2"), moved)
    assert agreed.content.decode() == moved.replace("b: 1", "b: 2")
    assert sentences(agreed.notes) == ("settings.yaml: merged as text: a change touches an anchor",)
    # By lines, the user's own key would change its value with the anchor that it names.
    mine = ANCHORED + "d: *x\n"
    held = joined(ANCHORED, mine, moved)
    assert (held.content.decode(), held.base.decode()) == (mine, ANCHORED)
    assert [key for key, _ in held.conflicts] == ["x", "a"]
    settled = joined(ANCHORED, mine, moved, Side.OURS)
    assert (settled.content.decode(), settled.conflicts, settled.whole) == (mine, (), False)
    assert joined(ANCHORED, mine, moved, Side.THEIRS).content.decode() in (mine, moved)


def test_a_next_base_that_can_not_be_spliced_has_the_right_data_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> bytes:
        raise Unmergeable("no")

    monkeypatch.setattr("hermes_dist.merge.data.graft", refuse)
    base, ours, theirs = "a: 1\nb: 1\nc: 1\n", "a: 2\nb: 1\nc: 2\n", "a: 3\nb: 3\nc: 1\n"
    result = joined(base, ours, theirs)
    assert (result.content, data(result.base)) == (
        b"a: 2\nb: 3\nc: 2\n",
        {"a": 1, "b": 3, "c": 1},
    )
    assert [key for key, _ in result.conflicts] == ["a"]


def notes(text: str | bytes) -> Counter[str]:
    plain = text.decode() if isinstance(text, bytes) else text
    return Counter(re.findall(r"# (?:old|mine|new) \d+", plain))


@LAW
@given(stories())
def test_each_comment_that_both_hold_stands_once_and_the_users_always_stays(
    texts: tuple[str, str, str],
) -> None:
    result = joined(*texts)
    _, own, new = map(notes, texts)
    got = notes(result.content)
    for note in own:
        if note.startswith("# mine") or note in new:
            assert got[note] == 1, note
    assert set(got.values()) <= {1}
    assert set(got) <= set(own) | set(new)


def keys(value: object, at: tuple[object, ...] = ()) -> set[tuple[object, ...]]:
    if not isinstance(value, dict):
        return set()
    return {(*at, key) for key in value}.union(
        *(keys(part, (*at, key)) for key, part in value.items())
    )


@LAW
@given(stories())
def test_a_comment_that_upstream_took_out_goes_and_one_that_it_added_comes(
    texts: tuple[str, str, str],
) -> None:
    result = joined(*texts)
    if result.conflicts:
        return
    got, (old, own, new) = notes(result.content), map(notes, texts)
    assert not set(got) & set(old & own) - set(new)
    # Where the user took out comments or keys, upstream's new words for them stay away.
    if not old - own and keys(data(texts[0])) <= keys(data(texts[1])):
        assert set(new - old) <= set(got)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "content"),
    [
        ("# old\na: 1\n", "# old\na: 2\n", "# new\na: 1\n", "# new\na: 2\n"),
        ("a: 1 # old\n", "a: 2 # old\n", "a: 1 # new\n", "a: 2 # new\n"),
        ("a: 1\n", "a: 2\n", "a: 1   # new\n", "a: 2   # new\n"),
        ("# old\na: [1]\n", "# old\na: [1, 2]\n", "# new\na: [1]\n", "# new\na: [1, 2]\n"),
        ("# old\n\na: 1\n", "# old\n\na: 2\n", "# new\n\na: 1\n", "# new\n\na: 2\n"),
        ("# old\na: 1\n", "# old\na: 2\n", "# new\nz: 0\na: 1\n", "# new\nz: 0\na: 2\n"),
        ("# old\na: 1\n", "# old\na: 2\n", "a: 1\n", "a: 2\n"),
        # What nobody had yet comes, and stands where upstream has it.
        ("a: 1\n", "a: 2\n", "# new\n\na: 1\n", "# new\n\na: 2\n"),
        ("a: 1\nb: 1\n", "a: 1\nb: 2\n", "a: 1\n\n# new\n\nb: 1\n", "a: 1\n\n# new\n\nb: 2\n"),
        ("a: 1\n", "a: 2\n", "a: 1\n\n# new\n", "a: 2\n\n# new\n"),
        ("# b\na: 1\n", "# b\na: 2\n", "# a\n# b\n# c\na: 1\n", "# a\n# b\n# c\na: 2\n"),
        # What upstream moved moves, unless the user did so, or wrote between.
        ("# old\na: 1\n", "# old\na: 2\n", "# old\nz: 0\na: 1\n", "# old\nz: 0\na: 2\n"),
        ("a: 1 # old\n", "a: 2 # old\n", "# old\na: 1 # new\n", "# old\na: 2 # new\n"),
        ("# old\n\na: 1\n", "# old\n\na: 2\n", "z: 0\n# old\n\na: 1\n", "z: 0\n# old\n\na: 2\n"),
        (
            "# one\n# two\na: 1\n",
            "# one\n# two\na: 2\n",
            "# two\nz: 0\na: 1\n",
            "# two\nz: 0\na: 2\n",
        ),
        ("# old\na: 1\n", "a: 2 # old\n", "# old\nz: 0\na: 1\n", "z: 0\na: 2 # old\n"),
        (
            "# old\na: 1\n",
            "# old\n# mine\na: 2\n",
            "# old\nz: 0\na: 1\n",
            "z: 0\n# old\n# mine\na: 2\n",
        ),
        (
            "m:\n\n  # old\n\n  a: 1\n  b: 1\n",
            "m:\n\n  # old\n\n  a: 1\n  b: 2\n",
            "z: 0\nm:\n  b: 1\n\n  # old\n\n  a: 1\n",
            "z: 0\nm:\n\n  # old\n\n  a: 1\n  b: 2\n",
        ),
        # The user's own words stay: beside new ones of upstream, and instead of those for what both rewrote.
        ("# old\na: 1\n", "# mine\n# old\na: 1\n", "# new\na: 1\n", "# mine\n# new\na: 1\n"),
        ("# old\na: 1\n", "# mine\na: 1\n", "# new\na: 1\n", "# mine\na: 1\n"),
        ("# old\na: 1\n", "a: 2\n", "# new\na: 1\n", "a: 2\n"),
        # A file that the agent wrote anew, without comments, stays without.
        ("# head\n\n# old\na: 1\n", "a: 2\n", "# head\n\n# old\na: 1\n# foot\n", "a: 2\n"),
    ],
)
def test_comments_are_merged_as_the_data_are(
    base: str, ours: str, theirs: str, content: str
) -> None:
    result = joined(base, ours, theirs)
    assert (result.content.decode(), result.conflicts) == (content, ())
    again = joined(result.base.decode(), content, theirs)
    assert (again.content, again.base) == (result.content, result.base)


def test_a_comment_at_a_conflict_follows_upstream_unless_the_key_is_gone_there() -> None:
    base, ours = "# old\na: 1\nb: 1\n", "# old\na: 2\nb: 1\n"
    for theirs, content in (
        ("# new\na: 3\nb: 1\n", "# new\na: 2\nb: 1\n"),
        ("b: 1\n", ours),
        ("c: 1\n", "# old\na: 2\nc: 1\n"),
    ):
        result = joined(base, ours, theirs)
        assert ([key for key, _ in result.conflicts], result.content.decode()) == (["a"], content)
        settled = joined(result.base.decode(), content, theirs, Side.OURS)
        assert settled.content.decode() == content
        assert joined(result.base.decode(), content, theirs, Side.THEIRS).content.decode() == theirs


def test_comments_inside_a_value_that_is_kept_stay() -> None:
    base = "m:\n  # one\n  a: 1\n  # two\n  b: 1\nk: 1\n"
    ours = base.replace("a: 1", "a: 2")
    result = joined(base, ours, "m: 7\nk: 1\n")
    assert ([key for key, _ in result.conflicts], result.content.decode()) == (["m"], ours)


def merged(base: str, ours: str, theirs: str) -> str:
    result = joined(base, ours, theirs)
    assert result.conflicts == ()
    return result.content.decode()


def test_a_blank_line_of_the_authors_below_a_comment_neither_doubles_nor_drops_it() -> None:
    glued, parted = "# Bot\nm:\n  d: x\na: 5\n", "# Bot\n\nm:\n  d: x\na: 5\n"
    assert merged(parted, parted.replace("5", "9"), glued).count("# Bot") == 1
    assert merged(glued, glued.replace("5", "9"), parted).count("# Bot") == 1
    assert merged(parted, parted.replace("5", "9"), glued.replace("d: x", "d: y")) == (
        "# Bot\n\nm:\n  d: y\na: 9\n"
    )


def test_a_header_stays_where_the_first_key_under_it_comes_or_goes() -> None:
    one, two = "# Head\nb: 1\nc: 1\n", "# Head\na: 0\nb: 1\nc: 1\n"
    assert merged(one, one.replace("b: 1", "b: 2"), two).count("# Head") == 1
    assert merged(two, two.replace("b: 1", "b: 2"), one) == "# Head\nb: 2\nc: 1\n"
    assert merged(one, one.replace("c: 1", "c: 2"), two) == "# Head\na: 0\nb: 1\nc: 2\n"


def test_a_comment_that_moved_to_another_key_stands_once() -> None:
    base, ours = "a: 1  # why\nb: 1\n", "a: 2  # why\nb: 1\n"
    assert merged(base, ours, "a: 1\nb: 1\n# why\nc: 1\n").count("# why") == 1
    swapped = merged("# A\na: 1\n# B\nb: 1\n", "# A\na: 2\n# B\nb: 1\n", "# B\nb: 1\n# A\na: 1\n")
    assert (swapped.count("# A"), swapped.count("# B")) == (1, 1)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "held", "content"),
    [
        ("a: 1\nb: 1\n", "a: 1 # mine\n", "c: 1\n", ["a"], "a: 1 # mine\nc: 1\n"),
        ("a: 1\nb: 1\n", "# mine\na: 1\n", "b: 1\n", ["a"], "# mine\na: 1\n"),
        ("a: 1\nb: 1\nc: 1\n", "a: 1 # mine\nb: 1\n", "c: 1\n", ["a"], "a: 1 # mine\n"),
        ("m:\n  a: 1\n  b: 1\n", "m:\n  a: 1 # mine\n", "m:\n  c: 1\n", ["m.a"], None),
    ],
)
def test_where_upstream_removed_every_key_that_is_left_only_the_ones_with_comments_are_held(
    base: str, ours: str, theirs: str, held: list[str], content: str | None
) -> None:
    result = joined(base, ours, theirs)
    assert [key for key, _ in result.conflicts] == held
    if content is not None:
        assert result.content.decode() == content
    assert joined(base, ours, theirs, Side.THEIRS).content.decode() in (theirs, "{}\n")
    again = joined(result.base.decode(), result.content.decode(), theirs)
    assert (again.content, again.base) == (result.content, result.base)


@LAW
@given(st.integers(0, 1 << 62).map(mutated))
def test_files_with_lines_moved_by_hand_keep_the_users_comments_and_a_second_update_is_quiet(
    texts: tuple[str, str, str],
) -> None:
    try:
        sides = [data(text) or {} for text in texts]
    except Invalid:
        return  # such a file is merged by lines or stays whole
    result = joined(*texts)
    if result.whole:
        return
    value, clashes = merge_values(PATH, *sides)
    held = {key for key, _ in result.conflicts}
    if held == {format_key(key) for key in clashes}:
        assert same(data(result.content) or {}, value)
    got, own = notes(result.content), notes(texts[1])
    assert all(got[note] >= 1 for note in own if note.startswith("# mine"))
    assert set(got) <= set(own) | set(notes(texts[2]))
    again = join_contents(PATH, result.base, result.content, texts[2].encode(), lambda _: None)
    assert (again.content, again.base) == (result.content, result.base)


def test_a_next_base_of_an_upstream_that_has_only_comments_left_does_not_grow() -> None:
    base, ours, theirs = "# old\na: 1\n", "# mine\n# old\na: 2\n", "\n# old\n\n"
    result = joined(base, ours, theirs)
    assert [key for key, _ in result.conflicts] == ["a"]
    assert result.base.count(b"# old") == 1
    again = joined(result.base.decode(), result.content.decode(), theirs)
    assert (again.content, again.base) == (result.content, result.base)


def test_a_blank_line_above_the_first_key_follows_no_other_first_key() -> None:
    base, ours = "m:  # it\n  # old\n\n  a: 1\n", "m:  # it\n\n  k: 1\n\n  a: 1\n"
    for texts in ((base, ours, "m:  # it\n  k: 2\n\n  a: 2\n"), mutated(1860808)):
        first = joined(*texts)
        assert len(first.conflicts) == 1
        again = joined(first.base.decode(), first.content.decode(), texts[2])
        assert (again.content, again.base) == (first.content, first.base)


@pytest.mark.parametrize("theirs", ["# new\n# old", "\n# old\n\n# new", "# old\n\n\n# new\n# foot"])
@pytest.mark.parametrize("base", ["# old\na: 1\n", "a: 1 # old\n", "\n# old\n\na: 1\n\n# foot"])
def test_a_file_of_comments_takes_an_open_key_in_without_their_doubles(
    base: str, theirs: str
) -> None:
    ours = base.replace("1", "2")
    result = joined(base, ours, theirs)
    assert [key for key, _ in result.conflicts] == ["a"]
    for text in (result.content, result.base):
        assert max(Counter(re.findall(r"# \w+", text.decode())).values()) == 1
    for side in (None, Side.OURS):
        again = joined(result.base.decode(), result.content.decode(), theirs, side)
        assert again.content == result.content
        assert side or again.base == result.base


@LAW
@given(stories())
def test_taking_theirs_everywhere_has_the_data_of_the_merge(texts: tuple[str, str, str]) -> None:
    result = joined(*texts, Side.THEIRS)
    value, _ = merge_values(PATH, *map(data, texts), lambda _: Side.THEIRS)
    assert same(data(result.content) or {}, value)
    assert result.conflicts == ()


def test_a_blank_line_that_came_with_a_comment_goes_with_it() -> None:
    base, ours = "a: 1\n\n# old\n  # in\nb: 1\n", "a: 1\n\n# old\n  # in\nb: 2\n"
    theirs = "a: 1\n\n  # old\n# in\nb: 1\n"
    result = joined(base, ours, theirs)
    assert result.content.decode() == ours
    again = joined(result.base.decode(), result.content.decode(), theirs)
    assert (again.content, again.base) == (result.content, result.base)


def test_a_comment_between_keys_that_all_go_stays_and_holds_up_none() -> None:
    base, ours = "a: 1\nb: 1\n", "a: 1\n\n# mine\n\nb: 1\n"
    result = joined(base, ours, "c: 1\n")
    assert (data(result.content), result.conflicts) == ({"c": 1}, ())
    assert result.content.count(b"# mine") == 1
    for texts in (mutated(1000509), three(8200), three(13274), mutated(848), mutated(902)):
        first = joined(*texts)
        again = joined(first.base.decode(), first.content.decode(), texts[2])
        assert (again.content, again.base) == (first.content, first.base)


def test_a_comment_apart_from_keys_that_all_go_holds_up_none_that_the_user_removed() -> None:
    base, theirs = "m:\n  k: 1\n\n  s: 1\n", "m:\n  k: 1\n  e: 1\n"
    kept = joined(base, "m:\n\n  # mine\n\n  s: 1\n", theirs)
    assert (kept.content.decode(), kept.conflicts) == ("m:\n\n  # mine\n\n  e: 1\n", ())
    held = joined(base, "m:\n\n  # mine\n  s: 1\n", "m:\n  k: 1\n")
    assert [key for key, _ in held.conflicts] == ["m.s"]
    taken = joined(base, "m:\n\n  # mine\n  s: 1\n", "m:\n  k: 1\n", Side.THEIRS)
    assert data(taken.content) == {"m": {}}
