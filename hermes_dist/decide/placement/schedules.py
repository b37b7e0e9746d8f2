"""Schedules of cron jobs: every spelling that authors use, converted to the map that the agent writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime

from hermes_dist import lazily
from hermes_dist.errors import Invalid, quoted

_UNITS = {"m": 1, "h": 60, "d": 1440}
_DURATION = lazily.pattern(
    r"(\d{1,9})\s*(m|min|mins|minute|minutes|h|hr|hrs|hour|hours|d|day|days)", re.ASCII
)
_LONGEST = 999_999_999  # minutes: the longest duration
_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    (
        "month",
        1,
        12,
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ),
    ("weekday", 0, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
    ("second", 0, 59, ()),
)
CRON_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6), (0, 59))
"""The lowest and highest value of each field; Sunday is 0, even if it is written as 7."""
_ELEMENT = lazily.pattern(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d+))?", re.ASCII)
_NEEDS = {"cron": "expr", "interval": "minutes", "once": "run_at"}
_HINT = "write it like: every 2h, 0 9 * * 1, 2027-01-31T09:00"


def parse_schedule(value: object, *, unanswered: bool = False) -> dict[str, object]:
    """Convert a schedule to the form that the agent stores.

    Args:
        value: A map as the agent writes it, or text: ``every 2h``, ``0 9 * * 1``, ``2027-01-31T09:00``.
            ``30m`` means once, counted from when the agent creates the job: without a time it becomes a
            ``once`` for which :func:`can_start` is false.
        unanswered: Take a text with placeholders as it is: an archive has it where a home has the answers.

    Returns:
        A map such as ``{"kind": "interval", "minutes": 120, "display": "every 120m"}``.

    Raises:
        Invalid: The value is not a schedule that the agent knows.
    """
    if unanswered and (text := _open(value)):
        return {"kind": "cron", "expr": text, "display": text}
    if isinstance(value, Mapping):
        return _from_map({str(key): part for key, part in value.items()})
    if isinstance(value, datetime | date):
        value = value.isoformat()
    if value in (None, ""):
        raise Invalid("the schedule is missing", hint=_HINT)
    if not isinstance(value, str) or not value.strip():
        raise Invalid("the schedule is not text", hint=_HINT)
    return _from_text(value.strip())


def _open(value: object) -> str:
    """The text of a schedule with placeholders; empty for any other."""
    if isinstance(value, Mapping):
        value = value.get("expr")
    return value if isinstance(value, str) and "${input:" in value else ""


def can_start(schedule: object) -> bool:
    """Whether the agent can compute a time from a schedule in its own form."""
    if not isinstance(schedule, Mapping):
        return False
    needs = _NEEDS.get(str(schedule.get("kind")))
    return needs is not None and bool(schedule.get(needs))


def as_text(schedule: object) -> str | None:
    """Format a schedule as text; None if no text means the same."""
    if not isinstance(schedule, Mapping):
        return None
    tries = (
        schedule.get("display"),
        schedule.get("expr"),
        schedule.get("run_at"),
        f"every {schedule.get('minutes')}m",
    )
    # The author's text is taken only if it says the same times: it may be stale, or a joke.
    for text in tries:
        try:
            if isinstance(text, str) and _same_times(_from_text(text.strip()), schedule):
                return text
        except Invalid:
            continue
    return None


def _same_times(one: Mapping[str, object], other: Mapping[object, object]) -> bool:
    return all(
        one.get(field) == other.get(field) for field in ("kind", "minutes", "expr", "run_at")
    )


def _from_text(text: str) -> dict[str, object]:
    low = text.lower()
    if low.startswith("every "):
        minutes = _minutes(low[6:].strip())
        if not minutes:
            raise Invalid(f"{quoted(text, 80)} is not a valid interval", hint=_HINT)
        return {"kind": "interval", "minutes": minutes, "display": f"every {minutes}m"}
    if len(text.split()) in (5, 6):
        return {"kind": "cron", "expr": _checked_cron(text), "display": text}
    if "T" in text or re.match(r"\d{4}-\d{2}-\d{2}", text):
        moment = _moment(text)
        return {
            "kind": "once",
            "run_at": moment.isoformat(),
            "display": _once_at(moment),
        }
    if _minutes(low):
        return {"kind": "once", "run_at": None, "display": f"once in {text}"}
    raise Invalid(f"{quoted(text, 80)} is not a valid schedule", hint=_HINT)


def _minutes(text: str) -> int:
    """Return the minutes of a duration; 0 if the text is not one, or is too long for the agent's clock."""
    found = _DURATION.fullmatch(text)
    if not found:
        return 0
    minutes = int(found[1]) * _UNITS[found[2][0]]
    return minutes if minutes <= _LONGEST else 0


