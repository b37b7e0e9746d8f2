"""Do in a merged document what upstream did to its comments: those that it took out go, those that it added come.

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
        return comments(self.source) - old

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
        return [one for one in found if not any(lead <= one.at < end for lead, end in spans)]

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


def with_replaced(result: Document, versions: Versions) -> str:
    """Return the text of a merged document without the comments that upstream took out.

    Where upstream wrote others in their place, those stand there.
    """
    waiting: dict[tuple[str, ...], list[str]] = {}
    for one in versions.incoming(result):
        waiting.setdefault(one.place, []).append(one.text)
    edits: list[Edit] = []
    left: list[Remark] = []
    for one in versions.outgoing(result):
        if words := waiting.get(one.place):
            edits.append(Edit(one.at, one.at + len(one.text), words.pop(0), ()))
        else:
            left.append(one)
    return applied(result.text, [*edits, *taken_out(left, result)])


def with_incoming(result: Document, versions: Versions) -> str:
    """Return the text of a merged document with the comments that upstream added."""
    chosen = versions.incoming(result)
    return applied(result.text, put_in(result, versions.source, chosen))
