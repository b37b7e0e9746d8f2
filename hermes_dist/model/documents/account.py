"""One account of the comments of a spliced document: what ours and the donor both hold stands exactly once.

Each edit of a splice takes its comments along, and none knows what another one did. So a comment that moved to another
key, or from which the author parted it by a blank line, would come a second time with the new key or leave with the old
one. That is put right in the spliced text, where every comment is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from hermes_dist.model.documents.edits import Edit, applied
from hermes_dist.model.documents.layout import comments
from hermes_dist.model.documents.nodes import Document


def balanced(doc: Document, edits: list[Edit], result: Document, donor: Document) -> str:
    """Return the text of a spliced document with the comments that are too many or too few put right.

    Args:
        doc: The document before the edits.
        edits: The edits.
        result: The document after them.
        donor: The document from which new entries were taken.
    """
    own, new, got = comments(doc), comments(donor), comments(result)
    doubled, missing = got - (own | new), (own & new) - got
    if not doubled and not missing:
        return result.text
    spans = list(_spans(edits))
    mends = [*_without(doubled, result, spans), *_back(missing, doc, result, spans)]
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
        for at, note in _between(result, start, end):
            if not left[note]:
                continue
            left[note] -= 1
            line = text.rfind("\n", 0, at) + 1
            before = text[line:at]
            if before.strip():
                yield Edit(line + len(before.rstrip()), at + len(note), "", edit.path, None)
            else:
                stop = text.find("\n", at) + 1
                yield Edit(line, stop or len(text), "", edit.path, None)


def _back(
    missing: Counter[str], doc: Document, result: Document, spans: list[tuple[Edit, int, int]]
) -> Iterator[Edit]:
    """Yield edits that put comments back above the place where they were taken out."""
    left = missing.copy()
    for edit, start, _ in spans:
        above = result.text.rfind("\n", 0, start) + 1
        for at, note in _between(doc, edit.start, edit.end):
            if not left[note]:
                continue
            left[note] -= 1
            line = doc.text[doc.text.rfind("\n", 0, at) + 1 :]
            margin = line[: len(line) - len(line.lstrip(" "))]
            yield Edit(above, above, f"{margin}{note}{doc.newline}", edit.path, None)


def _between(doc: Document, start: int, end: int) -> list[tuple[int, str]]:
    comments(doc)  # finds them
    return [(at, note) for at, note in doc.notes or [] if start <= at < end]
