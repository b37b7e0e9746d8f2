"""Which gateways, in what order, by which way, and the verdict on each start."""

from __future__ import annotations

import pytest

from hermes_dist.decide.fleet.exclusive import Clash
from hermes_dist.decide.fleet.kinds import GatewayKind
from hermes_dist.decide.fleet.runs import (
    Course,
    GatewayOutcome,
    GatewayResult,
    Line,
    Manager,
    Seen,
    Way,
    after_all,
    by_time,
    choose,
    judge,
    refusals,
    said,
    served,
    way,
)
from hermes_dist.errors import UsageError
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.voice.gateway_words import clash_words, result_words

ALL = [ProfileName(name) for name in ("zoe", "default", "adam", "eve")]
ADAM, EVE, ZOE = (ProfileName(name) for name in ("adam", "eve", "zoe"))


def test_the_default_profile_comes_first_then_names_in_order() -> None:
    assert choose(ALL, [], all_=True) == ["default", "adam", "eve", "zoe"]
    assert choose(ALL, [ZOE, EVE, ZOE], all_=False) == ["eve", "zoe"]


def test_nothing_is_started_that_was_not_named() -> None:
    with pytest.raises(UsageError, match="no profile is named"):
        choose(ALL, [], all_=False)
    with pytest.raises(UsageError, match="be combined with profile names"):
        choose(ALL, [EVE], all_=True)


@pytest.mark.parametrize(
    ("manager", "installed", "detached", "chosen"),
    [
        (Manager.SYSTEMD, True, False, Way.SERVICE),
        (Manager.LAUNCHD, True, False, Way.SERVICE),
        (Manager.S6, True, False, Way.SERVICE),
        (Manager.SYSTEMD, False, False, Way.MISSING),
        (Manager.SYSTEMD, False, True, Way.DETACHED),
        (Manager.NONE, True, False, Way.DETACHED),
        (Manager.NONE, False, False, Way.DETACHED),
    ],
)
def test_a_gateway_runs_by_its_service_where_there_is_one(
    manager: Manager, installed: bool, detached: bool, chosen: Way
) -> None:
    assert way(manager, installed=installed, detached=detached) is chosen


READY = Seen(pid=7, phase="running", grown=True)


@pytest.mark.parametrize(
    ("seen", "course", "outcome"),
    [
        (READY, Course(pids=(7,)), GatewayOutcome.STARTED),
        (Seen(pid=7, phase="degraded", grown=True), Course(pids=(7,)), GatewayOutcome.STARTED),
        (Seen(pid=7, phase="running"), Course(pids=(7,)), None),
        (Seen(pid=7, phase="running"), Course(pids=(7,), quiet=True), GatewayOutcome.STARTED),
        (Seen(pid=7, phase="starting", grown=True), Course(pids=(7,)), None),
        (
            Seen(pid=7, phase="starting", grown=True),
            Course(pids=(7,), waited=True),
            GatewayOutcome.HANGING,
        ),
        (Seen(pid=7), Course(pids=(7,), waited=True), GatewayOutcome.HANGING),
        (Seen(), Course(), None),
        (Seen(), Course(waited=True), GatewayOutcome.FAILED),
        (Seen(), Course(exited=1), GatewayOutcome.FAILED),
        (Seen(), Course(exited=0), GatewayOutcome.FAILED),
        (Seen(), Course(exited=-9), GatewayOutcome.FAILED),
        (READY, Course(pids=(5, 6, 7)), GatewayOutcome.CRASHING),
        (Seen(), Course(pids=(5, 6, 7)), GatewayOutcome.CRASHING),
        (
            READY,
            Course(pids=(7,), exited=0),
            GatewayOutcome.STARTED,
        ),  # it went into the background by itself
    ],
)
def test_a_start_is_judged_by_process_state_and_log(
    seen: Seen, course: Course, outcome: GatewayOutcome | None
) -> None:
    judged = judge(seen, course)
    assert (judged[0] if judged else None) is outcome


