"""How long a trash keeps what is in it, and what of it may be erased; pure.

A clock can be wrong: a battery is empty, or a machine starts without a network. So its word is not taken once. What is
over age is first noted with the date, and erased only if it is still over age another 30 days later. If the clock was
wrong and is put right in between, the note is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

TRASH_DAYS = 30
"""How many days something can at least be restored from the trash."""


class Looked(Struct, frozen=True):
    """What a look into a trash says.

    Attributes:
        due: The names of what may be erased.
        noted: What is over age but stays for now, with the time when it was first seen to be so.
        new: Those of it that this look was the first to see.
    """

    due: tuple[str, ...]
    noted: Mapping[str, datetime]
    new: tuple[str, ...]


def is_expired(since: datetime, now: datetime) -> bool:
    """Whether something that is in the trash since some time is over age, by a clock that may be wrong."""
    return now - since > timedelta(days=TRASH_DAYS)


def look(over_age: Iterable[str], noted: Mapping[str, datetime], now: datetime) -> Looked:
    """Judge what is over age in a trash.

    Args:
        over_age: The names of what is over age by the clock.
        noted: What earlier looks noted. A note of what is not over age any more, or of a time to come, is dropped:
            the clock was wrong then.
        now: What the clock says.
    """
    due, seen, new = [], dict[str, datetime](), []
    for name in over_age:
        first = noted.get(name)
        if first is None or first > now:
            seen[name] = now
            new.append(name)
        elif is_expired(first, now):
            due.append(name)
        else:
            seen[name] = first
    return Looked(tuple(due), seen, tuple(new))
