"""When a schedule runs: in words, and its next times, computed from the fields that the agent acts on.

An author's own text for a schedule (``display``) is never shown: it may say "once a year" when the schedule runs every
minute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice

from hermes_dist.decide.placement.schedules import CRON_FIELDS, can_start, cron_values

_SIZES = (("day", 1440), ("hour", 60), ("minute", 1))
_DAY, _WEEKDAY = 2, 4


def schedule_words(schedule: object) -> str:
    """Describe in words when a schedule in the agent's form runs."""
    if not isinstance(schedule, Mapping) or not can_start(schedule):
        return f"never: {schedule!r} is not a schedule that the agent can start"
    kind = schedule["kind"]
    if kind == "interval":
        return _interval_words(schedule["minutes"])
    if kind == "once":
        return f"once at {schedule['run_at']}"
    return _cron_words(str(schedule["expr"]))


def next_times(schedule: object, now: datetime, count: int = 3) -> tuple[datetime, ...]:
    """Return the next times at which a schedule runs if it is switched on now.

    Args:
        schedule: The schedule, in the agent's form.
        now: The current time, in the time zone that the agent uses.
        count: The maximum number; a schedule that runs once has one, one that never runs has none.
    """
    if not isinstance(schedule, Mapping) or not can_start(schedule):
        return ()
    try:
        return tuple(islice(_times(schedule, now), count))
    except (ValueError, OverflowError, TypeError):
        return ()


def _times(schedule: Mapping[object, object], now: datetime) -> Iterator[datetime]:
    kind = schedule["kind"]
    if kind == "interval":
        step = timedelta(minutes=int(str(schedule["minutes"])))
        while True:
            now += step
            yield now
    elif kind == "once":
        at = datetime.fromisoformat(str(schedule["run_at"]))
        if at.tzinfo is None:
            at = at.replace(tzinfo=now.tzinfo)
        if at >= now:
            yield at.astimezone(now.tzinfo)
    else:
        yield from _cron_times(str(schedule["expr"]), now)


def _cron_times(expr: str, now: datetime) -> Iterator[datetime]:
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 - only a card with such a job pays for it

    try:
        yield from CronSim(_plain_expression(expr), now)
    except CronSimError as err:
        raise ValueError(str(err)) from err


def _plain_expression(expr: str) -> str:
    """Write out every value of a cron expression, as the agent reads it; seconds, its sixth field, come first.

    In that form, day and weekday mean the same to every reader: if both are restricted, either is enough.
    """
    parts = expr.lower().split()
    fields = [_listed(part, n) for n, part in enumerate(parts)]
    if _names_every_day(parts, fields):
        fields[_DAY] = fields[_WEEKDAY] = "*"
    return " ".join([*fields[5:6], *fields[:5]])


def _names_every_day(parts: list[str], fields: list[str]) -> bool:
    """Whether a day or weekday spells out "every" (``1-31``) beside a restricted one, and so counts as unrestricted."""
    pairs = ((_DAY, _WEEKDAY), (_WEEKDAY, _DAY))
    spelled = {n: "*" not in parts[n].split(",") for n in (_DAY, _WEEKDAY)}
    return any(fields[n] == "*" and spelled[n] and "*" not in parts[other] for n, other in pairs)


def _listed(part: str, number: int) -> str:
    values = cron_values(part, number)
    low, high = CRON_FIELDS[number]
    if len(values) == high - low + 1:
        return "*"
    return ",".join(map(str, sorted(values)))


def _interval_words(minutes: object) -> str:
    """Describe an interval in its largest whole unit."""
    if not isinstance(minutes, int) or isinstance(minutes, bool) or minutes < 1:
        return f"every {minutes} minutes"
    unit, size = next((unit, size) for unit, size in _SIZES if minutes % size == 0)
    count = minutes // size
    if count == 1:
        return f"every {unit}"
    return f"every {count} {unit}s"


def _cron_words(expr: str) -> str:
    parts = expr.split()
    if not _can_explain(parts):
        return f"cron {expr}"
    from cronsim.explain import explain  # noqa: PLC0415 - only a card with such a job pays for it

    try:
        words = explain(" ".join([*parts[5:6], *parts[:5]]))
    except (ValueError, IndexError, AssertionError):
        return f"cron {expr}"
    return f"{words[0].lower()}{words[1:]} ({expr})"


def _can_explain(parts: list[str]) -> bool:
    """Whether the words mean what the agent does; they do not if a step of days is combined with weekdays."""
    if len(parts) not in (5, 6):
        return False
    both = parts[_DAY] != "*" and parts[_WEEKDAY] != "*"
    return not (both and any(parts[n].startswith("*") for n in (_DAY, _WEEKDAY)))
