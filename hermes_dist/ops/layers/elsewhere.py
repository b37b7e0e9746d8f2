"""A layer whose folder is another one than the one that it was received from, although nobody named another one."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from hermes_dist.decide.layers.wanted import wanted_by
from hermes_dist.errors import Refused
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.source import SourceKind, SourceSpec, as_typed, parse_source
from hermes_dist.ops.change.fetch import Fetched
from hermes_dist.ops.change.variables import manifest_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.own_source import is_own


def refuse_elsewhere(ctx: Context, name: ProfileName, lock: Lock, fetched: Fetched) -> None:
    """Make sure that no path of a manifest leads to another folder than before.

    Once, such a path began where the command was run, if the package was read from a ``file://`` address; and what a
    link leads to may have changed. Other files than before are never taken without being asked for.

    Args:
        ctx: The context.
        name: The profile.
        lock: Its lock.
        fetched: The package that the profile follows, with its layers.

    Raises:
        Refused: One does; the error names both folders, and the command that takes the layer from the other one.
    """
    for before, now in _moved(lock, fetched):
        if _renamed(ctx, lock, fetched, now.name):
            continue
        written = fetched.stack.written[now.name] if fetched.stack else ""
        raise Refused(
            f"the layer {now.name} was received from {before.source}, but its path {written} begins at the manifest "
            f"that names it and leads to {now.source}",
            where=str(name),
            hint=_way_on(ctx, name, lock, before),
        )


def _moved(lock: Lock, fetched: Fetched) -> Iterator[tuple[LockedPackage, LockedPackage]]:
    """The layers named by a path that were in another folder, as they were received and as they would be now."""
    if fetched.stack is None:
        return
    before = {one.name: one for one in lock.layers}
    stays = {_place(one) for one in fetched.stack.locked}
    for now in fetched.stack.locked:
        had = before.get(now.name)
        if had is None or now.name not in fetched.stack.written:
            continue
        if _spec(had).kind is SourceKind.FOLDER and _place(had) not in stays:
            yield had, now


def _spec(package: LockedPackage) -> SourceSpec:
    return parse_source(package.source, allow_insecure=True)


def _place(package: LockedPackage) -> tuple[str, object]:
    spec = _spec(package)
    return spec.location, spec.subfolder


def _renamed(ctx: Context, lock: Lock, fetched: Fetched, layer: str) -> bool:
    """Whether the author names another path for a layer than in the version that was received."""
    stack, received = fetched.stack, manifest_of(ctx, lock)
    if stack is None or layer not in stack.direct or received is None:
        return False
    paths = [one.source.location for one in wanted_by(received, local=True).all if one.source]
    return stack.written[layer] not in paths


def _way_on(ctx: Context, name: ProfileName, lock: Lock, layer: LockedPackage) -> str:
    """How the user takes the layer from its other folder."""
    nothing = "nothing was changed; to take it from there, and keep all that is yours, run"
    if not is_own(lock.source):
        source = shlex.quote(as_typed(lock.source))
        return f"{nothing}: {ctx.command(f'install {source} --name {name} --force')}"
    over = shlex.quote(next(_users(lock, layer.name), layer.name))
    out, see = ctx.command(f"layer remove {name} {over}"), ctx.command(f"layer list {name}")
    return f"{nothing}: {out}; then put that layer under the profile again (its source: {see})"


def _users(lock: Lock, layer: str) -> Iterator[str]:
    """The layers that the user put under a profile, and that stand on another layer."""
    over = {one.name: one.over for one in lock.packages}

    def stands_on(name: str) -> bool:
        return name == layer or any(stands_on(below) for below in over.get(name, ()))

    return (name for name in lock.top.over if stands_on(name))
