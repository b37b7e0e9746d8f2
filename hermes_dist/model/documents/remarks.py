"""Bring the comments of one document into another that says the same, at the entries where they stand.

Splicing takes comments along with the entries that it copies. A comment that stands apart, between blank lines or at
the head or foot of a file, belongs to no entry; and where the text of an entry can't be copied, its comments can't
either. So what was written beside the data is compared on its own: three-way, as the data are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise, takewhile

from msgspec import Struct

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


class _Remark(Struct, frozen=True):
    """A comment and where it stands.

    Attributes:
        at: Where it begins.
        words: The comment.
        way: The entries that it stands in, outermost first.
        block: The entry whose value it stands in, between the lines of its entries; the way's last one.
        entry: The entry that it is written at; None if it stands apart.
        below: It stands below its entry, indented deeper.
        after: The entries that follow in the block, if it stands apart.
        before: Those in front of it, the nearest first.
    """

    at: int
    words: str
    way: tuple[View, ...]
    entry: View | None = None
    below: bool = False
    after: tuple[View, ...] = ()
    before: tuple[View, ...] = ()

    @property
    def place(self) -> tuple[str, ...]:
        """The place by names, to compare it with one in another document."""
        near = self.entry or next(iter(self.after), None)
        kind = "at" if self.entry else "before"
        return (*map(_label, self.way[1:]), kind, "" if near is None else _label(near))


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
    edits = [*_put_in(result, source, _chosen(source, base, (now - old) & (now - there)))]
    if takes_out:
        edits += _taken_out(_chosen(result, source, (old - now) & (there - now)), result)
    return applied(result.text, edits)


def without_apart(doc: Document, base: Document) -> str:
    """Return the text of a document without the comments of another one that stand apart from every entry."""
    left = comments(base)
    places = {(one.place, one.words) for one in _remarks(base)}
    apart = [one for one in _remarks(doc) if one.entry is None]
    gone: list[_Remark] = []
    # Of equal ones, those that stand where the other document has them.
    for one in sorted(apart, key=lambda one: (one.place, one.words) not in places):
        if left[one.words]:
            left[one.words] -= 1
            gone.append(one)
    return applied(doc.text, _taken_out(gone, doc))


def _chosen(doc: Document, other: Document | None, count: Counter[str]) -> list[_Remark]:
    """Return as many comments of a document; of equal ones, those that stand where the other document has none."""
    if not count:
        return []
    known = Counter((one.place, one.words) for one in _remarks(other)) if other else Counter()
    first: list[_Remark] = []
    last: list[_Remark] = []
    for one in _remarks(doc):
        if known[one.place, one.words]:
            known[one.place, one.words] -= 1
            last.append(one)
        else:
            first.append(one)
    left, chosen = count.copy(), []
    for one in [*first, *last]:
        if left[one.words]:
            left[one.words] -= 1
            chosen.append(one)
    return sorted(chosen, key=lambda one: one.at)


def _remarks(doc: Document) -> Iterator[_Remark]:
    root = root_view(doc)
    for at, words in comments_at(doc, 0, len(doc.text)):
        yield _placed(at, words, (root,) if root else ())


def _placed(at: int, words: str, way: tuple[View, ...]) -> _Remark:
    """Find where a comment stands, from the root of its document inwards."""
    while way and (kids := _kids(way[-1])):
        n = next((n for n, (_, _, end) in enumerate(kids) if at < end), len(kids))
        if n == len(kids) or at < kids[n][1]:
            views = [view for view, _, _ in kids]
            return _Remark(at, words, way, after=(*views[n:],), before=(*reversed(views[:n]),))
        kid = kids[n][0]
        if at < kid.floor or not _kids(kid):
            return _Remark(at, words, way, kid, below=_is_below(at, kid))
        way = (*way, kid)
    return _Remark(at, words, way)


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


def _put_in(result: Document, source: Document, chosen: list[_Remark]) -> Iterator[Edit]:
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
    """

    at: int
    column: int = 0
    gap: str = ""


def _spot(result: Document, source: Document, root: View | None, one: _Remark) -> _Spot | None:
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
    return _at_entry(result, twin, below=one.below) or _around(result, there)


def _at_entry(result: Document, twin: View, *, below: bool) -> _Spot | None:
    chunk = twin.chunk
    if chunk is None:
        return None
    if below:
        return _Spot(chunk.end, chunk.column + 2)
    line = result.text.rfind("\n", 0, chunk.start) + 1
    # The first key of an item shares its line with the dash.
    return _Spot(line, _margin(result.text, line) if chunk.inline else chunk.column)


def _around(result: Document, there: View) -> _Spot:
    """Return the place above a value whose entries have no lines of their own."""
    return _at_entry(result, there, below=False) or _Spot(len(result.text), gap="above")


def _apart(result: Document, source: Document, there: View, one: _Remark) -> _Spot:
    """Find the place between the entries of a block: before the next that both have, or else behind the last."""
    following = _first_twin(one.after, one.way[-1], there)
    if following and not following.inline:
        at = _before_known(result, source, there, one, following.lead)
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


def _before_known(result: Document, source: Document, there: View, one: _Remark, lead: int) -> int:
    """Return where a comment goes in a gap: in front of the comments of the gap that follow it in the source, too."""
    stop = next((kid.chunk.lead for kid in one.after if kid.chunk), one.at)
    behind = comments(source, one.at + 1, stop)
    floor = max((end for _, _, end in _kids(there) if end <= lead), default=0)
    known = (at for at, words in comments_at(result, floor, lead) if behind[words])
    return result.text.rfind("\n", 0, next(known, lead)) + 1


def _edit(result: Document, source: Document, one: _Remark, spot: _Spot, *, is_first: bool) -> Edit:
    text, new = result.text, result.newline
    line = f"{' ' * spot.column}{one.words}{new}"
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


def _taken_out(chosen: list[_Remark], result: Document) -> Iterator[Edit]:
    text = result.text
    for one in chosen:
        line = text.rfind("\n", 0, one.at) + 1
        before = text[line : one.at]
        stop = text.find("\n", one.at) + 1 or len(text)
        if before.strip():
            yield Edit(line + len(before.rstrip()), one.at + len(one.words), "", ())
            continue
        # With the comment goes one of the two gaps that set it apart.
        if _is_blank_above(text, line):
            gap = _blank_lines(text, one.at)[1]
            for _ in range(gap):
                stop = text.find("\n", stop) + 1 or len(text)
            if stop >= len(text):
                line = blank_before(text, line, 0)
        yield Edit(line, stop, "", ())
