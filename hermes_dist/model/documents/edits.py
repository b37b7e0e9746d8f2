"""Edits to a text, and the interface between the parts of the splicer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from hermes_dist.model.documents.layout import View
from hermes_dist.model.documents.nodes import Document
from hermes_dist.model.keypath import KeyPath
from hermes_dist.model.values import Unmergeable


class Edit(Struct, frozen=True):
    """Replacement text for a span, made for a key.

    Attributes:
        start: Where the span begins.
        end: Where it ends.
        text: The replacement.
        path: The key.
        removes: Whether the whole entry goes.
    """

    start: int
    end: int
    text: str
    path: KeyPath
    removes: bool = False


class Editor(Protocol):
    """Edits a document and collects the edits."""

    doc: Document
    edits: list[Edit]

    def edit(self, start: int, end: int, text: str, path: KeyPath) -> None:
        """Record one edit."""

    def inside(
        self, view: View, want: object, donor: View | None, base: View | None, path: KeyPath
    ) -> bool:
        """Edit the parts of an entry; False if none of them can stay."""


def applied(text: str, edits: Iterable[Edit], start: int = 0, end: int | None = None) -> str:
    """Return a part of the text with the edits applied.

    Raises:
        Unmergeable: Two edits overlap.
    """
    if end is None:
        end = len(text)
    out: list[str] = []
    at = start
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        if edit.start < at or edit.end > end:
            raise Unmergeable("two edits are in each other's way")
        out += [text[at : edit.start], edit.text]
        at = edit.end
    out.append(text[at:end])
    return "".join(out)
