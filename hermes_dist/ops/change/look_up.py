"""Look up a source: what it offers now, before anything is fetched.

Most updates end here with nothing new, so this module does not load the code that merges.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from hermes_dist.errors import DistError, Invalid, NoFolder, NoRepository, UsageError, counted
from hermes_dist.lazily import later, shlex
from hermes_dist.light import TYPE_CHECKING, NamedTuple
from hermes_dist.model.lock_head import LockHead, load_head, source_of
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.source import AsGit, Pin, PinKind, SourceSpec, parse_source
from hermes_dist.ops.change.target import Naming, Target, check_policies, resolved
from hermes_dist.ops.context import Context
from hermes_dist.ops.own_source import is_own
from hermes_dist.world.child import meanwhile
from hermes_dist.world.files import read_file
from hermes_dist.world.trace import note

with later():
    from hermes_dist.decide.versions import newer_tags
    from hermes_dist.ops.renames import home_now

if TYPE_CHECKING:
    from typing import TypeVar

    from hermes_dist.model.lock import Lock
    from hermes_dist.ops.change.request import Request

    _Read = TypeVar("_Read")


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
        """Whether the profile has received everything the source offers, under the same source as in the lock.

        Never of a package with layers: which versions of them fit together is only known once all are looked up.
        """
        return (
            not self.lock.layers
            and self.target.is_pin(self.lock.pin)
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
    # Whether http:// or git:// is acceptable was decided when the user typed this source.
    spec = absolute(parse_source(lock.source, allow_insecure=True))
    lock_ = _opened(ctx, name) if spec.kind.traits.is_name else None
    spec = spec.at(to) if to else spec
    with following(ctx, name):
        target = look_up(ctx, spec, lock=lock_, before=followed_before(lock, spec))
    note("decide", name, "follows", spec, "to", target.ref, target.commit)
    said = (_with_way_back(ctx, note, name) for note in target.notes)
    notes = (*said, *about_versions(ctx, target, name), *about_redirect(ctx, target, name))
    return Looked(name, lock, target, notes)


@contextlib.contextmanager
def following(ctx: Context, name: ProfileName, *places: str) -> Iterator[None]:
    """If nothing is at the address that a profile follows any more, say how it follows its package to a new one.

    Args:
        ctx: The context.
        name: The profile.
        places: The address and its folder, where others are asked, too: those of its layers.

    Raises:
        NoRepository: There is no repository.
        NoFolder: There is no folder.
    """
    try:
        yield
    except (NoRepository, NoFolder) as gone:
        if not places or any(map(gone.is_within, places)):
            gone.hint = _way_after(ctx, name, gone)
        raise


def _way_after(ctx: Context, name: ProfileName, gone: NoRepository | NoFolder) -> str:
    """Say how a profile follows a package that is not at its address any more."""
    now = home_now(ctx.layout, gone.where)
    source = shlex.quote(now) if now else "SOURCE"
    follow = ctx.command(f"install {source} --name {name} --force")
    if now:
        return f"its profile was renamed; follow it, and keep all that is yours, with: {follow}"
    moved = f"if the package moved, follow it and keep all that is yours with: {follow}"
    # Whether there was a login in the address is stored nowhere, either.
    login = ""
    if isinstance(gone, NoRepository) and gone.where.startswith("http"):
        login = "a login in the address is used once and not kept: give it to a credential helper of git"
    return "; ".join(filter(None, (moved, gone.hint, login)))


def _with_way_back(ctx: Context, said: Note, name: ProfileName) -> Note:
    """Add the command to a note about a version that only the user may go back to."""
    if said.kind is not NoteKind.GO_BACK_TO:
        return said
    version = str(said.datum("version"))
    words = f"update {name} --to {shlex.quote(version)} --allow-downgrade"
    return Note.of(NoteKind.GO_BACK_TO, version=version, command=ctx.command(words))


def fetched_meanwhile(
    ctx: Context, looked: Looked, request: Request | None
) -> AbstractContextManager[None]:
    """Fetch and read what is new while the block loads what merges it; the step that needs it tells of an error."""
    target = looked.target
    stays = looked.lock.held or target.is_pin(looked.lock.pin) or (request and request.locked)
    if stays or not target.commit:
        return contextlib.nullcontext()
    before = "" if request and request.to else looked.lock.pin.commit
    sources = ctx.sources

    def work() -> None:
        sources.fetch_ahead(target.spec, target.commit, before, ctx.progress)

    return meanwhile(work)


def looked_up_meanwhile(ctx: Context, source: str) -> AbstractContextManager[None]:
    """Ask a source, and fetch and read what it offers, while the block loads what installs it; errors as above.

    Args:
        ctx: The context.
        source: The source as typed. Only what is surely a repository is asked.
    """
    specs = list(to_ask(ctx, source))
    if not specs:
        return contextlib.nullcontext()
    sources = ctx.sources  # loaded before the block begins to load as well

    def work() -> None:
        with contextlib.suppress(DistError):
            sources.ask_ahead_one(specs[0], ctx.progress)
            target = resolved(ctx, specs[0], None)
            sources.fetch_ahead(target.spec, target.commit, progress=ctx.progress)

    return meanwhile(work)


def ask_ahead(ctx: Context, names: Iterable[ProfileName]) -> None:
    """Ask the sources of many profiles at once, so that looking up each one later does not wait.

    Args:
        ctx: The context.
        names: The profiles. Errors are reported later, when each profile is looked up itself.
    """
    specs: list[SourceSpec] = []
    for name in names:
        with contextlib.suppress(DistError):
            source, layers = _source(ctx, name)
            specs += to_ask(ctx, source)
            if layers:
                specs += to_ask(ctx, *sources_of_layers(_opened(ctx, name)))
    specs = list(dict.fromkeys(specs))
    if len(specs) > 1:
        ctx.progress(f"asking {counted(len(specs), 'source')}")
        ctx.sources.ask_ahead(specs)
    elif specs:  # all profiles of one source
        with contextlib.suppress(DistError):
            ctx.sources.ask_ahead_one(specs[0], ctx.progress)


def to_ask(ctx: Context, *sources: str) -> Iterator[SourceSpec]:
    """The sources among some that a server can be asked for ahead: without a registry, and within the policies."""
    for source in sources:
        with contextlib.suppress(DistError):
            spec = absolute(parse_source(source, allow_insecure=True))
            if spec.kind.traits.as_git is AsGit.ALWAYS:
                check_policies(ctx, spec)
                yield spec


def sources_of_layers(lock: Lock) -> Iterator[str]:
    """The sources of a profile's layers that are asked on their own; others move with the package beside them."""
    for one in lock.layers:
        if one.pin.kind is not PinKind.COMMIT:
            yield one.source


