"""Layers that a user puts under a profile of their own, published or not: ``layer add``, ``remove`` and ``list``.

What the user asks for is written as any author would write it: into a manifest with ``extends`` and ``dependencies``,
in a folder of this machine that becomes the profile's source. So everything else (update, rollback, consent, status)
treats such a profile like one whose package somebody published. A package that it had before becomes the base.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.layers.wanted import Dependency, asked_in, source_of_layer, wanted_by
from hermes_dist.decide.near import offered
from hermes_dist.decide.parts import parse_parts
from hermes_dist.errors import DistError, UsageError, quoted
from hermes_dist.lazily import shlex
from hermes_dist.model.documents.api import Kind, dump, load_data
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName, RelPath
from hermes_dist.model.source import SourceKind, SourceSpec
from hermes_dist.model.tree import Digest, Entry
from hermes_dist.model.values import as_map
from hermes_dist.ops.change.confirm import confirm_and_carry_out
from hermes_dist.ops.change.fetch import Fetched, fetch, placed_in
from hermes_dist.ops.change.look_up import absolute, look_up
from hermes_dist.ops.change.look_up_name import check_name
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.propose import propose_incoming
from hermes_dist.ops.change.request import Confirm, Request
from hermes_dist.ops.change.variables import manifest_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, look_into, open_home
from hermes_dist.ops.inputs.ask import with_inputs
from hermes_dist.ops.layers.ask import with_layers
from hermes_dist.ops.layers.elsewhere import refuse_elsewhere
from hermes_dist.ops.own_layers import head_of, remember
from hermes_dist.ops.package.history import past_of
from hermes_dist.ops.trust.judge_release import judge_release
from hermes_dist.world.disk.owners import make_folders
from hermes_dist.world.files import read_file
from hermes_dist.world.load import load_manifest

_OURS = frozenset({"name", "extends", "dependencies"})


class Own(Struct, frozen=True, kw_only=True):
    """The layers that the user put under a profile.

    Attributes:
        profile: The profile.
        base: What it extends; None for nothing.
        packs: What it depends on besides.
        packages: All packages of the profile, the lowest first, as the lock records them.
    """

    profile: ProfileName
    base: Dependency | None = None
    packs: tuple[Dependency, ...] = ()
    packages: tuple[LockedPackage, ...] = ()


def listed(ctx: Context, name: ProfileName) -> Own:
    """List the layers of a profile: those that the user put under it, and all that it stands on.

    Raises:
        DistError: The home or its lock can't be read.
    """
    lock = look_into(ctx, name).lock
    own = _read(ctx, name, lock)
    return replace(own, packages=lock.packages if lock else ())


def add(
    ctx: Context,
    name: ProfileName,
    source: str,
    request: Request,
    confirm: Confirm,
    *,
    only: str = "",
    base: bool = False,
) -> Outcome:
    """Put a layer under a profile.

    Args:
        ctx: The context.
        name: The profile; it need not have a package.
        source: A repository, a folder, or a name in a registry, with a ref or a range.
        request: The options.
        confirm: Shows the proposal and asks for confirmation.
        only: The parts that the layer brings, joined by commas; empty for all.
        base: Whether it is what the profile extends, below all packs.

    Raises:
        UsageError: The profile extends another one already, or has that layer.
        DistError: The layer can't be had; nothing changed.
    """
    home = open_home(ctx, name)
    own = _read(ctx, name, home.lock)
    spec = absolute(source_of_layer(source, local=True))
    added = Dependency(source=spec, only=parse_parts(only, "--only"))
    _check_new(ctx, home, own, added)
    notes = check_name(ctx, spec, request.naming) if spec.kind.traits.is_name else ()
    if not base:
        wanted = replace(own, packs=(*own.packs, added))
    elif own.base is None:
        wanted = replace(own, base=added)
    else:
        raise _has_base(ctx, home, own)
    return _changed(ctx, home, wanted, request, confirm, "layer add", notes)


def _has_base(ctx: Context, home: Home, own: Own) -> UsageError:
    """The error for a base beside the one that there is."""
    if home.lock is not None and is_layered(ctx, own.profile, home.lock):
        gone = shlex.quote(str(own.base))
        return UsageError(
            f"{own.profile} extends {own.base} already",
            hint=f"take that out first: {ctx.command(f'layer remove {own.profile} {gone}')}",
        )
    return UsageError(
        f"{own.profile} holds the package {own.base}, which is its base: no layer can lie below it",
        hint="without --base, the layer comes above the package, and below what you edited",
    )


def remove(
    ctx: Context, name: ProfileName, source: str, request: Request, confirm: Confirm
) -> Outcome:
    """Take a layer out from under a profile; what was edited of it stays, as the user's own.

    Args:
        ctx: The context.
        name: The profile.
        source: The layer, by its source with or without the ref, or by its name.
        request: The options.
        confirm: Shows the proposal and asks for confirmation.

    Raises:
        DistError: The user put no such layer under it.
    """
    home = open_home(ctx, name)
    own = listed(ctx, name)
    gone = _called(ctx, home, own, source)
    wanted = replace(
        own,
        base=None if own.base == gone else own.base,
        packs=tuple(one for one in own.packs if one != gone),
    )
    if wanted.base is not None and not wanted.packs and _was_alone(home, wanted.base):
        return _alone(ctx, home, wanted.base, request, confirm)
    return _changed(ctx, home, wanted, request, confirm, "layer remove")


def _called(ctx: Context, home: Home, own: Own, source: str) -> Dependency:
    """The layer of the user's that a word means.

    Raises:
        DistError: There is none, or the word means several.
    """
    # Of a package that stands on layers by itself, nothing was put there by the user.
    mine = (own.base, *own.packs) if home.lock and is_layered(ctx, own.profile, home.lock) else ()
    called = [one for one in mine if one and _is_called(own, one, source)]
    if len(called) != 1:
        raise _not_there(ctx, own, mine, source)
    return called[0]


def _was_alone(home: Home, base: Dependency) -> bool:
    """Whether a base was the package of its profile before layers came over it; else the user put it there."""
    earlier = (row.lock for row in past_of(home))
    return any(lock is not None and lock.source == str(base.source) for lock in earlier)


def _alone(
    ctx: Context, home: Home, base: Dependency, request: Request, confirm: Confirm
) -> Outcome:
    """Let a profile hold its package again without a list of layers, as before the first one was added."""
    assert base.source is not None and home.lock is not None  # noqa: S101, PT018 - of what the lock says
    held = next(one for one in home.lock.layers if one.source == str(base.source))
    view = replace(home, lock=home.lock.with_top(signer=held.signer, demands=held.demands))
    arrived = fetch(ctx, look_up(ctx, base.source, request.naming))
    judged = judge_release(ctx, arrived, view, request.accept)
    fetched, request = with_inputs(ctx, with_layers(ctx, arrived, home, request), home, request)
    incoming = judged.on(placed_in(ctx, fetched, home, None, held.included))
    notes = (*arrived.target.notes, *judged.notes)
    make = partial(propose_incoming, ctx, view, incoming, verb="layer remove", notes=notes)
    return confirm_and_carry_out(ctx, make, request, confirm, request.questions.conflicts)


def put(
    ctx: Context,
    name: ProfileName,
    packs: tuple[Dependency, ...],
    request: Request,
    confirm: Confirm,
    *,
    base: Dependency | None = None,
) -> Outcome:
    """Let a profile stand on exactly these layers; one whose ref or parts change is merged, and not put in anew.

    Args:
        ctx: The context.
        name: The profile; it need not have a package.
        packs: The layers above the base.
        request: The options.
        confirm: Shows the proposal and asks for confirmation.
        base: What it extends from now on; None for what it extends already.

    Raises:
        DistError: A layer can't be had; nothing changed.
    """
    home = open_home(ctx, name)
    own = _read(ctx, name, home.lock)
    wanted = replace(own, base=base or own.base, packs=packs)
    return _changed(ctx, home, wanted, request, confirm, "layer add")


def rehearse(
    ctx: Context, name: ProfileName, packs: tuple[Dependency, ...], base: Dependency | None
) -> None:
    """Look up and fetch all that a new profile would stand on, and do no more.

    Raises:
        DistError: A layer can't be had.
    """
    home = Home(name, ctx.layout.home(name), None, None)
    manifest = _manifest(Own(profile=name, base=base, packs=packs), {})
    fetched = _with_list(ctx, ctx.layout.own_layers(name), manifest)
    with_layers(ctx, fetched, home, Request())


def is_layered(ctx: Context, name: ProfileName, lock: Lock) -> bool:
    """Whether a profile stands on layers that its user put under it."""
    return lock.source == str(_source(ctx.layout.own_layers(name)))


def _read(ctx: Context, name: ProfileName, lock: Lock | None) -> Own:
    """What the user put under a profile; of one with another source, that source is the base to be."""
    place = ctx.layout.own_layers(name)
    if lock is not None and lock.source != str(_source(place)):
        return Own(profile=name, base=_as_base(lock))
    manifest = manifest_of(ctx, lock) if lock else None
    if manifest is None:
        return Own(profile=name)
    # What the home received counts, not the file in the folder: a rollback went back behind that, too.
    wanted = wanted_by(manifest, local=True)
    return Own(profile=name, base=wanted.base, packs=wanted.packs)


def _as_base(lock: Lock) -> Dependency:
    spec = source_of_layer(lock.source, local=True)
    return Dependency(source=spec)


def _source(place: Path) -> SourceSpec:
    return SourceSpec(SourceKind.FOLDER, str(place))


def _check_new(ctx: Context, home: Home, own: Own, added: Dependency) -> None:
    for one in (own.base, *own.packs):
        if one and one.source and added.source and _without_ref(one) == _without_ref(added):
            if home.lock is not None and not is_layered(ctx, own.profile, home.lock):
                raise UsageError(
                    f"{own.profile} holds that package itself",
                    hint=f"for another version of it: {ctx.command(f'update {own.profile} --to REF')}",
                )
            gone = shlex.quote(str(one))
            raise UsageError(
                f"{own.profile} has the layer {one} already",
                hint=f"take it out first: {ctx.command(f'layer remove {own.profile} {gone}')}",
            )


def _without_ref(dependency: Dependency) -> object:
    source = dependency.source
    return (source.location, source.subfolder) if source else dependency.sibling


def _is_called(own: Own, dependency: Dependency, word: str) -> bool:
    """Whether a typed word means a layer: by its source, as written or without its ref, or by its package's name."""
    if word in (str(dependency), str(dependency.source)):
        return True
    if dependency.source is None:
        return False
    bare = dependency.source._replace(ref="", is_range=False)
    if word in (str(bare), bare.location):
        return True
    named = [one for one in own.packages if one.name == word and one.layer]
    return any(one.source == str(dependency.source) for one in named)


