"""Bring the comments of one document into another with the same data, to the entries that they belong to.

Splicing takes comments along with the entries that it copies. A comment that stands apart, between blank lines or at
the head or foot of a file, belongs to no entry; and where the text of an entry can't be copied, its comments can't
either. So what was written beside the data is compared on its own: three-way, as the data are. Publishing brings the
user's comments into the package that way. A merge brings upstream's into the user's file (``following``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from itertools import pairwise, takewhile

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.model.documents.edits import Edit, applied
from hermes_dist.model.documents.layout import (
    Chunk,
    View,
    blank_before,
    comments,
    comments_at,
    root_view,
)
from hermes_dist.model.documents.nodes import Document, Form
from hermes_dist.model.documents.slots import Slot, name_of
from hermes_dist.model.values import Unmergeable, key_field


class Remark(Struct, frozen=True):
    """A comment and where it stands.

    Attributes:
        at: Where it begins.
        text: The comment.
        beside: Something else is in front of it on its line.
        way: The entries that it stands in, outermost first.
        block: The entry whose value it stands in, between the lines of its entries; the way's last one.
        entry: The entry that it is written at; None if it stands apart.
        below: It stands below its entry, indented deeper.
        after: The entries that follow in the block, if it stands apart.
        before: Those in front of it, the nearest first.
    """

    at: int
    text: str
    beside: bool
    way: tuple[View, ...]
    entry: View | None = None
    below: bool = False
    after: tuple[View, ...] = ()
    before: tuple[View, ...] = ()

    @property
    def place(self) -> tuple[str, ...]:
        """The place by names, to compare it with one in another document."""
        near = self.entry or next(iter(self.after), None)
        return (*map(_label, self.way[1:]), self._side, "" if near is None else _label(near))

    @property
    def place_by_key(self) -> tuple[str, ...]:
        """The place, whether blank lines set it apart or not."""
        *way, side, near = self.place
        return (*way, "above" if side == "before" else side, near)

    @property
    def _side(self) -> str:
        if self.entry is None:
            return "before"
        if self.beside:
            return "beside"
        return "below" if self.below else "above"


def with_comments(
    result: Document, source: Document, base: Document | None, *, takes_out: bool = True
) -> str:
    """Return the text of a document with the comments of another one.

    Args:
        result: The document.
        source: The document whose comments are brought.
        base: The ancestor of ``source``: only what was added since comes. None brings all and takes out nothing.
        takes_out: Whether comments that were taken out since ``base`` go.
    """
    old = comments(base) if base else Counter[str]()
    now, there = comments(source), comments(result)
    edits = [*put_in(result, source, chosen_of(source, base, (now - old) & (now - there)))]
    if takes_out:
        edits += taken_out(chosen_of(result, source, (old - now) & (there - now)), result)
    return applied(result.text, edits)


def without_apart(doc: Document, base: Document) -> str:
    """Return the text of a document without the comments of another one that stand apart from every entry."""
    left = comments(base)
    places = {(one.place, one.text) for one in remarks_of(base)}
    apart = [one for one in remarks_of(doc) if one.entry is None]
    gone: list[Remark] = []
    # Of equal ones, those that stand where the other document has them.
    for one in sorted(apart, key=lambda one: (one.place, one.text) not in places):
        if left[one.text]:
            left[one.text] -= 1
            gone.append(one)
    return applied(doc.text, taken_out(gone, doc))


def chosen_of(
    doc: Document,
    other: Document | None,
    count: Counter[str],
    rather: Container[tuple[tuple[str, ...], str]] = (),
) -> list[Remark]:
    """Return as many comments of a document; of equal ones, those that stand where the other document has none.

    Args:
        doc: The document.
        other: The other document.
        count: The comments.
        rather: Places and words that are taken before others.
    """
    if not count:
        return []
    known = Counter((one.place, one.text) for one in remarks_of(other)) if other else Counter()
    first: list[Remark] = []
    last: list[Remark] = []
    for one in remarks_of(doc):
        if known[one.place, one.text]:
            known[one.place, one.text] -= 1
            last.append(one)
        else:
            first.append(one)
    left, chosen = count.copy(), []
    first.sort(key=lambda one: (one.place, one.text) not in rather)
    for one in [*first, *last]:
        if left[one.text]:
            left[one.text] -= 1
            chosen.append(one)
    return sorted(chosen, key=lambda one: one.at)


class Remarks(tuple[Remark, ...]):
    """The comments of a document, in the order of its text."""

    __slots__ = ()


def remarks_of(doc: Document) -> Remarks:
    """Return the comments of a document."""
    if not isinstance(doc.remarks, Remarks):
        doc.remarks = Remarks(_remarks(doc))
    return doc.remarks


def _remarks(doc: Document) -> Iterator[Remark]:
    root = root_view(doc)
    for at, words in comments_at(doc, 0, len(doc.text)):
        line = doc.text.rfind("\n", 0, at) + 1
        beside = bool(doc.text[line:at].strip())
        yield _placed(Remark(at, words, beside, (root,) if root else ()))


def _placed(one: Remark) -> Remark:
    """Find where a comment stands, from the root of its document inwards."""
    at, way = one.at, one.way
    while way and (kids := _kids(way[-1])):
        n = next((n for n, (_, _, end) in enumerate(kids) if at < end), len(kids))
        if n == len(kids) or at < kids[n][1]:
            views = [view for view, _, _ in kids]
            return replace(one, way=way, after=(*views[n:],), before=(*reversed(views[:n]),))
        kid = kids[n][0]
        if at < kid.floor or not _kids(kid):
            return replace(one, way=way, entry=kid, below=_is_below(at, kid))
        way = (*way, kid)
    return replace(one, way=way)


def _is_below(at: int, kid: View) -> bool:
    return kid.chunk is not None and at >= kid.chunk.core


def _kids(view: View) -> list[tuple[View, int, int]]:
    """Return the entries of a block with the start and the end of their lines; none if they can't be told apart."""
    if view.node.form is not Form.BLOCK:
        return []
    try:
        return [(kid, kid.chunk.lead, kid.chunk.end) for kid in view.kids() if kid.chunk]
    except Unmergeable:
        return []


