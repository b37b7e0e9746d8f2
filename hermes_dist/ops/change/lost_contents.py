"""Contents that the store has lost, fetched again by commit."""

from __future__ import annotations

import contextlib

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.ownership import payload_of
from hermes_dist.decide.placement.place import place
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Read, Tree
from hermes_dist.ops.context import Context
from hermes_dist.world.load import load_manifest


def fetch_again(ctx: Context, lock: Lock) -> None:
    """Bring what a lock's commit holds into the store once more, as shipped and as placed.

    Raises:
        DistError: It can't be reached, or is not there any more.
    """
    offer = ctx.sources.again(lock.pin, ctx.progress)
    manifest = load_manifest(ctx.store.read(offer.tree[RelPath(MANIFEST)].digest))
    payload = payload_of(offer.tree, manifest)
    placed = place(payload.tree, ctx.store.read, name=manifest.name, keep_containers=lock.base)
    ctx.store.put_many(placed.blobs.values())


def mending(ctx: Context, lock: Lock | None) -> Read:
    """Read from the store; what it has lost is fetched again, once.

    Args:
        ctx: The context.
        lock: What names the commit; None when there is nothing to fetch from.

    Returns:
        A reader that raises Invalid for what can't be had again.
    """
    tried: list[bool] = []

    def read(digest: Digest) -> bytes:
        try:
            return ctx.store.read(digest)
        except Invalid:
            if lock is None or tried:
                raise
            tried.append(True)
            with contextlib.suppress(
                DistError, KeyError
            ):  # then it stays lost, and whoever asked is told
                fetch_again(ctx, lock)
            return ctx.store.read(digest)

    return read


def without_lost(
    base: Tree, theirs: Tree, ours: Tree, read: Read
) -> tuple[Tree, Tree, tuple[str, ...]]:
    """Leave out of base what can't be read any more: such a file counts as added on both sides.

    Args:
        base: What the home last received.
        theirs: What upstream ships; what is the same lost content there is left out, too.
        ours: The home; its own files need no other copy.
        read: Gives contents, or raises Invalid.

    Returns:
        What is left of base and theirs, and what to say about the rest.
    """
    lost = {
        path
        for path, entry in base.items()
        if ours.get(path) != entry and not _readable(read, entry.digest)
    }
    if not lost:
        return base, theirs, ()
    notes = tuple(
        f"{path}: its content as received is lost and can't be fetched again; where both sides differ, yours stays"
        for path in sorted(lost)
    )
    left = theirs.where(lambda path: path not in lost or theirs[path].digest != base[path].digest)
    return base.where(lambda path: path not in lost), left, notes


def _readable(read: Read, digest: Digest) -> bool:
    try:
        read(digest)
    except Invalid:
        return False
    return True
