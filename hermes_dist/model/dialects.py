"""How each YAML reader that agents use understands a text.

Documents are read as PyYAML reads them, and most words mean the same to every reader. A text that another reader takes
for a boolean or a number is written with quotes, and where it matters it is judged as each of them reads it. By then
it is no longer known whether the text was quoted, so it counts as unquoted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from hermes_dist.agents.dialects import BARE, NUMBER, WHOLE, Dialect

_BARE = dict(BARE)
_BEGIN_NUMBERS = frozenset("+-.0123456789")


def as_read(value: object, dialect: Dialect) -> object:
    """Return a value as a YAML reader understands it; maps and lists item by item, with map keys unchanged."""
    return _READERS[dialect](value)


def is_clear(text: str) -> bool:
    """Return whether a text means the same to every reader when it is written without quotes."""
    return all(isinstance(read(text), str) for read in _READERS.values())


def fails_to_read(text: str) -> bool:
    """Return whether a reader fails on a plain word, and so on the whole document."""
    return _number(text) is None


def are_keys_apart(keys: Iterable[object]) -> bool:
    """Return whether the keys of a map are as many to every reader."""
    each = tuple(keys)
    return all(len({read(key) for key in each}) == len(each) for read in _READERS.values())


def _by_ruamel(value: object) -> object:
    if isinstance(value, str):
        return _BARE.get(value, _number(value))
    if isinstance(value, list):
        return [_by_ruamel(part) for part in value]
    if isinstance(value, Mapping):
        return {key: _by_ruamel(part) for key, part in value.items()}
    return value


def _number(text: str) -> object:
    if text[:1] not in _BEGIN_NUMBERS:
        return text
    try:
        if NUMBER.fullmatch(text):
            return float(text.replace("_", ""))
        if WHOLE.fullmatch(text):
            digits = text.replace("_", "")
            return int(digits, 8 if digits[1:2] == "0" else 10)
    except ValueError:
        return None
    return text


_READERS: Mapping[Dialect, Callable[[object], object]] = {
    Dialect.PYYAML: lambda value: value,
    Dialect.RUAMEL: _by_ruamel,
}
