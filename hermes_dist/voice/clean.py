"""Clean every string from outside before it is shown, so that no field can forge a line of ours."""

from __future__ import annotations

from hermes_dist import lazily
from hermes_dist.lazily import unicodedata
from hermes_dist.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hermes_dist.errors import DistError

COLUMNS = 5000
"""Nothing that people or programs name is longer; more would only flood a terminal."""
VALUE = 300
"""How much of a value a terminal shows beside other values; ``-v`` shows it whole, and so does a pipe."""
WHOLE = 1 << 62
"""No limit to what is shown of a value."""

_MARK = "PRIVATE KEY-----"
_PRIVATE_KEY = lazily.pattern(rf"(?s:-----BEGIN [A-Z ]*{_MARK}.*?(?:-----END [A-Z ]*{_MARK}|$))")
"""A private key, whole or cut: whoever types one in the wrong place must not find it in a log."""


def clean(text: object, columns: int = COLUMNS) -> str:
    r"""Return ``text`` as one harmless line.

    Args:
        text: Anything from outside: a manifest field, a file name, git's output.
        columns: The greatest length of the result.

    Returns:
        The text in NFC without private keys, with control, format, surrogate and private characters as ``\u{…}``; if
        too long, cut with an ellipsis.
    """
    flat = str(text)
    if not flat.isascii():
        flat = unicodedata.normalize("NFC", flat)
    if _MARK in flat:
        flat = _PRIVATE_KEY.sub("(a private key)", flat)
    if not (flat.isascii() and flat.isprintable()):
        flat = "".join(_visible(char) for char in flat)
    if len(flat) <= columns:
        return flat
    return f"{flat[: columns - 1]}…"


def clean_value(text: str, most: int = WHOLE) -> str:
    """Return a value as one harmless line.

    Args:
        text: The value.
        most: How much of it is shown; of a longer one, it is said how much is left and what shows it.
    """
    flat = clean(text, WHOLE)
    if len(flat) <= most:
        return flat
    return f"{flat[:most]}… ({len(flat) - most} more characters; -v shows them)"


def error_data(error: DistError, spelled: Callable[[str], str]) -> dict[str, Any]:
    """An error as JSON.

    Args:
        error: The error.
        spelled: Spells a command of ours.
    """
    return {
        "message": clean(error.what),
        "where": clean(error.where),
        "hint": clean(error.advice(spelled)),
        "code": error.code,
    }


def clean_line(text: str) -> str:
    """Clean a line of a diff or a log; nothing is cut."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(char: str) -> str:
    if (
        unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
        or 0xFE00 <= ord(char) <= 0xFE0E
    ):
        return f"\\u{{{ord(char):x}}}"
    return char
