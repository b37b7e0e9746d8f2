"""Whether both sides of a conflict can be taken at once: nothing of a side may be dropped without a word."""

from __future__ import annotations

from hermes_dist.decide.conflicts.marked_copy import value_at
from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.merge.text import mergeable
from hermes_dist.model.documents.api import Kind, kind_of, load_data
from hermes_dist.model.keypath import BODY, parse_key
from hermes_dist.model.plan import Conflict, ConflictKind
from hermes_dist.model.side import Apart, Side

with later():
    from hermes_dist.merge.content import join_contents


def apart(
    conflict: Conflict, was: bytes | None, yours: bytes | None, theirs: bytes | None
) -> Apart | None:
    """Say why both sides of a conflict can't be taken at once; None if they can.

    Args:
        conflict: The conflict.
        was: The file as received; None if there was none.
        yours: The file here.
        theirs: Upstream's.
    """
    if conflict.kind is ConflictKind.FILE_FOLDER:
        return Apart.FOLDER
    key = parse_key(conflict.key)
    if key and key != BODY:
        values = (value_at(conflict.path, data, key) for data in (yours, theirs))
        return None if all(isinstance(value, list) for value in values) else Apart.VALUE
    if yours is None or theirs is None:
        return None  # whichever of the two is there
    kind = kind_of(conflict.path)
    if kind is not None:
        return _documents_apart(conflict, kind, was, yours, theirs)
    return _texts_apart(conflict, was, yours, theirs)


def _documents_apart(
    conflict: Conflict, kind: Kind, was: bytes | None, yours: bytes, theirs: bytes
) -> Apart | None:
    """The same for documents that are in conflict as a whole."""
    own, new = _data(yours, kind), _data(theirs, kind)
    if own is None or new is None:
        # Two that can't be read are lines and no more.
        if own is new and _texts_apart(conflict, was, yours, theirs) is None:
            return None
        return Apart.UNREADABLE if own is None else Apart.UPSTREAM_UNREADABLE
    return None if all(isinstance(value, list) for value in (*own, *new)) else Apart.WHOLE


def _data(data: bytes, kind: Kind) -> tuple[object] | None:
    try:
        return (load_data(data, kind),)
    except Invalid:
        return None


def _texts_apart(
    conflict: Conflict, was: bytes | None, yours: bytes, theirs: bytes
) -> Apart | None:
    if not all(map(mergeable, (was or b"", yours, theirs))):
        return Apart.NO_TEXT
    joined = join_contents(conflict.path, was, yours, theirs, lambda _key: Side.BOTH)
    return Apart.WHOLE if joined.whole else None
