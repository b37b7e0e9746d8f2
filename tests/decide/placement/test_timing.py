"""When a schedule runs, in words and times, as the agent computes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hermes_dist.decide.placement.schedules import parse_schedule
from hermes_dist.decide.placement.timing import next_times, schedule_words

NOW = datetime(2026, 11, 29, 10, 7, tzinfo=UTC)
TIMES = json.loads((Path(__file__).parents[2] / "data" / "cron-times.json").read_text())
"""Expressions and their next three times after NOW, as croniter, which the agent uses, gives them."""


def test_the_next_times_of_an_expression_are_those_of_the_agent() -> None:
    assert len(TIMES) == 300
    wrong = [
        (expr, times)
        for expr, times in TIMES
        if [at.isoformat() for at in next_times({"kind": "cron", "expr": expr}, NOW)] != times
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("every 2h", "every 2 hours"),
        ("every 1d", "every day"),
        ("every 90m", "every 90 minutes"),
        ("* * * * *", "every minute (* * * * *)"),
        ("30 7 * * 1-5", "at 07:30 on Monday through Friday (30 7 * * 1-5)"),
        ("0 9 */2 * 1", "cron 0 9 */2 * 1"),
        ("2027-01-31T09:00", "once at 2027-01-31T09:00:00"),
    ],
)
def test_a_schedule_is_said_in_words(text: str, words: str) -> None:
    assert schedule_words(parse_schedule(text)) == words


def test_the_authors_own_words_for_a_schedule_are_never_taken() -> None:
    lying = {"kind": "cron", "expr": "* * * * *", "display": "once a year"}
    assert parse_schedule(lying)["display"] == "* * * * *"
    assert "year" not in schedule_words(lying)


def test_intervals_count_from_now_and_a_time_comes_once() -> None:
    hours = [at - NOW for at in next_times({"kind": "interval", "minutes": 60}, NOW)]
    assert hours == [timedelta(hours=n) for n in (1, 2, 3)]
    assert next_times({"kind": "once", "run_at": "2026-11-30T00:00:00"}, NOW) == (
        datetime(2026, 11, 30, tzinfo=UTC),
    )
    assert next_times({"kind": "once", "run_at": "2020-01-01T00:00:00"}, NOW) == ()


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "every 2h",
        {},
        {"kind": "cron", "expr": "0 0 30 2 *"},
        {"kind": "cron", "expr": "x"},
        {"kind": "once"},
    ],
)
def test_what_never_runs_has_no_times_and_still_words(odd: object) -> None:
    assert next_times(odd, NOW) == ()
    assert schedule_words(odd)
