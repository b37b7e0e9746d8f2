"""What a trash may erase: only what two looks, 30 days apart, both found over age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hermes_dist.decide.trash import TRASH_DAYS, is_expired, look

NOW = datetime(2026, 12, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_first_look_only_notes() -> None:
    looked = look(["old"], {}, NOW)
    assert (looked.due, looked.new, looked.noted) == ((), ("old",), {"old": NOW})


def test_what_is_still_over_age_another_thirty_days_later_is_due() -> None:
    later = NOW + TRASH_DAYS * DAY
    waiting = look(["old"], {"old": NOW}, later)
    assert (waiting.due, waiting.new, waiting.noted) == ((), (), {"old": NOW})
    gone = look(["old", "new"], {"old": NOW}, later + DAY)
    assert (gone.due, gone.new, gone.noted) == (("old",), ("new",), {"new": later + DAY})


def test_a_note_of_a_wrong_clock_is_dropped() -> None:
    ahead = NOW + 2000 * DAY
    assert look([], {"old": ahead}, NOW).noted == {}
    assert look(["old"], {"old": ahead}, NOW).noted == {"old": NOW}


def test_thirty_days_are_over_after_thirty_days() -> None:
    assert not is_expired(NOW - TRASH_DAYS * DAY, NOW)
    assert is_expired(NOW - TRASH_DAYS * DAY - timedelta(seconds=1), NOW)
