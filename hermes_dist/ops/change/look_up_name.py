"""Resolve names in registries: from ``research-bot@^1`` to a repository, a commit, and the registry's facts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from hermes_dist.decide.registry import choose, fitting, near_twins, unchanged
from hermes_dist.decide.versions import newer_tags, spelled
from hermes_dist.errors import (
    Cancelled,
    DistError,
    InputNeeded,
    Invalid,
    NoSuchRef,
    Refused,
    Unreachable,
    quoted,
)
from hermes_dist.model.lock import Lock
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.registry import Package, Registry, RegistryKind, Release, is_key
from hermes_dist.model.source import Pin, PinKind, SourceSpec, without_credentials
from hermes_dist.ops.change.target import Naming, Target, check_policies, resolved
from hermes_dist.ops.context import Context
from hermes_dist.world.ports import Refs

_TWINS = 5


class FoundPackage(Struct, frozen=True):
    """A package found in a registry.

    Attributes:
        registry: The registry that lists it.
        package: The registry's entry for it.
    """

    registry: Registry
    package: Package


_FEW = 5


def look_up_named(
    ctx: Context, asked: SourceSpec, naming: Naming, lock: Lock | None, before: Pin | None = None
) -> Target:
    """Look up a name, and ask its repository what it offers.

    Args:
        ctx: The context.
        asked: The name, with a version, range or ref.
        naming: Which registry to use, and how to ask about names that are easily mistaken.
        lock: The lock of the home that holds the package; None for a new home.
        before: The pin that the same name and version led to before; None for nothing.

    Raises:
        Refused: A release changed since it was first seen, the name points to another repository than before,
            or a policy forbids its source.
        DistError: No registry or several have the name, no version is in the range, or a server can't be reached.
    """
    found = find(ctx, asked, naming.registry or _registry_of(ctx, lock), typed=lock is None)
    if lock is None:
        _check_twins(ctx, found, naming)
    received = lock.pin.commit if lock else ""
    choice = choose(found.package, asked, received)
    release = _as_seen(ctx, found, choice.release)
    spec = _spec_of(found, asked, release)
    # Checked before the first contact: a policy also protects from asking a server at all.
    check_policies(ctx, spec)
    if lock is not None:
        _check_same_place(ctx, found, lock)
    # A release names its commit, whatever a ref led to before.
    if release is not None:
        before = None
    target = _offered(ctx, found, asked, spec, before)
    notes = (*choice.notes, *_deprecated(found.package), *_folder_note(asked), *target.notes)
    target = target._replace(asked=asked, registry=found.registry.name, notes=notes)
    if release is not None:
        return _as_released(target, asked, release)._replace(newer=_after(found, asked, release))
    if target.kind is PinKind.COMMIT:
        return target._replace(asked=asked.at(target.commit))
    return target


def _offered(
    ctx: Context, found: FoundPackage, asked: SourceSpec, spec: SourceSpec, before: Pin | None
) -> Target:
    """Ask the repository of a package what it offers."""
    try:
        return resolved(ctx, spec, before)
    except NoSuchRef as err:
        raise _no_such_version(found, asked) if found.package.versions else err from None
    except Unreachable as err:
        # Only the name was typed: say where the address comes from.
        raise err.within(f"{found.package.name} of registry {found.registry.name}") from None


def check_name(ctx: Context, asked: SourceSpec, naming: Naming) -> tuple[Note, ...]:
    """Make sure that a name which a user typed is the one that they mean, before anything is asked of its repository.

    Args:
        ctx: The context.
        asked: The name.
        naming: How to ask about names that are easily mistaken.

    Returns:
        What else there is to say about the name.

    Raises:
        InputNeeded: It is easily mistaken for another, and there is no terminal to ask on.
        Cancelled: It is not the one that the user means.
        DistError: No registry has the name, or several have it.
    """
    _check_twins(ctx, find(ctx, asked, naming.registry), naming)
    return _folder_note(asked)


def named_targets(ctx: Context, asked: SourceSpec, lock: Lock | None = None) -> list[Target]:
    """List what a name may resolve to, the newest first: for a layer, whose version others have a say in, too.

    Args:
        ctx: The context.
        asked: The name, with a version, range or ref.
        lock: A lock of the layer alone, as the home holds it; None for a new one.

    Raises:
        Refused: A release changed since it was first seen, the name points to another repository than before,
            or a policy forbids its source.
        DistError: No registry or several have the name, no version is in the range, or a server can't be reached.
    """
    found = find_as_before(ctx, asked, lock)
    received = lock.pin.commit if lock else ""
    releases = fitting(found.package, asked, received) or (None,)
    # What is said of the choice is about its first release alone: that the one which is here was withdrawn.
    said, targets = choose(found.package, asked, received).notes, []
    if lock is not None:
        _check_same_place(ctx, found, lock)
    for one in releases:
        release = _as_seen(ctx, found, one)
        spec = _spec_of(found, asked, release)
        check_policies(ctx, spec)
        target = resolved(ctx, spec, None)
        notes = (*said, *_deprecated(found.package), *target.notes)
        said = ()
        target = target._replace(asked=asked, registry=found.registry.name, notes=notes)
        targets.append(target if release is None else _as_released(target, asked, release))
    return targets


def find_as_before(ctx: Context, asked: SourceSpec, lock: Lock | None) -> FoundPackage:
    """Find the registry that has a name: the one from which a home received it, if it did.

    Raises:
        DistError: See :func:`find`; or this machine no longer uses that registry.
    """
    return find(ctx, asked, _registry_of(ctx, lock), typed=lock is None)


def _spec_of(found: FoundPackage, asked: SourceSpec, release: Release | None) -> SourceSpec:
    """The place in the package's repository: the release's commit, the ref that was typed, or none."""
    spec = found.package.source
    if release is not None:
        return spec.at(release.commit)
    return spec.at(asked.ref) if asked.ref else spec


def _as_released(target: Target, asked: SourceSpec, release: Release) -> Target:
    """The target with what the registry says of the release; a range or no version is followed, one version is not."""
    kind = PinKind.COMMIT
    if asked.is_range or not asked.ref:
        kind = PinKind.RANGE
    ref = _tag_of(target.refs, release, target.spec.subfolder)
    return target._replace(ref=ref, kind=kind, tree=release.tree, signer=release.signer)


def _after(found: FoundPackage, asked: SourceSpec, release: Release) -> tuple[str, ...]:
    """The good releases after the one version that was asked for; none if a range or the newest was."""
    if asked.is_range or not asked.ref:
        return ()
    good = [one.version for one in found.package.versions if not one.yanked]
    return tuple(newer_tags(release.version, good))


def _as_seen(ctx: Context, found: FoundPackage, release: Release | None) -> Release | None:
    """Check that the release is unchanged since it was first seen; new versions are remembered."""
    registry, package, memory = found.registry.name, found.package, ctx.registries.seen
    if release is not None:
        seen, file = memory.of(registry, package.name), memory.file(registry, package.name)
        release = unchanged(package, release, seen, registry=registry, file=str(file))
    memory.remember(
        registry, package.name, [(spelled(v.version), (v.commit, v.tree)) for v in package.versions]
    )
    return release


def _registry_of(ctx: Context, lock: Lock | None) -> str:
    """The registry that a profile's package came from; empty if none is recorded."""
    if lock is None:
        return ""
    if lock.registry in ("", *(one.name for one in ctx.registries.all())):
        return lock.registry
    raise DistError(
        f"it came from the registry {quoted(lock.registry, 80)}, which this machine no longer uses",
        where=lock.source,
        hint=f"add it again with: {ctx.command(f'registry add PLACE --name {lock.registry}')}",
    )


