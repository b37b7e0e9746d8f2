"""Look up a source: what it offers now, before anything is fetched.

Most updates end here with nothing new, so this module does not load the code that merges.
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
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.source import Pin, PinKind, SourceKind, SourceSpec, parse_source, pin_kind
from hermes_dist.ops.context import Context
from hermes_dist.world.keys.files import read_policies
from hermes_dist.world.ports import Refs

if TYPE_CHECKING:
    from hermes_dist.model.lock import Lock
    from hermes_dist.model.registry import Package


class Naming(NamedTuple):
    """How to resolve a name in a registry.

    Attributes:
        registry: The registry to ask; empty for whichever has the name.
        accept: Accept a name that is easily mistaken for another, without asking.
        ask: Shows such a name next to the similar ones, and asks.
    """

    registry: str = ""
    accept: bool = False
    ask: Callable[[Package, tuple[Package, ...]], bool] | None = None


class Target(NamedTuple):
    """A source that was looked up; nothing is fetched yet.

    Attributes:
        refs: The refs of the repository; None for a folder or archive.
        ref: The full name of the ref to follow; empty for a commit, a folder or an archive.
        commit: The commit; empty for a folder or archive.
        kind: What is followed.
        asked: The source as the user gave it, if that is a name in a registry.
        registry: The registry that lists it; empty for none.
        tree: The package's digest according to the registry; empty for none.
        signer: The fingerprint of the signing key according to the registry; empty for none.
        notes: What to say about the choice.
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
    notes: tuple[Note, ...] = ()

    @property
    def source(self) -> SourceSpec:
        """The source as the user gave it, which the lock records."""
        return self.asked or self.spec

    @property
    def pinned(self) -> bool:
        """Whether the source as the user gave it names one tag or commit."""
        return self.kind in (PinKind.TAG, PinKind.COMMIT)

    def is_pin(self, pin: Pin) -> bool:
        """Whether it is exactly the commit that was received already."""
        return (
            bool(self.commit) and self.commit == pin.commit and self.spec.subfolder == pin.subfolder
        )


class Looked(NamedTuple):
    """A profile and what its source offers now.

    Attributes:
        name: The profile.
        lock: The head of its lock.
        target: What the source offers.
        notes: Versions newer than the pinned one.
    """

    name: ProfileName
    lock: LockHead
    target: Target
    notes: tuple[Note, ...]

    @property
    def nothing_new(self) -> bool:
        """Whether the profile has received everything the source offers, under the same source as in the lock."""
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
        to: A ref to use instead of the lock's; empty for none.

    Raises:
        DistError: The profile has no lock, or the source or ref can't be reached.
    """
    lock = _head(ctx, name)
    spec = absolute(parse_source(lock.source, allow_insecure=True))
    lock_ = _opened(ctx, name) if spec.kind is SourceKind.REGISTRY else None
    spec = spec.at(to) if to else spec
    target = look_up(ctx, spec, lock=lock_, before=followed_before(lock, spec))
    return Looked(name, lock, target, (*target.notes, *about_versions(target)))


def ask_ahead(ctx: Context, names: Iterable[ProfileName]) -> None:
    """Ask the sources of many profiles at once, so that looking up each one later does not wait.

    Args:
        ctx: The context.
        names: The profiles. Errors are reported later, when each profile is looked up itself.
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
    """Read the head of a lock; open the home first if the file is missing or an operation was interrupted."""
    try:
        interrupted = (ctx.layout.private(name) / "txn").exists()
        head = None if interrupted else load_head(ctx.layout.lockfile(name).read_bytes())
    except OSError:
        head = None
    return head or _head_of(_opened(ctx, name))


def _opened(ctx: Context, name: ProfileName) -> Lock:
    from hermes_dist.ops.homes import open_home  # noqa: PLC0415 - an update with nothing new reads only the head

    return open_home(ctx, name).need_lock(ctx)


def _head_of(lock: Lock) -> LockHead:
    parked = tuple((str(effect.path), effect.key) for effect in lock.parked)
    return LockHead(lock.source, lock.pin, lock.name, len(lock.conflicts), parked, whole=lock.whole)


def followed_before(lock: Lock | LockHead | None, spec: SourceSpec) -> Pin | None:
    """The pin that this same source and ref led to before; None if the source or the ref is a new one."""
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
        naming: How to resolve a name in a registry.
        lock: The lock of the home, if it holds the package already.
        before: The pin that the same source led to before; None if it is followed for the first time.

    Raises:
        Refused: A policy forbids the source, or the tag or branch that the profile follows is gone.
        DistError: The source or the ref does not exist or can't be reached.
    """
    if spec.kind is SourceKind.REGISTRY:
        from hermes_dist.ops.change.look_up_name import look_up_named  # noqa: PLC0415 - only registry names need it

        return look_up_named(ctx, spec, naming or Naming(), lock, before)
    check_policies(ctx, spec)
    return resolved(ctx, spec, before)


def resolved(ctx: Context, spec: SourceSpec, before: Pin | None) -> Target:
    """Ask a repository, folder or archive what it offers, and choose the commit.

    Raises:
        DistError: See :func:`look_up`.
    """
    refs = ctx.sources.refs(spec)
    notes: tuple[Note, ...] = ()
    if refs is not None and before is not None:
        # A tag that turned into a branch, or the reverse, is refused: the same word would follow
        # something else.
        check_kept(str(spec), spec.ref, before, refs.tags, refs.heads)
    ref, commit = ctx.sources.resolve_ref(spec, refs, choose_tag, before)
    if refs is not None:
        notes = about_refs(spec.ref, before, ref, refs.tags, refs.heads)
    kind = pin_kind(spec, ref, commit)
    if kind is PinKind.COMMIT:
        spec = spec.at(commit)  # store the full id, not the prefix that was typed
    return Target(spec, refs, ref, commit, kind, notes=notes)


def check_policies(ctx: Context, spec: SourceSpec) -> None:
    """Check a source against the policies, before contacting it.

    Raises:
        Refused: A policy forbids the source.
    """
    if policies := read_policies(ctx.layout):
        from hermes_dist.decide.trust import check_source  # noqa: PLC0415 - only needed if a policy is set

        check_source(spec, policies)


def absolute(spec: SourceSpec) -> SourceSpec:
    """Give a folder or archive its full path, so that it means the same from every working directory."""
    if spec.kind in (SourceKind.FOLDER, SourceKind.ARCHIVE):
        return spec._replace(location=str(Path(spec.location).expanduser().resolve()))
    return spec


def about_versions(target: Target) -> tuple[Note, ...]:
    """List newer version tags if the source is pinned to one."""
    if (
        target.refs is None
        or not target.ref.startswith("refs/tags/")
        or target.spec.is_range
        or target.asked
    ):
        return ()
    at = target.ref.removeprefix("refs/tags/")
    newer = newer_tags(at, target.refs.tags)
    if not newer:
        return ()
    return (Note.of(NoteKind.NEWER_VERSIONS, at=at, newer=tuple(newer[-3:])),)
