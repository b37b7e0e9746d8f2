"""The fields of requests: what each may hold, checked before anything is done."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import Enum, auto

from hermes_dist.errors import UsageError, quoted
from hermes_dist.light import NamedTuple

LONGEST_LINE = 1000
LONGEST_VALUE = 32 << 10
"""The longest value of a variable or an answer, in characters: some tokens are long."""
LONGEST_TEXT = 1 << 20
"""The longest text of a file that can be edited, in bytes: no larger document is merged either."""
MOST_WORDS = 200
MOST_SIDES = 10_000
"""So many conflicts may be settled at once: all of a large file."""


class Kind(Enum):
    """What a field holds."""

    LINE = auto()
    TEXT = auto()
    FLAG = auto()
    NUMBER = auto()
    WORDS = auto()
    ONE_OF = auto()
    VALUES = auto()
    SIDES = auto()


class Field(NamedTuple):
    """A field of a request.

    Attributes:
        kind: What it holds.
        needed: It has to be there.
        of: The known values of a :attr:`Kind.ONE_OF`, or of each place of a :attr:`Kind.SIDES`.
    """

    kind: Kind
    needed: bool = False
    of: tuple[str, ...] = ()


Fields = Mapping[str, Field]

LINE = Field(Kind.LINE)
TEXT = Field(Kind.TEXT)
FLAG = Field(Kind.FLAG)
NUMBER = Field(Kind.NUMBER)
WORDS = Field(Kind.WORDS)
VALUES = Field(Kind.VALUES)
SIDES = Field(Kind.SIDES, of=("ours", "theirs", "both"))
"""A side for each of some places."""


def one_of(*known: str) -> Field:
    """A field that holds one of a few words."""
    return Field(Kind.ONE_OF, of=known)


def needed(field: Field) -> Field:
    """The same field, which has to be there."""
    return field._replace(needed=True)


def checked(fields: Fields, given: Mapping[str, object]) -> Mapping[str, object]:
    """Check the fields of a request.

    Args:
        fields: The known fields.
        given: What the request holds.

    Returns:
        The values, each of the type of its field.

    Raises:
        UsageError: A field is unknown or missing, or holds what it may not.
    """
    unknown = sorted(given.keys() - fields.keys())
    if unknown:
        known = ", ".join(fields) or "none"
        raise UsageError(
            f"there is no field {quoted(unknown[0], 80)}", where="fields", hint=f"known: {known}"
        )
    lacking = [name for name, field in fields.items() if field.needed and name not in given]
    if lacking:
        raise UsageError("it is missing", where=f"fields: {lacking[0]}")
    return {name: _checked(name, fields[name], value) for name, value in given.items()}


def from_query(fields: Fields, given: Mapping[str, Sequence[str]]) -> Mapping[str, object]:
    """Read the fields of a request from the texts of a query: numbers, ``true`` and ``false``, repeated words.

    Raises:
        UsageError: A field that holds one value is named twice.
    """
    return {name: _from_texts(name, fields.get(name, LINE), texts) for name, texts in given.items()}


_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def _from_texts(name: str, field: Field, texts: Sequence[str]) -> object:
    if field.kind is Kind.WORDS:
        return list(texts)
    if len(texts) != 1:
        raise UsageError("it is named twice", where=f"fields: {name:.80}")
    [text] = texts
    if field.kind is Kind.FLAG:
        return _FLAGS.get(text, text)
    if field.kind is Kind.NUMBER and re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    return text


def _checked(name: str, field: Field, value: object) -> object:
    fault = _CHECKS[field.kind](field, value)
    if fault:
        raise UsageError(fault, where=f"fields: {name}")
    return value


def _line_fault(_field: Field, value: object) -> str:
    return _fault_of_line(value, LONGEST_LINE)


def _fault_of_line(value: object, longest: int) -> str:
    """What is wrong with one line; a space of any width and a joined emoji are part of names and answers."""
    if not isinstance(value, str) or len(value) > longest:
        return f"it takes one line of at most {longest} characters"
    if any(unicodedata.category(char) in _NOT_IN_LINES for char in value):
        return "it takes one line without control characters"
    return ""


_NOT_IN_LINES = {"Cc", "Cs", "Zl", "Zp"}


def _text_fault(_field: Field, value: object) -> str:
    if not isinstance(value, str):
        return "it takes a text"
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    if size > LONGEST_TEXT:
        return f"it takes at most {LONGEST_TEXT} bytes"
    return "it holds a character that no text has" if "\0" in value else ""


def _flag_fault(_field: Field, value: object) -> str:
    return "" if isinstance(value, bool) else "it takes true or false"


def _number_fault(_field: Field, value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return ""
    return "it takes a whole number"


def _words_fault(field: Field, value: object) -> str:
    if not isinstance(value, list) or len(value) > MOST_WORDS:
        return f"it takes a list of at most {MOST_WORDS} lines"
    return next(filter(None, (_line_fault(field, each) for each in value)), "")


def _one_of_fault(field: Field, value: object) -> str:
    return "" if value in field.of else f"it takes one of: {', '.join(field.of)}"


def _values_fault(_field: Field, value: object) -> str:
    if not isinstance(value, dict) or len(value) > MOST_WORDS:
        return f"it takes an object of at most {MOST_WORDS} values"
    if not all(isinstance(name, str) and _NAME.fullmatch(name) for name in value):
        return "a name is not that of a variable"
    return next(filter(None, (_fault_of_line(each, LONGEST_VALUE) for each in value.values())), "")


def _sides_fault(field: Field, value: object) -> str:
    if not isinstance(value, dict) or not value or len(value) > MOST_SIDES:
        return f"it takes an object of 1 to {MOST_SIDES} places"
    places = filter(None, (_line_fault(field, place) for place in value))
    sides = filter(None, (_one_of_fault(field, side) for side in value.values()))
    return next(places, "") or next(sides, "")


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_CHECKS = {
    Kind.LINE: _line_fault,
    Kind.TEXT: _text_fault,
    Kind.FLAG: _flag_fault,
    Kind.NUMBER: _number_fault,
    Kind.WORDS: _words_fault,
    Kind.ONE_OF: _one_of_fault,
    Kind.VALUES: _values_fault,
    Kind.SIDES: _sides_fault,
}