def _name_of(own: Own, dependency: Dependency) -> str:
    """The name of a layer's package, which is shorter than its source; the source if the home never received it."""
    names = [one.name for one in own.packages if one.layer and one.source == str(dependency.source)]
    return names[0] if names else str(dependency)


def _brought_by(own: Own, source: str) -> str:
    """The package that asks for a layer, which a typed word names; empty if it names no layer."""
    for layer in own.packages:
        if layer.layer and source in (layer.name, layer.source):
            asking = [one.name for one in own.packages if layer.name in one.over]
            return (*asking, own.packages[-1].name)[0]
    return ""


def _not_there(
    ctx: Context, own: Own, mine: tuple[Dependency | None, ...], source: str
) -> DistError:
    known = [_name_of(own, one) for one in mine if one]
    by = _brought_by(own, source)
    if by:
        hint = f"it comes with {by}, and only its author takes it out; see: {ctx.command(f'tree {own.profile}')}"
    elif known:
        listed_by = ctx.command(f"layer list {own.profile}")
        hint = f"{offered(source, known, 'yours')}; see: {listed_by}"
    else:
        hint = f"add one with: {ctx.command(f'layer add {own.profile} SOURCE')}"
    return DistError(
        f"you put no layer {quoted(source, 200)} under {own.profile}",
        where=str(own.profile),
        hint=hint,
    )


