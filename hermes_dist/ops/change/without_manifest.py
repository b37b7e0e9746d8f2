"""Sources without any manifest: say what they look like, and which command serves there."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from hermes_dist.agents import places
from hermes_dist.errors import DistError, counted
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import SourceKind, SourceSpec
from hermes_dist.ops.change.target import Target
from hermes_dist.ops.context import Context
from hermes_dist.world.sources.manifests import folders_with

_SKILL = "SKILL.md"


def way_in(ctx: Context, target: Target) -> str:
    """Say what a source without a manifest looks like, and how to go on with it.

    Args:
        ctx: The context.
        target: The source, which was fetched.

    Returns:
        The hint of an error.
    """
    souls, skills = (_folders(ctx, target, name) for name in (places.SOUL, _SKILL))
    if souls:
        return _profiles(ctx, target.spec, souls)
    if skills:
        return _skills(ctx, target.spec, skills)
    return (
        f"it is not a {ctx.brand.title} distribution; "
        f"authors begin one with: {ctx.command('init FOLDER/')}"
    )


def _folders(ctx: Context, target: Target, name: str) -> list[RelPath | None]:
    with suppress(DistError, OSError):
        return folders_with(ctx.sources, target.spec, target.commit, name)
    return []


def _profiles(ctx: Context, spec: SourceSpec, souls: list[RelPath | None]) -> str:
    one = len(souls) == 1
    what = "a profile without a manifest" if one else f"{len(souls)} profiles without manifests"
    folders = ", ".join(str(folder) for folder in souls if folder is not None)
    where = f" in {folders}" if folders else ""
    chosen = spec.subfolder if spec.subfolder in souls else souls[0]
    place = _place(spec) + (f"/{chosen}" if chosen else "")
    init = ctx.command(f"init {shlex.quote(f'{place}/')}")
    install = ctx.command(f"install {shlex.quote(place)}")
    return f"it looks like {what}{where}; go on with: {_START[spec.kind](spec)}{init}; {install}"


_START: Mapping[SourceKind, Callable[[SourceSpec], str]] = {
    SourceKind.GIT: lambda spec: f"git clone {shlex.quote(spec.location)} FOLDER; ",
    SourceKind.ARCHIVE: lambda spec: f"unpack {shlex.quote(spec.location)} as FOLDER; ",
    SourceKind.FOLDER: lambda _: "",
}
"""How a source of each kind becomes a folder of this machine; a name in a registry is another kind by now."""


def _place(spec: SourceSpec) -> str:
    return spec.location if spec.kind is SourceKind.FOLDER else "./FOLDER"


def _skills(ctx: Context, spec: SourceSpec, skills: list[RelPath | None]) -> str:
    what = "a skill" if len(skills) == 1 else f"a collection of {counted(len(skills), 'skill')}"
    parts = urlsplit(spec.location)
    if parts.hostname == "github.com":
        one = "/".join(filter(None, [parts.path.strip("/").removesuffix(".git"), skills[0]]))
        how = f"add one to a profile with: {ctx.brand.name} -p PROFILE skills install {shlex.quote(one)}"
    else:
        how = "copy the folders of those that you want into skills/ of a profile"
    return f"it is {what}, not a profile; {how}"
