"""YAML text to nodes, by events: the values that PyYAML's safe loader makes, or a refusal before it runs.

Deep nesting, alias bombs, merge-key bombs and long numbers are counted while events are read (an alias counts as
everything it refers to), so that none of them reaches a constructor.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NoReturn

import yaml
from yaml.constructor import SafeConstructor
from yaml.nodes import ScalarNode
from yaml.resolver import Resolver

from hermes_dist.errors import Invalid, quoted
from hermes_dist.lazily import later
from hermes_dist.model.documents.nodes import (
    Document,
    Entry,
    Form,
    Kind,
    Limits,
    Node,
    Tagged,
    place,
)

with later():
    from hermes_dist.model.dialects import are_keys_apart, fails_to_read
    from hermes_dist.model.documents.yaml_words import in_words

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"
_VALUE = "tag:yaml.org,2002:value"
_STR = "tag:yaml.org,2002:str"
_BOOL = "tag:yaml.org,2002:bool"
_INT = "tag:yaml.org,2002:int"
_SWITCHES = ("yes", "no", "true", "false", "on", "off")
_WORDS = {
    **{spelt: _BOOL for word in _SWITCHES for spelt in (word, word.capitalize(), word.upper())},
    **dict.fromkeys(["", "~", "null", "Null", "NULL"], "tag:yaml.org,2002:null"),
}
"""All words that are no text to PyYAML, by what it takes them for."""
_DIGITS = frozenset("0123456789")
_NUMERIC = _DIGITS | frozenset("+-.")
_SIGNS = frozenset("<=!&*")
_NO_VALUES = frozenset([_VALUE, _MERGE])
_BLOCKS = frozenset("|>")
_LONGEST_NUMBER = 100
_MAY_DIFFER = _NUMERIC | frozenset("yYnN")
"""How plain words begin that one reader takes for a text, and another one does not."""

_resolver: Any = Resolver()
_constructor = SafeConstructor()


def parse(text: str, limits: Limits, *, bom: bool = False) -> Document:
    """Read one YAML document.

    Raises:
        Invalid: The text is not YAML, exceeds a limit, or has duplicate keys, tags or several documents.
    """
    try:
        reader = _Reader(text, limits)
        root = reader.document()
    except yaml.YAMLError as err:
        words, where = in_words(err, text)
        raise Invalid(f"not valid YAML: {words}", where=where) from None
    except RecursionError:
        raise Invalid("nested too deeply") from None
    return Document(Kind.YAML, text, bom, root, reader.scalars, reader.size)


@lru_cache(maxsize=4096)
def scalar_value(text: str) -> tuple[str, object]:
    """Return the tag and value of a plain scalar.

    Raises:
        ValueError: It looks like a number or a date, to some reader, but is not a valid one.
    """
    tag = _tag_of(text)
    if text[1:2] == "_" and fails_to_read(text):
        raise ValueError("newer agents take it for a number, and can't read it")
    if tag in {_STR, _MERGE, _VALUE}:
        return tag, text
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("a number is too long")
    value = _constructor.construct_object(ScalarNode(tag, text))
    if type(value) is int and not -(1 << 63) <= value < 1 << 64:
        raise ValueError("a number has more than 64 bits")
    return tag, value


def _tag_of(text: str) -> str:
    """What PyYAML takes a plain scalar for; its patterns are compiled only if one may be an odd number or a date.

    What begins like a number and is none is mostly a version, such as 1.2.3, or an option, such as ``-y``.
    """
    first = text[:1]
    if first not in _NUMERIC and first not in _SIGNS:
        return _WORDS.get(text, _STR)
    if text.isascii() and text.isdecimal() and (first != "0" or text == "0"):
        return _INT
    if first in _SIGNS or _may_be_odd(text):
        return str(_resolver.resolve(ScalarNode, text, (True, False)))
    return _STR


def _may_be_odd(text: str) -> bool:
    """Whether what begins like a number may be an odd one, or a date."""
    dots = text.count(".")
    return dots == 1 or text[4:5] == "-" or (not dots and not _DIGITS.isdisjoint(text))


class _Reader:
    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        # As `yaml.parse` yields them, but without a generator that asks twice for each.
        self.events: Iterator[Any] = iter(_LOADER(text).get_event, None)
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.scalars: list[tuple[int, int]] = []
        self.depth = self.aliases = self.size = 0
        self.odd_keys = False

    def document(self) -> Node | None:
        root = None
        documents = 0
        for event in self.events:
            name = type(event).__name__
            if name == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    self.refuse("the file contains several documents", event)
                root = self.node(next(self.events))
        if root and root.value is None and root.start == root.end and not root.tied:
            return None
        return root

    def refuse(self, what: str, event: Any) -> NoReturn:
        raise Invalid(what, where=place(self.text, event.start_mark.index))

    def node(self, event: Any) -> Node:
        kind = type(event)
        self.count(1, event)
        if kind is yaml.AliasEvent:
            return self.alias(event)
        if event.tag is not None and not self.limits.tags:
            self.refuse("tags are not allowed", event)
        before = self.size
        self.depth += 1
        if self.depth > self.limits.depth:
            self.refuse(f"nested more than {self.limits.depth} levels deep", event)
        if kind is yaml.ScalarEvent:
            node = self.scalar(event)
        elif kind is yaml.SequenceStartEvent:
            node = self.sequence(event)
        else:
            node = self.mapping(event)
        self.depth -= 1
        if event.tag is not None:
            self.close(node)
        if event.anchor:
            if event.anchor in self.anchors:
                self.refuse(f"the anchor {quoted(event.anchor, 80)} is defined twice", event)
            node.tied = node.knot = True
            self.anchors[event.anchor] = (node, self.size - before + 1)
        return node

    def close(self, node: Node) -> None:
        """Make a value with a tag one that is compared and moved as text."""
        node.value = Tagged(self.text[node.start : node.end].replace("\r\n", "\n"))
        if node.form is not Form.INLINE:
            node.tied = node.knot = True

    def count(self, more: int, event: Any) -> None:
        self.size += more
        if self.size > self.limits.nodes:
            self.refuse(f"more than {self.limits.nodes} values", event)

    def alias(self, event: Any) -> Node:
        self.aliases += 1
        if self.aliases > self.limits.aliases:
            self.refuse(f"more than {self.limits.aliases} aliases are not allowed", event)
        if event.anchor not in self.anchors:
            self.refuse(f"the alias {quoted(event.anchor, 80)} names nothing before it", event)
        node, size = self.anchors[event.anchor]
        self.count(size, event)
        start, end = event.start_mark.index, event.end_mark.index
        return Node(node.value, start, end, tied=True, knot=True)

    def scalar(self, event: Any) -> Node:
        start, end = event.start_mark.index, event.end_mark.index
        if event.style in _BLOCKS:
            return self.block_scalar(event, start, end)
        return Node(self.inline(event), start, end)

    def inline(self, event: Any) -> object:
        """Return the value of a scalar that is no block."""
        self.scalars.append((event.start_mark.index, event.end_mark.index))
        value: object = event.value
        if not event.style:
            try:
                tag, value = scalar_value(event.value)
            except ValueError as err:
                self.refuse(f"not a value: {err}", event)
            # The agent's loader fails on a bare = or << as a value: it can't construct their tags.
            if tag in _NO_VALUES:
                self.refuse(f"{event.value!r} is not a value", event)
        if not event.value.isascii():
            self.check_text(value, event)
        return value

    def block_scalar(self, event: Any, start: int, end: int) -> Node:
        """Make the node of a block scalar; its span leaves out trailing blank lines, unless ``+`` keeps them."""
        header_end = self.text.find("\n", start)
        if header_end < 0:
            header_end = end
        header, hash_sign, _ = self.text[start:header_end].partition("#")
        if "+" not in header:
            end = self.after_text(start, end)
        # The scalar takes everything from here on as its text, so that no # in it counts as a comment; but one on the
        # line of its | or > is a comment.
        body = header_end if hash_sign else start + len(header)
        self.scalars.append((body, end))
        self.check_text(event.value, event)
        return Node(event.value, start, end, Form.TEXT)

    def after_text(self, start: int, end: int) -> int:
        """Return the position after the last line of a span that is not blank."""
        kept = self.text[start:end].rstrip()
        after = self.text.find("\n", start + len(kept), end)
        return end if after < 0 else after + 1

    def check_text(self, value: object, event: Any) -> None:
        if (
            isinstance(value, str)
            and not value.isascii()
            and any("\ud800" <= c <= "\udfff" for c in value)
        ):
            self.refuse("half a character (a lone surrogate)", event)

    def sequence(self, event: Any) -> Node:
        entries: list[Entry] = []
        while not isinstance(item := next(self.events), yaml.SequenceEndEvent):
            node = self.node(item)
            entries.append(Entry(None, node.start, node.start, node))
        values = [entry.node.value for entry in entries]
        return self.collection(values, event, item, entries)

    def mapping(self, event: Any) -> Node:
        entries: list[Entry] = []
        own: dict[object, object] = {}
        merged: dict[object, object] = {}
        merges = 0
        tail: Node | None = None
        while not isinstance(first := next(self.events), yaml.MappingEndEvent):
            if self.is_merge(first):
                merges += 1
                if merges > 1:
                    self.refuse("the key << appears twice", first)
                tail = self.node(next(self.events))
                merged = self.merge(tail, first)
                continue
            key = self.key(first, own)
            node = self.node(next(self.events))
            own[key] = node.value
            tail = None
            entries.append(Entry(key, first.start_mark.index, first.end_mark.index, node))
        if self.odd_keys and not are_keys_apart(own):
            self.refuse("newer agents take two keys of this map for the same", event)
        node = self.collection({**merged, **own}, event, first, entries, tail)
        if merges:
            node.tied = node.knot = True
        return node

    def collection(
        self, value: object, start: Any, end: Any, entries: list[Entry], tail: Node | None = None
    ) -> Node:
        knot = any(entry.node.knot for entry in entries)
        if start.flow_style:
            return Node(
                value, start.start_mark.index, end.end_mark.index, Form.FLOW, entries, knot=knot
            )
        last = tail or entries[-1].node
        return Node(value, start.start_mark.index, last.end, Form.BLOCK, entries, tail, knot=knot)

    def is_merge(self, event: Any) -> bool:
        return (
            isinstance(event, yaml.ScalarEvent)
            and event.value == "<<"
            and not event.style
            and not event.tag
        )

    def merge(self, node: Node, event: Any) -> dict[object, object]:
        """Return what ``<<`` merges: a map, or a list of maps where the first one wins."""
        sources = node.value if isinstance(node.value, list) else [node.value]
        merged: dict[object, object] = {}
        for source in reversed(sources):
            if not isinstance(source, dict):
                self.refuse("<< takes maps only", event)
            merged.update(source)
        return merged

    def key(self, event: Any, known: dict[object, object]) -> object:
        self.count(1, event)
        if not isinstance(event, yaml.ScalarEvent):
            self.refuse("a key must be a simple value", event)
        if event.tag is not None or event.anchor:
            self.refuse("tags and anchors on keys are not allowed", event)
        if event.value == "=" and not event.style:
            self.refuse("= can't be a key", event)
        if event.style in _BLOCKS:
            key = self.scalar(event).value
        else:
            key = self.inline(event)
        if key in known:
            self.refuse(f"the key {quoted(key, 80)} appears twice", event)
        self.check_kind(key, event)
        return key

    def check_kind(self, key: object, event: Any) -> None:
        if not event.style and event.value[:1] in _MAY_DIFFER:
            self.odd_keys = True
        if key != key:  # noqa: PLR0124 - NaN
            self.refuse("NaN can't be a key", event)
