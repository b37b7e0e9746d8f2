"""A count of the comments in a spliced document, so that none is doubled and none of the user's is lost.

Each edit of a splice takes its comments along, and none knows what another one did. So a comment that moved to another
key, or from which the author parted it by a blank line, would come a second time with the new key or leave with the old
one; and a comment of the user's would leave with a value of the package. That is put right in the spliced text, where
every comment is known. Merging, placing, removing, publishing and editing one setting all use this one account.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct

from hermes_dist.model.documents.edits import Edit, applied
from hermes_dist.model.documents.layout import blank_at, blank_before, comments_at
from hermes_dist.model.documents.nodes import Document


class Account(Struct, frozen=True):
    """The comments of the documents that a splice brings together: which must stand after it, and which may.

    Attributes:
        own: Those of the document that is edited.
        new: Those of the donor, from which new entries are taken.
        old: Those that belong to the package, so that they may leave: the common ancestor's.
    """

    own: Counter[str]
    new: Counter[str]
    old: Counter[str]

    @property
    def mine(self) -> Counter[str]:
        """The comments that only the user has: the package never had them, and the donor does not."""
        return self.own - (self.old | self.new)

    def faults(self, got: Counter[str], leaving: Counter[str]) -> tuple[Counter[str], Counter[str]]:
        """Return which comments of a result are too many, and which are missing.

        Args:
            got: Its comments.
            leaving: Comments of the user that leave with their entries; the caller is told of them.
        """
        least = (self.own & self.new) | (self.mine - leaving)
        return got - (self.own | self.new), least - got


def balanced(
    doc: Document,
    edits: list[Edit],
    result: Document,
    faults: tuple[Counter[str], Counter[str]],
    margin: int | None = None,
) -> str:
    """Return the text of a spliced document with the comments that are too many or too few put right.

    Args:
        doc: The document before the edits.
        edits: The edits.
        result: The document after them.
        faults: What :meth:`Account.faults` found.
        margin: The column for comments that come back; None for the one they had.
    """
    doubled, missing = faults
    spans = list(_spans(edits))
    mends = [*_without(doubled, result, spans), *_back(missing, doc, result, spans, margin)]
    return applied(result.text, mends)


def _spans(edits: Iterable[Edit]) -> Iterator[tuple[Edit, int, int]]:
    """Yield each edit with the start and the end of its text in the result."""
    moved = 0
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        start = edit.start + moved
        yield edit, start, start + len(edit.text)
        moved += len(edit.text) - (edit.end - edit.start)


def _without(
    doubled: Counter[str], result: Document, spans: list[tuple[Edit, int, int]]
) -> Iterator[Edit]:
    """Yield edits that take comments out again where they were put in."""
    left, text = doubled.copy(), result.text
    for edit, start, end in spans:
        for at, note in comments_at(result, start, end):
            if not left[note]:
                continue
            left[note] -= 1
            line = text.rfind("\n", 0, at) + 1
            before = text[line:at]
            if before.strip():
                yield Edit(line + len(before.rstrip()), at + len(note), "", edit.path)
            else:
                stop = text.find("\n", at) + 1 or len(text)
                yield Edit(_with_gap(text, line, stop, (start, end)), stop, "", edit.path)


def _with_gap(text: str, line: int, stop: int, span: tuple[int, int]) -> int:
    """Return where the lines of a comment begin: if blank lines are around it, those above came along with it.

    Left behind, they would come once more with each update.
    """
    begin = blank_before(text, line, span[0])
    return begin if stop >= span[1] or blank_at(text, stop) else line


def _back(
    missing: Counter[str],
    doc: Document,
    result: Document,
    spans: list[tuple[Edit, int, int]],
    margin: int | None,
) -> Iterator[Edit]:
    """Yield edits that put comments back above the place where they were taken out."""
    left = missing.copy()
    for edit, start, _ in spans:
        above = result.text.rfind("\n", 0, start) + 1
        # Above a line that stays in part, a comment begins where that line does; else where it began.
        kept = _margin(result.text, above) if result.text[above:start].strip() else None
        for at, note in comments_at(doc, edit.start, edit.end):
            if not left[note]:
                continue
            left[note] -= 1
            column = next(one for one in (margin, kept, _margin(doc.text, at)) if one is not None)
            yield Edit(above, above, f"{' ' * column}{note}{doc.newline}", edit.path)


def _margin(text: str, at: int) -> int:
    """Return the indentation of the line at a position."""
    line = text[text.rfind("\n", 0, at) + 1 :]
    return len(line) - len(line.lstrip(" "))
