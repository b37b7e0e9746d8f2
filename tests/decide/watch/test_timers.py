"""What starts the daily check: texts that the schedulers read as they are meant."""

from __future__ import annotations

import plistlib
import shlex

import pytest

from hermes_dist.decide.watch.timers import (
    MARK,
    Timer,
    TimerKind,
    at_of,
    block_in,
    cron_block,
    launchd_plist,
    systemd_units,
    time_of,
    with_block,
    without_block,
)
from hermes_dist.errors import Invalid, UsageError

ODD = "/home/a b/100%/$HOME/<x>&\"'/hermes-dist"
TIMER = Timer(
    name="hermes-dist-watch",
    argv=(ODD, "watch", "run"),
    env={"PATH": "/usr/bin:/a b"},
    hour=8,
    minute=5,
)
FOREIGN = "MAILTO=me\n# mine\n0 1 * * * /bin/true\n\n\n*/5 * * * * x % y"


def test_times_of_the_day() -> None:
    assert time_of("9:05") == (9, 5)
    assert time_of(" 23:59 ") == (23, 59)
    for text in ("", "24:00", "9", "9:5", "12:60", "noon", "9:05\n* * * * * rm"):
        with pytest.raises(UsageError, match="--at"):
            time_of(text)


def test_systemd_reads_each_word_as_it_is() -> None:
    service, clock = systemd_units(TIMER)
    (line,) = [each for each in service.splitlines() if each.startswith("ExecStart=")]
    said = line.removeprefix("ExecStart=")
    words = [w.replace("%%", "%").replace("$$", "$") for w in shlex.split(said)]
    assert words == list(TIMER.argv)
    assert 'Environment="PATH=/usr/bin:/a b"' in service
    assert "OnCalendar=*-*-* 08:05:00" in clock
    assert at_of(TimerKind.SYSTEMD, clock) == "08:05"
    assert MARK in service
    assert MARK in clock


def test_launchd_reads_each_word_as_it_is() -> None:
    text = launchd_plist(TIMER)
    found = plistlib.loads(text.encode())
    assert found["ProgramArguments"] == [*TIMER.argv, "--jitter", "3600"]
    assert found["EnvironmentVariables"] == dict(TIMER.env)
    assert found["StartCalendarInterval"] == {"Hour": 8, "Minute": 5}
    assert at_of(TimerKind.LAUNCHD, text) == "08:05"
    assert MARK in text


def test_the_shell_of_cron_reads_each_word_as_it_is() -> None:
    _, line, _ = cron_block(TIMER).splitlines()
    command = line.removeprefix("5 8 * * * ").replace("\\%", "%")
    assert shlex.split(command) == ["PATH=/usr/bin:/a b", *TIMER.argv, "--jitter", "3600"]
    assert "%" not in line.replace("\\%", "")
    assert at_of(TimerKind.CRON, line) == "08:05"


@pytest.mark.parametrize("before", ["", FOREIGN, f"{FOREIGN}\n", "x\r\ny\r\n"])
def test_foreign_lines_of_a_crontab_stay_as_they_are(before: str) -> None:
    after = with_block(before, TIMER)
    assert with_block(after, TIMER) == after
    assert block_in(after, TIMER.name).startswith("5 8 ")
    ended = before if not before or before.endswith("\n") else before + "\n"
    assert without_block(after, TIMER.name) == ended
    assert without_block(before, TIMER.name) == before


def test_lines_behind_ours_stay_too_and_so_do_those_of_another_root() -> None:
    other = Timer(name="hermes-dist-watch-12345678", argv=("y",), env={}, hour=1, minute=2)
    text = with_block(with_block("a\n", TIMER), other) + "b\n"
    assert without_block(text, TIMER.name) == "a\n" + cron_block(other) + "b\n"
    assert block_in(text, other.name).startswith("2 1 ")


def test_half_of_our_marks_is_refused() -> None:
    text = with_block("a\n", TIMER)
    cut = "".join(text.splitlines(keepends=True)[:-1]) + "0 0 * * * not ours\n"
    with pytest.raises(Invalid, match="missing"):
        without_block(cut, TIMER.name)


@pytest.mark.parametrize("make", [systemd_units, launchd_plist, cron_block])
def test_a_path_with_a_line_break_is_refused(make: object) -> None:
    timer = Timer(name="n", argv=("/x\ny",), env={}, hour=1, minute=2)
    with pytest.raises(Invalid, match="control character"):
        make(timer)  # type: ignore[operator]
