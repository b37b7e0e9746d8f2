"""What a source offers, fetched, read and spelled as a home spells it."""

from __future__ import annotations

from dataclasses import dataclass

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.ownership import LeftOut, payload_of
from hermes_dist.decide.placement import place
from hermes_dist.decide.trust import Verdict, check_source
from hermes_dist.decide.versions import choose_tag
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.lock import Lock
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import Pin, SourceKind, SourceSpec
from hermes_dist.model.tree import EMPTY, Read, Tree
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import together
from hermes_dist.world.load import load_manifest
from hermes_dist.world.ports import Refs
from hermes_dist.world.trustfiles import read_policies


@dataclass(frozen=True, slots=True)
class Target:
    """A source looked up, and nothing fetched yet.

    Attributes:
        refs: What the repository offers; None for a folder or archive.
        ref: The full name of the ref to follow; empty for a commit, a folder or an archive.
        commit: The commit; empty for a folder or archive.
    """

    spec: SourceSpec
    refs: Refs | None
    ref: str
    commit: str

    def is_pin(self, pin: Pin) -> bool:
        """Whether it is the very commit that was received already."""
        return bool(self.commit) and self.commit == pin.commit and self.spec.subfolder == pin.subfolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A package, ready to be merged.

    Attributes:
        package: The package tree as shipped.
        placed: Its payload in the home's spelling.
        shipped: The payload's entries that a home spells otherwise.
        env_example: The template of the environment that it ships; None for none.
        read: Gives contents of all of it.
        verdict: What was found about its signature; None where nobody judged it.
        whole: It is all that the pin names; False where the lock recorded it with parts left out.
        notes: What is worth saying about it.
    """

    spec: SourceSpec
    pin: Pin
    manifest: Manifest
    package: Tree
    placed: Tree
    shipped: Tree
    left_out: tuple[LeftOut, ...]
    read: Read
    whole: bool = True
    notes: tuple[str, ...] = ()
    verdict: Verdict | None = None


def look_up(ctx: Context, spec: SourceSpec) -> Target:
    """Ask a source what it offers, and choose the commit.

    Raises:
        Refused: A policy does not let the source in.
        DistError: The source or the ref is not there, or can't be reached.
    """
    check_source(spec, read_policies(ctx.layout))
    if spec.kind is SourceKind.REGISTRY:
        raise Invalid(
            f"{spec.location!r} is a name in a registry, and no registry is set up",
            hint=f"for a folder write ./{spec.location}, for a repository github.com/owner/{spec.location}",
        )
    refs = ctx.sources.refs(spec)
    ref, commit = ctx.sources.resolve_ref(spec, refs, choose_tag)
    return Target(spec, refs, ref, commit)


def fetch(ctx: Context, target: Target, lock: Lock | None = None, user_ids: frozenset[str] = frozenset()) -> Incoming:
    """Fetch a package and make it ready for merging.

    Args:
        ctx: The context.
        target: What to fetch.
        lock: The lock of the home it goes to; None for a new home.
        user_ids: Ids of cron jobs that are the user's own.

    Raises:
        DistError: It can't be fetched, is unsafe, or is no package.
    """
    offer = ctx.sources.fetch(target.spec, target.ref, target.commit, ctx.progress)
    manifest = _manifest(ctx, target, offer.tree)
    payload = payload_of(offer.tree, manifest)
    placed = place(
        payload.tree, ctx.store.read, name=manifest.name, user_ids=user_ids, keep_containers=lock.base if lock else EMPTY
    )
    ctx.store.put_many(placed.blobs.values())
    read = together(placed.blobs, ctx.store.read)
    pin = Pin(
        url=offer.pin.url, subfolder=offer.pin.subfolder, ref=offer.pin.ref, commit=offer.pin.commit,
        version=manifest.version, tree=offer.tree.digest,
    )  # fmt: skip
    left_out = (*payload.left_out, *(LeftOut(path, why) for path, why in offer.left_out))
    notes = (*(f"distribution.yaml: {w}" for w in manifest.warnings), *payload.notes, *placed.notes, *offer.notes)
    return Incoming(
        spec=target.spec, pin=pin, manifest=manifest, package=offer.tree, placed=placed.tree,
        shipped=placed.shipped, left_out=left_out, read=read, notes=notes,
    )  # fmt: skip


def _manifest(ctx: Context, target: Target, tree: Tree) -> Manifest:
    entry = tree.get(RelPath(MANIFEST))
    if entry is not None:
        return load_manifest(ctx.store.read(entry.digest))
    below = ctx.sources.manifests_below(target.spec, target.commit)
    if below:
        lines = ", ".join(f"{target.spec.location}//{folder}" for folder in below[:10])
        hint = f"it has {'one' if len(below) == 1 else 'some'} further down: {lines}"
    else:
        hint = f"it is no {ctx.brand.title} distribution; authors begin one with: {ctx.brand.dist_command} init"
    raise DistError(f"there is no {MANIFEST} at its root", where=str(target.spec), hint=hint)
