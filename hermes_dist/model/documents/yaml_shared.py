"""Read a YAML text that shares entries with one that was read before: only the lines that differ are parsed.

One update reads a ``config.yaml`` as it was, as it is here and as upstream has it, and each text that it writes is read
again to see what it says. All of them have most of their top-level entries in common.

The lines of a top-level entry mean the same wherever they stand, as long as they begin at the start of a line, the line
after them begins a key of the same map, and nothing in them is tied to other lines: no anchor, no directive, no mark of
another document. What lies between such entries is parsed by itself, and has to be entries of a map as well: whatever
it left open, such as a quote, would be an error there. In every case of doubt the text is parsed as a whole.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from msgspec import Struct

from hermes_dist.errors import Invalid
from hermes_dist.model.documents import yaml_parse
from hermes_dist.model.documents.nodes import Document, Entry, Form, Limits, Node

_SMALLEST = 1 << 10
"""How long a text has to be for this to be worth while."""
_ELSEWHERE = ("\n---", "\n...", "\n%", "\r", "\x85", "\u2028", "\u2029", "\ufeff")
"""What may say something about other lines, and what ends a line for YAML alone."""
_NO_KEY = frozenset(" \t\n#-")
"""How a line begins that may belong to the entry above it: then the lines of both are parsed together."""

_last: list[tuple[Document, Limits] | None] = [None]
"""The document that was read last, of those that are large enough, and what it was allowed to hold."""


class _Part(Struct, frozen=True):
    """A top-level entry of a document: its lines, and where they begin."""

    entry: Entry
    text: str
    start: int


class _Piece(Struct, frozen=True):
    """Some entries of a document that stand in another text, and how much further down they are there."""

    doc: Document
    entries: list[Entry]
    start: int
    end: int
    moved: int


def parse(text: str, limits: Limits, *, bom: bool = False) -> Document:
    """Read a text as :func:`yaml_parse.parse` does; its data may be shared with what was read before.

    Raises:
        Invalid: As there.
    """
    if len(text) < _SMALLEST:
        return yaml_parse.parse(text, limits, bom=bom)
    doc, last = None, _last[0]
    if last is not None and last[1] == limits:
        doc = read_shared(text, limits, last[0])
    if doc is None:
        doc = yaml_parse.parse(text, limits)
    doc.bom = bom
    _last[0] = (doc, limits)
    return doc


def read_shared(text: str, limits: Limits, like: Document) -> Document | None:
    """Read a text by the entries that it shares with a document that was read with the same limits.

    Returns:
        The document; None if the text has to be read as a whole.
    """
    parts = _parts(like)
    if not parts or _reaches_further(text) or not text.startswith(like.text[: parts[0].start]):
        return None
    try:
        pieces = list(_pieces(text, limits, like, parts))
    except (_Doubt, Invalid):
        return None
    return _joined(text, limits, like, pieces)


class _Doubt(Exception):
    """A text has to be read as a whole."""


def _reaches_further(text: str) -> bool:
    """Whether lines of a text may say something about others, or may not be the lines that they look like."""
    begun = f"\n{text}"
    return any(sign in begun for sign in _ELSEWHERE)


def _parts(doc: Document) -> list[_Part]:
    """Return the top-level entries of a document; none if they can't be told apart."""
    root, text = doc.root, doc.text
    if root is None or not _is_plain_map(root) or _reaches_further(text):
        return []
    starts = [entry.start for entry in root.entries]
    if any(at and text[at - 1] != "\n" for at in starts):
        return []
    ends = [*starts[1:], len(text)]
    return [
        _Part(entry, text[start:end], start)
        for entry, start, end in zip(root.entries, starts, ends, strict=True)
    ]


def _is_plain_map(node: Node) -> bool:
    """Whether a value is a map with one entry after the other, none of them tied to anything."""
    return node.is_map and node.form is Form.BLOCK and not (node.knot or node.tied or node.tail)


