"""Lines of text with their colours, which a screen or a page paints."""

from __future__ import annotations

from typing import NamedTuple


class Piece(NamedTuple):
    """A piece of a line: its text, and how it is painted."""

    text: str
    colour: str = ""
    bold: bool = False


Line = tuple[Piece, ...]


def line(*pieces: str | Piece) -> Line:
    """Make a line."""
    return tuple(map(_piece, pieces))


def _piece(piece: str | Piece) -> Piece:
    if isinstance(piece, Piece):
        return piece
    return Piece(piece)