def _changed(
    ctx: Context,
    home: Home,
    own: Own,
    request: Request,
    confirm: Confirm,
    verb: str,
    notes: tuple[Note, ...] = (),
) -> Outcome:
    """Write what the user asks for, and bring the home to it; if that does not happen, the manifest is as before."""
    if home.name == DEFAULT_PROFILE and home.lock is None:
        raise UsageError("the default profile can't stand on layers", hint="name another profile")
    place = ctx.layout.own_layers(home.name)
    manifest = _manifest(own, _before(place, home.lock))
    # What the profile held so far is a layer now: it is judged as that, and not as the package at the top.
    fetched = with_layers(ctx, _with_list(ctx, place, manifest), home, request)
    if home.lock is not None:
        refuse_elsewhere(ctx, home.name, home.lock, fetched)
    fetched, request = with_inputs(ctx, fetched, home, request)
    view = home
    if home.lock is not None:
        bare = home.lock.with_top(signer="", demands=None)
        view = replace(home, lock=bare)
    incoming = placed_in(ctx, fetched, home)
    make = partial(propose_incoming, ctx, view, incoming, verb=verb, notes=notes)
    if request.dry_run:
        return confirm_and_carry_out(ctx, make, request, confirm, request.questions.conflicts)
    outcome = confirm_and_carry_out(
        ctx, make, request, _remembering(ctx, own, manifest, confirm), request.questions.conflicts
    )
    # The lockfile decides which list is in the folder; so it does if we are killed on the way here.
    look_into(ctx, home.name)
    return outcome


