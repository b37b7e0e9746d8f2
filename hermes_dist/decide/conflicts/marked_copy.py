"""What is shown and edited of a conflict: a value of one side, and a copy with both sides between markers."""

from __future__ import annotations

from collections.abc import Collection

from hermes_dist.errors import Invalid
from hermes_dist.merge.text import marker_left, with_differences, with_markers
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import (
    ABSENT,
    EDITING,
    Kind,
    Unmergeable,
    get,
    graft,
    kind_of,
    lines_at,
    load_data,
    notes_at,
    parse,
)
from hermes_dist.model.documents.frontmatter import Parts, cut, split
from hermes_dist.model.keypath import BODY, KeyPath
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


_NO_PARTS = Parts(b"", b"", b"", b"")


class Received(Contents, frozen=True):
    """The file of a conflict as received, and as upstream has it; None if that has none of this name."""

    was: bytes
    theirs: bytes | None


def marked_copy(
    path: RelPath,
    keys: Collection[KeyPath],
    yours: bytes,
    received: Received,
    followed: Received | None = None,
) -> Copy:
    """Make the copy to edit; a file that has no markers is edited as yours is.

    Args:
        path: The file.
        keys: Where it is in conflict; the empty key is its text.
        yours: The merged file with your side.
        received: The others.
        followed: The same as the agent has migrated the home, if it has.
    """
    sides = followed or received
    marked, theirs = None, received.theirs or b""
    if keys and () not in keys and sides.theirs is not None:
        marked = _marked_at(path, keys, sides.was, yours, sides.theirs)
    if marked is None:
        marked = with_markers(received.was, yours, theirs)
    return Copy(
        text=yours if marked is None else marked,
        was=received.was,
        yours=yours,
        theirs=theirs,
        marked=marked is not None,
    )


def _marked_at(
    path: RelPath, keys: Collection[KeyPath], was: bytes, yours: bytes, theirs: bytes
) -> bytes | None:
    """Mark the conflicts of a document, or of a skill, alone; None if that can't be done, or there is none to mark.

    The merge by key knows what each side keeps, so all three texts to compare are the merged one but for these keys.
    Compared as they are, a line that only one side has beside a conflict would be part of it.
    """
    kind = kind_of(path)
    if kind is not None:
        return _marked_keys(kind, keys, was, yours, theirs)
    own, new, old = cut(yours), cut(theirs), cut(was) or _NO_PARTS
    if own is None or new is None:
        return None
    return _marked_skill(keys, old, own, new)


def _marked_skill(
    keys: Collection[KeyPath], was: Parts, yours: Parts, theirs: Parts
) -> bytes | None:
    front: bytes | None = yours.front
    body: bytes | None = yours.body
    inside = [key for key in keys if key != BODY]
    if inside:
        front = _marked_keys(Kind.YAML, inside, was.front, yours.front, theirs.front)
    if BODY in keys:
        body = with_markers(was.body, yours.body, theirs.body)
    if front is None or body is None:
        return None
    return yours.opening + front + yours.closing + body


def _marked_keys(
    kind: Kind, keys: Collection[KeyPath], was: bytes, yours: bytes, theirs: bytes
) -> bytes | None:
    try:
        before, after = (graft(yours, source or None, kind, keys) for source in (was, theirs))
        doc = parse(yours, kind, limits=EDITING)
    except (Invalid, Unmergeable):
        return None
    blocks = filter(None, (lines_at(doc, key) for key in keys))
    return with_differences(before, yours, after, blocks)


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
