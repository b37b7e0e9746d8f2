"""What one text is to each reader of YAML that agents use.

Documents are read as PyYAML does it, and most words are the same to every reader. A text that another reader takes for
a boolean or a number is written with quotes, and where it counts it is judged as each of them reads it. Whether it
stood in quotes is no longer known then, so it counts as a word without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hermes_dist.agents.dialects import BARE, NUMBER, WHOLE, Dialect

_BARE = dict(BARE)


def as_read(value: object, dialect: Dialect) -> object:
    """A value as a reader of YAML takes it; maps and lists by their parts, the keys of maps as they are."""
    return _READERS[dialect](value)


def is_clear(text: str) -> bool:
    """Whether a text means the same to every reader, written without quotes."""
    return all(isinstance(read(text), str) for read in _READERS.values())


def _by_ruamel(value: object) -> object:
    if isinstance(value, str):
        return _BARE.get(value, _number(value))
    if isinstance(value, list):
        return [_by_ruamel(part) for part in value]
    if isinstance(value, Mapping):
        return {key: _by_ruamel(part) for key, part in value.items()}
    return value


def _number(text: str) -> object:
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
