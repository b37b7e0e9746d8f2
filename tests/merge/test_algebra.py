"""The one rule as laws: what holds of it whatever the values are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hermes_dist.merge.algebra import pick
from hermes_dist.model.side import Side
from hermes_dist.model.values import ABSENT, same

VALUES = st.sampled_from([ABSENT, None, False, 0, 0.0, 1, True, "", "a", float("nan")])


@given(VALUES, VALUES, VALUES)
def test_law_swapping_the_sides_swaps_the_answer(
    base: object, ours: object, theirs: object
) -> None:
    swapped = {Side.OURS: Side.THEIRS, Side.THEIRS: Side.OURS, None: None}
    said, mirrored = pick(base, ours, theirs, same), pick(base, theirs, ours, same)
    nothing_between = same(ours, theirs)
    assert mirrored is (Side.OURS if nothing_between else swapped[said])


@given(VALUES, VALUES, VALUES)
def test_law_a_change_of_one_side_is_never_lost_and_never_a_clash(
    base: object, ours: object, theirs: object
) -> None:
    side = pick(base, ours, theirs, same)
    stands = {Side.OURS: ours, Side.THEIRS: theirs}.get(side, ABSENT) if side else None
    if side is None:
        assert not same(ours, base)
        assert not same(theirs, base)
        assert not same(ours, theirs)
    elif not same(ours, base):
        assert same(stands, ours)
    else:
        assert same(stands, theirs)


def test_absent_is_a_value_like_any_other() -> None:
    assert pick(ABSENT, ABSENT, None, same) is Side.THEIRS
    assert pick(None, ABSENT, None, same) is Side.OURS
    assert pick(1, ABSENT, 2, same) is None
    assert pick(1, ABSENT, ABSENT, same) is Side.OURS


def test_without_another_notion_of_equality_the_language_s_own_counts() -> None:
    assert pick(1, True, 2) is Side.THEIRS
    assert pick(1, True, 2, same) is None
