"""Values of a document as JSON, for people and for comparisons."""

from __future__ import annotations

import json


def json_text(value: object, *, indent: int | None = None, sort_keys: bool = False) -> str:
    """Format a value as JSON; what JSON does not know, such as a date, is written as text.

    Args:
        value: What was read from a document. YAML also has dates, and keys of several types in one map.
        indent: How many spaces each level begins with; None is all on one line.
        sort_keys: Whether the keys of maps are sorted, so that the order in which they were written does not count.
    """
    try:
        return json.dumps(
            value, indent=indent, sort_keys=sort_keys, ensure_ascii=False, default=str
        )
    except TypeError:  # keys that JSON does not know, or that can't be sorted as they are
        return json_text(json_data(value), indent=indent, sort_keys=sort_keys)


def json_data(value: object) -> object:
    """Return a value as JSON has it: keys are texts, and so is a date."""
    if isinstance(value, dict):
        return {_key(key): json_data(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [json_data(part) for part in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)


def _key(key: object) -> str:
    if key is None or isinstance(key, int | float):
        return json.dumps(key)
    return str(key)