def _label(view: View) -> str:
    if view.entry.key is not None:
        return repr(view.entry.key)
    return repr(view.value)


def _twin(kid: View, among: View, there: View) -> View | None:
    """Return the entry of another document's collection that an entry is there."""
    if among.node.is_map != there.node.is_map:
        return None
    try:
        if among.node.is_map:
            return there.kid(kid.entry.key)
    except Unmergeable:
        return None
    lists = ([one.value for one, _, _ in _kids(view)] for view in (among, there))
    return Slot(kid.value, name=name_of(kid.value, key_field(*lists))).among(there)


def put_in(result: Document, source: Document, chosen: list[Remark]) -> Iterator[Edit]:
    """Yield edits that put comments of another document into a document; not one whose entry is not there.

    Args:
        result: The document.
        source: The other document.
        chosen: Its comments that go in.
    """
    root = root_view(result)
    taken: set[int] = set()
    for one in chosen:
        found = _spot(result, source, root, one)
        if found is None:
            continue
        yield _edit(result, source, one, found, is_first=found.at not in taken)
        taken.add(found.at)


class _Spot(Struct, frozen=True):
    """Where a comment goes: a position at the beginning of a line, its column, and whether it stands apart there.

    Attributes:
        gap: On which side of the comment its blank lines are: ``above``, ``below``, or empty for an entry's own.
        beside: It goes to the end of a line, which the position is then.
    """

    at: int
    column: int = 0
    gap: str = ""
    beside: bool = False


def _spot(result: Document, source: Document, root: View | None, one: Remark) -> _Spot | None:
    """Find the place of a comment in the result; None if what it is written at is not there, so that it stays away."""
    if root is None or not one.way:
        return _Spot(len(result.text), gap="above")
    there = root
    for outer, kid in pairwise(one.way):
        twin = _twin(kid, outer, there)
        if twin is None:
            return None
        there = twin
    if one.entry is None:
        return _apart(result, source, there, one)
    twin = _twin(one.entry, one.way[-1], there)
    if twin is None:
        return None
    if twin.chunk is None:
        return _around(result, there)
    return _at_entry(result, source, twin, twin.chunk, one)


def _at_entry(result: Document, source: Document, twin: View, chunk: Chunk, one: Remark) -> _Spot:
    if one.below:
        return _Spot(chunk.end, chunk.column + 2)
    above = _above(result, chunk)
    if one.beside:
        return _beside(result, twin, chunk) or above
    start = one.entry.chunk.start if one.entry and one.entry.chunk else one.at
    known = _before_known(result, source, one.at, start, (chunk.lead, above.at))
    return replace(above, at=known)


def _beside(result: Document, twin: View, chunk: Chunk) -> _Spot | None:
    """Return the end of the line of a key; None if a comment is there already, or the value goes on below."""
    node, text = twin.node, result.text
    end = text.find("\n", chunk.start)
    if end < 0:
        end = len(text)
    goes_on = node.form in {Form.INLINE, Form.FLOW} and node.end > end
    if goes_on or comments_at(result, chunk.start, end):
        return None
    return _Spot(chunk.start + len(text[chunk.start : end].rstrip()), beside=True)


def _above(result: Document, chunk: Chunk) -> _Spot:
    line = result.text.rfind("\n", 0, chunk.start) + 1
    # The first key of an item shares its line with the dash.
    return _Spot(line, _margin(result.text, line) if chunk.inline else chunk.column)


