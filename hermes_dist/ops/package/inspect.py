"""Describe the package of a profile, as ``info`` shows it."""

from __future__ import annotations

from msgspec import Struct

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.environment.wanted import Wanted
from hermes_dist.decide.parts import count_parts
from hermes_dist.errors import DistError
from hermes_dist.model.lock import Lock
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.tree import EMPTY
from hermes_dist.ops.change.variables import environment_of, manifest_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import look_into
from hermes_dist.ops.trust.trusted_keys import signer_words
from hermes_dist.world.load import load_manifest


class Info(Struct, frozen=True, kw_only=True):
    """Facts about the package in a profile."""

    profile: ProfileName
    path: str
    manifest: Manifest | None
    lock: Lock | None
    parts: tuple[tuple[str, int], ...] = ()
    wanted: tuple[Wanted, ...] = ()
    signer: str = ""


def is_package(ctx: Context, text: str) -> bool:
    """Whether a word that names no profile is the name of a package in a registry of this machine."""
    try:
        return not ctx.layout.home(ProfileName(text)).is_dir() and text in ctx.registries.similar(
            text
        )
    except DistError:
        return False


def info(ctx: Context, name: ProfileName) -> Info:
    """Describe the package in a profile; without a lock, as its manifest describes it.

    Raises:
        DistError: There is no package, or its files can't be read.
    """
    home = look_into(ctx, name)
    manifest = None
    if home.lock:
        manifest = manifest_of(ctx, home.lock)
    if manifest is None:
        try:
            manifest = load_manifest((home.path / MANIFEST).read_bytes())
        except FileNotFoundError:
            raise DistError(
                f"the profile {str(name)!r} holds no package",
                where=str(home.path),
                hint=f"see what it is with: {ctx.command(f'show {name}')}",
            ) from None
    tree = home.lock.theirs() if home.lock else EMPTY
    return Info(
        profile=name,
        path=str(home.path),
        manifest=manifest,
        lock=home.lock,
        signer=signer_words(ctx, home.lock.signer) if home.lock else "",
        parts=tuple(count_parts(tree).items()),
        wanted=environment_of(ctx, home.path, manifest),
    )