def test_a_failure_says_why() -> None:
    def judged(seen: Seen, course: Course) -> tuple[GatewayOutcome, str]:
        found = judge(seen, course)
        assert found is not None
        outcome, notes = found
        return outcome, result_words(GatewayResult(profile=EVE, outcome=outcome, notes=notes))

    failed, started = GatewayOutcome.FAILED, GatewayOutcome.STARTED
    assert judged(Seen(reason="no provider"), Course(exited=1)) == (failed, "no provider")
    assert judged(Seen(), Course(exited=3)) == (failed, "it ended with exit code 3")
    assert judged(Seen(), Course(exited=-9)) == (failed, "it was ended by signal 9")
    broken = Seen(pid=7, phase="running", grown=True, troubles=("telegram: token rejected",))
    assert judged(broken, Course(pids=(7,))) == (started, "telegram: token rejected")
    quiet = Seen(pid=7, phase="running", troubles=("telegram: token rejected",))
    assert judged(quiet, Course(pids=(7,), quiet=True)) == (
        started,
        "telegram: token rejected; its log does not grow",
    )
    waited = Course(pids=(7,), waited=True)
    assert judged(Seen(pid=7), waited)[1] == "it is alive, and says 'nothing'"


def test_who_is_served_by_a_gateway_that_failed_hears_why() -> None:
    ended = (Note.of(GatewayKind.PROCESS_ENDED),)
    server = GatewayResult(
        profile=DEFAULT_PROFILE, outcome=GatewayOutcome.FAILED, notes=ended, last_words="no key"
    )
    did_not = (Note.of(GatewayKind.SERVER_DID_NOT, outcome=server.outcome),)
    served = GatewayResult(profile=EVE, outcome=GatewayOutcome.FAILED, notes=did_not, server=server)
    assert result_words(served) == (
        "the gateway of default serves it, and that one failed (its process ended: no key)"
    )


def test_what_ends_right_after_the_start_has_not_started() -> None:
    started = GatewayResult(profile=EVE, outcome=GatewayOutcome.STARTED, pid=7)
    assert after_all(started, READY) is started
    assert after_all(started, Seen()).outcome is GatewayOutcome.FAILED
    again = after_all(started, Seen(pid=8, phase="running"))
    assert (again.outcome, again.pid, again.ok) == (GatewayOutcome.CRASHING, 8, False)
    refused = GatewayResult(profile=EVE, outcome=GatewayOutcome.REFUSED)
    assert after_all(refused, Seen()) is refused


def test_a_clash_refuses_those_that_do_not_run_yet_and_names_both() -> None:
    clash = Clash(kind="bot", profiles=("adam", "eve"), channels=("Telegram",), sources=())
    assert refusals(ALL, [clash], frozenset()) == dict.fromkeys((ADAM, EVE), (clash.note,))
    assert clash_words(clash) == "adam and eve use the same Telegram bot"
    assert set(refusals(ALL, [clash], frozenset({ADAM}))) == {EVE}
    assert refusals([ZOE], [clash], frozenset()) == {}


def test_a_multiplexer_serves_the_others() -> None:
    nobody: frozenset[ProfileName] = frozenset()
    assert served(ALL, multiplexed=True, running=nobody) == {ADAM, EVE, ZOE}
    assert served([EVE], multiplexed=True, running=frozenset({DEFAULT_PROFILE})) == {EVE}
    assert served([EVE], multiplexed=True, running=nobody) == nobody
    assert served(ALL, multiplexed=False, running=nobody) == nobody
    assert served(ALL, multiplexed=True, running=nobody, only=frozenset({"eve", "x"})) == {EVE}
    assert served(ALL, multiplexed=True, running=nobody, only=frozenset()) == nobody


def test_logs_are_woven_by_time_and_a_traceback_stays_together() -> None:
    logs = {
        (ADAM, "gateway.log"): [
            "2026-01-01 10:00:00,100 INFO a",
            "Traceback",
            "  boom",
            "2026-01-01 10:00:03,000 INFO d",
        ],
        (EVE, "gateway.log"): ["2026-01-01 10:00:00,900 INFO b", "2026-01-01T10:00:02,000 INFO c"],
        (ZOE, "gateway.log"): [],
    }
    woven = by_time(logs)
    assert [line.text[-6:] for line in woven] == [
        "INFO a",
        "ceback",
        "  boom",
        "INFO b",
        "INFO c",
        "INFO d",
    ]
    assert woven[0] == Line(ADAM, "gateway.log", "2026-01-01 10:00:00,100 INFO a")


def test_a_note_takes_what_a_line_says_not_its_time() -> None:
    assert said("2026-11-21 09:13:31,632 ERROR gateway.run: no key") == "gateway.run: no key"
    assert said("WARNING x") == said("x") == "x"