def _around(result: Document, there: View) -> _Spot:
    """Return the place above a value whose entries have no lines of their own."""
    if there.chunk is None:
        return _Spot(len(result.text), gap="above")
    return _above(result, there.chunk)


def _apart(result: Document, source: Document, there: View, one: Remark) -> _Spot:
    """Find the place between the entries of a block: before the next that both have, or else behind the last."""
    following = _first_twin(one.after, one.way[-1], there)
    if following and not following.inline:
        stop = next((kid.chunk.lead for kid in one.after if kid.chunk), one.at)
        floor = max((end for _, _, end in _kids(there) if end <= following.lead), default=0)
        at = _before_known(result, source, one.at, stop, (floor, following.lead))
        return _Spot(at, following.column, "below")
    if len(one.way) == 1 and not one.after:
        return _Spot(len(result.text), gap="above")
    preceding = _first_twin(one.before, one.way[-1], there)
    if preceding:
        return _Spot(preceding.end, preceding.column, "above")
    return _around(result, there)


def _first_twin(kids: Iterable[View], among: View, there: View) -> Chunk | None:
    """Return the lines of the first of some entries that is in another document's collection, too."""
    twins = (_twin(kid, among, there) for kid in kids)
    return next((twin.chunk for twin in twins if twin and twin.chunk), None)


def _before_known(
    result: Document, source: Document, at: int, stop: int, span: tuple[int, int]
) -> int:
    """Return where a comment goes in a span: in front of the comments there that follow it in the source, too.

    Args:
        result: The document that it goes into.
        source: The document that it is in.
        at: Where it begins there.
        stop: Where the comments that can follow it end there.
        span: Where it can go.
    """
    behind = comments(source, at + 1, stop)
    known = (spot for spot, words in comments_at(result, *span) if behind[words])
    return result.text.rfind("\n", 0, next(known, span[1])) + 1


def _edit(result: Document, source: Document, one: Remark, spot: _Spot, *, is_first: bool) -> Edit:
    text, new = result.text, result.newline
    if spot.beside:
        start = source.text.rfind("\n", 0, one.at) + 1
        gap = one.at - len(source.text[start : one.at].rstrip()) - start
        return Edit(spot.at, spot.at, f"{' ' * gap}{one.text}", ())
    line = f"{' ' * spot.column}{one.text}{new}"
    above, below = _blank_lines(source.text, one.at)
    if spot.gap == "below":
        line += new * below
    if _needs_gap(text, spot, is_first=is_first):
        line = new * above + line
    if spot.at and text[spot.at - 1] != "\n":  # the last line lacks its newline
        line = new + line.rstrip("\r\n")
    return Edit(spot.at, spot.at, line, ())


def _needs_gap(text: str, spot: _Spot, *, is_first: bool) -> bool:
    """Whether the blank lines above a comment come along: not where some are there already."""
    if is_first:
        return bool(spot.gap) and not _is_blank_above(text, spot.at)
    return spot.gap == "above"


def _blank_lines(text: str, at: int) -> tuple[int, int]:
    """Count the blank lines above and below the line at a position."""
    above = text[: text.rfind("\n", 0, at) + 1]
    below = text[at:].partition("\n")[2]
    return _blanks(reversed(above.splitlines())), _blanks(below.splitlines())


def _blanks(lines: Iterable[str]) -> int:
    return sum(1 for _ in takewhile(lambda line: not line.strip(), lines))


def _is_blank_above(text: str, at: int) -> bool:
    """Whether the line above a position is blank, or there is none."""
    lines = text[:at].splitlines()
    return not lines or not lines[-1].strip()


def _margin(text: str, line: int) -> int:
    return len(text[line:]) - len(text[line:].lstrip(" "))


def taken_out(chosen: list[Remark], result: Document) -> Iterator[Edit]:
    """Yield edits that take comments out of a document; with them goes one of the two gaps that set them apart."""
    text = result.text
    runs: list[tuple[int, int]] = []
    for one in chosen:
        line = text.rfind("\n", 0, one.at) + 1
        stop = text.find("\n", one.at) + 1 or len(text)
        if one.beside:
            before = text[line : one.at].rstrip()
            yield Edit(line + len(before), one.at + len(one.text), "", ())
        elif runs and runs[-1][1] == line:
            runs[-1] = (runs[-1][0], stop)
        else:
            runs.append((line, stop))
    floor = 0
    for line, stop in runs:
        start, floor = _with_a_gap(text, line, stop, floor)
        yield Edit(start, floor, "", ())


def _with_a_gap(text: str, line: int, stop: int, floor: int) -> tuple[int, int]:
    """Return the lines of comments that go, and of a gap that set them apart; they begin behind ``floor``."""
    if not _is_blank_above(text, line):
        return line, stop
    for _ in range(_blanks(text[stop:].splitlines())):
        stop = text.find("\n", stop) + 1 or len(text)
    if stop >= len(text):
        line = blank_before(text, line, floor)
    return line, stop
