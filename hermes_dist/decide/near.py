"""Names that are close to a mistyped one, for the hint of an error; or else all the names there are."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from hermes_dist.errors import first_few

_MOST = 10


def near(typed: str, names: Iterable[str], *, most: int = 3) -> tuple[str, ...]:
    """Find the names that are much like a typed one, or hold it, or begin with it; the nearest first.

    Args:
        typed: What was typed.
        names: The names there are.
        most: How many to return at most.
    """
    word = typed.strip().casefold()
    known: dict[str, list[str]] = {}
    for name in names:
        known.setdefault(name.casefold(), []).append(name)
    close = difflib.get_close_matches(word, known, n=most)
    parts = [each for each in known if len(word) > 1 and word in each]
    found = (name for each in dict.fromkeys([*close, *parts]) for name in known[each])
    return tuple(found)[:most]


def offered(typed: str, names: Iterable[str], title: str, *, none: str = "none") -> str:
    """Say which names there are instead of a typed one: ``did you mean pack? its layers: base, pack``.

    Args:
        typed: What was typed.
        names: The names there are; a few of many are shown.
        title: What they are, such as ``its layers``.
        none: What to say instead if there is no name.
    """
    known = list(dict.fromkeys(names))
    if not known:
        return f"{title}: {none}"
    close = near(typed, known)
    rest = f"{title}: {first_few(known, _MOST)}"
    return f"did you mean {' or '.join(close)}? {rest}" if close else rest