def _source(ctx: Context, name: ProfileName) -> tuple[str, int]:
    """The source of a profile, and how many packages its top one stands on."""
    found = _as_it_is(ctx, name, source_of)
    if found is None or (found[1] and is_own(found[0])):
        head = _head(ctx, name)
        return head.source, head.layers
    return found


def _head(ctx: Context, name: ProfileName) -> LockHead:
    """Read the head of a lock; open the home first if the file is missing or an operation was interrupted."""
    head = _as_it_is(ctx, name, load_head)
    if head is None or (head.layers and is_own(head.source)):
        return _head_of(_opened(ctx, name))
    return head


def _as_it_is(
    ctx: Context, name: ProfileName, read: Callable[[bytes], _Read | None]
) -> _Read | None:
    """Read from a lock without opening its home; None if that has to be opened first."""
    try:
        # The lockfile changes last, so after an interruption it may tell of the time before.
        if (ctx.layout.private(name) / "txn").exists():
            return None
        return read(read_file(ctx.layout.lockfile(name)))
    except OSError:
        return None


def _opened(ctx: Context, name: ProfileName) -> Lock:
    from hermes_dist.ops.homes import open_home  # noqa: PLC0415 - an update with nothing new reads only the head

    return open_home(ctx, name).need_lock(ctx)


def _head_of(lock: Lock) -> LockHead:
    parked = tuple((str(effect.path), effect.key, effect.facts) for effect in lock.parked)
    return LockHead(
        lock.source,
        lock.pin,
        lock.name,
        len(lock.conflicts),
        parked,
        whole=lock.whole,
        layers=len(lock.layers),
        held=lock.held,
    )


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
        UsageError: A registry is named, and the source is not a name in one.
        Refused: A policy forbids the source, or the tag or branch that the profile follows is gone.
        DistError: The source or the ref does not exist or can't be reached.
    """
    if spec.kind.traits.is_name:
        from hermes_dist.ops.change.look_up_name import look_up_named  # noqa: PLC0415 - only registry names need it

        return look_up_named(ctx, spec, naming or Naming(), lock, before)
    if naming and naming.registry:
        raise UsageError(
            "--registry says where a name is looked up, and this is not a name",
            where=str(spec),
            hint="leave --registry out, or give the package's name",
        )
    check_policies(ctx, spec)
    return resolved(ctx, spec, before)


def absolute(spec: SourceSpec) -> SourceSpec:
    """Give a path on this machine in full, so that it means the same from every working directory."""
    if spec.kind.traits.is_path:
        return spec._replace(location=str(Path(spec.location).expanduser().resolve()))
    return spec


def about_versions(ctx: Context, target: Target, name: ProfileName) -> tuple[Note, ...]:
    """List newer version tags if the source is pinned to one, and say how a profile looks at the newest."""
    at, newer = _pinned_at(target)
    if not newer:
        return ()
    command = ctx.command(f"update {name} --to {shlex.quote(newer[-1])} -n")
    return (Note.of(NoteKind.NEWER_VERSIONS, at=at, newer=tuple(newer[-3:]), command=command),)


def _pinned_at(target: Target) -> tuple[str, Sequence[str]]:
    """The version that a source is pinned to, and those that are newer; none if it is not pinned to one."""
    if target.asked:
        return target.asked.ref, target.newer
    if target.refs is None or target.spec.is_range or not target.ref.startswith("refs/tags/"):
        return "", ()
    at = target.ref.removeprefix("refs/tags/")
    return at, newer_tags(at, target.refs.tags_for(target.spec.subfolder))


def about_redirect(ctx: Context, target: Target, name: ProfileName) -> tuple[Note, ...]:
    """Say that a repository answers at another address by now, and how a profile follows it there."""
    if target.refs is None or not target.refs.moved_to:
        return ()
    try:
        there = parse_source(target.refs.moved_to)
    except Invalid:
        return ()
    spec = target.source._replace(location=there.location)
    command = ctx.command(f"install {shlex.quote(str(spec))} --name {name} --force")
    source, address = target.source.location, there.location
    return (Note.of(NoteKind.SOURCE_REDIRECTED, source=source, address=address, command=command),)
