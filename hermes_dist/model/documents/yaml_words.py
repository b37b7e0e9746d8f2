"""Say in plain words what is wrong with a text that is not valid YAML, at the place where a person has to look.

PyYAML speaks of tokens and nodes, and names the place where it gave up: for a quote that is never closed, that is the
end of the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hermes_dist.model.documents.nodes import place

_MARKER = r"(?m)^(?:<<<<<<<|>>>>>>>) "


def _start_of_value(text: str, at: int) -> str:
    if text[at : at + 1] == "\t":
        return "a line is indented with a tab; indent with spaces"
    return f"a value can't begin with {text[at : at + 1]!r}; put the whole value in quotes"


def _line_or_rest(text: str, at: int) -> str:
    if text[text.rfind("\n", 0, at) + 1 : at].strip():
        return "there is more after the end of a value; put the whole value in quotes"
    return "this line does not fit those above it; check its indentation and what is quoted"


_Words = str | Callable[[str, int], str]
_TABLE: tuple[tuple[str, bool, _Words], ...] = (
    (
        r"quoted scalar: found unexpected (?:end of stream|document)",
        True,
        "a quote opens here and is never closed",
    ),
    (
        r"quoted scalar: .*(?:hexdecimal|hexadecimal|escape)",
        False,
        r"a \ in double quotes begins a special character; use single quotes, or write \\",
    ),
    (r"flow sequence", True, "a list opens here with [, and a comma or its ] is missing"),
    (r"flow mapping", True, "a map opens here with {, and a comma or its } is missing"),
    (
        r"node content",
        False,
        "a value is missing, or a bracket or comma is one too many; put text with such signs in quotes",
    ),
    (
        r"mapping values are not allowed",
        False,
        "a colon stands where none can; put text with a colon in quotes, or check the indentation",
    ),
    (
        r"could not find expected ':'",
        True,
        "this line has no colon after its key; add it, or check what is indented and quoted above",
    ),
    (r"tab character", False, "a line is indented with a tab; indent with spaces"),
    (r"cannot start any token", False, _start_of_value),
    (
        r"(?:alias|anchor|tag|directive): ",
        True,
        lambda text, at: (
            f"a value can't begin with {text[at : at + 1]!r} and go on like this; put it in quotes"
        ),
    ),
    (r"tag handle", True, "a value can't begin with '!' and go on like this; put it in quotes"),
    (
        r"block scalar: ",
        False,
        "the text after | or > begins on the next line; put this text there, or in quotes",
    ),
    (
        r"sequence entries are not allowed",
        False,
        "a list can't begin behind a key; begin it on the next line",
    ),
    (r"block (?:mapping|collection|sequence)", False, _line_or_rest),
    (r"document start", False, "there is more after the end of the document"),
    (r"YAML document", False, "it is of another version of YAML than 1.1"),
)
"""What PyYAML says (as ``context: problem``), whether the place is where it began, and the words for it."""


def in_words(error: Any, text: str) -> tuple[str, str]:
    """Say what is wrong with a text.

    Args:
        error: The ``yaml.YAMLError``.
        text: The text.

    Returns:
        What is wrong, and where, as ``line:column``.
    """
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return "it can't be read", ""
    if marker := re.search(_MARKER, text):
        what = "the markers of a merge are left in it; settle that by hand"
        return what, place(text, marker.start())
    began = getattr(error, "context_mark", None) or mark
    at_begin, words = _row(f"{error.context or ''}: {error.problem}")
    spot = began if at_begin else mark
    if callable(words):
        words = words(text, _offset(text, spot))
    return words, _place(spot)


def _row(said: str) -> tuple[bool, _Words]:
    """The words for what PyYAML says, and whether the place is where it began; its own words if it is not known."""
    for pattern, at_begin, words in _TABLE:
        if re.search(pattern, said):
            return at_begin, words
    return False, said.rpartition(": ")[2]


def _place(mark: Any) -> str:
    return f"{mark.line + 1}:{mark.column + 1}"


def _offset(text: str, mark: Any) -> int:
    """Where a mark is in the text, by its line: the index that a parser counts may leave out a mark of byte order."""
    lines = text.splitlines(keepends=True)
    return sum(map(len, lines[: mark.line])) + int(mark.column)
