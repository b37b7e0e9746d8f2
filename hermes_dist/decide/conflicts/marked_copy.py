"""What is shown and edited of a conflict: a value of one side, and a copy with both sides between markers."""

from __future__ import annotations

from hermes_dist.errors import Invalid
from hermes_dist.merge.text import marker_left, with_markers
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import ABSENT, Kind, get, kind_of, load_data, notes_at
from hermes_dist.model.documents.frontmatter import split
from hermes_dist.model.keypath import KeyPath
from hermes_dist.model.paths import RelPath


class Copy(Contents, frozen=True, kw_only=True):
    """A file with a conflict, to be edited outside of the home.

    Attributes:
        text: What to edit: the merged file, with the open places of both sides between markers if it is a text.
        was: The file as received.
        yours: The merged file with your side.
        theirs: Upstream's file.
        marked: Whether there are markers in the text.
    """

    text: bytes
    was: bytes
    yours: bytes
    theirs: bytes
    marked: bool

    def marker(self, edited: bytes) -> int:
        """Return the line of the first marker that is left in an edited text; 0 for none."""
        if not self.marked:
            return 0
        return marker_left(edited, self.was, self.yours, self.theirs)


def marked_copy(was: bytes, yours: bytes, theirs: bytes) -> Copy:
    """Make the copy to edit; a file that has no markers is edited as yours is."""
    marked = with_markers(was, yours, theirs)
    text = yours
    if marked is not None:
        text = marked
    return Copy(text=text, was=was, yours=yours, theirs=theirs, marked=marked is not None)


def value_at(path: RelPath, data: bytes | None, key: KeyPath) -> object:
    """Return the value at a key of a document or of the front matter of a skill; ABSENT if there is none."""
    if data is None:
        return ABSENT
    kind, document = _document(path, data)
    try:
        return get(load_data(document, kind), key)
    except Invalid:
        return ABSENT


def comment_at(path: RelPath, data: bytes, key: KeyPath) -> tuple[str, ...]:
    """Return the comments that are written at a key, in the same documents."""
    kind, document = _document(path, data)
    return notes_at(document, kind, key)


def _document(path: RelPath, data: bytes) -> tuple[Kind, bytes]:
    kind = kind_of(path)
    if kind is None:  # a skill, whose front matter is YAML
        return Kind.YAML, split(data)[0] or b""
    return kind, data