def _remembering(ctx: Context, own: Own, manifest: bytes, confirm: Confirm) -> Confirm:
    """Ask, and after a yes remember the list as one of ours, and the one from before as replaced."""
    file = ctx.layout.own_layers(own.profile) / MANIFEST

    def ask(proposal: Proposal) -> bool:
        agreed = confirm(proposal)
        if agreed:
            before = [read_file(file)] if file.is_file() else []
            remember(ctx, own.profile, *before, manifest)
        return agreed

    return ask


def _with_list(ctx: Context, place: Path, manifest: bytes) -> Fetched:
    """The package at the place of a profile's own layers, as it will be; nothing is written there yet."""
    make_folders(place, 0o700)
    target = look_up(ctx, _source(place))
    ctx.store.put_many([manifest])
    offer = ctx.sources.fetch(target.spec)
    tree = offer.tree.with_entries({RelPath(MANIFEST): Entry(Digest.of(manifest))})
    offer = offer._replace(tree=tree, pin=offer.pin._replace(tree=tree.digest))
    return Fetched(target=target, offer=offer, manifest=load_manifest(manifest))


def _before(place: Path, lock: Lock | None) -> Mapping[object, object]:
    """What else the list says, written by hand; nothing if the profile follows another source so far."""
    file = place / MANIFEST
    if lock is None or lock.source != str(_source(place)) or not file.is_file():
        return {}
    return as_map(load_data(read_file(file), Kind.YAML))


def _manifest(own: Own, before: Mapping[object, object]) -> bytes:
    data: dict[object, object] = {"name": str(own.profile)}
    if own.base:
        data["extends"] = asked_in(own.base)
    if own.packs:
        data["dependencies"] = [asked_in(one) for one in own.packs]
    data |= {key: value for key, value in before.items() if key not in _OURS}
    return head_of(dump(data, Kind.YAML))
