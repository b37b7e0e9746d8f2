"""Registries: which release of a package is meant, and which names are easily confused with another; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.versions import choose_tag, specifiers, spelled, version_of
from hermes_dist.errors import Invalid, Refused
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.registry import Package, Release, read_source, skeleton
from hermes_dist.model.source import Pin, SourceSpec

ANY = "latest"


class Choice(Struct, frozen=True):
    """The release that a name in a registry resolves to.

    Attributes:
        release: The chosen release; None if the source's own tags and branches decide.
        notes: Notes about the choice.
    """

    release: Release | None
    notes: tuple[str, ...] = ()


def choose(package: Package, asked: SourceSpec, have: str = "") -> Choice:
    """Choose the release of a package.

    A yanked release is chosen only if it is installed already or named exactly. A pre-release is chosen only if
    the range names one or nothing else fits.

    Args:
        package: The registry's entry of the package.
        asked: The requested name with its version, range or ref.
        have: The installed commit; empty for none.

    Raises:
        Invalid: No release is in the range.
    """
    wanted = asked.ref
    if not package.versions:
        return Choice(
            None, (f"the registry pins no version of {package.name}: its source decides",)
        )
    if wanted and not asked.is_range:
        named = next((one for one in package.versions if _same(one.version, wanted)), None)
        if named is None:
            return Choice(
                None,
                (f"the registry knows no version {wanted!r:.80}: it is looked up in the source",),
            )
        return Choice(named, _yanked(package, named))
    good = {one.version: one for one in package.versions if not one.yanked}
    current = next((one for one in package.versions if have and one.commit == have), None)
    try:
        best = good[choose_tag(wanted or ANY, good)]
    except Invalid as err:
        if current is not None and current.yanked and _fits(wanted or ANY, current):
            return Choice(current, _yanked(package, current))
        gone = [one.version for one in package.versions if one.yanked]
        err.hint = f"yanked: {', '.join(gone[-5:])}" if gone else ""
        raise err.within(package.name) from None
    if (
        current is not None
        and current.yanked
        and _fits(wanted or ANY, current)
        and _older(best, current)
    ):
        note = f"to go back to {best.version}: update --to {best.version}"
        return Choice(current, (*_yanked(package, current), note))
    return Choice(best)


def unchanged(
    package: Package,
    release: Release,
    seen: Mapping[str, tuple[str, str]],
    *,
    registry: str,
    file: str,
) -> Release:
    """Check that a release still has the commit and tree that its version had when it was first seen.

    Args:
        package: The registry's entry of the package now.
        release: The chosen release.
        seen: Commit and tree by version, spelled as by :func:`~hermes_dist.decide.versions.spelled`.
        registry: The name of the registry.
        file: The file that remembers ``seen``.

    Returns:
        The release, with the digest of its tree if that was seen before.

    Raises:
        Refused: The commit or the tree is different now.
    """
    commit, tree = seen.get(spelled(release.version), (release.commit, ""))
    what = "commit" if commit != release.commit else "tree"
    before, now = (commit, release.commit) if what == "commit" else (tree, release.tree or tree)
    if before and before != now:
        raise Refused(
            f"{package.name} {release.version} is pinned at another {what} than it was: {now[:12]}, not {before[:12]}",
            where=f"registry {registry}",
            hint=f"a release does not change: tell who keeps the registry; to take it, remove its line from {file}",
        )
    return replace(release, tree=release.tree or tree)


def _yanked(package: Package, release: Release) -> tuple[str, ...]:
    return (
        (f"{package.name} {release.version} was yanked: {release.yanked}",)
        if release.yanked
        else ()
    )


def _same(one: str, other: str) -> bool:
    return one == other or (version_of(one) is not None and version_of(one) == version_of(other))


def _older(one: Release, other: Release) -> bool:
    a, b = version_of(one.version), version_of(other.version)
    return a is not None and b is not None and a < b


def _fits(wanted: str, release: Release) -> bool:
    version = version_of(release.version)
    return version is not None and specifiers(wanted).contains(version, prereleases=True)


def newer(package: Package, version: str) -> tuple[str, ...]:
    """List the releases newer than a version, oldest first, without yanked ones."""
    here = version_of(version)
    known = {
        one.version: found
        for one in package.versions
        if not one.yanked and (found := version_of(one.version))
    }
    if here is None:
        return ()
    after = [
        name
        for name, found in known.items()
        if found > here and (here.is_prerelease or not found.is_prerelease)
    ]
    return tuple(sorted(after, key=lambda name: known[name]))


def near_twins(name: str, names: Iterable[str]) -> list[str]:
    """List known names that are easily confused with a name: they look alike, or differ by one typing error."""
    alike = skeleton(name)
    return sorted({o for o in names if o != name and (_one_slip(name, o) or skeleton(o) == alike)})


def _one_slip(one: str, other: str) -> bool:
    """Whether two different names differ by one extra, missing, wrong or swapped letter."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        start += 1
    a, b = one[start:], other[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[1::-1] + a[2:] == b)


