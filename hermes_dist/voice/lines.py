"""Lines of text with their colours, which a screen or a page paints."""

from __future__ import annotations

from hermes_dist.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Literal, TypeAlias

Style: TypeAlias = "Literal['', 'accent', 'good', 'warning', 'error']"
"""What a text means, which decides how a screen or a page paints it; empty for plain text. Names and titles have the
accent."""


class Piece(NamedTuple):
    """A piece of a line.

    Attributes:
        text: Its text.
        style: How it is painted.
        bold: Whether it is bold.
        label: Whether it ends the label of the line: what wraps is indented as far as the text behind it.
    """

    text: str
    style: Style = ""
    bold: bool = False
    label: bool = False


Line = tuple[Piece, ...]


def line(*pieces: str | Piece) -> Line:
    """Make a line."""
    return tuple(map(_piece, pieces))


def _piece(piece: str | Piece) -> Piece:
    if isinstance(piece, Piece):
        return piece
    return Piece(piece)
