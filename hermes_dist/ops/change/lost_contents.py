"""Contents that the store has lost: fetched again by commit if possible, otherwise left out and reported."""

from __future__ import annotations

import contextlib

from hermes_dist.errors import DistError, Invalid, Lost
from hermes_dist.lazily import later
from hermes_dist.model.lock import Lock
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.tree import Digest, Read, Tree
from hermes_dist.ops.context import Context

with later():
    from hermes_dist.ops.layers.lost import fetch_again


def mending(ctx: Context, lock: Lock | None, known: Read | None = None) -> Read:
    """Make a reader of the store that fetches lost contents again, once.

    Args:
        ctx: The context.
        lock: The lock, which names the commit; None if there is nothing to fetch from.
        known: Reads what is at hand; by default the store.

    Returns:
        A reader that raises Invalid for contents that can't be fetched again; Lost, with the file, if the lock has it.
    """
    at_hand = known or ctx.store.read
    tried: list[bool] = []

    def read(digest: Digest) -> bytes:
        try:
            return at_hand(digest)
        except Invalid as lost:
            if lock is None:
                raise
            if not tried:
                tried.append(True)
                # If this fails, the content stays lost, and the second read raises.
                with contextlib.suppress(DistError, KeyError):
                    fetch_again(ctx, lock)
            try:
                return ctx.store.read(digest)
            except Lost:
                raise _of_file(lock, digest, lost) from None

    return read


def _of_file(lock: Lock, digest: Digest, lost: Invalid) -> Invalid:
    """The error for a lost content, with the file that holds it."""
    for tree in (lock.shipped, lock.released, lock.base):
        for path, entry in tree.items():
            if entry.digest == digest:
                return Lost(
                    f"what {path} held in {lock.name} {lock.pin.label} is lost in the store",
                    where=lock.source,
                    hint="it is fetched again once the source can be read; run the command again then",
                )
    return lost


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
