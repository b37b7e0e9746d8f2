"""A code is good once, for ten minutes, for one plan, and for five tries."""

from __future__ import annotations

from msgspec.structs import replace

from hermes_dist.decide.watch.codes import (
    GOOD_FOR,
    REMEMBERED,
    TRIES,
    Asked,
    Codes,
    Verdict,
    code_for,
    judge,
    spelled,
)

NOW = 1_000_000.0
PLAN = "ab12cd34" + "0" * 56
ASKED = Asked(plan=PLAN, profile="bot", verb="update", by="telegram:1", at=NOW)
SALT = "00" * 16
CODE = code_for(ASKED, "1234-5678", SALT, NOW)
CODES = Codes(asked=(ASKED,), code=CODE)


def test_the_right_code_is_good_once() -> None:
    judged = judge(CODES, ASKED, "1234-5678", NOW + 1)
    assert (judged.verdict, judged.plan) == (Verdict.GOOD, PLAN)
    again = judge(judged.codes, ASKED, "1234-5678", NOW + 2)
    assert again.verdict is Verdict.NONE


def test_it_may_be_typed_without_its_dash() -> None:
    assert judge(CODES, ASKED, "12345678", NOW).verdict is Verdict.GOOD


def test_its_time_ends() -> None:
    for now in (NOW + GOOD_FOR + 1, NOW - 1):
        judged = judge(CODES, ASKED, "1234-5678", now)
        assert (judged.verdict, judged.codes.code) == (Verdict.OVER, None)


def test_five_wrong_tries_end_it() -> None:
    codes = CODES
    for left in range(TRIES - 1, 0, -1):
        judged = judge(codes, ASKED, "0000-0000", NOW)
        assert (judged.verdict, judged.left) == (Verdict.WRONG, left)
        codes = judged.codes
    judged = judge(codes, ASKED, "0000-0000", NOW)
    assert judged.verdict is Verdict.NO_TRIES
    assert judge(judged.codes, ASKED, "1234-5678", NOW).verdict is Verdict.NONE


def test_another_plans_code_is_refused_and_costs_a_try() -> None:
    for other in (
        replace(ASKED, profile="other"),
        replace(ASKED, verb="approve", words=("nightly",)),
        replace(ASKED, words=("x",)),
    ):
        judged = judge(CODES, other, "1234-5678", NOW)
        assert (judged.verdict, judged.left, judged.plan) == (Verdict.OTHER_PLAN, TRIES - 1, "")


def test_what_is_stored_does_not_tell_the_digits() -> None:
    assert "12345678" not in repr(CODE)
    assert "1234-5678" not in repr(CODE)
    assert code_for(ASKED, "1234-5678", "01" * 16, NOW).hashed != CODE.hashed


def test_what_was_asked_for_is_remembered_for_a_day_and_once() -> None:
    codes = Codes().asking(ASKED).asking(replace(ASKED, plan="f" * 64, at=NOW + 1))
    assert [a.plan for a in codes.asked] == ["f" * 64]
    assert codes.recent(NOW + REMEMBERED + 2) == ()
    for number in range(30):
        codes = codes.asking(replace(ASKED, profile=f"p{number}", at=NOW + 2))
    assert len(codes.asked) == 20


def test_a_code_is_easy_to_type() -> None:
    assert spelled(12345678) == "1234-5678"
    assert spelled(7) == "0000-0007"