def _no_such_version(found: FoundPackage, asked: SourceSpec) -> NoSuchRef:
    """The error for a version that neither a registry lists nor its package's repository has as a tag or branch."""
    versions = [one.version for one in found.package.versions if not one.yanked]
    some = newer_tags("0", versions) or versions
    where = f"in the registry {found.registry.name}, and no such tag in its repository"
    return NoSuchRef(
        f"there is no version {quoted(asked.ref, 80)} {where}",
        where=found.package.name,
        hint=f"the registry has {', '.join(reversed(some[-_FEW:]))}" if some else "",
    )


def find(
    ctx: Context, asked: SourceSpec, registry: str = "", *, typed: bool = True
) -> FoundPackage:
    """Find the registry that has a name.

    Args:
        ctx: The context.
        asked: The name.
        registry: The only registry to ask; empty for all.
        typed: The user typed the name, and could have typed an address; otherwise, a profile follows it.

    Raises:
        DistError: No registry has it; the error lists similar names.
        InputNeeded: Several registries have it.
    """
    key = asked.location
    if asked.subfolder:
        raise Invalid("a name in a registry has no folders below it", where=str(asked))
    every = ctx.registries.all()
    asking = every
    if registry:
        asking = (ctx.registries.named(registry),)
    found = [
        FoundPackage(one, package)
        for one in asking
        if is_key(key) and (package := _get(ctx, one, key, among=len(asking), typed=typed))
    ]
    if len(found) > 1:
        names = ", ".join(f"{one.registry.name} ({one.package.source})" for one in found)
        raise InputNeeded(
            f"several registries have {key!r}: {names}", hint="choose one with --registry NAME"
        )
    if not found:
        raise _nobody(ctx, key, [one.name for one in asking])
    return found[0]


