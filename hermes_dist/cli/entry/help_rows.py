"""The help of the whole program, and the layout of every help page; without the library that parses command lines."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence

from hermes_dist.brand import Brand
from hermes_dist.cli.entry.verbs import GROUPS, NESTED, VERBS, Nested, Verb
from hermes_dist.cli.shared.layout import wrap

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
            for line in (*_term(term, columns), *_indented(text, columns, 6))
        ]
    first = (terms or term_width(term for term, _ in rows)) + 4
    lines: list[str] = []
    for term, text in rows:
        told = _indented(text, columns, first) or [""]
        if len(term) > first - 4:
            lines += [f"  {term}", *told]
        else:
            lines += [f"  {term}".ljust(first) + told[0].lstrip(), *told[1:]]
    return [line.rstrip() for line in lines]


def _term(term: str, columns: int) -> list[str]:
    return wrap(f"  {term}", columns, 4, pieces=True)


def paragraph(text: str, columns: int) -> list[str]:
    """Lay out a text; a word that is too long stays whole."""
    return wrap(text, columns)


def examples(shown: Iterable[tuple[str, str]], columns: int) -> list[str]:
    """Lay out examples: each command line, and below it what it does."""
    lines: list[str] = []
    for command, text in shown:
        lines += [f"  {command}", *_indented(text, columns, 6)]
    return lines


def _indented(text: str, columns: int, indent: int) -> list[str]:
    """Lay out a text below or beside its term; no line for no text."""
    return wrap(" " * indent + text, columns, indent) if text else []


def usage(prog: str, words: Sequence[str], columns: int) -> list[str]:
    """Lay out the line of usage."""
    return wrap(" ".join(["Usage:", prog, *words]), columns, 4, pieces=True)


def help_text(brand: Brand, prog: str) -> str:
    """The help of the program: every command with its line, by group, laid out to the terminal."""
    known: dict[str, Verb | Nested] = {**VERBS, **NESTED}
    columns, terms = width(), term_width(known)
    lines = usage(prog, ["VERB", "[OPTIONS]", "[ARGUMENTS]"], columns)
    about = (
        f"Profiles of {brand.title} as versioned packages: your agent keeps what it learned,"
        " and gets what its author ships."
    )
    lines += ["", *paragraph(about, columns)]
    for group in GROUPS:
        rows = [(name, verb.help) for name, verb in known.items() if verb.group == group]
        lines += ["", f"{group}:", *laid_out(rows, columns, terms)] if rows else []
    more = [
        (f"{prog}", "Where things stand, and what to do next."),
        (f"{prog} help VERB", "What a verb takes, with examples; also VERB -h."),
        (f"{prog} --version", "The version of this program."),
    ]
    return "\n".join([*lines, "", "More:", *laid_out(more, columns)]) + "\n"
