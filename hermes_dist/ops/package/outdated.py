"""Ask the sources of profiles whether they have something new: what is installed, in range, and newest."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.history import holds
from hermes_dist.decide.pins import RefGone
from hermes_dist.decide.trust import MovedTag, check_moved_tag
from hermes_dist.decide.versions import choose_tag, is_lower, newer_tags
from hermes_dist.errors import DistError, Invalid, NoFolder, NoSuchRef, Refused, Unreachable
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.registry import Package
from hermes_dist.model.source import PinKind, SourceSpec, parse_source
from hermes_dist.model.tree import Digest
from hermes_dist.ops.change.look_up import absolute, following, look_up
from hermes_dist.ops.change.look_up_name import find
from hermes_dist.ops.change.moved_source import nowhere, way_on
from hermes_dist.ops.change.target import Target
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import look_into
from hermes_dist.ops.layers.news import LayerNews, newer_layers

_TAGS = "refs/tags/"


class Outdated(Struct, frozen=True, kw_only=True):
    """Whether a profile's source has something new.

    Attributes:
        state: ``current``, ``behind``, ``held``, ``none`` (no lock) or ``error``.
        here: The received commit or tree, shortened.
        there: What the source has now, shortened.
        version: The version that was received.
        in_range: What an update would take: a tag or version, or else the commit, shortened.
        latest: The newest version that the source or the registry has, in range or not; empty if it has no versions.
        follows: What kind of ref the profile follows; None if it has no lock.
        newer: Newer versions, oldest first, if the profile is pinned to one.
        beyond: The newest version, if the profile follows a range and it is newer than any in that range; else empty.
        back: The version that the source leads to, if it is older than the received one; else empty.
        yanked: Why the received release was withdrawn; empty if it was not.
        deprecated: Why nobody should begin to use the package, and what to use instead; empty if it is kept up.
        held: Whether updates skip the profile.
        layers: The packages below it that have something newer.
        error: Why the source could not be asked, or why what it has is refused.
        next: The command that leads on, without the program's name; empty only if the profile has all that there is.
    """

    profile: ProfileName
    state: str
    here: str = ""
    there: str = ""
    version: str = ""
    in_range: str = ""
    latest: str = ""
    follows: PinKind | None = None
    newer: tuple[str, ...] = ()
    beyond: str = ""
    back: str = ""
    yanked: str = ""
    deprecated: str = ""
    held: bool = False
    layers: tuple[LayerNews, ...] = ()
    error: DistError | None = None
    next: str = ""

    @property
    def refused(self) -> bool:
        """Whether a rule forbids what the source has."""
        return isinstance(self.error, Refused)


class _Versions(Struct, frozen=True):
    """What is known of the versions of a source.

    Attributes:
        in_range: The version that the source leads to; empty if that has none.
        latest: The newest one of all; empty if there is none.
        newer: Those after a pinned one.
        beyond: The newest one, if it is newer than any in the range that is followed.
        back: The version that the source leads to, if it is older than the received one.
        yanked: Why the received one was withdrawn.
        deprecated: What the registry says of a package that nobody should begin to use.
    """

    in_range: str = ""
    latest: str = ""
    newer: tuple[str, ...] = ()
    beyond: str = ""
    back: str = ""
    yanked: str = ""
    deprecated: str = ""

    def after(self, kind: PinKind, here: str, all_: Iterable[str]) -> _Versions:
        """Add what is newer than the version that is followed: a pin or a range never leads there by itself."""
        newer = tuple(newer_tags(here, all_))
        if kind in (PinKind.TAG, PinKind.COMMIT):
            return replace(self, newer=newer)
        if kind is PinKind.RANGE and newer:
            return replace(self, beyond=newer[-1])
        return self


def outdated(ctx: Context, name: ProfileName) -> Outdated:
    """Ask a profile's source whether it has something new; an error becomes part of the answer."""
    lock = None
    try:
        home = look_into(ctx, name)
        lock = home.lock
        if lock is None:
            return Outdated(profile=name, state="none", next=home.way_to_package(ctx))
        spec = absolute(parse_source(lock.source, allow_insecure=True))
        with following(ctx, name):
            target = look_up(ctx, spec, lock=lock, before=lock.pin)
        check_moved_tag(str(spec), lock.pin, target.ref, target.commit)
        there = target.commit or _tree_there(ctx, name, lock, target)
        versions = _versions(ctx, lock, spec, target)
        layers = newer_layers(ctx, lock, target)
    except DistError as error:
        return _failed(name, lock, error)
    state = _state(lock, target, there, layers)
    return Outdated(
        profile=name,
        state=state,
        here=lock.pin.short,
        there=there[:7],
        version=lock.pin.version,
        in_range=versions.in_range or there[:7],
        latest=versions.latest,
        follows=lock.pin.kind,
        newer=versions.newer,
        beyond=versions.beyond,
        back=versions.back,
        yanked=versions.yanked,
        deprecated=versions.deprecated,
        held=bool(lock.held),
        layers=layers,
        next=_next(name, state, versions, lock) or _look(name, lock, layers, versions),
    )


