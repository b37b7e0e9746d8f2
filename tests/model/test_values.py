"""Data of documents: what is equal to the agent, and values looked up, set and taken out by their key paths."""

from __future__ import annotations

import copy
from itertools import pairwise

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.model.keypath import Item, KeyPath, parse_key
from hermes_dist.model.values import (
    ABSENT,
    Unmergeable,
    by_field,
    freeze,
    get,
    key_field,
    leaves,
    ordered,
    same,
    with_value,
)

LAW = settings(max_examples=examples(200), deadline=None)
NAN = float("nan")
SCALARS = st.sampled_from([None, True, False, 0, 1, 0.0, 1.0, -0.0, NAN, "", "1", "a", "b"])
DATA = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "id", 1, None]), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, False),
        (1, True, False),
        (0, False, False),
        ("1", 1, False),
        (None, False, False),
        (None, ABSENT, False),
        (NAN, NAN, True),
        (NAN, float("inf"), False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1, 2], [2, 1], False),
        ({1: "x"}, {True: "x"}, False),
        ({"a": [NAN]}, {"a": [NAN]}, True),
        ({}, [], False),
        ({"a": None}, {}, False),
    ],
)
def test_values_are_equal_as_the_agent_sees_them(one: object, other: object, equal: bool) -> None:
    assert same(one, other) is equal
    assert same(other, one) is equal
    assert (freeze(one) == freeze(other)) is equal


@LAW
@given(DATA, DATA)
def test_law_frozen_twins_are_equal_exactly_when_the_values_are(one: object, other: object) -> None:
    assert (freeze(one) == freeze(other)) is same(one, other)
    assert same(one, copy.deepcopy(one))
    assert hash(freeze(one)) == hash(freeze(copy.deepcopy(one)))


def test_lists_are_equal_only_if_their_items_are_equal_in_type_too() -> None:
    assert same([1, "a"], [1, "a"])
    assert not same([1], [True])
    assert not same([[1]], [[1.0]])


def test_nan_is_frozen_to_one_and_the_same_form() -> None:
    one, other = float("nan"), float("nan")
    assert freeze([one]) == freeze([other])
    assert freeze(one) != freeze(1.0)


def test_lists_are_keyed_where_every_item_has_a_name_of_its_own_in_all_of_them() -> None:
    assert key_field([{"id": "a", "name": "x"}], [{"id": "b", "name": "x"}]) == "id"
    assert key_field([{"id": 1, "name": "x"}], []) == "name"
    assert key_field([{"name": "x"}, {"name": "x"}]) is None
    assert key_field([{"id": "a"}], [{"name": "a"}]) is None
    assert key_field([{"id": "a"}, "a"]) is None
    assert key_field([], []) is None


def test_a_value_is_looked_up_by_key_and_by_item_and_null_is_not_absence() -> None:
    data = {"jobs": [{"id": "a", "n": None}, "odd"], 1: "one"}
    assert get(data, ()) is data
    assert get(data, parse_key("jobs[id=a].n")) is None
    for key in (
        "jobs[id=b]",
        "jobs[name=a]",
        "jobs[id=a].m",
        "jobs.a",
        "x.y",
        "(true)",
        "(1.0)",
        "jobs[id=a].n.deeper",
    ):
        assert get(data, parse_key(key)) is ABSENT, key
    assert get(data, parse_key("(1)")) == "one"


PATHS = st.lists(
    st.sampled_from(["a", "b", "new", Item("id", "x"), Item("name", "y")]), min_size=1, max_size=3
).map(tuple)


@LAW
@given(DATA, PATHS, st.sampled_from([None, 7, "v", [1]]))
def test_law_what_was_set_is_found_and_what_was_taken_out_is_not(
    data: object, path: KeyPath, value: object
) -> None:
    before = copy.deepcopy(data)
    if isinstance(path[-1], Item):
        value = {path[-1].field: path[-1].value, "v": value}
    try:
        after = with_value(data, path, value)
        gone = with_value(data, path, ABSENT)
    except Unmergeable:
        return
    assert get(after, path) == value
    assert get(gone, path) is ABSENT
    assert same(data, before)
    if get(data, path) is ABSENT:
        assert same(gone, data)
    if isinstance(data, dict) and isinstance(after, dict) and isinstance(gone, dict):
        assert [key for key in after if key in data] == list(data)
        assert list(gone) == [key for key in data if key in gone]


