"""The registries of this machine: add, list, remove, sync, search, show, and yank."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.near import offered
from hermes_dist.decide.registry import choose
from hermes_dist.errors import DistError, Invalid, Refused, UsageError, quoted
from hermes_dist.model.registry import (
    DEFAULT,
    Registry,
    RegistryKind,
    dump_package,
    entry_path,
    is_key,
    parse_package,
)
from hermes_dist.model.registry import yank as yanked
from hermes_dist.model.source import parse_source
from hermes_dist.ops.change.look_up_name import FoundPackage, find
from hermes_dist.ops.context import Context
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.registry.files import checkout_at, read_entry, registry_of
from hermes_dist.world.registry.index import Hit, Synced
from hermes_dist.world.sources.nearby import no_file

__all__ = [
    "About",
    "Hit",
    "RegistryRow",
    "Synced",
    "Yanked",
    "about",
    "add",
    "list_",
    "remove",
    "search",
    "sync",
    "yank",
]


class RegistryRow(Struct, frozen=True):
    """A registry, and what is known of it without contacting it."""

    registry: Registry
    state: Synced | None


def list_(ctx: Context) -> list[RegistryRow]:
    """List the registries of this machine."""
    return [RegistryRow(one, ctx.registries.state(one)) for one in ctx.registries.all()]


def add(
    ctx: Context, place: str, name: str = "", *, root: str = "", fingerprint: str = ""
) -> tuple[Registry, Synced]:
    """Add a registry: a folder, a git repository or, with a root, static files.

    Args:
        ctx: The context.
        place: The place as typed; ``default`` adds the default registry again.
        name: A name for it; by default its last folder.
        root: The file with the first root of static files.
        fingerprint: The fingerprint of that root, in place of the file.

    Raises:
        DistError: The place is not a registry, can't be read, or the name is taken.
    """
    if place == DEFAULT:
        ctx.registries.add_carried()
        registry = ctx.registries.named(DEFAULT)
        return registry, ctx.registries.sync(registry)
    registry = registry_of(place, name or "x", allow_insecure=ctx.allow_insecure)
    if not name:
        registry = replace(registry, name=_usual_name(registry.location))
    if not is_key(registry.name) or registry.name == DEFAULT:
        raise UsageError(
            f"{quoted(registry.name, 80)} can't be the name of a registry",
            hint="choose one with --name NAME",
        )
    if root or fingerprint:
        data = _root_file(root) if root else b""
        registry = replace(registry, kind=RegistryKind.TUF, root=fingerprint.lower())
        if not re.fullmatch(r"https?://[^#@]+", registry.location):
            raise UsageError("--root and --fingerprint work only with an https:// address")
        return registry, ctx.registries.add_tuf(registry, data)
    _check_new(ctx, registry.location)
    return registry, ctx.registries.add(registry)


def _check_new(ctx: Context, location: str) -> None:
    """Make sure that no registry of this place is here: with two, each name in it would be in several.

    Raises:
        UsageError: One is.
    """
    for one in ctx.registries.all():
        if one.location == location:
            raise UsageError(
                f"this registry is already here, as {one.name}",
                hint="to give it another name, first remove it with",
                command=f"registry remove {one.name}",
            )


def _usual_name(location: str) -> str:
    last = location.rstrip("/").rpartition("/")[2]
    return last.partition("#")[0].removesuffix(".git").lower()


def _root_file(root: str) -> bytes:
    path = Path(root).expanduser()
    data = read_entry(path.parent, path.name)
    if data is None:
        raise no_file(path, Invalid)
    if not data:
        raise Invalid("the file is empty", where=str(path), hint="name another one")
    return data


def remove(ctx: Context, name: str) -> None:
    """Remove a registry from this machine's list.

    Raises:
        UsageError: There is no registry of that name.
    """
    ctx.registries.remove(name)


def sync(
    ctx: Context, names: list[str], *, accept_rewritten: bool = False
) -> list[tuple[Registry, Synced | DistError]]:
    """Update the local copies of registries; if one fails, the others are still updated.

    Args:
        ctx: The context.
        names: The registries; none for all.
        accept_rewritten: Follow a repository although its history was rewritten.
    """
    chosen = [ctx.registries.named(name) for name in names] or list(ctx.registries.all())
    return [(one, _synced(ctx, one, accept_rewritten=accept_rewritten)) for one in chosen]


def _synced(ctx: Context, registry: Registry, *, accept_rewritten: bool) -> Synced | DistError:
    try:
        return ctx.registries.sync(registry, accept_rewritten=accept_rewritten)
    except DistError as error:
        return error


def search(ctx: Context, words: list[str], limit: int, category: str = "") -> list[Hit]:
    """Search for packages in the registries as last synced, best match first; without words, list them by name."""
    return ctx.registries.search([word for text in words for word in text.split()], limit, category)


def categories(ctx: Context) -> list[str]:
    """The categories of the packages in the registries as last synced."""
    return ctx.registries.categories()


def category_hint(ctx: Context, typed: str) -> str:
    """Say which categories there are instead of a typed one, near ones first."""
    return offered(typed, categories(ctx), "the categories")


class About(Struct, frozen=True):
    """A package that is not installed.

    Attributes:
        found: The registry's entry.
        version: The version that ``install`` would take; empty if the source decides.
    """

    found: FoundPackage
    version: str


def about(ctx: Context, text: str, registry: str = "") -> About:
    """Return what a registry says about a package.

    Args:
        ctx: The context.
        text: Its name.
        registry: The registry; empty for the one that has it.

    Raises:
        DistError: No registry has it, or its entry breaks a rule.
    """
    asked = parse_source(text)
    found = find(ctx, asked, registry)
    try:
        release = choose(found.package, asked).release
    except Invalid:
        # No release fits, as when all are yanked; what the registry says is still worth showing.
        release = None
    if release is None:
        return About(found, "")
    return About(found, release.version)


class Yanked(Struct, frozen=True):
    """What a yank, or the undoing of one, did.

    Attributes:
        file: The entry.
        changed: Whether the entry had to change.
    """

    file: Path
    changed: bool


def yank(
    ctx: Context, name: str, version: str, reason: str, *, registry: str = "", folder: str = ""
) -> Yanked:
    """Yank a release in the folder of a registry; without a reason, undo that.

    Args:
        ctx: The context.
        name: The package.
        version: The release.
        reason: The reason; empty to undo.
        registry: The registry, if several have the package.
        folder: A registry's folder that is not on this machine's list, such as a checkout.

    Returns:
        The entry, and whether it had to change: it is not written otherwise.

    Raises:
        Refused: The registry can't be edited here.
        DistError: There is no such package or version.
    """
    root = _editable(ctx, name, registry, folder)
    path = root / entry_path(name)
    data = read_entry(root, entry_path(name)) if is_key(name) else None
    if data is None:
        raise DistError(f"the registry has no package {quoted(name, 80)}", where=str(root))
    before = parse_package(data, name, local=True)
    after = yanked(before, version, reason)
    if after == before:
        return Yanked(path, changed=False)
    atomic_write(path, dump_package(after))
    return Yanked(path, changed=True)


def _editable(ctx: Context, name: str, registry: str, folder: str) -> Path:
    if folder:
        return checkout_at(folder)
    found = find(ctx, parse_source(name), registry).registry
    if found.kind is not RegistryKind.FOLDER or found.name == DEFAULT:
        raise Refused(
            f"the registry {found.name} is not a checkout that you can change",
            where=found.location,
            hint="edit a checkout of it with --in FOLDER, then commit and push that",
        )
    return Path(found.location)
