"""The texts by which a machine starts the daily check: a systemd timer, a launchd agent, a line of a crontab."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from enum import StrEnum
from xml.sax.saxutils import escape

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.errors import Invalid, UsageError, quoted

MARK = "written by `hermes-dist watch install`; `hermes-dist watch remove` takes it away"
JITTER = 3600
"""The check starts up to so many seconds late, so that not all machines ask at the same moment."""
DEFAULT_AT = "09:00"

_AT = lazily.pattern(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_BEGIN, _END = "# >>> {name}: {mark}", "# <<< {name}"


class TimerKind(StrEnum):
    """What starts the check."""

    SYSTEMD = "systemd"
    LAUNCHD = "launchd"
    CRON = "cron"


class Timer(Struct, frozen=True, kw_only=True):
    """A daily check.

    Attributes:
        name: Its name, which is another one for each root.
        argv: The program and its words.
        env: The variables that it needs.
        hour: The hour.
        minute: The minute.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    hour: int
    minute: int


def time_of(text: str) -> tuple[int, int]:
    """Read a time of the day.

    Raises:
        UsageError: It is none.
    """
    found = _AT.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"--at takes a time of the day, not {quoted(text, 40)}",
            hint=f"for instance --at {DEFAULT_AT}",
        )
    return int(found[1]), int(found[2])


def systemd_units(timer: Timer) -> tuple[str, str]:
    """Write the service and the timer, as systemd reads them."""
    lines = [f"Environment={_unit_word(f'{name}={value}')}" for name, value in _sorted(timer.env)]
    service = "\n".join(
        [
            f"# {MARK}",
            "[Unit]",
            "Description=Look for new releases of Hermes profiles",
            "",
            "[Service]",
            "Type=oneshot",
            *lines,
            f"ExecStart={' '.join(map(_unit_word, timer.argv))}",
            "",
        ]
    )
    clock = "\n".join(
        [
            f"# {MARK}",
            "[Unit]",
            "Description=Look for new releases of Hermes profiles once a day",
            "",
            "[Timer]",
            f"OnCalendar=*-*-* {timer.hour:02d}:{timer.minute:02d}:00",
            f"RandomizedDelaySec={JITTER}",
            "Persistent=true",
            "",
            "[Install]",
            "WantedBy=timers.target",
            "",
        ]
    )
    return service, clock


def _unit_word(word: str) -> str:
    """Quote a word for a unit: there, a percent and a dollar sign mean something, also between quotes."""
    _plain(word)
    quoted = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{quoted}"'


def launchd_plist(timer: Timer) -> str:
    """Write the agent of launchd; it has no delay of its own, so the program waits."""
    words = (*timer.argv, "--jitter", str(JITTER))
    rows = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
        f"<!-- {MARK} -->",
        '<plist version="1.0">',
        "<dict>",
        "  <key>Label</key>",
        f"  <string>{_xml(timer.name)}</string>",
        "  <key>ProgramArguments</key>",
        "  <array>",
        *(f"    <string>{_xml(word)}</string>" for word in words),
        "  </array>",
        "  <key>EnvironmentVariables</key>",
        "  <dict>",
        *(
            f"    <key>{_xml(name)}</key>\n    <string>{_xml(value)}</string>"
            for name, value in _sorted(timer.env)
        ),
        "  </dict>",
        "  <key>StartCalendarInterval</key>",
        "  <dict>",
        f"    <key>Hour</key>\n    <integer>{timer.hour}</integer>",
        f"    <key>Minute</key>\n    <integer>{timer.minute}</integer>",
        "  </dict>",
        "  <key>ProcessType</key>",
        "  <string>Background</string>",
        "</dict>",
        "</plist>",
        "",
    ]
    return "\n".join(rows)


def _xml(text: str) -> str:
    return escape(_plain(text))


def cron_block(timer: Timer) -> str:
    """Write the lines of a crontab, between two marks; cron has no delay of its own, so the program waits."""
    words = [f"{name}={shlex.quote(_plain(value))}" for name, value in _sorted(timer.env)]
    argv = (*timer.argv, "--jitter", str(JITTER))
    command = " ".join([*words, *(shlex.quote(_plain(word)) for word in argv)])
    # To cron, a percent sign ends the command.
    line = f"{timer.minute} {timer.hour} * * * {command}".replace("%", "\\%")
    begin = _BEGIN.format(name=timer.name, mark=MARK)
    return f"{begin}\n{line}\n{_END.format(name=timer.name)}\n"


def without_block(crontab: str, name: str) -> str:
    """Return a crontab without our lines; all others stay as they are, byte for byte.

    Raises:
        Invalid: The first of our marks is there and the last one is not, so nobody knows which lines are ours.
    """
    begin, end = _BEGIN.format(name=name, mark=""), _END.format(name=name)
    kept: list[str] = []
    inside = False
    for line in crontab.splitlines(keepends=True):
        if not inside and line.startswith(begin):
            inside = True
        elif inside and line.rstrip("\r\n") == end:
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise Invalid(
            f"the line {end!r} is missing behind our first mark",
            where="crontab",
            hint="remove our lines by hand with: crontab -e",
        )
    return "".join(kept)


def with_block(crontab: str, timer: Timer) -> str:
    """Return a crontab with our lines at its end, once.

    Raises:
        Invalid: Half of our marks are there.
    """
    rest = without_block(crontab, timer.name)
    if rest and not rest.endswith("\n"):
        rest += "\n"
    return rest + cron_block(timer)


def block_in(crontab: str, name: str) -> str:
    """The line of ours in a crontab; empty if there is none."""
    begin = _BEGIN.format(name=name, mark="")
    lines = crontab.splitlines()
    for at, line in enumerate(lines[:-1]):
        if line.startswith(begin):
            return lines[at + 1]
    return ""


_CLOCKS = {
    TimerKind.SYSTEMD: re.compile(r"^OnCalendar=\*-\*-\* (\d\d):(\d\d):00$", re.MULTILINE),
    TimerKind.LAUNCHD: re.compile(
        r"<key>Hour</key>\s*<integer>(\d+)</integer>\s*<key>Minute</key>\s*<integer>(\d+)</integer>"
    ),
    TimerKind.CRON: re.compile(r"^(\d+) (\d+) \* \* \* "),
}


def at_of(kind: TimerKind, text: str) -> str:
    """The time of the day that a text of ours names; empty if somebody changed it to something else."""
    found = _CLOCKS[kind].search(text)
    if found is None:
        return ""
    first, second = int(found[1]), int(found[2])
    hour, minute = (second, first) if kind is TimerKind.CRON else (first, second)
    return f"{hour:02d}:{minute:02d}"


def _plain(word: str) -> str:
    """Return a word that stands on one line.

    Raises:
        Invalid: It holds a control character, which no unit and no crontab can hold.
    """
    if any(ord(char) < 32 or ord(char) == 127 for char in word):
        raise Invalid(
            "a path with a control character can't be written there", where=repr(word)[:100]
        )
    return word


def _sorted(env: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    return sorted(env.items())
