"""Contents that the store has lost: fetched again by commit where that can be, or else left out and told."""

from __future__ import annotations

import contextlib

from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.lock import Lock
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.tree import Digest, Read, Tree
from hermes_dist.ops.context import Context


def mending(ctx: Context, lock: Lock | None) -> Read:
    """Make a reader of the store that fetches lost contents again, once.

    Args:
        ctx: The context.
        lock: The lock, which names the commit; None if there is nothing to fetch from.

    Returns:
        A reader that raises Invalid for contents that can't be fetched again.
    """
    tried: list[bool] = []

    def read(digest: Digest) -> bytes:
        try:
            return ctx.store.read(digest)
        except Invalid:
            if lock is None or tried:
                raise
            tried.append(True)
            # If this fails, the content stays lost, and the second read raises.
            with contextlib.suppress(DistError, KeyError):
                from hermes_dist.ops.layers.lost import fetch_again  # noqa: PLC0415 - hardly ever needed

                fetch_again(ctx, lock)
            return ctx.store.read(digest)

    return read


def without_lost(
    base: Tree, theirs: Tree, ours: Tree, read: Read
) -> tuple[Tree, Tree, tuple[Note, ...]]:
    """Leave files out of base whose content is lost; such a file then counts as added on both sides.

    Args:
        base: What the home last received.
        theirs: What upstream ships; a file with the same lost content is left out here, too.
        ours: The files of the home; a file that is as received needs no copy in the store.
        read: Reads a content, or raises Invalid.

    Returns:
        The rest of base and theirs, and a note for each file left out.
    """
    lost = {
        path
        for path, entry in base.items()
        if ours.get(path) != entry and not _readable(read, entry.digest)
    }
    if not lost:
        return base, theirs, ()
    notes = tuple(Note.of(NoteKind.CONTENT_LOST, path) for path in sorted(lost))
    left = theirs.where(lambda path: path not in lost or theirs[path].digest != base[path].digest)
    return base.where(lambda path: path not in lost), left, notes


def _readable(read: Read, digest: Digest) -> bool:
    try:
        read(digest)
    except Invalid:
        return False
    return True