def _get(ctx: Context, registry: Registry, key: str, *, among: int, typed: bool) -> Package | None:
    """Ask one registry for a name.

    If there are several, one that can't be reached is an error: the name may be listed there.
    """
    try:
        return ctx.registries.get(registry, key)
    except Unreachable as error:
        what = f"{key!r} is looked up in this registry, which can't be reached: {error.what}"
        where = f"registry {registry.name}: {error.where}"
        ways = [error.hint, *_ways_without(ctx, registry, key, typed=typed)]
        hint, command = "; or ".join(way for way in ways if way), ""
        if among > 1:
            hint, command = (
                f"{hint}; or do without this registry",
                f"registry remove {registry.name}",
            )
        raise Unreachable(what, where=where, hint=hint, command=command) from None


def _ways_without(ctx: Context, registry: Registry, key: str, *, typed: bool) -> Iterator[str]:
    """The ways on while a registry does not answer: its copy on this machine, or another address.

    Args:
        ctx: The context.
        registry: The registry.
        key: The name that is looked up.
        typed: The user typed the name; otherwise, a profile follows it and stays as it is.
    """
    known = ctx.registries.remembered(registry, key)
    if known is not None and registry.kind is not RegistryKind.FOLDER:
        versions = [one.version for one in known.versions if not one.yanked]
        newest = ([""] + (newer_tags("0", versions) or versions))[-1]
        yield f"take {known.name} {newest}".rstrip() + " from the copy read before, with --offline"
    if typed:
        place = str(known.source) if known else "the address of a repository or folder"
        yield f"give {place} in place of the name"


def _nobody(ctx: Context, key: str, asked: list[str]) -> DistError:
    twins: list[str] = []
    if is_key(key):
        twins = near_twins(key, ctx.registries.similar(key))
    folder = ""
    if _is_folder(key):
        folder = f"; for the folder here, write ./{key}"
    if twins:
        hint = f"did you mean {' or '.join(twins[:_TWINS])}?{folder}"
    else:
        hint = f"search with: {ctx.command('search WORDS')}; a repository is github.com/owner/{key}{folder}"
    where = f"registry {', '.join(asked)}" if asked else "there is no registry"
    return DistError(f"no package is called {quoted(key, 100)}", where=where, hint=hint)


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except OSError:  # a name that is too long for any folder
        return False


def _check_twins(ctx: Context, found: FoundPackage, naming: Naming) -> None:
    """Ask about a name that is easily mistaken for another, showing both.

    Raises:
        InputNeeded: There is no terminal to ask on.
        Cancelled: The user said no.
    """
    name = found.package.name
    known = ctx.registries.similar(name)
    twins = near_twins(name, known)[:_TWINS]
    if not twins or naming.accept:
        return
    others = [
        package for twin in twins for one in known[twin] if (package := _readable(ctx, one, twin))
    ]
    if not others:
        return
    if naming.ask is None:
        alike = "; ".join(f"{one.name} from {one.source}" for one in others)
        raise InputNeeded(
            f"{name} from {found.package.source} is easily mistaken for {alike}",
            hint="if this is the one you mean, pass --accept-name",
        )
    if not naming.ask(found.package, tuple(others)):
        raise Cancelled("cancelled, nothing changed")


def _readable(ctx: Context, registry: Registry, key: str) -> Package | None:
    try:
        return ctx.registries.get(registry, key)
    except Invalid:
        return None


def _check_same_place(ctx: Context, found: FoundPackage, lock: Lock) -> None:
    """Make sure that the name still points to the repository that the profile came from.

    Raises:
        Refused: It points to another repository: that is a different package, whoever holds the name now.
    """
    source = found.package.source
    if (without_credentials(ctx.sources.url(source)), source.subfolder) != (
        lock.pin.url,
        lock.pin.subfolder,
    ):
        before = lock.pin.url
        if lock.pin.subfolder:
            before = f"{before}//{lock.pin.subfolder}"
        raise Refused(
            f"the name {found.package.name} stands for {source} now, but this profile came from {before}",
            where=f"registry {found.registry.name}",
            hint="ask its author; if it moved, uninstall it (edited files stay) and install it again",
        )


def _tag_of(refs: Refs | None, release: Release, subfolder: str | None) -> str:
    """The full name of a release's tag, for its signature; empty if the tag is missing or names another commit."""
    if refs is None:
        return ""
    folders = (f"{subfolder}/", "") if subfolder else ("",)
    names = [f"{folder}{v}{release.version}" for folder in folders for v in ("v", "")]
    tags = (name for name in names if refs.tags.get(name) == release.commit)
    return next((f"refs/tags/{name}" for name in tags), "")


def _deprecated(package: Package) -> tuple[Note, ...]:
    """Say that nobody should begin to use a package, and what to use instead."""
    if not package.deprecated:
        return ()
    return (Note.of(NoteKind.DEPRECATED, package=package.name, reason=package.deprecated),)


def _folder_note(asked: SourceSpec) -> tuple[Note, ...]:
    if not Path(asked.location).is_dir():
        return ()
    return (Note.of(NoteKind.TAKEN_AS_NAME, name=asked.location),)
