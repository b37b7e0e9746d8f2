"""JSON text to nodes that know their positions."""

from __future__ import annotations

import json
from typing import NoReturn

from hermes_dist import lazily
from hermes_dist.errors import Invalid, quoted
from hermes_dist.light import Plain, loads
from hermes_dist.model.documents.nodes import Document, Entry, Form, Kind, Limits, Node, place

_SPACE = lazily.pattern(r"[ \t\r\n]*")
_STRING = lazily.pattern(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_NUMBER = lazily.pattern(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
# NaN and Infinity are not JSON, but the json module of Python, and so the agent, reads them.
_WORD = lazily.pattern(r"true|false|null|NaN|-?Infinity")
_WORDS = {
    "true": True,
    "false": False,
    "null": None,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}
_LONGEST_NUMBER = 100
_NESTED = frozenset([dict, list])


def parse(text: str, limits: Limits, *, bom: bool = False) -> Document:
    """Read a JSON document; a text of only whitespace is an empty document.

    Raises:
        Invalid: The text is not JSON, exceeds a limit, or has duplicate keys.
    """
    reader = _Reader(text, limits)
    if not text.strip():
        raise Invalid("not valid JSON: empty")
    root = reader.value(reader.skip(0), 1)
    end = reader.skip(root.end)
    if end < len(text):
        reader.refuse("not valid JSON: there is more after the end", end)
    return Document(Kind.JSON, text, bom, root, [])


def load(text: str, limits: Limits) -> object:
    """Return the data of a JSON document, without positions, as :func:`parse` reads it.

    Raises:
        Invalid: The text is not JSON, exceeds a limit, or has duplicate keys.
    """
    # An escape may hide half a character, which the library reads.
    if "\\u" not in text:
        # What it refuses, and what is more than a limit, is read again, to say what is wrong and where.
        try:
            value: object = loads(text.strip(" \t\r\n").encode(), _Strict)
            if _count(value, limits.depth) <= limits.nodes:
                return value
        except (ValueError, RecursionError):
            pass
    root = parse(text, limits).root
    return root.value if root else None


def _map(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key appears twice")
    return found


def _whole(digits: str) -> int:
    number = int(digits[: _LONGEST_NUMBER + 1])
    if not -(1 << 63) <= number < 1 << 64:
        raise ValueError("more than 64 bits")
    return number


def _broken(digits: str) -> float:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError("a number is too long")
    return float(digits)


class _Strict(Plain):
    """How documents are read: no key twice, and no number that other readers take for another one."""

    object_pairs_hook = staticmethod(_map)
    parse_int = staticmethod(_whole)
    parse_float = staticmethod(_broken)


def _count(value: object, depth: int) -> int:
    """Count the values in data.

    Raises:
        ValueError: It is nested deeper than allowed.
    """
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if depth < 1 + bool(parts):
        raise ValueError("nested too deep")
    return 1 + sum(_count(part, depth - 1) if type(part) in _NESTED else 1 for part in parts)


class _Reader:
    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.size = 0

    def refuse(self, what: str, at: int) -> NoReturn:
        raise Invalid(what, where=place(self.text, at))

    def skip(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def value(self, at: int, depth: int) -> Node:
        self.size += 1
        if self.size > self.limits.nodes:
            self.refuse(f"more than {self.limits.nodes} values", at)
        if depth > self.limits.depth:
            self.refuse(f"nested more than {self.limits.depth} levels deep", at)
        first = self.text[at : at + 1]
        if first == "{":
            return self.map(at, depth)
        if first == "[":
            return self.list(at, depth)
        if first == '"':
            text, end = self.string(at)
            return Node(text, at, end)
        if found := _WORD.match(self.text, at):
            return Node(_WORDS[found[0]], at, found.end())
        return self.number(at)

    def number(self, at: int) -> Node:
        found = _NUMBER.match(self.text, at)
        if not found:
            self.refuse("not valid JSON: a value is missing", at)
        if len(found[0]) > _LONGEST_NUMBER:
            self.refuse("a number is too long", at)
        if found[1] or found[2]:
            return Node(float(found[0]), at, found.end())
        number = int(found[0])
        if not -(1 << 63) <= number < 1 << 64:
            self.refuse("a number has more than 64 bits", at)
        return Node(number, at, found.end())

    def string(self, at: int) -> tuple[str, int]:
        found = _STRING.match(self.text, at)
        if not found:
            self.refuse("not valid JSON: a text is missing or has no end", at)
        raw = found[0]
        if "\\" not in raw:
            return raw[1:-1], found.end()
        try:
            text = str(json.loads(raw))
        except ValueError:
            self.refuse("not valid JSON: an unknown escape", at)
        if any("\ud800" <= char <= "\udfff" for char in text):
            self.refuse("half a character (a lone surrogate)", at)
        return text, found.end()

    def map(self, at: int, depth: int) -> Node:
        entries: list[Entry] = []
        value: dict[object, object] = {}
        spot = self.skip(at + 1)
        while self.text[spot : spot + 1] != "}":
            spot = self.comma(spot, bool(entries))
            key, key_end = self.string(spot)
            if key in value:
                self.refuse(f"the key {quoted(key, 80)} appears twice", spot)
            colon = self.skip(key_end)
            if self.text[colon : colon + 1] != ":":
                self.refuse("not valid JSON: a colon is missing", colon)
            node = self.value(self.skip(colon + 1), depth + 1)
            value[key] = node.value
            entries.append(Entry(key, spot, key_end, node))
            spot = self.skip(node.end)
        return Node(value, at, spot + 1, Form.FLOW, entries)

    def list(self, at: int, depth: int) -> Node:
        entries: list[Entry] = []
        spot = self.skip(at + 1)
        while self.text[spot : spot + 1] != "]":
            spot = self.comma(spot, bool(entries))
            node = self.value(spot, depth + 1)
            entries.append(Entry(None, spot, spot, node))
            spot = self.skip(node.end)
        return Node([e.node.value for e in entries], at, spot + 1, Form.FLOW, entries)

    def comma(self, at: int, wanted: bool) -> int:
        if not wanted:
            return at
        if self.text[at : at + 1] != ",":
            self.refuse("not valid JSON: a comma is missing", at)
        return self.skip(at + 1)
