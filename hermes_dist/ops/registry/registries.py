"""The verbs of registries: add, list, remove, sync, check, search, info of a package, yank."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.registry import choose, near_twins, problems_of
from hermes_dist.errors import DistError, Invalid, Refused, UsageError
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.registry import (
    DEFAULT,
    INDEX,
    Package,
    Registry,
    RegistryKind,
    dump_package,
    entry_path,
    is_key,
    key_of,
    parse_package,
)
from hermes_dist.model.registry import yank as yanked
from hermes_dist.model.source import PinKind, SourceSpec, parse_source
from hermes_dist.ops.change.fetch import fetch, placed_for
from hermes_dist.ops.change.look_up_name import FoundPackage, find
from hermes_dist.ops.change.propose import propose
from hermes_dist.ops.change.request import Choices
from hermes_dist.ops.change.target import Target
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.load import violations
from hermes_dist.world.registry.files import check_index, entries_of, read_file, registry_of
from hermes_dist.world.registry.index import Hit, Synced

__all__ = [
    "About",
    "Checked",
    "Hit",
    "Problem",
    "RegistryRow",
    "Synced",
    "about",
    "add",
    "check",
    "list_",
    "remove",
    "search",
    "sync",
    "yank",
]
_FEW = 5
_NOBODY = ProfileName("registry-check")
"""The profile name used for a package that is only checked."""


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
            f"{registry.name!r:.80} can't be the name of a registry",
            hint="choose one with --name NAME",
        )
    if root or fingerprint:
        data = _root_file(root) if root else b""
        registry = replace(registry, kind=RegistryKind.TUF, root=fingerprint.lower())
        if not re.fullmatch(r"https?://[^#@]+", registry.location):
            raise UsageError("--root and --fingerprint go with an https:// address")
        return registry, ctx.registries.add_tuf(registry, data)
    return registry, ctx.registries.add(registry)


def _usual_name(location: str) -> str:
    last = location.rstrip("/").rpartition("/")[2]
    return last.partition("#")[0].removesuffix(".git").lower()


def _root_file(root: str) -> bytes:
    path = Path(root).expanduser()
    data = read_file(path.parent, path.name)
    if not data:
        raise Invalid("there is no such file", where=str(path))
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
    return [(one, _synced(ctx, one, accept_rewritten)) for one in chosen]


def _synced(ctx: Context, registry: Registry, accept_rewritten: bool) -> Synced | DistError:
    try:
        return ctx.registries.sync(registry, accept_rewritten=accept_rewritten)
    except DistError as error:
        return error


def search(ctx: Context, words: list[str], limit: int) -> list[Hit]:
    """Search for packages, best match first, in the registries as last synced."""
    return ctx.registries.search([word for text in words for word in text.split()], limit)


class About(Struct, frozen=True):
    """A package that is not installed.

    Attributes:
        found: The registry's entry.
        version: The version that ``install`` would take; empty if the source decides.
    """

    found: FoundPackage
    version: str


def about(ctx: Context, text: str) -> About:
    """Return what a registry says about a package.

    Raises:
        DistError: No registry has it, or its entry breaks a rule.
    """
    asked = parse_source(text)
    found = find(ctx, asked)
    try:
        release = choose(found.package, asked).release
    except Invalid:
        # No release fits, as when all are yanked; what the registry says is still worth showing.
        release = None
    if release is None:
        return About(found, "")
    return About(found, release.version)


def yank(
    ctx: Context, name: str, version: str, reason: str, *, registry: str = "", folder: str = ""
) -> Path:
    """Yank a release in the folder of a registry; without a reason, undo that.

    Args:
        ctx: The context.
        name: The package.
        version: The release.
        reason: The reason; empty to undo.
        registry: The registry, if several have the package.
        folder: A registry's folder that is not on this machine's list, such as a checkout.

    Returns:
        The file that was written.

    Raises:
        Refused: The registry can't be edited here.
        DistError: There is no such package or version.
    """
    root = _editable(ctx, name, registry, folder)
    path = root / entry_path(name)
    data = read_file(root, entry_path(name)) if is_key(name) else None
    if data is None:
        raise DistError(f"the registry has no package {name!r:.80}", where=str(root))
    atomic_write(path, dump_package(yanked(parse_package(data, name, local=True), version, reason)))
    return path


def _editable(ctx: Context, name: str, registry: str, folder: str) -> Path:
    if folder:
        root = Path(folder).expanduser().resolve()
        check_index(read_file(root, INDEX), str(root))
        return root
    found = find(ctx, parse_source(name), registry).registry
    if found.kind is not RegistryKind.FOLDER or found.name == DEFAULT:
        raise Refused(
            f"the registry {found.name} is not a folder of yours",
            where=found.location,
            hint="edit a checkout of it with --in FOLDER, then commit and push that",
        )
    return Path(found.location)


class Problem(Struct, frozen=True):
    """A problem in a registry entry.

    Attributes:
        place: The file and the field.
        error: True if it has to be fixed; False for a warning.
    """

    place: str
    what: str
    error: bool = True


class Checked(Struct, frozen=True):
    """The result of a check.

    Attributes:
        packages: How many entries there are.
        releases: How many pinned releases were fetched and compared with their entries.
        unpinned: Entries that follow their source, so that no contents can be checked.
        problems: The problems.
    """

    packages: int
    releases: int
    unpinned: int
    problems: tuple[Problem, ...]


def check(ctx: Context, place: str = DEFAULT, *, only: tuple[str, ...] = ()) -> Checked:
    """Check a registry: the form of each entry, and, unless offline, each pinned release by fetching it.

    Args:
        ctx: The context.
        place: A registry's name, or its folder.
        only: The packages to check; none for all.

    Raises:
        DistError: The place is not a registry.
    """
    root, local = _folder_of(ctx, place)
    check_index(read_file(root, INDEX), str(root))
    files = {path: data for path, data in entries_of(root) if not only or key_of(path) in only}
    problems: list[Problem] = []
    packages = [
        package for path in files if (package := _checked(path, files[path], local, problems))
    ]
    _twins(packages, problems)
    releases = 0
    if not ctx.offline:
        for package in packages:
            for release in package.versions:
                problems += _resolved(
                    ctx, package, package.source.at(release.commit), release.version
                )
                releases += 1
    unpinned = sum(not package.versions for package in packages)
    problems.sort(key=lambda p: (not p.error, p.place, p.what))
    return Checked(len(files), releases, unpinned, tuple(problems))


def _folder_of(ctx: Context, place: str) -> tuple[Path, bool]:
    found = next((one for one in ctx.registries.all() if one.name == place), None)
    if found is None and not Path(place).expanduser().is_dir():
        ctx.registries.named(place)
    if found is not None and found.kind is not RegistryKind.FOLDER:
        raise UsageError(
            f"the registry {place} is no folder",
            hint="check a checkout of it: registry check ./FOLDER",
        )
    return (
        (Path(found.location), found.name != DEFAULT)
        if found
        else (Path(place).expanduser().resolve(), False)
    )


def _checked(path: str, data: bytes, local: bool, problems: list[Problem]) -> Package | None:
    """Check one file against the schema and the strict reader."""
    key = key_of(path)
    if not key:
        problems.append(Problem(path, "no entry can lie there: it is packages/ab/abc.json for abc"))
        return None
    try:
        package = parse_package(data, key, local=local)
    except Invalid as err:
        problems.append(Problem(err.where, err.what))
        return None
    broken = [*violations(json.loads(data), "registry-package"), *problems_of(package)]
    problems += [Problem(f"{path}: {place}" if place else path, what) for place, what in broken]
    return package


def _twins(packages: list[Package], problems: list[Problem]) -> None:
    names = sorted(package.name for package in packages)
    for name in names:
        twins = [twin for twin in near_twins(name, _near(names, name)) if twin > name]
        if twins:
            problems.append(
                Problem(
                    entry_path(name), f"easily mistaken for {', '.join(twins[:_FEW])}", error=False
                )
            )


def _near(names: list[str], name: str) -> Iterator[str]:
    return (other for other in names if abs(len(other) - len(name)) <= 2)


def _resolved(ctx: Context, package: Package, spec: SourceSpec, version: str) -> Iterator[Problem]:
    """Fetch a pinned release as an install would, and compare it with the entry."""
    release = next(one for one in package.versions if one.version == version)
    place = f"{entry_path(package.name)}: {version}"
    ctx.progress(f"fetching {package.name} {version}")
    target = Target(
        spec, None, "", release.commit, PinKind.COMMIT, registry=DEFAULT, tree=release.tree
    )
    try:
        incoming = placed_for(ctx, fetch(ctx, target))
        propose(ctx, open_home(ctx, _NOBODY), incoming, Choices(), verb="install")
    except DistError as error:
        yield Problem(place, str(error))
        return
    if incoming.manifest.version != version:
        yield Problem(place, f"its manifest says {incoming.manifest.version or 'no version'!r:.80}")
    if incoming.manifest.name != package.title:
        yield Problem(place, f"its manifest calls it {incoming.manifest.name!r:.80}", error=False)