def _failed(name: ProfileName, lock: Lock | None, error: DistError) -> Outdated:
    if lock is None:
        return Outdated(
            profile=name, state="error", error=error, next=_after(name, error, "doctor")
        )
    here, version, held = lock.pin.short, lock.pin.version, bool(lock.held)
    return Outdated(
        profile=name,
        state="error",
        error=error,
        here=here,
        version=version,
        follows=lock.pin.kind,
        held=held,
        next=_after(name, error, _again(name, error)),
    )


def _after(name: ProfileName, error: DistError, otherwise: str) -> str:
    """The command after an error: the one that it names, or what shows what its flag would do."""
    if error.command:
        return error.command
    if isinstance(error, MovedTag):
        return f"update {name} --accept-moved-tag -n"
    if isinstance(error, RefGone) and error.instead:
        return f"update {name} --to {shlex.quote(error.instead)} -n"
    return otherwise


def _again(name: ProfileName, error: DistError) -> str:
    """The command that says more: which servers answer, all about what is refused, or what is wrong on this machine."""
    if isinstance(error, Unreachable):
        return "doctor --sources"
    if isinstance(error, NoSuchRef):
        return f"update {name} --to latest -n"
    if isinstance(error, NoFolder):
        return f"update {name} -n"
    return f"update {name} -n" if isinstance(error, Refused) else "doctor"


def _look(name: ProfileName, lock: Lock, layers: tuple[LayerNews, ...], versions: _Versions) -> str:
    """The command that shows why there is nothing to update to; empty if nothing is in the way."""
    if layers:
        return f"tree {name}"
    if versions.yanked or versions.deprecated:
        return f"show {shlex.quote(lock.source)}"
    return ""


def _state(lock: Lock, target: Target, there: str, layers: tuple[LayerNews, ...]) -> str:
    if target.is_pin(lock.pin) or there == lock.pin.tree:
        if all(one.kept_back for one in layers):
            return "current"
        return "held" if lock.held else "behind"
    return "held" if holds(lock.held, there, "") else "behind"


def _next(name: ProfileName, state: str, versions: _Versions, lock: Lock) -> str:
    if state == "behind":
        return f"update {name} --allow-downgrade -n" if versions.back else f"update {name}"
    there = _elsewhere(versions)
    if state == "held" or (lock.held and there):
        return f"unhold {name}"
    return f"update {name} --to {there}" if there else ""


def _elsewhere(versions: _Versions) -> str:
    """The ref of a newer version that only the user's word leads to, or of a good one instead of a yanked one."""
    if versions.newer:
        return shlex.quote(versions.newer[-1])
    if versions.beyond:
        # A range stays a range: the first version of this one is known to exist.
        return shlex.quote(f"^{versions.beyond.removeprefix('v')}")
    if versions.yanked and versions.latest:
        return f"{shlex.quote(versions.latest)} --allow-downgrade"
    return ""


def _versions(ctx: Context, lock: Lock, spec: SourceSpec, target: Target) -> _Versions:
    found = _known(ctx, lock, spec, target)
    if target.is_pin(lock.pin):
        return found
    there = (found.in_range or _tag_at(target)).rpartition("/")[2]
    back = is_lower(there.removeprefix("v"), lock.pin.version.removeprefix("v"))
    return replace(found, back=there) if back else found


def _tag_at(target: Target) -> str:
    """The newest tag of the commit that a branch leads to; empty if it has none."""
    if target.refs is None:
        return ""
    tags = target.refs.tags
    return _newest(
        tag for tag in target.refs.tags_for(target.spec.subfolder) if tags[tag] == target.commit
    )


def _known(ctx: Context, lock: Lock, spec: SourceSpec, target: Target) -> _Versions:
    if not spec.kind.traits.is_name:
        return _tagged(lock, target)
    package = find(ctx, spec, lock.registry).package
    # Where the registry pins no release, the source's own tags count.
    found = _registered(package, lock, target) if package.versions else _tagged(lock, target)
    return replace(found, deprecated=package.deprecated)


def _tagged(lock: Lock, target: Target) -> _Versions:
    """What the tags of a source say."""
    if target.refs is None:
        return _Versions()
    tags = target.refs.tags_for(target.spec.subfolder)
    found = _Versions(latest=_newest(tags))
    if not target.ref.startswith(_TAGS):
        return found.after(target.kind, lock.pin.version, tags)
    tag = target.ref.removeprefix(_TAGS)
    return replace(found, in_range=tag).after(target.kind, tag, tags)


def _registered(package: Package, lock: Lock, target: Target) -> _Versions:
    """What the registry says of its releases."""
    by_commit = {one.commit: one for one in package.versions}
    here, there = by_commit.get(lock.pin.commit), by_commit.get(target.commit)
    good = [one.version for one in package.versions if not one.yanked]
    found = _Versions(latest=_newest(good))
    if there:
        found = replace(found, in_range=there.version).after(target.kind, there.version, good)
    return replace(found, yanked=here.yanked) if here else found


def _newest(tags: Iterable[str]) -> str:
    """The newest version of all; empty if no tag is one."""
    try:
        return choose_tag("latest", tags)
    except Invalid:
        return ""


def _tree_there(ctx: Context, name: ProfileName, lock: Lock, target: Target) -> Digest:
    """The digest of what a folder or archive holds now; none of its contents is stored."""
    with way_on(ctx, name, lock):
        tree = ctx.sources.glance(target.spec)
        if RelPath(MANIFEST) not in tree and not lock.top.taken:
            raise nowhere(ctx, target)
    return tree.digest
