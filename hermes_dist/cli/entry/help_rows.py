"""Lay out the terms of a help page and what they mean, for any width; without the library that parses command lines."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from textwrap import wrap

WIDEST = 100
"""Lines longer than this are hard to read, however wide the terminal is."""
_NARROWEST = 24
_TERM = 26
"""A term wider than this stands on a line of its own."""
_STACKED = 50
"""In fewer columns than this, each term stands above what it means."""


def width() -> int:
    """The width for help: that of the terminal, but not more than :data:`WIDEST`."""
    return max(_NARROWEST, min(shutil.get_terminal_size().columns, WIDEST))


def term_width(terms: Iterable[str]) -> int:
    """How wide the column of the terms of a page has to be."""
    return max((len(term) for term in terms if len(term) <= _TERM), default=0)


def laid_out(rows: Sequence[tuple[str, str]], columns: int, terms: int = 0) -> list[str]:
    """Lay out terms with their texts in two columns, or stacked where that would be too narrow.

    Args:
        rows: Each term and its text.
        columns: How wide a line may be.
        terms: How wide the column of terms is; 0 for as wide as these need.

    Returns:
        The lines, indented by two.
    """
    if columns < _STACKED:
        return [
            line
            for term, text in rows
            for line in (*_term(term, columns), *_wrapped(text, columns, "      "))
        ]
    first = (terms or term_width(term for term, _ in rows)) + 4
    lines: list[str] = []
    for term, text in rows:
        told = _wrapped(text, columns, " " * first) or [""]
        if len(term) > first - 4:
            lines += [f"  {term}", *told]
        else:
            lines += [f"  {term}".ljust(first) + told[0].lstrip(), *told[1:]]
    return [line.rstrip() for line in lines]


def _term(term: str, columns: int) -> list[str]:
    return wrap(
        term,
        columns,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def paragraph(text: str, columns: int) -> list[str]:
    """Lay out a text; a word that is too long stays whole."""
    return _wrapped(text, columns, "")


def examples(shown: Iterable[tuple[str, str]], columns: int) -> list[str]:
    """Lay out examples: each command line, and below it what it does."""
    lines: list[str] = []
    for command, text in shown:
        lines += [f"  {command}", *_wrapped(text, columns, "      ")]
    return lines


def _wrapped(text: str, columns: int, indent: str) -> list[str]:
    return wrap(
        text,
        columns,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def usage(prog: str, words: Sequence[str], columns: int) -> list[str]:
    """Lay out the line of usage."""
    return wrap(
        " ".join(["Usage:", prog, *words]),
        columns,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
