"""Read TOML: lines as this program writes them fast, and all else by the parser of the standard library.

That parser is written in Python, and takes 4 ms to load and 5 for a lock. Plain lines are a field on each
line, a list with one item on each line, tables without dots in their names, texts in double quotes, whole numbers, true
and false. Whatever else is in a text is left to that parser, so this module never has to say what is wrong. A plain
value differs from JSON only in its keys and in a last comma, and is read as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache

from hermes_dist import lazily

_OTHER_ESCAPE = lazily.pattern(r'\\(?![\\"bfnrt])')
"""Escapes that JSON does not have, or reads otherwise."""
_ESCAPES = (("\\\\", "\0"), ('\\"', "\1"))
"""What a backslash and a quote in a text are replaced by while texts are told from what is between them."""
_LINE = lazily.pattern(
    r"(?:#.*)?\n|\[([A-Za-z0-9_-]+)\]\n|\[\[([A-Za-z0-9_-]+)\]\]\n"
    r'|(?:([A-Za-z0-9_-]+)|"([^"\\\n]*)") = (\[\n(?:    .*\n)*\]|.+)\n'
)
_KEY = lazily.pattern(r"([A-Za-z0-9_-]+) = ")
_BETWEEN_TEXTS = lazily.pattern(
    r"(?:[A-Za-z0-9_-]+ = |\[\n    |,\n    (?=\{|\Z)|,\n\]|[\[\]{}, ]|true|false|-?[0-9]+)*"
)
"""A line may end in a list, but not in a table of one line, as in TOML."""


def load_toml(text: str) -> dict[str, object]:
    """Read TOML.

    Raises:
        ValueError: It is not valid.
        RecursionError: It is nested too deeply.
    """
    if (plain := read_plain(text)) is not None:
        return plain
    import tomllib  # noqa: PLC0415 - start-up

    return tomllib.loads(text)


def read_plain(text: str) -> dict[str, object] | None:
    """Read TOML of plain lines.

    Args:
        text: The TOML.

    Returns:
        What the standard library returns for it; None if a line is not plain, or may be wrong.
    """
    if not text.replace("\n", "").isprintable() or _OTHER_ESCAPE.search(text):
        return None
    whole: dict[str, object] = {}
    rows: dict[str, list[dict[str, object]]] = {}
    part = whole
    try:
        for table, row, key, quoted, value in _lines(text):
            if value:
                _put(part, key or quoted, _value(value))
            elif table:
                part = {}
                _put(whole, table, part)
            elif row:
                part = {}
                if row not in rows:
                    _put(whole, row, rows.setdefault(row, []))
                rows[row].append(part)
    except (ValueError, RecursionError):
        return None
    return whole


def _lines(text: str) -> Iterator[tuple[str, ...]]:
    """The parts of each line: the name of a table, or of one in a list; the key of a field, plain or quoted; its value.

    Raises:
        ValueError: A line is not plain.
    """
    at = 0
    while at < len(text):
        found = _LINE.match(text, at)
        if found is None:
            raise ValueError(at)
        at = found.end()
        yield found.groups("")


def _put(table: dict[str, object], key: str, value: object) -> None:
    """Add a field.

    Raises:
        ValueError: The table has it already.
    """
    if key in table:
        raise ValueError(key)
    table[key] = value


def _value(text: str) -> object:
    """Read the value of a field.

    Raises:
        ValueError: It is not plain, or a field is twice in one of its tables.
    """
    for escaped, mark in _ESCAPES:
        text = text.replace(escaped, mark)
    parts = text.split('"')
    parts[::2] = map(_as_json, parts[::2])
    text = '"'.join(parts)
    for escaped, mark in _ESCAPES:
        text = text.replace(mark, escaped)
    return json.loads(text, object_pairs_hook=_unique)


@lru_cache(maxsize=512)
def _as_json(between: str) -> str:
    """Turn what is between texts into JSON; there are few different ones in a list of many tables.

    Raises:
        ValueError: It is not plain.
    """
    if not _BETWEEN_TEXTS.fullmatch(between):
        raise ValueError(between)
    return _KEY.sub(r'"\1": ', between).replace(",\n]", "\n]")


def _unique(fields: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(fields)
    if len(table) != len(fields):
        raise ValueError("a field is there twice")
    return table
