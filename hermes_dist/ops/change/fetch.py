"""Fetch what a source offers, read it, and convert it to the form that a home uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.decide.ownership import Payload, payload_of
from hermes_dist.decide.parts import Place
from hermes_dist.decide.placement.job_ids import NO_JOBS, Job
from hermes_dist.decide.placement.place import Placed, jobs_in, place
from hermes_dist.decide.trust import Verdict
from hermes_dist.errors import Invalid, Refused
from hermes_dist.lazily import later
from hermes_dist.light import NamedTuple
from hermes_dist.model.left_out import LeftOut
from hermes_dist.model.lock_package import InputAnswer, InputValue, LockedPackage
from hermes_dist.model.manifest import EnvVar, Manifest
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import Pin, SourceSpec
from hermes_dist.model.tree import EMPTY, Read, Tree, together
from hermes_dist.ops.change.lost_contents import mending
from hermes_dist.ops.change.observe import user_jobs_in
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.change.target import Target
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home
from hermes_dist.ops.neighbours.package import packaged
from hermes_dist.ops.own_source import is_own
from hermes_dist.world.sources.api import Offer

with later():
    from hermes_dist.decide.handover import count_missed, unlisted_parts
    from hermes_dist.decide.inputs.declared import Input, declared_by
    from hermes_dist.decide.inputs.fill import fill
    from hermes_dist.decide.layers.compose import compose
    from hermes_dist.decide.layers.origins import Brought
    from hermes_dist.decide.layers.stack import Layer
    from hermes_dist.decide.versions import check_requires
    from hermes_dist.ops.change.moved_source import nowhere
    from hermes_dist.ops.inputs.rows import InputRow
    from hermes_dist.ops.layers.named import whose


class Incoming(Struct, frozen=True, kw_only=True):
    """A package, ready to be merged.

    Attributes:
        package: The package tree as shipped.
        placed: Its payload in the form that the home uses.
        shipped: The payload's entries whose content differs in the home.
        left_out: What does not come into the home, and why.
        unlisted: The parts, as a home has them, that the package ships and does not bring, because nobody names them.
        missed: How many skills, jobs, servers and files these are.
        included: What the user takes along without the author's list.
        taken: What it was taken for, as a lock records it; empty for a package with a manifest of its own.
        read: Reads the content of any of these files.
        verdict: The verdict on its signature; None if nobody checked it.
        registry: The registry that lists it; empty for none.
        whole: It is everything that the pin names; False if the lock recorded it with parts left out.
        layers: The layers in it, as the lock records them; None for those that the lock has.
        over: The names of the layers that the package itself asks for.
        inputs: The answers that are in it, and those that are in the home's ``.env``.
        asks: Its inputs and those of its layers, each with the answer that counts.
        unfilled: The files of the package that hold answers, as their author wrote them.
        brought: What each layer brings, and the package itself; empty without layers.
        notes: What else to say about it, besides warnings about its manifest.
    """

    spec: SourceSpec
    pin: Pin
    manifest: Manifest
    package: Tree
    placed: Tree
    shipped: Tree
    left_out: tuple[LeftOut, ...]
    unlisted: frozenset[Place] = frozenset()
    missed: Mapping[str, int] = field(default_factory=dict)
    included: tuple[RelPath, ...] = ()
    taken: str = ""
    read: Read
    registry: str = ""
    whole: bool = True
    layers: tuple[LockedPackage, ...] | None = None
    over: tuple[str, ...] = ()
    inputs: tuple[InputAnswer, ...] = ()
    asks: tuple[InputRow, ...] = ()
    unfilled: Tree = EMPTY
    brought: tuple[Brought, ...] = ()
    notes: tuple[Note, ...] = ()
    verdict: Verdict | None = None


class Stack(Struct, frozen=True, kw_only=True):
    """The layers that a package stands on; :mod:`hermes_dist.ops.layers.gather` makes it.

    Attributes:
        layers: What each of them brings.
        brought: The same in the spelling of a home.
        top: How the package itself stands to them; its tree is added when it is placed.
        locked: The same layers as the lock records them, the lowest first.
        direct: The names of those that the package itself asks for.
        written: The path of each that is named by one which begins at the manifest, by its name.
        env: The variables that they ask for.
        inputs: The inputs that each of them has, by its name.
        left_out: What can't come of those that are no packages, after their names.
        notes: What to say about them.
    """

    layers: tuple[Layer, ...]
    brought: tuple[Brought, ...]
    top: Layer
    locked: tuple[LockedPackage, ...]
    direct: tuple[str, ...] = ()
    written: Mapping[str, str] = field(default_factory=dict)
    env: tuple[EnvVar, ...] = ()
    inputs: Mapping[str, tuple[Input, ...]] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[Note, ...] = ()


class Fetched(Struct, frozen=True, kw_only=True):
    """A package as its source ships it, read but not yet converted for a home.

    Attributes:
        target: What was fetched.
        offer: The package tree and the pin; its contents are in the store.
        taken: What it was taken for, as a lock records it; empty for a package with a manifest of its own.
        stack: The layers that it stands on; None if it stands on none, or nobody looked for them.
        inputs: The answers to its inputs; None for those that the home holds.
        asks: Its inputs and those of its layers, each with the answer that counts.
    """

    target: Target
    offer: Offer
    manifest: Manifest
    taken: str = ""
    stack: Stack | None = None
    inputs: tuple[InputAnswer, ...] | None = None
    asks: tuple[InputRow, ...] = ()

    @property
    def pin(self) -> Pin:
        """Exactly what was fetched."""
        return self.offer.pin._replace(kind=self.target.kind, version=self.manifest.version)


class Holding(Struct, frozen=True, kw_only=True):
    """What a home holds of a package and beside it; empty for a new home.

    Attributes:
        base: What it last received.
        user_jobs: Cron jobs of the user's own, by id.
        included: What the user takes along without the author's list.
        released: What parts that are the user's now last were as the package's.
        inputs: The inputs that were answered.
    """

    base: Tree = EMPTY
    user_jobs: Mapping[str, Job] = NO_JOBS
    included: tuple[RelPath, ...] = ()
    released: Tree = EMPTY
    inputs: tuple[InputAnswer, ...] = ()


def fetch(ctx: Context, target: Target, before: Tree = EMPTY, follows: str = "") -> Fetched:
    """Fetch a package and read its manifest.

    Args:
        ctx: The context.
        target: What to fetch.
        before: What was received of it before, which it mostly still is; only what differs takes memory.
        follows: The commit that was received before, with which it is compared; empty for none.

    Raises:
        NoPackage: The source is not a package, or the folder does not exist.
        DistError: The package can't be fetched, or is unsafe.
    """
    offer = _offer(ctx, target, before, follows)
    offer = offer._replace(tree=offer.tree.sharing(before))
    if target.tree and offer.tree.digest != target.tree:
        raise Refused(
            f"the package is not what the registry {target.registry} says: its digest is {offer.tree.digest[:12]}, "
            f"not {target.tree[:12]}",
            where=str(target.source),
            hint="nothing was installed; tell the maintainers of the registry",
        )
    found = packaged(ctx, offer)
    if found is None:
        raise nowhere(ctx, target)
    return Fetched(target=target, offer=found.offer, manifest=found.manifest, taken=found.taken)


def placed_for(ctx: Context, fetched: Fetched, held: Holding | None = None) -> Incoming:
    """Convert a fetched package to the form that a home uses, ready for merging.

    Args:
        ctx: The context.
        fetched: The package.
        held: What the home holds; None for a new home.

    Raises:
        Invalid: A document of the package can't be converted.
        Refused: Layers contradict each other.
    """
    target, offer, held = fetched.target, fetched.offer, held or Holding()
    payload = payload_of(offer.tree, fetched.manifest, held.included)
    inputs = held.inputs if fetched.inputs is None else fetched.inputs
    values = {one.name: one.value for one in inputs if one.value is not None}
    items = declared_by(fetched.manifest) if values else ()
    own = _answered(ctx, payload.tree, items, values)
    stack = fetched.stack
    layers = _layers_answered(ctx, stack, values)
    whole = _on_layers(ctx, own.tree, fetched, layers)

    def placing(tree: Tree) -> Placed:
        return place(
            tree,
            ctx.store.read,
            name=fetched.manifest.name,
            user_jobs=held.user_jobs,
            known_jobs=jobs_in(held.released, ctx.store.read),
            keep_containers=held.base,
        )

    placed = placing(whole)
    ctx.store.put_many(placed.blobs.values())
    unlisted, missed = _unlisted(payload, placed, placing, ctx.store.read)
    odd = whose(placed, own.tree, layers, placing)
    return Incoming(
        spec=target.source,
        registry=target.registry,
        pin=fetched.pin,
        manifest=_with_env(fetched),
        package=offer.tree,
        placed=placed.tree,
        shipped=placed.shipped,
        left_out=(*payload.left_out, *offer.left_out, *(stack.left_out if stack else ())),
        unlisted=unlisted,
        missed=missed,
        included=held.included,
        taken=fetched.taken,
        read=together(placed.blobs, ctx.store.read),
        layers=stack.locked if stack else (),
        over=stack.direct if stack else (),
        inputs=inputs,
        asks=fetched.asks,
        unfilled=own.unfilled,
        brought=_brought(ctx, stack, placing, own.tree),
        notes=(*payload.notes, *odd, *offer.notes, *(stack.notes if stack else ())),
    )


def _unlisted(
    payload: Payload, placed: Placed, placing: Callable[[Tree], Placed], read: Read
) -> tuple[frozenset[Place], Mapping[str, int]]:
    """The parts that nobody names, and how many skills, jobs, servers and files these are; mostly none."""
    if not payload.unlisted:
        return frozenset(), {}
    unlisted = unlisted_parts(payload, placed, placing, read)
    return unlisted, count_missed(payload.unlisted, unlisted)


def _brought(
    ctx: Context, stack: Stack | None, placing: Callable[[Tree], Placed], own: Tree
) -> tuple[Brought, ...]:
    """What each layer brings, and the package itself; nothing without layers."""
    if stack is None:
        return ()
    placed = placing(own)
    ctx.store.put_many(placed.blobs.values())
    return (*stack.brought, Brought(replace(stack.top, tree=own), placed.tree))


class _Answered(NamedTuple):
    """A package with the answers in it.

    Attributes:
        tree: The package.
        unfilled: The files that hold answers, as their author wrote them.
    """

    tree: Tree
    unfilled: Tree = EMPTY


def _answered(
    ctx: Context, tree: Tree, items: tuple[Input, ...], values: Mapping[str, InputValue]
) -> _Answered:
    """Put the answers into a package that its own placeholders may hold; a secret is never among them."""
    names = {item.name for item in items if not item.secret}
    if not names:
        return _Answered(tree)
    mine = {name: value for name, value in values.items() if name in names}
    made = fill(tree, mine, ctx.store.read)
    ctx.store.put_many(made.blobs.values())
    return _Answered(made.tree, made.unfilled)


def _layers_answered(
    ctx: Context, stack: Stack | None, values: Mapping[str, InputValue]
) -> tuple[Layer, ...]:
    """The layers with the answers in them, the lowest first."""
    if stack is None:
        return ()
    layers = []
    for layer in stack.layers:
        own = _answered(ctx, layer.tree, stack.inputs.get(layer.name, ()), values)
        layers.append(replace(layer, tree=own.tree))
    return tuple(layers)


def _on_layers(ctx: Context, payload: Tree, fetched: Fetched, layers: tuple[Layer, ...]) -> Tree:
    """Compose what a package brings with the layers that it stands on.

    Raises:
        Refused: Two layers say different things, and nothing tells which of them counts.
        Invalid: Settings of one of them can't be read.
    """
    stack = fetched.stack
    if stack is None:
        return payload
    made = compose((*layers, replace(stack.top, tree=payload)), ctx.store.read)
    if made.clashes:
        first = made.clashes[0]
        more = f", and {len(made.clashes) - 1} more" if len(made.clashes) > 1 else ""
        one, other = first.names[:2]
        raise Refused(
            f"the layers {one} and {other} both set {first.place}{more}",
            where=fetched.manifest.name,
            hint=_settling(fetched, first.place),
        )
    ctx.store.put_many(made.blobs.values())
    return made.tree


def _settling(fetched: Fetched, place: str) -> str:
    """Who can settle a clash, and how."""
    if is_own(str(fetched.target.source)):
        return (
            "the two differ there, and nothing says which counts: add one of them with `--only` and parts that leave "
            f"this out; or an author adds {place!r} to `overrides` in the distribution.yaml of one of them"
        )
    return (
        f"its author has to say which counts: in distribution.yaml, add {place!r} to `overrides` of one of them, or "
        "set it in the package itself"
    )


def _with_env(fetched: Fetched) -> Manifest:
    """The manifest, which asks also for the variables of the layers."""
    manifest, stack = fetched.manifest, fetched.stack
    if stack is None or not stack.env:
        return manifest
    own = {var.name for var in manifest.env}
    more = {var.name: var for var in reversed(stack.env) if var.name not in own}
    return replace(manifest, env=(*manifest.env, *reversed(more.values())))


def placed_in(
    ctx: Context,
    fetched: Fetched,
    home: Home,
    base: Tree | None = None,
    included: tuple[RelPath, ...] | None = None,
) -> Incoming:
    """Convert a fetched package for a home that exists.

    Args:
        ctx: The context.
        fetched: The package.
        home: The home.
        base: What the home is taken to have received, if it has no lock that says so.
        included: What the user takes along without the author's list; None for what the lock says.

    Raises:
        Invalid: A document of the package can't be converted.
    """
    return placed_for(ctx, fetched, holding_of(ctx, home, base, included))


def holding_of(
    ctx: Context,
    home: Home,
    base: Tree | None = None,
    included: tuple[RelPath, ...] | None = None,
) -> Holding:
    """What a home holds; the arguments are those of :func:`placed_in`."""
    lock = home.lock
    user_jobs = user_jobs_in(home, mending(ctx, lock), base)
    if lock is None:
        return Holding(base=home.base, user_jobs=user_jobs, included=included or ())
    return Holding(
        base=home.base,
        user_jobs=user_jobs,
        included=lock.top.included if included is None else included,
        released=lock.released,
        inputs=lock.inputs,
    )


def about_requires(ctx: Context, manifest: Manifest, request: Request) -> Note | None:
    """Check that a package works with the installed agent; returns a note if none is installed.

    Raises:
        Refused: The package does not work with this agent.
    """
    requires = manifest.hermes_requires
    if request.ignore_requires or not requires:
        return None
    return check_requires(requires, ctx.agent_version, title=ctx.brand.title)


def _offer(ctx: Context, target: Target, before: Tree, follows: str) -> Offer:
    try:
        return ctx.sources.fetch(
            target.spec, target.ref, target.commit, ctx.progress, before, follows
        )
    except Invalid:
        if target.spec.subfolder and (gone := nowhere(ctx, target)).misses(target.spec.subfolder):
            raise gone from None
        raise
