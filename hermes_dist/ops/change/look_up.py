"""Looking a source up: what it offers now, before anything of it is fetched.

Most updates end here, with nothing new, so this module loads nothing of merging.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hermes_dist.decide.pins import about_refs, check_kept
from hermes_dist.decide.versions import choose_tag, newer_tags
from hermes_dist.errors import DistError, counted
from hermes_dist.model.lock_head import LockHead, load_head
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.source import Pin, PinKind, SourceKind, SourceSpec, parse_source, pin_kind
from hermes_dist.ops.context import Context
from hermes_dist.world.keys.files import read_policies
from hermes_dist.world.ports import Refs

if TYPE_CHECKING:
    from hermes_dist.model.lock import Lock
    from hermes_dist.model.registry import Package


class Naming(NamedTuple):
    """How a name in a registry is meant.

    Attributes:
        registry: Which registry; empty for the one that has it.
        accept: A name that is easily mistaken for another is meant.
        ask: Shows such a name beside the others, and asks.
    """

    registry: str = ""
    accept: bool = False
    ask: Callable[[Package, tuple[Package, ...]], bool] | None = None


class Target(NamedTuple):
    """A source looked up, and nothing fetched yet.

    Attributes:
        refs: What the repository offers; None for a folder or archive.
        ref: The full name of the ref to follow; empty for a commit, a folder or an archive.
        commit: The commit; empty for a folder or archive.
        kind: What is followed.
        asked: What was asked for, where that is a name in a registry.
        registry: Which registry has it; empty for none.
        tree: The digest that the registry says the package has; empty for none.
        signer: The fingerprint of the key that the registry says signed it; empty for none.
        notes: What is worth saying about the choice.
    """

    spec: SourceSpec
    refs: Refs | None
    ref: str
    commit: str
    kind: PinKind
    asked: SourceSpec | None = None
    registry: str = ""
    tree: str = ""
    signer: str = ""
    notes: tuple[str, ...] = ()

    @property
    def source(self) -> SourceSpec:
        """The source as asked for: what a lock remembers."""
        return self.asked or self.spec

    @property
    def pinned(self) -> bool:
        """Whether the source as asked for names one tag or commit."""
        return self.kind in (PinKind.TAG, PinKind.COMMIT)

    def is_pin(self, pin: Pin) -> bool:
        """Whether it is the very commit that was received already."""
        return (
            bool(self.commit) and self.commit == pin.commit and self.spec.subfolder == pin.subfolder
        )


class Looked(NamedTuple):
    """A profile, and what its source offers now.

    Attributes:
        name: The profile.
        lock: The head of its lock.
        target: What the source offers.
        notes: Newer versions than the one it is pinned at.
    """

    name: ProfileName
    lock: LockHead
    target: Target
    notes: tuple[str, ...]

    @property
    def nothing_new(self) -> bool:
        """Whether the profile received all of what the source offers, by the very words of the lock."""
        return (
            self.target.is_pin(self.lock.pin)
            and str(self.target.source) == self.lock.source
            and self.lock.whole
        )


def look(ctx: Context, name: ProfileName, to: str = "") -> Looked:
    """Ask a profile's source what it offers.

    Args:
        ctx: The context.
        name: The profile.
        to: Another ref than the lock's; empty for none.

    Raises:
        DistError: The profile has no lock, or the source or ref can't be had.
    """
    lock = _head(ctx, name)
    spec = absolute(parse_source(lock.source, allow_insecure=True))
    lock_ = _opened(ctx, name) if spec.kind is SourceKind.REGISTRY else None
    spec = spec.at(to) if to else spec
    target = look_up(ctx, spec, lock=lock_, before=followed_before(lock, spec))
    return Looked(name, lock, target, (*target.notes, *about_versions(target)))


def ask_ahead(ctx: Context, names: Iterable[ProfileName]) -> None:
    """Ask the sources of many profiles at once; looking each up then waits for nobody.

    Args:
        ctx: The context.
        names: The profiles. What is wrong with one is said when it is looked up itself.
    """
    specs = []
    for name in names:
        with contextlib.suppress(DistError):
            spec = absolute(parse_source(_head(ctx, name).source, allow_insecure=True))
            if spec.kind is SourceKind.GIT:
                check_policies(ctx, spec)
                specs.append(spec)
    if len(specs) > 1:
        ctx.progress(f"asking {counted(len(specs), 'source')}")
        ctx.sources.ask_ahead(specs)


def _head(ctx: Context, name: ProfileName) -> LockHead:
    """Read the head of a lock; where that is not simply there to be read, the home is opened."""
    try:
        interrupted = (ctx.layout.private(name) / "txn").exists()
        head = None if interrupted else load_head(ctx.layout.lockfile(name).read_bytes())
    except OSError:
        head = None
    return head or _head_of(_opened(ctx, name))


def _opened(ctx: Context, name: ProfileName) -> Lock:
    from hermes_dist.ops.homes import open_home  # noqa: PLC0415 - start-up

    return open_home(ctx, name).need_lock(ctx)


def _head_of(lock: Lock) -> LockHead:
    parked = tuple((str(effect.path), effect.key) for effect in lock.parked)
    return LockHead(lock.source, lock.pin, lock.name, len(lock.conflicts), parked, whole=lock.whole)


def followed_before(lock: Lock | LockHead | None, spec: SourceSpec) -> Pin | None:
    """What the very same source came to before; None where another one, or another ref, is asked for."""
    return lock.pin if lock and lock.source == str(spec) else None


def look_up(
    ctx: Context,
    spec: SourceSpec,
    naming: Naming | None = None,
    *,
    lock: Lock | None = None,
    before: Pin | None = None,
) -> Target:
    """Ask a source what it offers, and choose the commit.

    Args:
        ctx: The context.
        spec: The source.
        naming: For a name in a registry: which one is meant.
        lock: The lock of a home that holds the package already.
        before: What the very same source came to before; None where it is followed for the first time.

    Raises:
        Refused: A policy does not let the source in, or the tag or branch that was followed is not one any more.
        DistError: The source or the ref is not there, or can't be reached.
    """
    if spec.kind is SourceKind.REGISTRY:
        from hermes_dist.ops.change.look_up_name import look_up_named  # noqa: PLC0415 - only who names a package pays for registries

        return look_up_named(ctx, spec, naming or Naming(), lock, before)
    check_policies(ctx, spec)
    return resolved(ctx, spec, before)


def resolved(ctx: Context, spec: SourceSpec, before: Pin | None) -> Target:
    """Ask a repository, folder or archive what it offers, and choose the commit.

    Raises:
        DistError: See :func:`look_up`.
    """
    refs = ctx.sources.refs(spec)
    notes: tuple[str, ...] = ()
    if refs is not None and before is not None:
        check_kept(str(spec), spec.ref, before, refs.tags, refs.heads)
    ref, commit = ctx.sources.resolve_ref(spec, refs, choose_tag, before)
    if refs is not None:
        notes = about_refs(spec.ref, before, ref, refs.tags, refs.heads)
    kind = pin_kind(spec, ref, commit)
    if kind is PinKind.COMMIT:
        spec = spec.at(commit)  # the start of an id is looked up once, and kept whole
    return Target(spec, refs, ref, commit, kind, notes=notes)


def check_policies(ctx: Context, spec: SourceSpec) -> None:
    """Hold a source against the policies, before anybody talks to it.

    Raises:
        Refused: A policy does not let it in.
    """
    if policies := read_policies(ctx.layout):
        from hermes_dist.decide.trust import check_source  # noqa: PLC0415 - only where a policy is set

        check_source(spec, policies)


def absolute(spec: SourceSpec) -> SourceSpec:
    """Write a folder or archive with its full path, so that it means the same from everywhere."""
    if spec.kind in (SourceKind.FOLDER, SourceKind.ARCHIVE):
        return spec._replace(location=str(Path(spec.location).expanduser().resolve()))
    return spec


def about_versions(target: Target) -> tuple[str, ...]:
    """Tell of newer version tags where one is followed as pinned."""
    if (
        target.refs is None
        or not target.ref.startswith("refs/tags/")
        or target.spec.is_range
        or target.asked
    ):
        return ()
    newer = newer_tags(target.ref.removeprefix("refs/tags/"), target.refs.tags)
    return (
        (f"pinned at {target.ref.removeprefix('refs/tags/')}; newer: {', '.join(newer[-3:])}",)
        if newer
        else ()
    )
