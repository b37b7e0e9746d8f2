"""Types of answers, a small part of JSON Schema: reading what was typed, checking it, and showing it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.light import StrEnum
from hermes_dist.model.lock_package import InputValue

LONGEST = 1000
_CONTROL = lazily.pattern(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_INTEGER = lazily.pattern(r"[+-]?\d{1,15}")
_NUMBER = lazily.pattern(r"[+-]?\d{1,15}(?:\.\d{1,15})?(?:[eE][+-]?\d{1,2})?")
_SWITCHES = {
    **dict.fromkeys(("true", "yes", "on", "y"), True),
    **dict.fromkeys(("false", "no", "off", "n"), False),
}


class Kind(StrEnum):
    """The type of an answer."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"


class Misfit(ValueError):
    """An answer does not fit its input; the text says why without showing the answer."""


class Limits(Struct, frozen=True, kw_only=True):
    """What an answer has to be besides its type, named as JSON Schema does.

    Attributes:
        pattern: It has to be found in a string; empty for none.
        choices: The only answers (``enum``); empty for all.
        minimum: The smallest number.
        maximum: The largest number.
        shortest: The fewest characters of a string (``minLength``).
        longest: The most characters of a string (``maxLength``).
    """

    pattern: str = ""
    choices: tuple[InputValue, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    shortest: int = 0
    longest: int | None = None

    def words(self, kind: Kind) -> str:
        """Say what an answer has to be, such as ``integer from 1 to 90``."""
        if self.choices:
            return f"one of {', '.join(map(shown, self.choices))}"
        if kind is Kind.BOOLEAN:
            return "yes or no"
        name = "text on one line" if kind is Kind.STRING else str(kind)
        return " ".join([name, *self._bounds(), *self._lengths()])

    def _bounds(self) -> Iterator[str]:
        if self.minimum is not None:
            yield f"from {shown(self.minimum)}"
        if self.maximum is not None:
            yield f"to {shown(self.maximum)}"

    def _lengths(self) -> Iterator[str]:
        if self.shortest:
            yield f"of at least {self.shortest} characters"
        if self.longest is not None:
            yield f"of at most {self.longest} characters"
        if self.pattern:
            yield f"that matches {self.pattern}"


def read(kind: Kind, text: str) -> InputValue:
    """Read an answer as typed.

    Raises:
        Misfit: It is not of this type.
    """
    if kind is Kind.STRING:
        return text
    bare = text.strip()
    if kind is Kind.BOOLEAN and bare.lower() in _SWITCHES:
        return _SWITCHES[bare.lower()]
    if kind is Kind.INTEGER and _INTEGER.fullmatch(bare):
        return int(bare)
    if kind is Kind.NUMBER and _NUMBER.fullmatch(bare):
        return int(bare) if _INTEGER.fullmatch(bare) else float(bare)
    raise Misfit(_not_a(kind))


def _not_a(kind: Kind) -> str:
    article = "an" if kind is Kind.INTEGER else "a"
    return f"it is not {article} {kind}"


def check(kind: Kind, limits: Limits, value: object) -> None:
    """Check an answer.

    Raises:
        Misfit: It does not fit.
    """
    _check_type(kind, value)
    if isinstance(value, str):
        _check_text(limits, value)
    elif isinstance(value, int | float):
        _check_number(limits, value)
    # In Python, 1 == True.
    if limits.choices and (type(value), value) not in [(type(one), one) for one in limits.choices]:
        raise Misfit("it is not one of the choices")


def _check_type(kind: Kind, value: object) -> None:
    right = {
        Kind.STRING: isinstance(value, str),
        Kind.BOOLEAN: isinstance(value, bool),
        Kind.INTEGER: isinstance(value, int) and not isinstance(value, bool),
        Kind.NUMBER: isinstance(value, int | float) and not isinstance(value, bool),
    }
    if not right[kind]:
        raise Misfit(_not_a(kind))
    if isinstance(value, float) and not math.isfinite(value):
        raise Misfit("it is not a finite number")


def _check_text(limits: Limits, value: str) -> None:
    if _CONTROL.search(value):
        raise Misfit("it holds a line break or another control character")
    if len(value) > LONGEST:
        raise Misfit(f"it has more than {LONGEST} characters")
    if len(value) < limits.shortest or (limits.longest is not None and len(value) > limits.longest):
        raise Misfit(f"it has {len(value)} characters")
    if limits.pattern and not re.search(limits.pattern, value[:200]):
        raise Misfit(f"it does not match {limits.pattern}")
    if limits.pattern and len(value) > 200:
        raise Misfit("it has more than 200 characters")


def _check_number(limits: Limits, value: float) -> None:
    if isinstance(value, bool):
        return
    if limits.minimum is not None and value < limits.minimum:
        raise Misfit(f"it is less than {shown(limits.minimum)}")
    if limits.maximum is not None and value > limits.maximum:
        raise Misfit(f"it is more than {shown(limits.maximum)}")


def shown(value: InputValue) -> str:
    """Write an answer as it stands in a text: ``true`` as in YAML and JSON, not Python's ``True``."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)
