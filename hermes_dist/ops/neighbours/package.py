"""Read what was fetched as a package: by its own manifest, or by what it is taken for without one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

from hermes_dist.brand import MANIFEST
from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.light import NamedTuple
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import Pin
from hermes_dist.ops.context import Context
from hermes_dist.world.load import load_manifest
from hermes_dist.world.sources.api import Offer

with later():
    from hermes_dist.decide.neighbours.kinds import check_label

if TYPE_CHECKING:
    from hermes_dist.decide.neighbours.mentions import Mentions

_SHOWN = 5
_ENDINGS = (".git", ".tar.gz", ".tgz")


class Packaged(NamedTuple):
    """What was fetched, as a package.

    Attributes:
        offer: The package tree; its pin has the digest of the source as shipped.
        manifest: Its manifest.
        taken: What it was taken for, as a lock records it; empty if the manifest is its own.
    """

    offer: Offer
    manifest: Manifest
    taken: str = ""


def packaged(ctx: Context, offer: Offer, recorded: str = "") -> Packaged | None:
    """Read what was fetched as a package.

    Args:
        ctx: The context; its store has the contents, and gets those that are made.
        offer: What was fetched.
        recorded: What a lock says that it was taken for; empty if it is fetched to be received anew.

    Returns:
        The package; None if it has no manifest and is nothing else that is known.

    Raises:
        Invalid: The manifest can't be read, or the lock names rules of a newer version.
    """
    if recorded:
        check_label(recorded)
    entry = offer.tree.get(RelPath(MANIFEST))
    if entry is not None:
        return Packaged(offer, _authors(offer.pin, ctx.store.read(entry.digest)))
    from hermes_dist.decide.neighbours.take import mentions, take  # noqa: PLC0415 - start-up: most sources are packages

    taken = take(offer.tree, ctx.store.read, called(offer.pin), ctx.brand.home_variable)
    if taken is None:
        return None
    ctx.store.put_many(taken.blobs.values())
    manifest = load_manifest(ctx.store.read(taken.tree[RelPath(MANIFEST)].digest))
    note = Note.of(NoteKind.TAKEN_AS_NEIGHBOUR, what=taken.kind.value, sign=taken.sign)
    made = offer._replace(
        tree=taken.tree,
        left_out=(*offer.left_out, *taken.left_out),
        notes=(note, *_about(mentions(taken.tree, offer.tree, ctx.store.read)), *offer.notes),
    )
    return Packaged(made, manifest, taken.label)


def _about(found: Mentions) -> Iterator[Note]:
    """Say which skills rely on a place that only another agent tells, and which files they look for in vain there."""
    if found.skills:
        yield Note.of(
            NoteKind.PLUGIN_PLACE_NAMED,
            skill=str(found.skills[0]),
            count=len(found.skills),
            missing=tuple(map(str, found.missing[:_SHOWN])),
        )


def _authors(pin: Pin, data: bytes) -> Manifest:
    """Read the manifest of what was fetched; an error says whose file it is.

    Raises:
        Invalid: It can't be read.
    """
    try:
        return load_manifest(data)
    except Invalid as err:
        if pin.commit:
            theirs = f"that is the author's file at {pin.short}: tell the author of {pin.url}"
        else:
            theirs = f"mend it in {pin.url}, or tell its author"
        mend = f"{err.hint}; " if err.hint else ""
        err.hint = f"{mend}{theirs}; what is installed here stays as it is"
        raise


def packaged_again(ctx: Context, offer: Offer, recorded: str, where: str) -> Packaged:
    """Read a package again that a lock records.

    Raises:
        Invalid: It is no package any more, or the lock names rules of a newer version.
    """
    found = packaged(ctx, offer, recorded)
    if found is None:
        raise Invalid(f"it has no {MANIFEST} any more", where=where)
    return found


def called(pin: Pin) -> str:
    """What a source is called: the name of its folder, archive or repository."""
    if pin.subfolder:
        return pin.subfolder.name
    name = unquote(pin.url.rstrip("/").rpartition("/")[2].rpartition(":")[2])
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name or "package"
