"""Facts: what a card says about an item, as names and values read from the data that the agent acts on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hermes_dist.lazily import later
from hermes_dist.light import read_json

with later():
    from hermes_dist.model.documents.json_text import json_text

Fact = tuple[str, str]
"""A name and a value; :func:`fact_text` formats the value."""
Facts = tuple[Fact, ...]
_JSON_BEGINS = frozenset('{["-0123456789tfnNI')
"""How JSON begins, NaN and Infinity included."""
LOADS = "files it can load"
"""The fact that tells how much code an approval covers: the number of package files, and their folder."""


def fact_text(value: object) -> str:
    """Format a value: text unchanged, anything else as JSON; :func:`fact_value` returns the same value.

    Text that reads as JSON is quoted, so that ``true`` and ``"true"`` stay distinct.
    """
    if isinstance(value, str) and not _is_json(value):
        return value
    return json_text(value)


def fact_value(text: str) -> object:
    """Return the value that :func:`fact_text` formatted."""
    try:
        return read_json(text)
    except ValueError:
        return text


def facts_of(values: Mapping[str, object] | Iterable[tuple[str, object]]) -> Facts:
    """Format named values as facts, in the same order."""
    if isinstance(values, Mapping):
        values = values.items()
    return tuple((name, fact_text(value)) for name, value in values)


def facts_line(facts: Iterable[Fact]) -> str:
    """Format facts on one line, for lists; a fact without a name shows only its value."""
    return "; ".join(f"{name}: {value}" if name else value for name, value in facts)


def without_loads(facts: Facts) -> Facts:
    """Return the facts without the one that tells how much code can be loaded."""
    return tuple(fact for fact in facts if fact[0] != LOADS)


def _is_json(text: str) -> bool:
    # Most values are words, of which this is known without reading them.
    if text.lstrip()[:1] not in _JSON_BEGINS:
        return False
    try:
        read_json(text)
    except ValueError:
        return False
    return True
