"""Fetch contents again, by commit, if the store has lost them."""

from __future__ import annotations

import contextlib

from hermes_dist.decide.inputs.declared import declared_by
from hermes_dist.decide.inputs.fill import fill
from hermes_dist.decide.layers.compose import Composed, compose
from hermes_dist.decide.layers.received import layer_of
from hermes_dist.decide.layers.stack import Layer
from hermes_dist.decide.ownership import payload_of
from hermes_dist.decide.placement.place import jobs_in, place
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import Digest, Read, Tree
from hermes_dist.ops.context import Context
from hermes_dist.ops.neighbours.package import packaged_again


def fetch_again(ctx: Context, lock: Lock) -> None:
    """Put the contents of a lock's packages into the store again, as shipped and as placed.

    Raises:
        DistError: A commit can't be reached, or does not exist any more; or a folder holds something else by now.
    """
    read = ctx.store.read
    layers = [_layer(ctx, one, lock) for one in lock.packages]
    made = compose(layers, read) if lock.layers else Composed(layers[0].tree, {}, ())
    ctx.store.put_many(made.blobs.values())
    placed = place(
        made.tree,
        read,
        name=lock.name,
        known_jobs=jobs_in(lock.released, read),
        keep_containers=lock.base,
    )
    ctx.store.put_many(placed.blobs.values())


def _layer(ctx: Context, package: LockedPackage, lock: Lock) -> Layer:
    """A package as it was received, with the answers in it; what is here already needs no network.

    Raises:
        DistError: Its commit can't be reached, or does not exist any more; or its folder holds something else by now.
    """
    pin, read = package.pin, ctx.store.read
    if pin.commit:
        offer = ctx.sources.again(pin, ctx.progress)
    else:
        offer = ctx.sources.fetch(parse_source(package.source, allow_insecure=True))
    found = packaged_again(ctx, offer, package.taken, package.source)
    if offer.tree.digest != pin.tree:
        raise Invalid("it is not what was received any more", where=package.source)
    payload = payload_of(found.offer.tree, found.manifest, package.included)
    names = {item.name for item in declared_by(found.manifest) if not item.secret}
    made = fill(payload.tree, {n: v for n, v in lock.input_values.items() if n in names}, read)
    ctx.store.put_many(made.blobs.values())
    return layer_of(package, made.tree, found.manifest)


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
