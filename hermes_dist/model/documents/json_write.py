"""Data to JSON text in the style of a document."""

from __future__ import annotations

import json

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.model.values import Unmergeable

_CONTROL = lazily.pattern(r"[\x7f-\x9f]")
_TIGHT_COMMA = lazily.pattern(r'[\w"\]}],["\w\[{]')
_TIGHT_COLON = lazily.pattern(r'":\S')
_INDENT = lazily.pattern(r"[\[{]\r?\n([ \t]+)")


class Style(Struct, frozen=True):
    """How a JSON document is laid out.

    Attributes:
        unit: One step of indentation; empty when the document is on one line.
        comma: The separator between items on one line.
        colon: The separator between key and value.
        ascii_only: Whether all other characters are escaped.
    """

    unit: str = "  "
    comma: str = ", "
    colon: str = ": "
    ascii_only: bool = False


def style_of(text: str) -> Style:
    """Find the style that a document is written in."""
    step = _INDENT.search(text)
    tight_commas = not step and _TIGHT_COMMA.search(text)
    tight_colons = _TIGHT_COLON.search(text) and '": ' not in text
    return Style(
        unit=step[1] if step else "",
        comma="," if tight_commas else ", ",
        colon=":" if tight_colons else ": ",
        ascii_only=text.isascii() and "\\u" in text,
    )


def write(data: object, style: Style, *, margin: str = "", lines: bool = True) -> str:
    """Write a value; ``margin`` is put before every line but the first, ``lines`` writes one entry a line.

    Raises:
        Unmergeable: JSON can't express the value.
    """
    unit, comma = None, style.comma
    if style.unit and lines:
        unit, comma = style.unit, ","
    separators = (comma, style.colon)
    try:
        text = json.dumps(data, indent=unit, separators=separators, ensure_ascii=style.ascii_only)
    except TypeError as err:
        raise Unmergeable(f"it can't be written as JSON: {err}") from None
    text = _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text.replace("\n", "\n" + margin)