def problems_of(package: Package) -> list[tuple[str, str]]:
    """List oddities of a well-formed entry, as (place, sentence)."""
    found = []
    for number, release in enumerate(package.versions):
        if version_of(release.version) is None:
            found.append(
                (
                    f"versions[{number}].version",
                    f"{release.version!r:.80} can't be compared with others",
                )
            )
        if release.requires and not _is_range(release.requires):
            found.append(
                (
                    f"versions[{number}].requires",
                    f"{release.requires!r:.80} is no range of versions",
                )
            )
    if package.hermes_requires and not _is_range(package.hermes_requires):
        found.append(
            ("hermes_requires", f"{package.hermes_requires!r:.80} is no range of versions")
        )
    return found


def _is_range(text: str) -> bool:
    try:
        specifiers(text)
    except Invalid:
        return False
    return True


def entry_for(
    manifest: Manifest,
    source: str,
    pin: Pin,
    runs: Mapping[str, int],
    *,
    before: Package | None = None,
    name: str = "",
    category: str = "",
    signer: str = "",
    date: str = "",
    local: bool = False,
) -> Package:
    """Prepare the registry entry of a package that is published: the existing entry plus one more release.

    Args:
        manifest: The package's manifest.
        source: The package's source as users write it, without a ref.
        pin: The release.
        runs: Counts by kind: ``cron``, ``mcp``, ``hooks``, ``plugins``, ``skills``.
        before: The registry's existing entry; None for a new package.
        name: Its name in the registry; by default derived from the manifest's name.
        category: One word; by default the category of ``before``.
        signer: The fingerprint of the key that signed the release.
        date: The day of the release, such as ``2026-01-31``.
        local: The registry is on this machine, so it may name local sources.

    Returns:
        The entry; written with :func:`hermes_dist.model.registry.dump_package`.

    Raises:
        Invalid: A registry can't hold the source, the release is not valid, or the version is pinned at other contents.
    """
    if not manifest.version or version_of(manifest.version) is None or not pin.commit:
        raise Invalid(
            "only a commit with a version can be pinned in a registry",
            where="distribution.yaml: version",
        )
    release = Release(
        version=manifest.version,
        commit=pin.commit,
        tree=pin.tree,
        signer=signer,
        date=date,
        requires=manifest.hermes_requires,
    )
    known = {one.version: one for one in before.versions} if before else {}
    if (old := known.get(release.version)) and old.commit != release.commit:
        raise Invalid(
            f"version {release.version} is pinned at {old.commit[:7]} already",
            where="distribution.yaml: version",
            hint="a release does not change: raise the version",
        )
    key = before.name if before else name or str(ProfileName.slug(manifest.name))
    return Package(
        name=key,
        title=manifest.name,
        source=read_source(source, local=local),
        description=manifest.description,
        category=category or (before.category if before else ""),
        keywords=manifest.keywords,
        license=manifest.license,
        hermes_requires=manifest.hermes_requires,
        env=tuple(var.name for var in manifest.env if var.usable),
        runs=dict(runs),
        versions=tuple((known | {release.version: old or release}).values()),
        commit_seen=pin.commit,
    )