def _once_at(moment: datetime) -> str:
    return f"once at {moment:%Y-%m-%d %H:%M}"


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{quoted(text, 80)} is not a valid time", hint=_HINT) from None


def _checked_cron(text: str) -> str:
    for part, (name, low, high, words) in zip(text.split(), _FIELDS, strict=False):
        if not all(_fits(element, low, high, words) for element in part.lower().split(",")):
            raise Invalid(
                f"{quoted(part, 80)} is not a valid {name} in a cron schedule", hint=_HINT
            )
    return text


def _fits(element: str, low: int, high: int, words: tuple[str, ...]) -> bool:
    found = _ELEMENT.fullmatch(element)
    if not found or found[4] == "0":
        return False
    if found[1]:
        return True
    ends = [_number(end, low, words) for end in (found[2], found[3]) if end is not None]
    return all(end is not None and low <= end <= high for end in ends)


def cron_values(part: str, number: int) -> frozenset[int]:
    """Return every value that a field of a cron expression includes, as the agent reads it.

    Args:
        part: The field, in lower case.
        number: The index of the field: 0 is the minute, 5 the second.

    Raises:
        ValueError: The part is not a valid field of a cron expression.
    """
    words = _FIELDS[number][3]
    low, last = CRON_FIELDS[number]
    found: set[int] = set()
    for element in part.split(","):
        match = _ELEMENT.fullmatch(element)
        if not match:
            raise ValueError(f"{quoted(element, 80)} is not a value of a cron field")
        start, end = _ends(match, low, last, words)
        size = last - low + 1
        # A range may go round the clock (22-2). The agent reads 3-3 as the full range, too.
        if start > end:
            end += size
        elif start == end and match[3] is not None:
            end += size - 1
        step = int(match[4] or 1)
        found |= {low + (value - low) % size for value in range(start, end + 1, step)}
    return frozenset(found)


def _ends(match: re.Match[str], low: int, last: int, words: tuple[str, ...]) -> tuple[int, int]:
    """Return the first and last value of an element."""
    if match[1]:
        return low, last
    start = _number(match[2], low, words)
    if start is None:
        raise ValueError(f"{quoted(match[2], 80)} is not a value of a cron field")
    if match[3] is None:
        return start, last if match[4] else start
    end = _number(match[3], low, words)
    if end is None:
        raise ValueError(f"{quoted(match[3], 80)} is not a value of a cron field")
    return start, end


def _number(text: str, low: int, words: tuple[str, ...]) -> int | None:
    if text in words:
        return words.index(text) + low
    return int(text) if text.isdigit() else None


def _from_map(schedule: dict[str, object]) -> dict[str, object]:
    """Check a map as the agent writes it; a missing kind is derived from its fields."""
    kind = schedule.get("kind") or next((k for k, field in _NEEDS.items() if field in schedule), "")
    read = _READERS.get(str(kind))
    if read is None:
        raise Invalid("the schedule has no kind that the agent knows", hint=_HINT)
    return {**schedule, "kind": kind, **read(schedule)}


def _interval(schedule: Mapping[str, object]) -> dict[str, object]:
    minutes = schedule.get("minutes")
    if not isinstance(minutes, int) or isinstance(minutes, bool) or minutes < 1:
        raise Invalid("the schedule's minutes are not a number above 0", hint=_HINT)
    return {"minutes": minutes, "display": f"every {minutes}m"}


def _cron(schedule: Mapping[str, object]) -> dict[str, object]:
    expr = schedule.get("expr")
    if isinstance(expr, str) and len(expr.split()) not in (5, 6):
        return _from_text(expr.strip())  # what an archive had a placeholder for
    if not isinstance(expr, str):
        raise Invalid("the schedule's expr is not a cron expression", hint=_HINT)
    return {"expr": _checked_cron(expr), "display": expr}


def _once(schedule: Mapping[str, object]) -> dict[str, object]:
    run_at = schedule.get("run_at")
    if run_at is None:
        return {"run_at": None, "display": "once"}
    if isinstance(run_at, datetime | date):
        run_at = run_at.isoformat()
    return {"run_at": run_at, "display": _once_at(_moment(str(run_at)))}


_READERS = {"interval": _interval, "cron": _cron, "once": _once}
"""Checks the fields of a schedule of each kind, and writes its display text anew: the author's may say otherwise."""
