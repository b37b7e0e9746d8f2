"""Facts: what a card says of a thing, as names and values read from the data that the agent acts on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

Fact = tuple[str, str]
"""A name and a value; the value is as :func:`fact_text` spells it."""
Facts = tuple[Fact, ...]
LOADS = "files it can load"
"""The fact that tells how much code a yes covers: how many files of the package, and the folder they lie in."""


def fact_text(value: object) -> str:
    """Spell a value: text as it is, anything else as JSON; :func:`fact_value` gives the same value back.

    Text that reads as JSON is quoted, so that ``true`` and ``"true"`` stay apart.
    """
    if isinstance(value, str) and not _is_json(value):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def fact_value(text: str) -> object:
    """The value that :func:`fact_text` spelled."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def facts_of(values: Mapping[str, object] | Iterable[tuple[str, object]]) -> Facts:
    """Spell named values as facts, in their order."""
    pairs = values.items() if isinstance(values, Mapping) else values
    return tuple((name, fact_text(value)) for name, value in pairs)


def facts_line(facts: Iterable[Fact]) -> str:
    """Facts on one line, for lists; a fact without a name is its value."""
    return "; ".join(f"{name}: {value}" if name else value for name, value in facts)


def without_loads(facts: Facts) -> Facts:
    """Facts about a thing itself, without how much code it can load."""
    return tuple(fact for fact in facts if fact[0] != LOADS)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
