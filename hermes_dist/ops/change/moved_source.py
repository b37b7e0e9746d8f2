"""Packages that moved, to another folder of their repository or to another repository."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from hermes_dist.brand import MANIFEST
from hermes_dist.errors import DistError, Invalid
from hermes_dist.lazily import later
from hermes_dist.model.lock import Lock
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.source import SourceSpec, parse_source
from hermes_dist.ops.change.look_up import absolute, following
from hermes_dist.ops.change.target import Target
from hermes_dist.ops.context import Context
from hermes_dist.world.load import load_manifest

with later():
    from hermes_dist.ops.change.without_manifest import (
        choices,
        folders_of,
        further_down,
        way_in,
    )
    from hermes_dist.world.sources.manifests import manifests


class NoPackage(DistError):
    """There is no package at the place where the source says one is.

    Args:
        ctx: The context.
        target: The place that was looked up.
        folders: The packages that the source does hold: their folders (None for its root), with names if known.
    """

    def __init__(self, ctx: Context, target: Target, folders: Mapping[RelPath | None, str]) -> None:
        spec = target.spec
        kinds = {} if folders else further_down(ctx, target)
        if folders:
            count = "one" if len(folders) == 1 else "some"
            place = "elsewhere" if spec.subfolder else "further down"
            hint = f"it has {count} {place}{choices(spec, folders)}"
        else:
            hint = way_in(ctx, spec, kinds)
        place = "in that folder" if spec.subfolder else "at its root"
        super().__init__(f"there is no {MANIFEST} {place}", where=str(spec), hint=hint)
        self.target = target
        self.folders = folders
        self.choices = tuple(folders) or folders_of(kinds)

    def misses(self, folder: RelPath) -> bool:
        """Whether the source has packages, but none in this folder."""
        return bool(self.folders) and folder not in self.folders


def nowhere(ctx: Context, target: Target) -> NoPackage:
    """Make the error for a source without a package at its place, with the packages it does hold."""
    folders: dict[RelPath | None, str] = {}
    with suppress(DistError, OSError):
        for folder, data in manifests(
            ctx.sources, ctx.store.read, target.spec, target.commit
        ).items():
            folders[folder] = ""
            with suppress(Invalid):
                folders[folder] = load_manifest(data).name
    return NoPackage(ctx, target, folders)


@contextmanager
def way_on(ctx: Context, name: ProfileName, lock: Lock) -> Iterator[None]:
    """If a profile's package left its folder, say where it is now, and how to go on.

    Raises:
        DistError: The package is not in its folder any more.
    """
    try:
        with following(ctx, name, *_here(lock)):
            yield
    except NoPackage as gone:
        spec = gone.target.spec
        here = _heirs(ctx, gone.target, lock, gone.folders)
        place = f"the folder {spec.subfolder}" if spec.subfolder else "its root"
        what = f"{lock.name} is not in {place} any more"
        commands = [
            f"install {shlex.quote(str(spec._replace(subfolder=folder)))} --name {name} --force"
            for folder in here
        ] or [f"install SOURCE --name {name} --force"]
        *others, last = commands
        if not here:
            hint = (
                "nothing changed here; if the package has moved to another repository, go on with"
            )
        elif not others:
            hint = f"it is in {_folder(here[0])} now; to follow it and keep all that is yours, run"
        else:
            folders = ", ".join(map(_folder, here))
            hint = f"there are packages in {folders}; to follow one of them, run one of these: "
            hint += f"{'; '.join(map(ctx.command, others))}; or"
        raise DistError(what, where=str(spec), hint=hint, command=last) from None


def _here(lock: Lock) -> tuple[str, str]:
    """The address that a profile follows, and the folder in it."""
    spec = absolute(parse_source(lock.source, allow_insecure=True))
    return spec.location, f"{spec.location}/{spec.subfolder}"


def _folder(folder: RelPath | None) -> str:
    return str(folder) if folder else "the root"


def same_package(
    ctx: Context, name: ProfileName, lock: Lock, target: Target, called: str
) -> Note | None:
    """Make sure that the package to be merged into a profile is the one that the profile holds.

    It is the same package if it has the same name, or if it left its old folder within the same repository.

    Args:
        ctx: The context.
        name: The profile.
        lock: Its lock.
        target: The source of the package to be merged.
        called: The name of that package.

    Returns:
        A note if the package moved; None if it did not.

    Raises:
        DistError: It is a different package.
    """
    have, asked = absolute(parse_source(lock.source, allow_insecure=True)), target.source
    if (have.location, have.subfolder) == (asked.location, asked.subfolder):
        return None
    if called != lock.name and not _left(ctx, have, target, lock):
        raise DistError(
            f"this profile holds another package, {lock.name} from {lock.source}",
            where=str(asked),
            hint=f"uninstall that first with: {ctx.command(f'uninstall {name}')}; or choose another --name",
        )
    moved = NoteKind.PACKAGE_MOVED
    return Note.of(moved, package=lock.name, source=lock.source, now=called)


def _left(ctx: Context, have: SourceSpec, target: Target, lock: Lock) -> bool:
    """Whether the package left its folder, and the one now asked for can be the same package in its new place."""
    if have.location != target.spec.location or have.kind is not target.spec.kind:
        return False
    folders = nowhere(ctx, target).folders
    return have.subfolder not in folders and target.spec.subfolder in _heirs(
        ctx, target, lock, folders
    )


def _heirs(
    ctx: Context, target: Target, lock: Lock, folders: Mapping[RelPath | None, str]
) -> list[RelPath | None]:
    """Find the folders that a moved package can be in.

    Those are the folders with a package of the same name; if there are none, the folders that held no package
    before.
    """
    named = [folder for folder, called in folders.items() if called == lock.name]
    beside: set[RelPath | None] = set()
    if not named and lock.pin.commit:
        with suppress(DistError, OSError):
            beside = set(manifests(ctx.sources, ctx.store.read, target.spec, lock.pin.commit))
    return named or [folder for folder in folders if folder not in beside]
