"""Edits to a text, and what the parts of the splicer know of each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from hermes_dist.model.documents.layout import View
from hermes_dist.model.documents.nodes import Document
from hermes_dist.model.keypath import KeyPath
from hermes_dist.model.values import Unmergeable


class Edit(Struct, frozen=True):
    """Text to put in place of a span, on behalf of a key; ``base`` is the remembered entry there."""

    start: int
    end: int
    text: str
    path: KeyPath
    base: View | None


class Editor(Protocol):
    """What edits a document and collects how."""

    doc: Document
    edits: list[Edit]

    def edit(self, start: int, end: int, text: str, path: KeyPath, base: View | None) -> None:
        """Note one edit."""

    def inside(
        self, view: View, want: object, donor: View | None, base: View | None, path: KeyPath
    ) -> bool:
        """Edit below an entry; False when nothing there can stay."""


def applied(text: str, edits: Iterable[Edit], start: int = 0, end: int | None = None) -> str:
    """Return a part of the text with the edits made.

    Raises:
        Unmergeable: Two edits are in each other's way.
    """
    end = len(text) if end is None else end
    out: list[str] = []
    at = start
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        if edit.start < at or edit.end > end:
            raise Unmergeable("two edits are in each other's way")
        out += [text[at : edit.start], edit.text]
        at = edit.end
    out.append(text[at:end])
    return "".join(out)
