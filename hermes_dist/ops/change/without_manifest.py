"""Sources that are no package themselves: name the plugins, profiles and skills that they hold further down."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from contextlib import suppress

from hermes_dist.agents import places
from hermes_dist.decide.neighbours.signs import (
    SKILL,
    plugin_folders,
    skill_folders,
)
from hermes_dist.errors import DistError, counted
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import SourceSpec
from hermes_dist.ops.change.target import Target
from hermes_dist.ops.context import Context
from hermes_dist.world.sources.manifests import folders_with

_WHOLE = 3
"""Of so many choices at most, each is written out."""
_FILES = ("plugin.json", places.SOUL, SKILL)


def further_down(ctx: Context, target: Target) -> dict[str, list[RelPath]]:
    """List the folders of a source that can be installed by themselves, by kind.

    Args:
        ctx: The context.
        target: The source, which was fetched.
    """
    return _further_down([path for name in _FILES for path in _paths(ctx, target, name)])


def way_in(ctx: Context, spec: SourceSpec, kinds: Mapping[str, list[RelPath]]) -> str:
    """Say what a source holds further down that can be installed by itself.

    Args:
        ctx: The context.
        spec: The source.
        kinds: The folders by kind.

    Returns:
        The hint of an error.
    """
    if not any(kinds.values()):
        return (
            f"it is not a {ctx.brand.title} distribution; "
            f"authors begin one with: {ctx.command('init FOLDER/')}"
        )
    what = " and ".join(_counted(len(found), kind) for kind, found in kinds.items() if found)
    named = choices(spec, folders_of(kinds))
    return f"it has {what} further down; name the one that you want{named}"


def folders_of(kinds: Mapping[str, list[RelPath]]) -> tuple[RelPath, ...]:
    """The folders of all kinds, each once."""
    return tuple(dict.fromkeys(folder for found in kinds.values() for folder in found))


def choices(spec: SourceSpec, folders: Iterable[RelPath | None]) -> str:
    """List the places in a source that can be installed by themselves, as the end of a sentence.

    Args:
        spec: The source.
        folders: Their folders; None for its root.

    Returns:
        A colon and the sources. Of many, one whole source, and the folders alone.
    """
    all_of_them = list(folders)
    whole = [shlex.quote(str(spec._replace(subfolder=one))) for one in all_of_them]
    if len(whole) <= _WHOLE or None in all_of_them:
        return f": {', '.join(whole)}"
    return f", such as {whole[0]}: {', '.join(map(str, all_of_them))}"


def _further_down(paths: list[RelPath]) -> dict[str, list[RelPath]]:
    """List the folders of what can be installed by itself, by kind."""
    plugins = list(filter(None, plugin_folders(paths)))
    skills = skill_folders(paths)
    homes = (path.parent for path in paths if path.name == places.SOUL and not _is_in(path, skills))
    souls = list(filter(None, homes))
    beside = [folder for folder in filter(None, skills) if not _is_in(folder, [*plugins, *souls])]
    tops = list(dict.fromkeys(RelPath(folder.top) for folder in beside))
    return {"plugin": plugins, "profile": souls, "collection of skills": tops}


def _counted(count: int, kind: str) -> str:
    head, _, tail = kind.partition(" ")
    return f"{counted(count, head)} {tail}".strip()


def _is_in(path: RelPath, folders: Iterable[RelPath | None]) -> bool:
    return any(folder is None or path.under(folder) for folder in folders)


def _paths(ctx: Context, target: Target, name: str) -> list[RelPath]:
    found: list[RelPath | None] = []
    with suppress(DistError, OSError):
        found = folders_with(ctx.sources, target.spec, target.commit, name)
    return [folder / name if folder else RelPath(name) for folder in found]
