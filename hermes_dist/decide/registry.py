"""Registries: which release of a package is meant, and which names are easily mistaken for another; pure."""

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
    """What a name in a registry comes to.

    Attributes:
        release: The release that is meant; None where the source's own tags and branches decide.
        notes: What to say about that.
    """

    release: Release | None
    notes: tuple[str, ...] = ()


def choose(package: Package, asked: SourceSpec, have: str = "") -> Choice:
    """Choose the release of a package.

    A yanked release is taken by whoever has it or names it exactly, and by nobody else; pre-releases only where
    the range names one or nothing else fits.

    Args:
        package: What the registry says of it.
        asked: The name with the version, range or ref that was asked for.
        have: The commit that was received; empty for none.

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
    """Hold a release against what its version was seen to be.

    Args:
        package: What the registry says of the package now.
        release: The release that is meant.
        seen: Versions, as :func:`~hermes_dist.decide.versions.spelled`, with the commit and tree they were pinned at.
        registry: The name of the registry.
        file: Where that is remembered.

    Returns:
        The release, with the digest of its tree where that was seen before.

    Raises:
        Refused: Its commit or its tree is another now.
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
    """The releases newer than a version, oldest first, without what was yanked."""
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
    """List known names that are easily mistaken for one: they look alike, or differ by one slip of the fingers."""
    alike = skeleton(name)
    return sorted({o for o in names if o != name and (_one_slip(name, o) or skeleton(o) == alike)})


def _one_slip(one: str, other: str) -> bool:
    """Whether one letter too many, too few, wrong, or two in the wrong order lie between two different names."""
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
    """Say what is odd about an entry of the right form, as (place, sentence)."""
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
    """Prepare the entry of a package that is published: what the registry says already, and one more release.

    Args:
        manifest: The package's manifest.
        source: Where it lies, as users would write it, without a ref.
        pin: The release.
        runs: How much of what it brings: ``cron``, ``mcp``, ``hooks``, ``plugins``, ``skills``.
        before: The entry that the registry has of it; None for a new package.
        name: Its name in the registry; by default made of the manifest's.
        category: One word; by default that of before.
        signer: The fingerprint of the key that signed the release.
        date: The day of the release, ``2026-01-31``.
        local: Whether the registry lies on this machine, and may name sources that do too.

    Returns:
        The entry; written with :func:`hermes_dist.model.registry.dump_package`.

    Raises:
        Invalid: The source can't stand in a registry, the release is none, or the version is pinned at other contents.
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