def test_all_else_stays_and_keeps_its_order() -> None:
    data = {"a": 1, "b": {"c": 2, "d": [{"id": "x", "n": 1}, {"id": "y", "n": 2}]}, "e": 3}
    after = with_value(data, parse_key("b.d[id=x].n"), 9)
    assert after == {"a": 1, "b": {"c": 2, "d": [{"id": "x", "n": 9}, {"id": "y", "n": 2}]}, "e": 3}
    assert list(after) == ["a", "b", "e"] if isinstance(after, dict) else False


def test_a_new_key_goes_where_the_other_document_has_it() -> None:
    like = {"a": 0, "b": 0, "c": 0}
    for data, order in (({"a": 1, "c": 1}, "abc"), ({"c": 1, "x": 1}, "bcx"), ({"x": 1}, "xb")):
        after = with_value(data, ("b",), 1, like)
        assert "".join(after) == order if isinstance(after, dict) else False
    rows = with_value(
        [{"id": "a"}, {"id": "c"}],
        (Item("id", "b"),),
        {"v": 1},
        [{"id": "a"}, {"id": "b"}, {"id": "c"}],
    )
    assert rows == [{"id": "a"}, {"id": "b", "v": 1}, {"id": "c"}]


def test_maps_and_lists_on_the_way_are_made_and_go_again_unless_the_other_document_has_them() -> (
    None
):
    made = with_value({}, parse_key("a.b[id=x].n"), 1)
    assert made == {"a": {"b": [{"id": "x", "n": 1}]}}
    assert with_value(made, parse_key("a.b[id=x]"), ABSENT) == {}
    assert with_value(made, parse_key("a.b[id=x]"), ABSENT, {"a": {"b": []}}) == {"a": {"b": []}}
    assert with_value({"a": {}}, parse_key("a.b"), ABSENT) == {"a": {}}


def test_an_item_is_never_put_into_a_list_whose_items_have_no_such_names() -> None:
    for rows in (["x"], [{"id": "a"}, {"id": "a"}], [{"name": "a"}]):
        with pytest.raises(Unmergeable) as caught:
            with_value({"l": rows}, parse_key("l[id=x]"), {"v": 1})
        assert caught.value.reason == "the items of a list have no unique id"


def test_an_item_of_a_list_is_a_map_and_nothing_else() -> None:
    for rows in ([], [{"id": "x"}]):
        with pytest.raises(Unmergeable, match="an item of a list is not a map"):
            with_value({"l": rows}, parse_key("l[id=x]"), "text")
        with pytest.raises(Unmergeable, match="an item of a list is not a map"):
            with_value({"l": rows}, parse_key("l[id=x][id=y]"), {"v": 1})


@LAW
@given(
    st.lists(st.integers(0, 9), unique=True),
    st.lists(st.integers(0, 9), unique=True),
    st.sets(st.integers(0, 9)),
)
def test_law_keys_that_stay_are_there_once_ours_in_our_order(
    ours: list[int], theirs: list[int], keep: set[int]
) -> None:
    out = ordered(list(ours), list(theirs), set(keep))
    assert sorted(map(str, out)) == sorted(map(str, keep & {*ours, *theirs}))
    assert [key for key in out if key in ours] == [key for key in ours if key in keep]
    if not set(ours) & keep:
        assert out == [key for key in theirs if key in keep]


def test_theirs_new_keys_follow_their_predecessor_else_precede_their_successor() -> None:
    assert ordered(["a", "b"], ["a", "x", "y", "b"], {"a", "b", "x", "y"}) == ["a", "x", "y", "b"]
    assert ordered(["z", "b"], ["x", "b"], {"z", "b", "x"}) == ["z", "x", "b"]
    assert ordered(["a"], ["x"], {"a", "x"}) == ["a", "x"]


@LAW
@given(DATA)
def test_law_every_leaf_is_found_at_its_path(data: object) -> None:
    found = list(leaves(data))
    assert all(same(get(data, path), value) for path, value in found)
    paths = [freeze(list(map(repr, path))) for path, _ in found]
    assert all(one != other for one, other in pairwise(sorted(paths, key=repr)))


def test_leaves_go_into_keyed_lists_and_stop_at_others() -> None:
    data = {"a": {"b": 1, "c": {}}, "l": [{"id": "x", "n": 1}], "m": [1, {"n": 2}]}
    assert list(leaves(data)) == [
        (("a", "b"), 1),
        (("a", "c"), {}),
        (("l", Item("id", "x"), "id"), "x"),
        (("l", Item("id", "x"), "n"), 1),
        (("m",), [1, {"n": 2}]),
    ]
    assert by_field([{"id": "x", "n": 1}, "odd"], "id") == {"x": {"id": "x", "n": 1}}
