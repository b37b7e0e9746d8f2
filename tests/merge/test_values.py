"""What is the same is not looked into: the tables of shapes would leave it as it is."""

from __future__ import annotations

from copy import deepcopy
from datetime import date

from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.agents.generation import RUN_STATE
from hermes_dist.agents.jobs import FILE_STATE, IMPLIED, TWINS
from hermes_dist.merge import values
from hermes_dist.merge.data import merge_document
from hermes_dist.merge.values import Merge
from hermes_dist.model.paths import RelPath
from hermes_dist.model.values import same

_NAMES = st.sampled_from(
    [
        *("mcp_servers", "tools", "include", "enabled", "toolsets", "plugins", "jobs", "schedule"),
        *("id", "name", "a", "b", "", "_config_version"),
        *(field.split(".")[0] for field in (*RUN_STATE, *FILE_STATE)),
        *(name for name, _ in IMPLIED),
        *TWINS,
    ]
)
_KEYS = _NAMES | st.sampled_from([1, 2.5, None])
_SCALARS = st.sampled_from(["", "a", "b", 0, 1, 1.0, True, False, None, float("nan")])
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.dictionaries(_KEYS, inner, max_size=4)
        | st.lists(inner, max_size=3)
        | st.lists(
            st.fixed_dictionaries({"id": st.sampled_from("abc")}, optional={"x": inner}), max_size=3
        )
    ),
    max_leaves=12,
)
_PATHS = st.sampled_from(
    [RelPath(name) for name in ("config.yaml", "cron/jobs.json", "other.yaml", "other.json")]
)
_PLACES = st.lists(_NAMES, max_size=3).map(tuple)


def _other_order(value: object) -> object:
    if isinstance(value, dict):
        return {key: _other_order(part) for key, part in reversed(value.items())}
    return [_other_order(part) for part in value] if isinstance(value, list) else value


@settings(max_examples=examples(4000), deadline=None)
@given(_PATHS, _PLACES, _VALUES, st.booleans())
def test_three_values_that_are_the_same_merge_to_it(
    path: RelPath, at: tuple[str, ...], ours: object, turned: bool
) -> None:
    other = _other_order(ours) if turned else deepcopy(ours)
    merge = Merge(path, values.nobody)
    # One step of the merge as the table says; each of its parts is the same in all three, too.
    merged = merge._changed(other, ours, other, at)
    assert same(merged, ours)
    assert repr(merged) == repr(ours)  # in the order of ours
    assert (merge.conflicts, merge.open, merge.left, merge.kept) == ([], [], [], [])


@settings(max_examples=examples(4000), deadline=None)
@given(
    st.sampled_from([RelPath("config.yaml"), RelPath("cron/jobs.json")]),
    _PLACES,
    st.dictionaries(_KEYS, _VALUES, max_size=4),
    st.booleans(),
)
def test_two_maps_that_are_the_same_are_alike_key_by_key(
    path: RelPath, at: tuple[str, ...], ours: dict[object, object], turned: bool
) -> None:
    other = _other_order(ours) if turned else deepcopy(ours)
    assert same(ours, other)
    assert values._alike_in_parts(path, at, ours, other)


def test_a_key_that_is_a_date_is_merged_as_any_other() -> None:
    path, keeps = RelPath("config.yaml"), "when:\n  2026-01-01: x\n"
    base, ours, theirs = (
        f"{text}{keeps}".encode() for text in ("a: 1\n", "a: 1\nb: 2\n", "a: 2\n")
    )
    assert (
        merge_document(path, base, ours, theirs).content == b"a: 2\nb: 2\nwhen:\n  2026-01-01: x\n"
    )
    both = merge_document(path, base, ours.replace(b"x", b"z"), theirs.replace(b"x", b"y"))
    assert both.conflicts == (("when", date(2026, 1, 1)),)
