"""Repeat in a merged document what upstream did to its comments: remove what it removed, add what it added.

A splice follows upstream's comments at entries that it takes from upstream, and at those that the user did not touch.
What stands apart from every entry, or at a value that the user edited, is merged here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from hermes_dist.model.documents.edits import Edit, applied
from hermes_dist.model.documents.layout import comments, root_view
from hermes_dist.model.documents.nodes import Document, find
from hermes_dist.model.documents.remarks import Remark, chosen_of, put_in, remarks_of, taken_out
from hermes_dist.model.keypath import KeyPath


class Versions(Struct, frozen=True):
    """The versions of a document whose comments are merged.

    Attributes:
        base: What both sides started from.
        own: The user's.
        new: Upstream's.
        source: Upstream's with the kept keys put back to base.
        kept: These keys, which stay as the user has them against upstream.
    """

    base: Document
    own: Document
    new: Document
    source: Document
    kept: tuple[KeyPath, ...] = ()

    @property
    def gone(self) -> Counter[str]:
        """The comments that upstream took out."""
        return comments(self.base) - (comments(self.new) | comments(self.source))

    @property
    def come(self) -> Counter[str]:
        """The comments that upstream added; none where nothing that upstream once wrote is left of all comments.

        So a file that the agent writes anew, without comments, stays without.
        """
        old = comments(self.base)
        if old and not old & comments(self.own):
            return Counter()
        return (comments(self.source) & comments(self.new)) - old

    def incoming(self, result: Document) -> list[Remark]:
        """Return the comments that upstream added and a merged document lacks.

        One that replaces a comment of the base that the user rewrote or took out, too, is left out: the user's stands.
        """
        found = chosen_of(
            self.source, self.base, self.come & (comments(self.source) - comments(result))
        )
        both = self.gone - comments(self.own)
        held = {one.place for one in remarks_of(self.base) if one.text in both}
        return [one for one in found if one.place not in held]

    def outgoing(self, result: Document) -> list[Remark]:
        """Return the comments that upstream took out and a merged document still has, but not in what was kept."""
        there = comments(result) - (comments(self.new) | comments(self.source))
        known = {(one.place, one.text) for one in remarks_of(self.base)}
        spans = list(self.kept_spans(result))
        found = chosen_of(result, self.source, self.gone & there, known)
        return [one for one in found if not _within(one.at, spans)]

    def kept_spans(self, result: Document) -> Iterator[tuple[int, int]]:
        """Yield where the kept values begin and end; with what is above and beside the key where upstream has none."""
        for key in self.kept:
            view, span = root_view(result), (0, len(result.text))
            for segment in key:
                view = view.step(segment) if view else None
                if view and view.chunk:
                    begin = view.floor if find(self.new.root, key) else view.chunk.lead
                    span = begin, view.chunk.end
            if view:
                yield span

    def displaced(self, result: Document) -> frozenset[str]:
        """Return the comments that the user left where the base has them, and that stand elsewhere than upstream's.

        Such as a header that upstream put above a new first key. Those that stand together move together or not at
        all: not if the user wrote between them, and not if one of them is there twice, as rules are.
        """
        old, new = _above_or_beside(self.base), _above_or_beside(self.source)
        mine, here = _once(self.own), _once(result)
        spans = list(self.kept_spans(result))
        held = {one.text for one in remarks_of(result) if _within(one.at, spans)}
        once = (old.keys() & mine.keys() & here.keys()) - held
        own = _by_place(self.own)
        found: set[str] = set()
        for place, texts in _by_place(self.base).items():
            if own.get(place) == texts and once.issuperset(texts):
                found.update(text for text in texts if _moves(new.get(text), here[text]))
        return frozenset(found)


def _by_place(doc: Document) -> dict[tuple[str, ...], list[str]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for one in remarks_of(doc):
        found.setdefault(one.place, []).append(one.text)
    return found


def _once(doc: Document) -> dict[str, Remark]:
    """Return the comments that a document has once."""
    count = comments(doc)
    return {one.text: one for one in remarks_of(doc) if count[one.text] == 1}


def _above_or_beside(doc: Document) -> dict[str, Remark]:
    """Return the comments that a document has once, without those whose place hangs on their indentation alone."""
    return {text: one for text, one in _once(doc).items() if not one.below}


def _moves(new: Remark | None, here: Remark) -> bool:
    return new is not None and new.place_by_key != here.place_by_key


def _within(at: int, spans: list[tuple[int, int]]) -> bool:
    return any(begin <= at < end for begin, end in spans)


def with_replaced(result: Document, versions: Versions, moved: frozenset[str]) -> str:
    """Return the text of a merged document without the comments that upstream took out, and without those that move.

    Where upstream wrote others in their place, those stand there.
    """
    waiting: dict[tuple[str, ...], list[str]] = {}
    for one in versions.incoming(result):
        waiting.setdefault(one.place, []).append(one.text)
    edits: list[Edit] = []
    left = [one for one in remarks_of(result) if one.text in moved]
    for one in versions.outgoing(result):
        if words := waiting.get(one.place):
            edits.append(Edit(one.at, one.at + len(one.text), words.pop(0), ()))
        else:
            left.append(one)
    left.sort(key=lambda one: one.at)
    return applied(result.text, [*edits, *taken_out(left, result)])


def with_incoming(result: Document, versions: Versions, moved: frozenset[str]) -> str:
    """Return the text of a merged document with the comments that upstream added, and with those that move."""
    there = comments(result)
    chosen = [
        one for one in remarks_of(versions.source) if one.text in moved and not there[one.text]
    ]
    chosen = sorted([*chosen, *versions.incoming(result)], key=lambda one: one.at)
    return applied(result.text, put_in(result, versions.source, chosen))
