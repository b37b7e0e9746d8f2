"""Which lines belong to which entry of a block: its comments above, its value, what is indented below.

A parser knows where a value begins and ends, but not whose the comments and blank lines around it are. They are dealt
out here as people mean them: a comment belongs to the key below it, or to the one above if it is indented deeper.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.model.documents.nodes import Document, Entry, Form, Kind, Node
from hermes_dist.model.keypath import Item, Segment
from hermes_dist.model.values import Unmergeable, freeze

_REST = lazily.pattern(r"[ \t]*(#[^\n]*)?\r?(?:\n|\Z)")
_SPACES = lazily.pattern(r" *")
_LINE = lazily.pattern(r"[^\n]*\n|[^\n]+")
_COMMENT = lazily.pattern(r"(?<!\S)#[^\r\n]*")


class Chunk(Struct, frozen=True):
    """The whole lines of one entry.

    Attributes:
        lead: Where the comment lines glued above it begin.
        start: Its key or dash.
        core: The end of the line on which its value ends.
        end: The end, including comments below that are indented deeper.
        column: The column of its key or dash.
        inline: Whether it begins within a line, as the first key after a dash does.
    """

    lead: int
    start: int
    core: int
    end: int
    column: int
    inline: bool = False


class View:
    """An entry of a document with its lines; ``chunk`` is None inside a flow collection.

    Args:
        doc: The document.
        entry: The entry.
        chunk: Its lines.
        floor: Where lines of its value can begin.
    """

    __slots__ = ("_kids", "_known", "chunk", "doc", "entry", "floor")

    def __init__(self, doc: Document, entry: Entry, chunk: Chunk | None, floor: int) -> None:
        self.doc = doc
        self.entry = entry
        self.chunk = chunk
        self.floor = floor
        self._kids: list[View] | None = None
        self._known: dict[Hashable, View] | None = None

    @property
    def node(self) -> Node:
        return self.entry.node

    @property
    def value(self) -> object:
        return self.entry.node.value

    def kids(self) -> list[View]:
        """Return the child entries, in the order of the text.

        Raises:
            Unmergeable: The lines of the children can't be told apart.
        """
        if self._kids is None:
            node = self.node
            if node.form is Form.BLOCK:
                self._kids = _block_kids(self)
            else:
                self._kids = [View(self.doc, entry, None, 0) for entry in node.entries]
        return self._kids

    def kid(self, key: object) -> View | None:
        """Return the child entry with this key."""
        if not self.node.is_map:
            return None
        return self._find(freeze(key))

    def equal(self, value: object) -> View | None:
        """Return the first child item with this value."""
        if self.node.is_map:
            return None
        return self._find(freeze(value))

    def _find(self, twin: Hashable) -> View | None:
        if self._known is None:
            # In reverse, so that the first of several equal items wins.
            kids = reversed(self.kids())
            if self.node.is_map:
                self._known = {freeze(kid.entry.key): kid for kid in kids}
            else:
                self._known = {freeze(kid.value): kid for kid in kids}
        return self._known.get(twin)

    def named(self, item: Item) -> View | None:
        """Return the child item with this name."""
        if self.node.is_map:
            return None
        fits = (
            k
            for k in self.kids()
            if isinstance(k.value, dict) and k.value.get(item.field) == item.value
        )
        return next(fits, None)

    def step(self, segment: Segment) -> View | None:
        """Return the child that one segment of a key path names."""
        if isinstance(segment, Item):
            return self.named(segment)
        return self.kid(segment)


def root_view(doc: Document | None) -> View | None:
    """View the whole document; None if it is empty."""
    if doc is None or doc.root is None:
        return None
    if not isinstance(doc.view, View):
        root = doc.root
        doc.view = View(doc, Entry(None, root.start, root.start, root), None, 0)
    return doc.view


def _block_kids(view: View) -> list[View]:
    doc, node = view.doc, view.node
    text, floor = doc.text, view.floor
    kids: list[View] = []
    if not node.entries:  # it has only a << key
        return kids
    starts = [e.start for e in node.entries] if node.is_map else _dashes(text, node, floor)
    column = starts[0] - _line_start(text, starts[0])
    for entry, start in zip(node.entries, starts, strict=True):
        chunk = _chunk(text, entry, start, column, floor)
        head = entry.key_end if node.is_map else start
        kids.append(View(doc, entry, chunk, _line_end(text, head)))
        floor = chunk.end
    return kids


def _chunk(text: str, entry: Entry, start: int, column: int, floor: int) -> Chunk:
    line = _line_start(text, start)
    inline = line < floor
    if start - line != column or (not inline and text[line:start].strip(" ")):
        # Such as two keys on one line: moving or deleting one would take the other along.
        raise Unmergeable("its lines are laid out in a way that can't be edited in place")
    core = _core(text, entry.node)
    lead = start if inline else _lead(text, line, column, floor)
    return Chunk(lead, start, core, _end(text, core, column), column, inline)


def _lead(text: str, line: int, column: int, floor: int) -> int:
    """Return where the comment lines glued above an entry begin; its own line if there are none."""
    lead = line
    while lead > floor:
        above = _line_start(text, lead - 1)
        # A comment indented deeper belongs to the entry before; a blank line or any other text ends the comments.
        if above < floor or text[above : above + column + 1].lstrip(" ")[:1] != "#":
            break
        lead = above
    return lead


def _end(text: str, core: int, column: int) -> int:
    """Return the end of the comment lines below an entry that are indented deeper than it."""
    end = at = core
    while at < len(text):
        after = _line_end(text, at)
        body = text[at:after].strip()
        if body.startswith("#") and _margin(text, at) > column:
            end = after
        elif body:
            break
        at = after
    return end


def _core(text: str, node: Node) -> int:
    # A block ends where the last value in it ends, and the form of that value tells whether its line ends there, too.
    last = node
    while last.form is Form.BLOCK:
        last = last.last
    if last.form is Form.TEXT and text[last.end - 1] == "\n":
        return last.end
    rest = _REST.match(text, last.end)
    if not rest:
        raise Unmergeable("more than one entry stands on a line")
    return rest.end()


def _dashes(text: str, node: Node, floor: int) -> list[int]:
    """Find the dash of each item: on its line or above, all in one column."""
    first = node.start
    if text[first] != "-":
        raise Unmergeable("an anchor is in the way")
    column = first - _line_start(text, first)
    found = [first]
    for entry in node.entries[1:]:
        line = _line_start(text, entry.start)
        while text[line + column : line + column + 1] != "-" or text[line : line + column].strip(
            " "
        ):
            if line <= floor:
                raise Unmergeable("a dash can't be found")
            line = _line_start(text, line - 1)
        found.append(line + column)
    return found


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_end(text: str, at: int) -> int:
    """Return the position after the line."""
    found = text.find("\n", at)
    if found < 0:
        return len(text)
    return found + 1


def _margin(text: str, line: int) -> int:
    found = _SPACES.match(text, line)
    return len(found[0]) if found else 0


def blank_before(text: str, lead: int, floor: int) -> int:
    """Return the start of the run of blank lines above ``lead``; ``lead`` itself when there is none."""
    while lead > floor:
        above = _line_start(text, lead - 1)
        if above < floor or text[above:lead].strip():
            break
        lead = above
    return lead


def blank_at(text: str, at: int) -> bool:
    """Return whether the line at this position is blank, or the text ends here."""
    return not text[at : _line_end(text, at)].strip()


def shift(text: str, delta: int) -> str:
    """Indent lines by ``delta`` columns, or dedent.

    Raises:
        Unmergeable: A line is not indented enough for that.
    """
    if not delta:
        return text
    return "".join(_shifted(line, delta) for line in _LINE.findall(text))


def _shifted(line: str, delta: int) -> str:
    body = line.lstrip(" ")
    if body in {"\n", "\r\n"} and len(line) == len(body):
        return line
    margin = len(line) - len(body) + delta
    if margin < 0 and body.strip() and not body.startswith("#"):
        raise Unmergeable("its indentation can't be carried over")
    return " " * max(margin, 0) + body


def lifted(view: View) -> str:
    """Return the lines of an entry as they would look at column 0, for comparison."""
    chunk = view.chunk
    if chunk is None:
        return view.doc.text[view.entry.start : view.node.end]
    return lines_of(view.doc, chunk.lead, chunk.end, chunk.column, inline=chunk.inline).rstrip("\n")


def lines_of(
    doc: Document, start: int, end: int, column: int, *, inline: bool, text: str | None = None
) -> str:
    """Return lines of a document moved to column 0, with LF ends; an inline entry gets its margin first."""
    piece = doc.text[start:end] if text is None else text
    piece = piece.replace("\r\n", "\n")
    if inline:
        piece = " " * column + piece
    return shift(piece, -column)


def ended(lines: str) -> str:
    """Return lines with a newline at their end, which the last line of a document may lack."""
    return lines if lines.endswith("\n") else lines + "\n"


def comments(doc: Document, start: int = 0, end: int | None = None) -> Counter[str]:
    """Count the comments between two positions."""
    if doc.notes is None:
        doc.notes = _comments(doc)
    stop = len(doc.text) if end is None else end
    first, after = (bisect_left(doc.notes, (at, "")) for at in (start, stop))
    return Counter(note for _, note in doc.notes[first:after])


def comments_at(doc: Document, start: int, end: int) -> list[tuple[int, str]]:
    """Return the comments between two positions, each with its own position."""
    comments(doc)  # finds them
    return [(at, words) for at, words in doc.notes or [] if start <= at < end]


def _comments(doc: Document) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    if doc.kind is Kind.JSON or "#" not in doc.text:
        return found
    at, mark = 0, doc.text.find("#")
    # A # inside a text is not a comment, so only what lies between the scalars is searched, and only where one is.
    for first, last in [*doc.scalars, (len(doc.text), 0)]:
        if at <= mark < first:
            hits = _COMMENT.finditer(doc.text, at, first)
            found += [(hit.start(), hit[0].rstrip()) for hit in hits]
        at = max(at, last)
        if mark < at:
            mark = doc.text.find("#", at)
            if mark < 0:
                break
    return found
