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
        return json_text(_with_text_keys(value), indent=indent, sort_keys=sort_keys)


def _with_text_keys(value: object) -> object:
    if isinstance(value, dict):
        return {_key(key): _with_text_keys(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_with_text_keys(part) for part in value]
    return value


def _key(key: object) -> str:
    if key is None or isinstance(key, int | float):
        return json.dumps(key)
    return str(key)
