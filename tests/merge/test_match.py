"""Which lines belong together: as few changes as can be, always at the same place, however much there is to search."""

from __future__ import annotations

from collections import Counter

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.merge import match
from hermes_dist.merge.match import Change, changes

LAW = settings(max_examples=examples(200), deadline=None)


def longest_common(a: list[int], b: list[int]) -> int:
    """How many lines two texts have in common at most, the slow and plain way."""
    row = [0] * (len(b) + 1)
    for x in a:
        before = 0
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], before + 1 if x == y else max(row[j], row[j - 1])
    return row[-1]


def rebuilt(a: list[int], b: list[int], found: list[Change]) -> list[int]:
    """The second text, made of the first one and the changes."""
    out: list[int] = []
    at = 0
    for change in found:
        out += a[at : change.a_lo] + b[change.b_lo : change.b_hi]
        at = change.a_hi
    return out + a[at:]


def size(found: list[Change]) -> int:
    return sum(c.a_hi - c.a_lo + c.b_hi - c.b_lo for c in found)


def test_equal_texts_have_no_changes_and_empty_ones_are_changed_whole() -> None:
    assert changes([], []) == []
    assert changes([1, 2], [1, 2]) == []
    assert changes([], [1, 2]) == [Change(0, 0, 0, 2)]
    assert changes([1, 2], []) == [Change(0, 2, 0, 0)]
    assert changes([1, 2], [3]) == [Change(0, 2, 0, 1)]


def test_a_change_between_common_lines_is_just_that_change() -> None:
    assert changes([1, 2, 3, 4, 5], [1, 9, 3, 5, 6]) == [
        Change(1, 2, 1, 2),
        Change(3, 4, 3, 3),
        Change(5, 5, 4, 5),
    ]


def test_what_could_lie_in_several_places_lies_as_far_down_as_it_can() -> None:
    assert changes([1, 2], [1, 2, 1, 2]) == [Change(2, 2, 2, 4)]
    assert changes([7, 7, 7], [7, 7]) == [Change(2, 3, 2, 2)]
    assert changes([0, 1, 2, 9], [0, 1, 2, 1, 2, 9]) == [Change(3, 3, 3, 5)]


def test_what_can_slide_lines_up_with_a_change_of_the_other_text() -> None:
    # Either 0 could be the one that went: where 8 came in something changed anyway.
    assert changes([1, 0, 0, 2], [1, 8, 0, 2]) == [Change(1, 2, 1, 2)]
    assert changes([1, 8, 0, 2], [1, 0, 0, 2]) == [Change(1, 2, 1, 2)]


@LAW
@given(
    st.lists(st.integers(0, 9), min_size=4, max_size=14),
    st.lists(st.integers(0, 9), min_size=4, max_size=14),
)
def test_law_no_fewer_changes_would_do(a: list[int], b: list[int]) -> None:
    a, b = few(a), few(b)
    found = changes(a, b)
    assert rebuilt(a, b, found) == b
    assert size(found) == len(a) + len(b) - 2 * longest_common(a, b)


def few(lines: list[int]) -> list[int]:
    """No line so often that it would count as noise; the rest made new."""
    counts: Counter[int] = Counter()
    out = []
    for n, line in enumerate(lines):
        counts[line] += 1
        out.append(line if counts[line] < 4 else 100 + n)
    return out


@LAW
@given(
    st.lists(st.integers(0, 6), max_size=30),
    st.lists(st.integers(0, 6), max_size=30),
    st.integers(1, 4),
    st.integers(0, 40),
)
def test_law_however_early_the_search_gives_up_the_changes_lead_from_one_text_to_the_other(
    a: list[int], b: list[int], depth: int, budget: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(match, "_DEPTH", depth)
        patch.setattr(match, "_SHALLOW", 1)
        patch.setattr(match, "_BUDGET", budget)
        found = changes(a, b)
    assert rebuilt(a, b, found) == b
    assert size(found) <= len(a) + len(b)


def test_where_the_search_is_dear_unique_lines_hold_the_text_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(match, "_DEPTH", 1)
    a = [1, 2, 1, 50, 2, 2, 1, 51, 1, 1, 2]
    b = [2, 2, 1, 2, 2, 50, 1, 1, 51, 2, 2, 1]
    kept = [a[i] for i in unchanged(len(a), changes(a, b))]
    assert {50, 51} <= set(kept)


def unchanged(length: int, found: list[Change]) -> list[int]:
    gone = {i for change in found for i in range(change.a_lo, change.a_hi)}
    return [i for i in range(length) if i not in gone]


def test_a_frequent_line_amid_new_ones_is_no_match_by_chance() -> None:
    blank = 0
    old = [n if n % 2 else blank for n in range(1, 40)]
    new = [100 + n if n % 9 else blank for n in range(1, 40)]
    assert changes(old, new) == [Change(0, len(old), 0, len(new))]


def longest_by_brute_force(numbers: list[int]) -> int:
    best = [1] * len(numbers)
    for k, number in enumerate(numbers):
        best[k] = max([1, *(best[i] + 1 for i in range(k) if numbers[i] < number)])
    return max(best, default=0)


@LAW
@given(st.permutations(range(9)), st.integers(0, 9))
def test_law_anchors_are_the_longest_run_that_rises_on_both_sides(
    order: list[int], length: int
) -> None:
    pairs = list(enumerate(order[:length]))
    run = match._longest_rising(pairs)
    assert set(run) <= set(pairs)
    assert run == sorted(run)
    assert [j for _, j in run] == sorted(j for _, j in run)
    assert len(run) == longest_by_brute_force(order[:length])


@LAW
@given(st.lists(st.integers(0, 5), max_size=12), st.integers(0, 4), st.integers(0, 12))
def test_law_unique_lines_are_those_that_occur_once_in_the_range(
    lines: list[int], lo: int, hi: int
) -> None:
    hi = max(lo, min(hi, len(lines)))
    once = match._unique(lines, lo, hi)
    assert once == {
        line: lines.index(line, lo) for line in lines[lo:hi] if lines[lo:hi].count(line) == 1
    }
    assert list(once.values()) == sorted(once.values())


def test_where_nothing_but_unique_lines_is_searched_they_are_all_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(match, "_DEPTH", 0)
    monkeypatch.setattr(match, "_SHALLOW", 0)
    # Between the anchors 50, 51 and 52 everything differs, and what occurs twice on a side is no anchor.
    a = [1, 50, 2, 2, 51, 3, 4, 52, 5]
    b = [6, 50, 7, 51, 8, 8, 2, 52, 9]
    assert changes(a, b) == [
        Change(0, 1, 0, 1),
        Change(2, 4, 2, 3),
        Change(5, 7, 4, 7),
        Change(8, 9, 8, 9),
    ]


def test_lines_moved_across_each_other_are_kept_on_the_side_that_keeps_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(match, "_DEPTH", 0)
    monkeypatch.setattr(match, "_SHALLOW", 0)
    a, b = [9, 1, 2, 3, 4, 5, 8], [7, 4, 5, 1, 2, 3, 6]
    assert unchanged(len(a), changes(a, b)) == [1, 2, 3]
