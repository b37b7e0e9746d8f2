"""Check the entries of a registry: their form, and that each pinned release is what its entry says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from hermes_dist.decide.registry import EntryKind, near_twins, problems_of
from hermes_dist.errors import DistError, Invalid, UsageError
from hermes_dist.light import read_json
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.registry import (
    DEFAULT,
    INDEX,
    Package,
    RegistryKind,
    Release,
    entry_path,
    is_near,
    key_of,
    parse_package,
)
from hermes_dist.model.source import PinKind
from hermes_dist.ops.change.fetch import fetch, placed_for
from hermes_dist.ops.change.propose import propose
from hermes_dist.ops.change.request import Choices
from hermes_dist.ops.change.target import Target
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.world.load import violations
from hermes_dist.world.registry.files import check_index, entries_of, read_entry

_FEW = 5
_NOBODY = ProfileName("registry-check")
"""The profile name used for a package that is only checked."""


class EntryProblem(Struct, frozen=True):
    """A problem in a registry entry.

    Attributes:
        place: The file and the field.
        what: What is wrong there; its sentence is made in ``voice``.
        error: True if it has to be fixed; False for a warning.
    """

    place: str
    what: Note
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
    problems: tuple[EntryProblem, ...]


def check_registry(ctx: Context, place: str = DEFAULT, *, only: tuple[str, ...] = ()) -> Checked:
    """Check a registry: the form of each entry, and, unless offline, each pinned release by fetching it.

    Args:
        ctx: The context.
        place: A registry's name, or its folder.
        only: The packages to check; none for all.

    Raises:
        DistError: The place is not a registry.
    """
    root, local = _folder_of(ctx, place)
    check_index(read_entry(root, INDEX), str(root))
    files = {path: data for path, data in entries_of(root) if not only or key_of(path) in only}
    problems: list[EntryProblem] = []
    packages = []
    for path, data in files.items():
        package = _checked(path, data, problems, local=local)
        if package is not None:
            packages.append(package)
    _twins(packages, problems)
    releases = 0
    if not ctx.offline:
        for package in packages:
            problems += _releases_of(ctx, package)
            releases += len(package.versions)
    unpinned = sum(not package.versions for package in packages)
    problems.sort(key=lambda p: (not p.error, p.place, p.what))
    return Checked(len(files), releases, unpinned, tuple(problems))


def _folder_of(ctx: Context, place: str) -> tuple[Path, bool]:
    """The folder of a registry, and whether its packages may be on this machine alone."""
    found = next((one for one in ctx.registries.all() if one.name == place), None)
    if found is None and not Path(place).expanduser().is_dir():
        ctx.registries.named(place)  # says that there is none, and which there are
    if found is not None and found.kind is not RegistryKind.FOLDER:
        raise UsageError(
            f"the registry {place} is not a folder",
            hint="check a checkout of it: registry check ./FOLDER",
        )
    if found is None:
        return Path(place).expanduser().resolve(), True
    return Path(found.location), found.name != DEFAULT


def _checked(
    path: str, data: bytes, problems: list[EntryProblem], *, local: bool
) -> Package | None:
    """Check one file against the schema and the strict reader."""
    key = key_of(path)
    if not key:
        problems.append(EntryProblem(path, Note.of(EntryKind.MISPLACED)))
        return None
    try:
        package = parse_package(data, key, local=local)
    except Invalid as err:
        problems.append(EntryProblem(err.where, Note.of(EntryKind.BROKEN, why=err.what)))
        return None
    broken = [
        (place, Note.of(EntryKind.BROKEN, why=why))
        for place, why in violations(read_json(data), "registry-package")
    ]
    for place, what in (*broken, *problems_of(package)):
        where = f"{path}: {place}" if place else path
        problems.append(EntryProblem(where, what))
    if is_near(package.source):
        what = Note.of(EntryKind.ONLY_HERE, source=str(package.source))
        problems.append(EntryProblem(f"{path}: source", what, error=False))
    return package


def _twins(packages: list[Package], problems: list[EntryProblem]) -> None:
    names = sorted(package.name for package in packages)
    for name in names:
        twins = [twin for twin in near_twins(name, _near(names, name)) if twin > name]
        if twins:
            what = Note.of(EntryKind.MISTAKABLE, names=tuple(twins[:_FEW]))
            problems.append(EntryProblem(entry_path(name), what, error=False))


def _near(names: list[str], name: str) -> Iterator[str]:
    return (other for other in names if abs(len(other) - len(name)) <= 2)


def _releases_of(ctx: Context, package: Package) -> Iterator[EntryProblem]:
    """Fetch each pinned release as an install would, and compare it with the entry."""
    for release in package.versions:
        yield from _fetched(ctx, package, release)


def _fetched(ctx: Context, package: Package, release: Release) -> Iterator[EntryProblem]:
    version = release.version
    spec = package.source.at(release.commit)
    place = f"{entry_path(package.name)}: {version}"
    ctx.progress(f"fetching {package.name} {version}")
    target = Target(
        spec, None, "", release.commit, PinKind.COMMIT, registry=DEFAULT, tree=release.tree
    )
    try:
        incoming = placed_for(ctx, fetch(ctx, target))
        propose(ctx, open_home(ctx, _NOBODY), incoming, Choices(), verb="install")
    except DistError as error:
        yield EntryProblem(place, Note.of(EntryKind.BROKEN, error.where, why=error.what))
        return
    if incoming.manifest.version != version:
        other = Note.of(EntryKind.OTHER_VERSION, version=incoming.manifest.version)
        yield EntryProblem(place, other)
    if incoming.manifest.name not in (package.name, package.title):
        other = Note.of(EntryKind.OTHER_NAME, name=incoming.manifest.name)
        yield EntryProblem(place, other, error=False)
