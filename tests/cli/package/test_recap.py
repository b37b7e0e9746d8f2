"""What became of each profile after ``update --all``, as numbers and next commands."""

from __future__ import annotations

import pytest

from hermes_dist.cli.package import recap
from hermes_dist.cli.package.recap import Became, State
from hermes_dist.cli.shared.screen import Screen
from hermes_dist.errors import Cancelled, ConflictsOpen, DistError, Unreachable
from hermes_dist.model.paths import ProfileName


def _became(*states: State) -> list[Became]:
    return [Became(ProfileName(f"p{number}"), state) for number, state in enumerate(states)]


def test_states_are_counted_in_one_order_and_empty_ones_are_left_out() -> None:
    became = _became(
        State.FAILED, State.CURRENT, State.UPDATED, State.CONFLICTS, State.CURRENT, State.UPDATED
    )
    assert recap.counts(became) == "2 updated, 1 with conflicts, 2 current, 1 failed"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Unreachable("no network"), State.FAILED),
        (Cancelled("cancelled, nothing changed"), State.CANCELLED),
        (ConflictsOpen("conflicts"), State.CONFLICTS),
    ],
)
def test_an_error_is_told_apart_from_a_no(error: DistError, state: State) -> None:
    assert recap.failed(ProfileName("p"), error).state is state


def test_each_profile_that_needs_somebody_has_a_line_and_a_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    waiting = Became(ProfileName("waits"), State.UPDATED, waiting=True)
    recap.show(Screen(), [waiting, *_became(State.CURRENT, State.CONFLICTS)], "x {}".format)
    assert capsys.readouterr().out.splitlines() == [
        "",
        "waits  updated",
        "p1     with conflicts",
        "1 updated, 1 with conflicts, 1 current.",
        "  next: x approve waits",
        "  next: x resolve p1 --list",
    ]


def test_one_profile_is_not_summed_up(capsys: pytest.CaptureFixture[str]) -> None:
    recap.show(Screen(), _became(State.FAILED), str)
    assert capsys.readouterr() == ("", "")


def test_json_has_every_state_and_every_profile() -> None:
    found = recap.data(_became(State.CURRENT, State.FAILED), "x {}".format)
    assert found["counts"] == {**dict.fromkeys(map(str, State), 0), "current": 1, "failed": 1}
    assert found["profiles"] == [
        {"profile": "p0", "state": "current", "next": ""},
        {"profile": "p1", "state": "failed", "next": "x update p1"},
    ]


def test_ctrl_c_says_who_is_done_who_is_as_before_and_who_is_not_begun() -> None:
    names = [ProfileName(name) for name in ("a", "b", "c", "d")]
    assert list(recap.left_lines(names, names[:3], 2, finished=False)) == [
        "done            a, b",
        "as before       c",
        "not begun       d",
    ]
    assert list(recap.left_lines(names, names[:1], 0, finished=True)) == [
        "finished first  a",
        "not begun       b, c, d",
    ]
    assert list(recap.left_lines(names, [], 0, finished=False)) == ["not begun       a, b, c, d"]
