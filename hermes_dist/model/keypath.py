"""Key paths: the address of a value inside a document, written ``jobs[id=ab12].prompt``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.errors import Invalid, quoted
from hermes_dist.light import TYPE_CHECKING

with lazily.later():
    from datetime import date, datetime

if TYPE_CHECKING:
    from typing import TypeAlias


class Item(Struct, frozen=True):
    """The item of a list whose ``field`` holds ``value``: ``[name=a]``."""

    field: str
    value: str


Segment: TypeAlias = "str | int | float | bool | date | Item | None"
KeyPath = tuple[Segment, ...]
"""Keys, outermost first; ``()`` is the whole document. YAML also allows keys that are not strings."""

BODY: KeyPath = (Item("part", "body"),)
"""The body of a skill. Front matter is a map, so none of its keys begins with an item."""

_SIGNS = frozenset("[]()=\"'\\")
_PLAIN = r"[^\s.\[\]()=\"'\\]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_SCALAR = lazily.pattern(rf"\(([^()\s]+)\)|({_QUOTED})|({_PLAIN})")
_ITEM = lazily.pattern(rf"\[(?:({_QUOTED})|({_PLAIN}))=(?:({_QUOTED})|({_PLAIN}))\]")
_WORDS = {"true": True, "false": False, "null": None}
_INTEGER = lazily.pattern(r"-?\d+")
_DATE = lazily.pattern(r"\d{4}-\d")


def step_name(segment: Segment) -> str:
    """Return one step of a key as plain text; an item of a list goes by its value."""
    return segment.value if isinstance(segment, Item) else str(segment)


def format_key(path: KeyPath) -> str:
    """Format a key path: ``a.b``, ``a."x.y"``, ``l[id=7].c``, ``ports.(80)``; empty for the document."""
    return "".join(map(_formatted, path)).removeprefix(".")


def _formatted(segment: Segment) -> str:
    if isinstance(segment, Item):
        return f"[{_word(segment.field)}={_word(segment.value)}]"
    if isinstance(segment, str):
        return f".{_word(segment)}"
    if segment is None or isinstance(segment, int | float):
        return f".({json.dumps(segment)})"
    return f".({segment.isoformat()})"


@lru_cache(maxsize=4096)
def parse_key(text: str) -> KeyPath:
    """Read what :func:`format_key` writes.

    Raises:
        Invalid: The text is not a key path.
    """
    steps = text.split(".")
    # Nearly all keys are words with dots between them.
    if all(steps) and _SIGNS.isdisjoint(text) and text.split() == [text]:
        return tuple(steps)
    path: list[Segment] = []
    at = 0
    while at < len(text):
        found = _ITEM.match(text, at)
        if found:
            path.append(Item(_unword(found[1], found[2]), _unword(found[3], found[4])))
        else:
            found = _key_at(text, at)
            path.append(_unodd(found[1], text) if found[1] else _unword(found[2], found[3]))
        at = found.end()
    return tuple(path)


def _key_at(text: str, at: int) -> re.Match[str]:
    """Match a key after its dot; the first one has none."""
    start = at
    if at and text[at] == ".":
        start = at + 1
    found = _SCALAR.match(text, start)
    if found is None or (at and start == at):
        raise _bad(text)
    return found


_BODY_WORDS = "text below the front matter"
"""How people see and type :data:`BODY`; a front matter key with blanks would be quoted."""


def join_place(path: str, key: str) -> str:
    """Write a place: ``path: key``, or the path alone if the key is empty."""
    return f"{path}: {key}" if key else str(path)


def split_place(place: str) -> tuple[str, str]:
    """Split what :func:`join_place` writes into path and key; the key of a whole file is empty."""
    path, _, key = place.partition(": ")
    return path, key


def split_written(place: str) -> tuple[str, str]:
    """Split a place as authors write it: a path may also begin with ``./``, and that of a folder end with ``/``."""
    path, key = split_place(place)
    return path.removeprefix("./").rstrip("/"), key


def names_key(word: str, path: str, key: str) -> bool:
    """Whether a word means a key of a file or one above it, with the path in front of it or without."""
    place = join_place(path, key)
    above = (f"{word}.", f"{word}[")
    return any(each == word or each.startswith(above) for each in (key, place, place_words(place)))


def place_words(place: str) -> str:
    """Format ``path: key`` as it is shown to people; typing the same words names it."""
    path, key = split_place(place)
    if key != format_key(BODY):
        return place
    return f"{path}: {_BODY_WORDS}"


def names_place(word: str, place: str) -> bool:
    """Return whether a typed word means ``path: key``: by the path, the key, or both, as shown or as stored."""
    return any(word in (each, *each.split(": ", 1)) for each in (place, place_words(place)))


def as_typed(word: str) -> str:
    """Return a word without what people type around a path: blanks, a leading ``./``, a slash at the end."""
    return word.strip().removeprefix("./").rstrip("/")


class Named(Struct, frozen=True):
    """The places that a typed word means.

    Attributes:
        places: The places; empty if it means none, or several things.
        candidates: What it could mean, if that is not clear.
    """

    places: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()


def named_places(word: str, places: Iterable[str]) -> Named:
    """Find the places that a typed word means, the most exact meaning first.

    A word is a path, a key or both; a folder or an outer key, which mean all that is inside; or the end of a path or
    key, if only one place ends so.

    Args:
        word: As typed, such as ``skills/x``, ``agent.max_turns`` or ``config.yaml: agent``.
        places: ``path`` or ``path: key`` of all there are.
    """
    known = sorted(set(places))
    typed = as_typed(word)
    if not typed:
        return Named()
    for meaning in (names_place, _is_inside):
        found = tuple(each for each in known if meaning(typed, each))
        if found:
            return _unless_in_several(typed, found)
    ends = tuple(each for each in known if _ends_with(typed, each))
    return Named(ends) if len(ends) == 1 else Named(candidates=ends)


def _unless_in_several(word: str, found: tuple[str, ...]) -> Named:
    """The places found; as candidates if the word is a key alone and they are in several files."""
    is_key = all(_key_of(each) and not _names_path(word, each) for each in found)
    files = {split_place(each)[0] for each in found}
    # Each of these files is another decision.
    return Named(candidates=found) if is_key and len(files) > 1 else Named(found)


def _key_of(place: str) -> str:
    return split_place(place)[1]


def _names_path(word: str, place: str) -> bool:
    """Whether a word begins with the path of a place, or with a folder of it."""
    path, named = split_place(place)[0], split_place(word)[0]
    return path == named or path.startswith(f"{named}/")


def _is_inside(word: str, place: str) -> bool:
    """Whether a place is in a folder, or below a key."""
    if place.startswith(f"{word}/"):
        return True
    outer = place
    if ": " not in word:
        outer = _key_of(place)
    return outer.startswith((f"{word}.", f"{word}["))


def _ends_with(word: str, place: str) -> bool:
    """Whether a path or a key ends with a word, at a border of its parts."""
    path, key = split_place(place)
    return f"/{path}".endswith(f"/{word}") or f".{key}".endswith(f".{word}")


@lru_cache(maxsize=4096)
def _word(text: str) -> str:
    if text.isprintable() and (text.isidentifier() or re.fullmatch(_PLAIN, text)):
        return text
    return json.dumps(text)


def _unword(quoted: str | None, plain: str | None) -> str:
    if quoted is None:
        return plain or ""
    try:
        return str(json.loads(quoted))
    except ValueError:
        raise _bad(quoted) from None


def _unodd(word: str, text: str) -> Segment:
    if word in _WORDS:
        return _WORDS[word]
    try:
        if _DATE.match(word):
            return _date(word)
        return int(word) if _INTEGER.fullmatch(word) else float(word)
    except ValueError:
        raise _bad(text) from None


def _date(word: str) -> date:
    return datetime.fromisoformat(word) if "T" in word else date.fromisoformat(word)


def _bad(text: str) -> Invalid:
    return Invalid(
        f"{quoted(text, 200)} is not a key",
        hint='write it like model.default, jobs[id=7] or a."x.y"',
    )
