"""Splicing: whose comments and spelling stay, what moves, and which lines an entry takes along."""

from __future__ import annotations

import pytest

from hermes_dist.model.documents.api import ABSENT, Kind, parse, put, rewrite
from hermes_dist.model.keypath import parse_key
from hermes_dist.model.values import with_value

YAML = Kind.YAML


def followed(base: str, ours: str, theirs: str, key: str) -> str:
    """Our text after it took upstream's value of a key."""
    old, own, new = (parse(text.encode(), YAML) for text in (base, ours, theirs))
    path = parse_key(key)
    value: object = new.value
    for segment in path:
        assert isinstance(value, dict)
        value = value[segment]
    want = with_value(own.value, path, value)
    return rewrite(own, want, donor=new, base=old).content.decode()


def listed(text: str, items: list[object]) -> str:
    return put(text.encode(), YAML, {("l",): items}, package=True).decode()


# Whose comments stay


def test_a_heading_of_the_users_stays_where_upstream_has_another_one() -> None:
    base, theirs = "# old\nm:\n  a: 1\n", "# new\nm:\n  a: 2\n"
    assert followed(base, "# mine\nm:\n  a: 1\n", theirs, "m.a") == "# mine\nm:\n  a: 2\n"
    assert followed(base, base, theirs, "m.a") == theirs


def test_a_heading_beside_a_key_follows_too_and_the_users_stays() -> None:
    base, theirs = "m:  # old\n  a: 1\n", "m:  # new\n  a: 2\n"
    assert followed(base, base, theirs, "m.a") == theirs
    assert followed(base, "m:  # mine\n  a: 1\n", theirs, "m.a") == "m:  # mine\n  a: 2\n"


def test_a_value_that_the_user_spelled_takes_only_upstreams_value() -> None:
    base, theirs = "a: 1\n", "a: 2  # new\n"
    assert followed(base, "a: 1  # mine\n", theirs, "a") == "a: 2  # mine\n"
    assert followed(base, base, theirs, "a") == theirs


def test_the_first_key_of_an_item_follows_behind_its_dash() -> None:
    base = "l:\n- v: 1\n  id: q\nk: 1\n"
    theirs = base.replace("v: 1", "v: 2  # new")
    old, own, new = (parse(text.encode(), YAML) for text in (base, base + "own: 1\n", theirs))
    want = {"l": [{"v": 2, "id": "q"}], "k": 1, "own": 1}
    assert rewrite(own, want, donor=new, base=old).content.decode() == theirs + "own: 1\n"


def test_the_last_line_of_a_text_keeps_lacking_its_newline() -> None:
    assert followed("a: 1\nb: 2", "a: 9\nb: 2", "a: 1\nb: 3  # new\n", "b") == "a: 9\nb: 3  # new"


# Which lines belong together


def test_a_group_of_upstreams_comes_with_the_blank_line_above_it_at_the_top_level_only() -> None:
    assert put(b"a: 1\n", YAML, {("b",): 2}, donor=b"a: 1\n\nb: 2\n") == b"a: 1\n\nb: 2\n"
    donor = b"m:\n  a: 1\n\n  b: 2\n"
    assert put(b"m:\n  a: 1\n", YAML, {("m", "b"): 2}, donor=donor) == b"m:\n  a: 1\n  b: 2\n"


def test_a_comment_below_an_entry_is_its_own_only_if_it_is_indented_deeper() -> None:
    text = b"m:\n  a: 1\n    # of a\n  # of b\n  b: 2\n"
    assert put(text, YAML, {("m", "a"): ABSENT}, package=True) == b"m:\n  # of b\n  b: 2\n"
    assert put(text, YAML, {("m", "b"): ABSENT}, package=True) == b"m:\n  a: 1\n    # of a\n"


def test_a_blank_line_parts_a_comment_from_the_entry_below() -> None:
    assert (
        put(b"# file\n\n# of a\na: 1\nb: 2\n", YAML, {("a",): ABSENT}, package=True)
        == b"# file\n\nb: 2\n"
    )


