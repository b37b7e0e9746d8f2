"""What an output can show: how many columns its terminal has, whether it shows colours, and which characters."""

from __future__ import annotations

import os

from hermes_dist.light import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

RESET = "\033[0m"
"""Ends all colours."""
_NARROWEST = 20
_PLAIN = {
    "→": "->",
    "←": "<-",
    "…": "...",
    "✓": "ok",
    "✗": "x",
    "–": "-",
    "—": "-",
    "·": "-",
    "•": "*",
    "◆": "*",
    "⏎": "\\n",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
}
"""What stands for a character of ours where an output does not know it."""


def columns_of(stream: TextIO) -> int | None:
    """The columns of the terminal that a stream writes to, as they are now.

    Returns:
        None for a pipe or a file, and for a terminal of which nobody knows the size.
    """
    try:
        if not stream.isatty():
            return None
        found = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return None
    # The terminal itself comes first: COLUMNS does not change when a window does.
    told = os.environ.get("COLUMNS", "")
    if not found and told.isascii() and told.isdigit():
        found = int(told)
    return max(found, _NARROWEST) if found else None


def lines_of(stream: TextIO) -> int:
    """How many lines a terminal shows at once; 24 if nobody knows."""
    try:
        found = os.get_terminal_size(stream.fileno()).lines
    except (OSError, ValueError):
        found = 0
    told = os.environ.get("LINES", "")
    if not found and told.isascii() and told.isdigit():
        found = int(told)
    return found or 24


def is_plain() -> bool:
    """Whether the terminal can only write lines: no colours, no moving of the cursor."""
    return os.environ.get("TERM") == "dumb"


def colour_of(word: str) -> bool | None:
    """Whether to colour, by the option ``--color`` and the environment.

    Args:
        word: ``auto``, ``always`` or ``never``.

    Returns:
        None if it depends on the terminal.
    """
    # NO_COLOR and FORCE_COLOR are wishes for all programs, --color one for this run: the option wins.
    if word in _CHOICES:
        return _CHOICES[word]
    if os.environ.get("NO_COLOR"):
        return False
    if any(
        os.environ.get(name, "0") not in {"", "0"} for name in ("FORCE_COLOR", "CLICOLOR_FORCE")
    ):
        return True
    if os.environ.get("CLICOLOR") == "0":
        return False
    return None


_CHOICES = {"always": True, "never": False}


def shows_colour(stream: TextIO) -> bool:
    """Whether a stream is a terminal that shows colours."""
    return stream.isatty() and not is_plain()


def shown_by(stream: TextIO, text: str) -> str:
    """Return a text as an output can show it: what its encoding does not know is spelled in ASCII."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    if text.isascii() or encoding.lower() in {"utf-8", "utf8"}:
        return text
    return "".join(char if _can(char, encoding) else _spelled(char) for char in text)


def _can(char: str, encoding: str) -> bool:
    try:
        char.encode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def _spelled(char: str) -> str:
    return _PLAIN.get(char) or char.encode("ascii", "backslashreplace").decode()