def _pieces(text: str, limits: Limits, like: Document, parts: list[_Part]) -> Iterator[_Piece]:
    """Take a text apart into entries that the other document has, and what lies between them.

    Raises:
        _Doubt: What lies between them is not entries of a map.
        Invalid: It can't be read.
    """
    at = parts[0].start
    for run in _runs(text, parts):
        if at < run.at:
            yield _fresh(text[at : run.at], limits, at)
        yield run.piece(like)
        at = run.end
    if at < len(text):
        yield _fresh(text[at:], limits, at)


class _Run(Struct):
    """Entries that follow each other in both texts.

    Attributes:
        parts: The entries, as they stand in the other document.
        at: Where the first one begins in this text.
        end: Where the last one ends in this text.
    """

    parts: list[_Part]
    at: int
    end: int

    def piece(self, like: Document) -> _Piece:
        start = self.parts[0].start
        entries = [part.entry for part in self.parts]
        return _Piece(like, entries, start, start + self.end - self.at, self.at - start)

    def goes_on_with(self, part: _Part, at: int) -> bool:
        """Whether an entry that stands at a position follows in the other document, too."""
        return self.end == at and part.start - self.parts[0].start == at - self.at


def _runs(text: str, parts: list[_Part]) -> Iterator[_Run]:
    """Find the entries of the other document in a text."""
    known = {part.text.partition("\n")[0]: part for part in parts}
    run: _Run | None = None
    at = parts[0].start
    while at < len(text):
        after = (text.find("\n", at) + 1) or len(text) + 1
        part = known.get(text[at : after - 1])
        if part is None or not _stands_at(part, text, at):
            at = after
            continue
        end = at + len(part.text)
        if run is not None and run.goes_on_with(part, at):
            run.parts.append(part)
            run.end = end
        else:
            if run is not None:
                yield run
            run = _Run([part], at, end)
        at = end
    if run is not None:
        yield run


def _stands_at(part: _Part, text: str, at: int) -> bool:
    """Whether a text has the lines of an entry at a position, and nothing more that would belong to the entry."""
    after = at + len(part.text)
    if not text.startswith(part.text, at):
        return False
    return after == len(text) or (part.text.endswith("\n") and text[after] not in _NO_KEY)


def _fresh(text: str, limits: Limits, at: int) -> _Piece:
    """Parse lines that stand between known entries."""
    doc = yaml_parse.parse(text, limits)
    root = doc.root
    if root is None or not _is_plain_map(root) or root.entries[0].start:
        raise _Doubt
    return _Piece(doc, root.entries, 0, len(text), at)


def _joined(text: str, limits: Limits, like: Document, pieces: list[_Piece]) -> Document | None:
    """Make one document of all pieces; None if they can't be one."""
    size = _size(like, pieces)
    entries = [_moved(entry, piece.moved) for piece in pieces for entry in piece.entries]
    values = {entry.key: entry.node.value for entry in entries}
    if not entries or size > limits.nodes or len(values) < len(entries):
        return None
    root = Node(values, entries[0].start, entries[-1].node.end, Form.BLOCK, entries)
    scalars = [span for piece in pieces for span in _scalars(piece)]
    return Document(like.kind, text, False, root, scalars, size)


def _size(like: Document, pieces: list[_Piece]) -> int:
    """Count the values of a text; more than there are: what is gone of the other document, and a map for each piece."""
    return like.size + sum(piece.doc.size for piece in pieces if piece.doc is not like)


def _scalars(piece: _Piece) -> Iterable[tuple[int, int]]:
    spans, by = piece.doc.scalars, piece.moved
    # An empty value may stand where the next key begins, and is none of the next entry's.
    first, last = (bisect_left(spans, (at, at + 1)) for at in (piece.start, piece.end))
    if not by:
        return spans[first:last]
    return ((start + by, end + by) for start, end in spans[first:last])


def _moved(entry: Entry, by: int) -> Entry:
    """Return an entry that stands further down or up; the same one where it stays."""
    if not by:
        return entry
    node = entry.node
    inside = [_moved(each, by) for each in node.entries]
    new = Node(node.value, node.start + by, node.end + by, node.form, inside)
    return Entry(entry.key, entry.start + by, entry.key_end + by, new)