def test_a_dash_on_a_line_of_its_own_goes_with_its_item() -> None:
    text = "l:\n-\n  a: 1\n-\n  b: 2\n-\n  c: 3\n"
    assert listed(text, [{"a": 1}, {"c": 3}]) == "l:\n-\n  a: 1\n-\n  c: 3\n"
    assert listed(text, [{"b": 2}]) == "l:\n-\n  b: 2\n"


def test_lines_that_come_from_another_depth_are_indented_anew_and_blank_lines_stay_blank() -> None:
    donor = b"m:\n    a:\n        # why\n        x: 1\n\n        y: 2\n    b: 1\n"
    assert put(b"m:\n  b: 1\n", YAML, {("m", "a"): {"x": 1, "y": 2}}, donor=donor) == (
        b"m:\n  a:\n      # why\n      x: 1\n\n      y: 2\n  b: 1\n"
    )


def test_a_donor_with_other_line_ends_gives_ours() -> None:
    assert put(b"a: 1\n", YAML, {("b",): {"c": 1}}, donor=b"a: 1\r\nb:\r\n  c: 1 # x\r\n") == (
        b"a: 1\nb:\n  c: 1 # x\n"
    )


@pytest.mark.parametrize("text", ["--- {}\n", "--- # x\n{}\n"])
def test_a_block_behind_a_document_mark_has_a_line_of_its_own(text: str) -> None:
    content = put(text.encode(), YAML, {("a",): {"b": 1}})
    assert parse(content, YAML).value == {"a": {"b": 1}}
    assert content.startswith(text[:3].encode())


# What moves in a list


def test_of_items_in_a_new_order_the_fewest_move_with_their_comments() -> None:
    text = "l:\n- a # 1\n- b # 2\n- c # 3\n"
    assert listed(text, ["c", "a", "b"]) == "l:\n- c # 3\n- a # 1\n- b # 2\n"
    assert listed(text, ["b", "c", "a"]) == "l:\n- b # 2\n- c # 3\n- a # 1\n"
    assert listed(text, ["c", "b", "a"]) == "l:\n- c # 3\n- b # 2\n- a # 1\n"


def test_of_equal_items_those_at_the_ends_are_taken_for_the_same() -> None:
    text = "l:\n- a # 1\n- m\n- a # 2\n"
    assert listed(text, ["a", "m"]) == "l:\n- a # 1\n- m\n"
    assert listed(text, ["m", "a"]) == "l:\n- m\n- a # 2\n"
    assert listed(text, ["x", "a"]) == "l:\n- x\n- a # 2\n"
    assert listed(text, ["a", "m", "a", "a"]) == "l:\n- a # 1\n- m\n- a # 2\n- a\n"


def test_named_items_move_by_their_names_though_their_values_change() -> None:
    text = "l:\n- id: p # 1\n  v: 1\n- id: q # 2\n  v: 2\n"
    assert listed(text, [{"id": "q", "v": 2}, {"id": "p", "v": 5}]) == (
        "l:\n- id: q # 2\n  v: 2\n- id: p # 1\n  v: 5\n"
    )


def test_a_map_without_a_name_that_changed_keeps_its_lines_and_comments() -> None:
    text = "l:\n# one\n- {a: 1, b: x, c: 1} # first\n# two\n- a: 2  # yes\n  b: y\n  c: 1\n"
    changed = [{"a": 1, "b": "z", "c": 1}, {"a": 2, "b": "z", "c": 1}]
    assert listed(text, changed) == text.replace("x", "z").replace("b: y", "b: z")
    assert listed(text, changed[1:]) == "l:\n# two\n- a: 2  # yes\n  b: z\n  c: 1\n"
    assert listed(text, [{"q": 1}, *changed[:1]]).startswith("l:\n- q: 1\n# one\n- {a: 1, b: z")


def test_a_blank_line_of_the_users_above_an_entry_that_goes_stays() -> None:
    own, old = "a: 1\n\nb: 1\n\nc: 1\n", "a: 1\nb: 1\n\nc: 1\n"
    docs = [parse(text.encode(), YAML) for text in (own, old)]
    assert rewrite(docs[0], {"a": 1, "c": 1}, base=docs[1]).content == b"a: 1\n\n\nc: 1\n"
    assert rewrite(docs[0], {"a": 1, "c": 1}, base=docs[0]).content == b"a: 1\n\nc: 1\n"
