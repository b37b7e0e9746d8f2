"""Look without changing anything: info, outdated."""

from __future__ import annotations

from msgspec import Struct

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.environment.wanted import Wanted
from hermes_dist.decide.history import holds
from hermes_dist.decide.parts import count_parts
from hermes_dist.decide.trust import check_moved_tag
from hermes_dist.decide.versions import newer_tags
from hermes_dist.errors import DistError
from hermes_dist.model.lock import Lock
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import EMPTY, Digest
from hermes_dist.ops.change.look_up import absolute, look_up
from hermes_dist.ops.change.moved_source import nowhere, way_on
from hermes_dist.ops.change.target import Target
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


class Outdated(Struct, frozen=True, kw_only=True):
    """Whether a profile's source has something new.

    Attributes:
        state: ``current``, ``behind``, ``held``, ``none`` (no lock) or ``error``.
        here: The received commit or tree, shortened.
        there: What the source has now, shortened.
        newer: Newer version tags, if the profile is pinned to one.
        error: Why the source could not be asked.
    """

    profile: ProfileName
    state: str
    here: str = ""
    there: str = ""
    version: str = ""
    newer: tuple[str, ...] = ()
    error: DistError | None = None


def outdated(ctx: Context, name: ProfileName) -> Outdated:
    """Ask a profile's source whether it has something new; an error becomes part of the answer."""
    try:
        lock = look_into(ctx, name).lock
        if lock is None:
            return Outdated(profile=name, state="none")
        spec = absolute(parse_source(lock.source, allow_insecure=True))
        target = look_up(ctx, spec, lock=lock, before=lock.pin)
        check_moved_tag(str(spec), lock.pin, target.ref, target.commit)
        there = target.commit or _tree_there(ctx, name, lock, target)
        same = target.is_pin(lock.pin) or there == lock.pin.tree
    except DistError as error:
        return Outdated(profile=name, state="error", error=error)
    newer: tuple[str, ...] = ()
    if target.refs is not None and target.ref.startswith("refs/tags/") and not target.asked:
        newer = tuple(newer_tags(target.ref.removeprefix("refs/tags/"), target.refs.tags))
    state = "behind"
    if same:
        state = "current"
    elif holds(lock.held, there, ""):
        state = "held"
    return Outdated(
        profile=name,
        state=state,
        here=lock.pin.short,
        there=there[:7],
        version=lock.pin.version,
        newer=newer,
    )


def _tree_there(ctx: Context, name: ProfileName, lock: Lock, target: Target) -> Digest:
    """The digest of what a folder or archive holds now; none of its contents is stored."""
    with way_on(ctx, name, lock):
        tree = ctx.sources.glance(target.spec)
        if RelPath(MANIFEST) not in tree:
            raise nowhere(ctx, target)
    return tree.digest
