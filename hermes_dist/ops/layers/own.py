"""Layers that a user puts under a profile of their own, published or not: ``layer add``, ``remove`` and ``list``.

What the user asks for is written as any author would write it: into a manifest with ``extends`` and ``dependencies``,
in a folder of this machine that becomes the profile's source. So everything else (update, rollback, consent, status)
treats such a profile like one whose package somebody published. A package that it had before becomes the base.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.layers.wanted import Dependency, asked_in, source_of_layer, wanted_by
from hermes_dist.decide.parts import parse_parts
from hermes_dist.errors import DistError, UsageError
from hermes_dist.model.documents.api import Kind, dump
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.model.source import SourceKind, SourceSpec
from hermes_dist.ops.change.confirm import confirm_and_carry_out
from hermes_dist.ops.change.fetch import fetch, placed_in
from hermes_dist.ops.change.look_up import absolute, look_up
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.propose import propose_incoming
from hermes_dist.ops.change.request import Confirm, Request
from hermes_dist.ops.change.variables import manifest_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, look_into, open_home
from hermes_dist.ops.inputs.ask import with_inputs
from hermes_dist.ops.layers.ask import with_layers
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.disk.owners import make_folders


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
    _check_new(ctx, own, added)
    if not base:
        wanted = replace(own, packs=(*own.packs, added))
    elif own.base is None:
        wanted = replace(own, base=added)
    else:
        raise UsageError(
            f"{name} extends {own.base} already",
            hint=f"take that out first: {ctx.command(f'layer remove {name} {own.base}')}",
        )
    return _changed(ctx, home, wanted, request, confirm, "layer add")


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
    own = replace(_read(ctx, name, home.lock), packages=home.lock.packages if home.lock else ())
    gone = [one for one in (own.base, *own.packs) if one and _is_called(own, one, source)]
    if len(gone) != 1:
        raise _not_there(ctx, own, source)
    wanted = replace(
        own,
        base=None if own.base in gone else own.base,
        packs=tuple(one for one in own.packs if one not in gone),
    )
    return _changed(ctx, home, wanted, request, confirm, "layer remove")


def place_of(ctx: Context, name: ProfileName) -> Path:
    """The folder with the manifest of a profile's own layers."""
    return ctx.layout.shared / "layers" / name


def _read(ctx: Context, name: ProfileName, lock: Lock | None) -> Own:
    """What the user put under a profile; of one with another source, that source is the base to be."""
    place = place_of(ctx, name)
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


def _check_new(ctx: Context, own: Own, added: Dependency) -> None:
    for one in (own.base, *own.packs):
        if one and one.source and added.source and _without_ref(one) == _without_ref(added):
            raise UsageError(
                f"{own.profile} has the layer {one} already",
                hint=f"take it out first: {ctx.command(f'layer remove {own.profile} {one}')}",
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


def _not_there(ctx: Context, own: Own, source: str) -> DistError:
    known = [str(one) for one in (own.base, *own.packs) if one]
    if known:
        hint = f"its layers are {', '.join(known)}; see: {ctx.command(f'layer list {own.profile}')}"
    else:
        hint = f"add one with: {ctx.command(f'layer add {own.profile} SOURCE')}"
    return DistError(
        f"you put no layer {source!r:.200} under {own.profile}", where=str(own.profile), hint=hint
    )


def _changed(
    ctx: Context, home: Home, own: Own, request: Request, confirm: Confirm, verb: str
) -> Outcome:
    """Write what the user asks for, and bring the home to it; if that does not happen, the manifest is as before."""
    if home.name == DEFAULT_PROFILE and home.lock is None:
        raise UsageError("the default profile can't stand on layers", hint="name another profile")
    place = place_of(ctx, home.name)
    with _written(place, own) as keep:
        target = look_up(ctx, _source(place))
        # What the profile held so far is a layer now: it is judged as that, and not as the package at the top.
        fetched = with_layers(ctx, fetch(ctx, target), home, request)
        fetched, request = with_inputs(fetched, home, request)
        view = home
        if home.lock is not None:
            bare = home.lock.with_top(signer="", demands=None)
            view = replace(home, lock=bare)
        incoming = placed_in(ctx, fetched, home)
        make = partial(propose_incoming, ctx, view, incoming, verb=verb)
        outcome = confirm_and_carry_out(ctx, make, request, confirm, request.questions.conflicts)
        if outcome.done or (not request.dry_run and outcome.proposal is not None):
            keep()
    return outcome


@contextmanager
def _written(place: Path, own: Own) -> Iterator[Callable[[], None]]:
    """Write the manifest; unless it is told to be kept, the one from before comes back."""
    file = place / MANIFEST
    before = file.read_bytes() if file.is_file() else None
    kept = False

    def keep() -> None:
        nonlocal kept
        kept = True

    make_folders(place, 0o700)
    atomic_write(file, _manifest(own))
    try:
        yield keep
    finally:
        if not kept:
            if before is None:
                file.unlink(missing_ok=True)
            else:
                atomic_write(file, before)


def _manifest(own: Own) -> bytes:
    data: dict[str, object] = {"name": str(own.profile)}
    if own.base:
        data["extends"] = asked_in(own.base)
    if own.packs:
        data["dependencies"] = [asked_in(one) for one in own.packs]
    return b"# Written by `layer add` and `layer remove`.\n" + dump(data, Kind.YAML)
