"""The names inside skills: what the front matter of a SKILL.md may mean to the agent, whichever release reads it.

A job calls a skill by its folder or by the name in its front matter. Each agent reads that with its own YAML library,
and what the library refuses, it reads line by line. So one skill may have several names, and one that can't be read for
sure may have any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hermes_dist import lazily
from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.model.paths import folded

with later():
    from hermes_dist.model.documents.api import Kind, load_data

Called = tuple[str, ...] | None
"""The names of a skill, case-folded; None if it may have any."""

_BREAK = lazily.pattern(r"\r\n?")
_CLOSING = lazily.pattern(r"\n---\s*\n")
_LINE = r"(?:(?!name\b)[A-Za-z][\w.-]*:(?:[ \t][^\n]*)?|[ \t#][^\n]*|-(?:[ \t][^\n]*)?)?"
_NAME = r"name:[ \t]+(?:[A-Za-z][\w./+-]*|\"[^\"\\\n]*\"|'[^'\n]*')(?=\n\S|\n?\Z)"
_PLAIN = lazily.pattern(
    rf"(?:[ \t]*(?:#[^\n]*)?\n)*(?=[A-Za-z])(?:(?:{_NAME}|{_LINE})\n)*(?:{_NAME}|{_LINE})"
)
"""Front matter that is surely a map whose keys begin its lines, and has a name, if any, on one of these lines."""
_OTHER_BREAKS = lazily.pattern("[\x85\u2028\u2029]")
"""What ends a line for YAML alone."""
_BY_LINE = lazily.pattern(r"^\s*name\s*:([^\n]*)", re.MULTILINE)
"""How the agent reads what its library refuses."""
_KEY = lazily.pattern(
    r"(?:^[ \t]*(?:-[ \t]+)*|[{,]\s*)(?:[!&]\S*\s+)*[\"']?name[\"']?\s*:[ \t]*([^\n]*)",
    re.MULTILINE,
)
"""Wherever a map may have the name."""
_HIDDEN_KEY = lazily.pattern(
    r"\\[^\n]*\"\s*:|<<|(?:^|[\s\[{,:])&\S|(?:^|[\[{,])\s*\?\s|^%|^---", re.MULTILINE
)
"""Signs that a key may be spelled in a way that no pattern finds: escapes, merges, aliases, directives."""
_QUOTED = lazily.pattern(r"\"([^\"\\]*)\"|'([^']*)'(?!')")
_BEYOND = frozenset("!&*|>[{\"'")
"""How a value begins that is not all on its line as it stands."""


def names_in(skill: bytes) -> Called:
    """Return the names in the front matter of a skill."""
    front = front_of(skill)
    if front is None:
        return ()
    found = set(_by_lines(front))
    if not is_plain(front):
        more = _read(front)
        if more is None:
            return None
        found |= more
    return tuple(sorted(folded(name) for name in found if name))


def front_of(skill: bytes) -> str | None:
    """Return the front matter of a skill as the agent cuts it out; None if it has none."""
    # One release drops a mark of its encoding, and the other two of them.
    text = skill.decode("utf-8", "replace").removeprefix("\ufeff").removeprefix("\ufeff")
    if not text.startswith("---"):
        return None
    text = _BREAK.sub("\n", text) if "\r" in text else text
    closing = _CLOSING.search(text, 3)
    return text[3 : closing.start()] if closing else None


def is_plain(front: str) -> bool:
    """Whether front matter is surely a map, each key of which begins a line as it stands."""
    # Thousands of skills are looked at, and to read YAML takes a hundred times as long.
    return front.startswith("\n") and bool(
        _PLAIN.fullmatch(front, 1) and not _OTHER_BREAKS.search(front)
    )


def _by_lines(front: str) -> Iterator[str]:
    """Yield what the lines that begin with the key say, as they stand and without quotes."""
    for value in _BY_LINE.findall(front):
        plain = value.strip()
        yield plain
        quoted = _QUOTED.fullmatch(plain)
        if quoted:
            yield quoted[1] or quoted[2] or ""


def _read(front: str) -> set[str] | None:
    """Read the name out of front matter that is unusual; None if it may be any."""
    try:
        data = load_data(front.encode(), Kind.YAML)
    except Invalid:
        return _guessed(front)
    name = data.get("name") if isinstance(data, dict) else None
    return {name} if isinstance(name, str) else set()


def _guessed(front: str) -> set[str] | None:
    """Find each name that some library may read in what ours refuses; None if it may be any."""
    text = _OTHER_BREAKS.sub("\n", front)
    if _HIDDEN_KEY.search(text):
        return None
    found: set[str] = set()
    for each in _KEY.finditer(text):
        value = each[1].strip()
        quoted = _QUOTED.match(value)
        if _goes_on(text, each) or (value[:1] in _BEYOND and not quoted):
            return None
        found |= {value, value.partition(" #")[0].strip(), re.split("[,}]", value)[0].strip()}
        if quoted:
            found.add(quoted[1] or quoted[2] or "")
    return found


def _goes_on(text: str, found: re.Match[str]) -> bool:
    """Whether a value goes on in the next line, because that is indented more than its key."""
    begin = text.rfind("\n", 0, found.start(1)) + 1
    line = text[begin : found.start(1)]
    own = len(line) - len(line.lstrip(" \t-"))
    rest = text[found.end() :].lstrip("\n")
    return len(rest) - len(rest.lstrip(" \t")) > own
