"""Schedules: whatever is read can be read again, and what no text says is not said wrongly."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.decide.placement.schedules import as_text, can_start, parse_schedule
from hermes_dist.errors import Invalid

_NUMBER = st.integers(0, 70).map(str)
_ELEMENT = st.one_of(
    st.just("*"),
    _NUMBER,
    st.tuples(_NUMBER, _NUMBER).map("-".join),
    st.sampled_from(["*/5", "mon", "JAN-mar", "1-9/2", "L"]),
)
_CRON = st.lists(
    st.lists(_ELEMENT, min_size=1, max_size=2).map(",".join), min_size=4, max_size=7
).map(" ".join)
_EVERY = st.builds(
    "every {}{}{}".format,
    st.integers(0, 999),
    st.sampled_from(["", " "]),
    st.sampled_from(["m", "h", "days", "mins", "w"]),
)
_TIME = st.datetimes().map(datetime.isoformat)

NINE = datetime.fromisoformat("2027-01-31T09:00")


@settings(max_examples=examples(300), deadline=None)
@given(st.one_of(_CRON, _EVERY, _TIME, st.text(max_size=12)))
def test_law_a_text_is_refused_or_becomes_a_schedule_that_stays_itself(text: str) -> None:
    try:
        schedule = parse_schedule(text)
    except Invalid:
        return
    assert {**parse_schedule(schedule), "display": ""} == {**schedule, "display": ""}
    if can_start(schedule):
        again = as_text(schedule)
        assert again is not None
        assert {**parse_schedule(again), "display": ""} == {**schedule, "display": ""}


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("every 90 mins", 90),
        ("EVERY 2H", 120),
        ("every 1 day", 1440),
        ("every 999999m", 999999),
        ("every 694444 days", 999_999_360),
    ],
)
def test_intervals_are_minutes(text: str, minutes: int) -> None:
    assert parse_schedule(text) == {
        "kind": "interval",
        "minutes": minutes,
        "display": f"every {minutes}m",
    }


def test_an_interval_is_never_longer_than_its_minutes_can_say() -> None:
    assert as_text(parse_schedule("every 695 days")) == "every 1000800m"
    for text in ("every 694445 days", "every 1000000000m"):
        with pytest.raises(Invalid, match="is not a valid interval"):
            parse_schedule(text)


def test_times_that_yaml_reads_as_such_are_schedules_too() -> None:
    assert parse_schedule(NINE)["run_at"] == "2027-01-31T09:00:00"
    assert parse_schedule(date(2027, 1, 31))["run_at"] == "2027-01-31T00:00:00"
    assert parse_schedule({"run_at": NINE})["run_at"] == "2027-01-31T09:00:00"


def test_a_map_keeps_its_other_fields_but_not_its_own_words() -> None:
    assert parse_schedule({"expr": "0 9 * * 1", "display": "Mondays", "tz": "UTC"}) == {
        "kind": "cron",
        "expr": "0 9 * * 1",
        "display": "0 9 * * 1",
        "tz": "UTC",
    }


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("0 9 * * 9", "'9' is not a valid weekday"),
        ("0 9 * foo *", "'foo' is not a valid month"),
        ("a 9 * * 1", "'a' is not a valid minute"),
        ("0 9 * * 1 99", "'99' is not a valid second"),
    ],
)
def test_the_field_that_is_wrong_is_named(text: str, what: str) -> None:
    with pytest.raises(Invalid, match=what) as caught:
        parse_schedule(text)
    assert "every 2h" in caught.value.hint


@pytest.mark.parametrize(
    "schedule",
    [
        None,
        "every 2h",
        {},
        {"kind": "once", "run_at": None},
        {"kind": "moon", "expr": "x"},
        {"kind": "interval"},
    ],
)
def test_what_has_no_time_never_starts(schedule: object) -> None:
    assert not can_start(schedule)


def test_a_display_that_lies_is_not_taken_for_the_schedule() -> None:
    assert as_text({"kind": "interval", "minutes": 5, "display": "every 10m"}) == "every 5m"
    assert as_text({"kind": "cron", "expr": "0 9 * * 1", "display": "each Monday"}) == "0 9 * * 1"
    assert as_text({"kind": "once", "run_at": None, "display": "later"}) is None
    assert as_text("every 5m") is None
