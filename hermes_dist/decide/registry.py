"""Registries: which release of a package is meant, and which names are easily confused with another; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.versions import (
    choose_tag,
    fitting_tags,
    is_lower,
    specifiers,
    spelled,
    version_of,
)
from hermes_dist.errors import Invalid, Refused, quoted
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.notes import Kind, Note, NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.registry import Package, Release, entry_path, read_source, skeleton
from hermes_dist.model.source import Pin, SourceSpec

ANY = "latest"


class Choice(Struct, frozen=True):
    """The release that a name in a registry resolves to.

    Attributes:
        release: The chosen release; None if the source's own tags and branches decide.
        notes: Notes about the choice.
    """

    release: Release | None
    notes: tuple[Note, ...] = ()


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
        return Choice(None, (Note.of(NoteKind.REGISTRY_PINS_NONE, package=package.name),))
    if wanted and not asked.is_range:
        return _named(package, wanted)
    return _newest_in(package, wanted or ANY, have)


def _named(package: Package, version: str) -> Choice:
    """Choose the release that the user named exactly, even a yanked one."""
    for release in package.versions:
        if _same(release.version, version):
            return Choice(release, _yanked(package, release))
    # It may be a branch, or a tag that the registry does not list: the source knows.
    return Choice(None, (Note.of(NoteKind.REGISTRY_LACKS_VERSION, version=version),))


def _newest_in(package: Package, wanted: str, have: str) -> Choice:
    """Choose the newest release in a range, or stay at an installed one that was yanked.

    Whoever has a yanked release is told, and moves on with the next one. Going back is left to the user, as it could
    undo what the newer release did.
    """
    good = {one.version: one for one in package.versions if not one.yanked}
    stay = _yanked_here(package, wanted, have)
    try:
        best = good[choose_tag(wanted, good)]
    except Invalid as err:
        if stay is not None:
            return Choice(stay, _yanked(package, stay))
        if not good:
            raise _all_yanked(package) from None
        err.hint = _what_else(package, list(good))
        raise err.within(package.name) from None
    if stay is not None and is_lower(best.version, stay.version):
        note = Note.of(NoteKind.GO_BACK_TO, version=best.version, command="")
        return Choice(stay, (*_yanked(package, stay), note))
    return Choice(best)


def fitting(package: Package, asked: SourceSpec, have: str = "") -> tuple[Release, ...]:
    """List the releases that a name may resolve to, the one of :func:`choose` first; a yanked one only if that is it.

    Args:
        package: The registry's entry of the package.
        asked: The requested name with its version, range or ref.
        have: The installed commit; empty for none.

    Raises:
        Invalid: No release is in the range.
    """
    first = choose(package, asked, have).release
    if first is None:
        return ()
    if asked.ref and not asked.is_range:
        return (first,)
    good = {one.version: one for one in package.versions if not one.yanked}
    rest = (good[version] for version in fitting_tags(asked.ref or ANY, good))
    return (first, *(one for one in rest if one != first))


def told_of_yank(package: Package, commit: str) -> tuple[Note, ...]:
    """Say that the release with this commit was yanked; empty if it was not, or the registry does not list it.

    Args:
        package: The registry's entry of the package.
        commit: The full commit.
    """
    return tuple(
        note
        for release in package.versions
        if release.commit == commit
        for note in _yanked(package, release)
    )


def _all_yanked(package: Package) -> Invalid:
    newest = package.versions[-1]
    return Invalid(
        f"all its versions are yanked, the newest because: {quoted(newest.yanked, 200)}",
        where=package.name,
        hint=f"wait for a new version; to install a yanked one, name it: {package.name}@{newest.version}",
    )


def _what_else(package: Package, good: list[str]) -> str:
    """Return the next step where no release is in the range."""
    steps = []
    if any(version_of(version) is not None for version in good):
        steps.append(f"to take the newest, write {package.name}@{choose_tag(ANY, good)}")
    if gone := [one.version for one in package.versions if one.yanked]:
        steps.append(f"yanked: {', '.join(gone[-5:])}")
    return "; ".join(steps)


def _yanked_here(package: Package, wanted: str, have: str) -> Release | None:
    """Return the installed release if it was yanked and is in the range."""
    for release in package.versions:
        if have and release.commit == have:
            return release if release.yanked and _fits(wanted, release) else None
    return None


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
    if commit and commit != release.commit:
        raise _moved(package, release, "commit", (commit, release.commit), registry, file)
    # The same commit can hold another tree if the registry points to another folder of the repository.
    if tree and release.tree and tree != release.tree:
        raise _moved(package, release, "tree", (tree, release.tree), registry, file)
    return replace(release, tree=release.tree or tree)


def _moved(
    package: Package, release: Release, what: str, pins: tuple[str, str], registry: str, file: str
) -> Refused:
    before, now = pins
    return Refused(
        f"the {what} pinned for {package.name} {release.version} changed from {before[:12]} to {now[:12]}",
        where=f"registry {registry}",
        hint=f"a release must not change: tell the registry's maintainers; to accept it, remove its line from {file}",
    )


def _yanked(package: Package, release: Release) -> tuple[Note, ...]:
    if not release.yanked:
        return ()
    version, reason = release.version, release.yanked
    return (Note.of(NoteKind.YANKED, package=package.name, version=version, reason=reason),)


def _same(one: str, other: str) -> bool:
    return one == other or (version_of(one) is not None and version_of(one) == version_of(other))


def _fits(wanted: str, release: Release) -> bool:
    version = version_of(release.version)
    return version is not None and specifiers(wanted).contains(version, prereleases=True)


def newer(package: Package, version: str) -> tuple[str, ...]:
    """List the releases newer than a version, oldest first, without yanked ones."""
    here = version_of(version)
    if here is None:
        return ()
    known = {
        one.version: found
        for one in package.versions
        if not one.yanked and (found := version_of(one.version)) and found > here
    }
    # Who runs a release does not hear of pre-releases.
    if not here.is_prerelease:
        known = {name: found for name, found in known.items() if not found.is_prerelease}
    return tuple(sorted(known, key=lambda name: known[name]))


def near_twins(name: str, names: Iterable[str]) -> list[str]:
    """List known names that are easily confused with a name: they look alike, or differ by one typing error."""
    alike = skeleton(name)
    return sorted({o for o in names if o != name and (_one_slip(name, o) or skeleton(o) == alike)})


def _one_slip(one: str, other: str) -> bool:
    """Whether two different names differ by one extra, missing, wrong or swapped letter."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while one[start : start + 1] == other[start : start + 1] != "":
        start += 1
    a, b = one[start:], other[start:]
    wrong, extra, missing = a[1:] == b[1:], a[1:] == b, a == b[1:]
    swapped = a[1::-1] + a[2:] == b
    return wrong or extra or missing or swapped


class EntryKind(Kind):
    """What is wrong with an entry; the sentences are in ``voice/registry_words.py``."""

    BROKEN = "entry-broken"  # what an error or the check of the schema says
    NOT_COMPARABLE = "not-comparable"
    NOT_A_RANGE = "not-a-range"
    MISPLACED = "misplaced"
    MISTAKABLE = "mistakable"
    OTHER_VERSION = "other-version"
    OTHER_NAME = "other-name"
    ONLY_HERE = "only-here"  # its source is on this machine


def problems_of(package: Package) -> list[tuple[str, Note]]:
    """List oddities of a well-formed entry, each with its place."""
    found = []
    for number, release in enumerate(package.versions):
        at = f"versions[{number}]"
        if version_of(release.version) is None:
            odd = Note.of(EntryKind.NOT_COMPARABLE, version=release.version)
            found.append((f"{at}.version", odd))
        if not _is_range(release.requires):
            found.append((f"{at}.requires", _no_range(release.requires)))
    if not _is_range(package.hermes_requires):
        found.append(("hermes_requires", _no_range(package.hermes_requires)))
    return found


def _no_range(text: str) -> Note:
    return Note.of(EntryKind.NOT_A_RANGE, text=text)


def _is_range(text: str) -> bool:
    """Whether a text is a range of versions; an empty one requires nothing."""
    if not text:
        return True
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
        Refused: The existing entry is of another repository.
    """
    if version_of(manifest.version) is None or not pin.commit:
        raise Invalid(
            "only a commit with a version can be pinned in a registry",
            where="distribution.yaml: version",
        )
    new = Release(
        version=manifest.version,
        commit=pin.commit,
        tree=pin.tree,
        signer=signer,
        date=date,
        requires=manifest.hermes_requires,
    )
    named = read_source(source, local=local)
    if before is not None:
        name, category = before.name, category or before.category
        if not is_same_place(before.source, named):
            raise _of_another(before, named)
        # People who installed it by name follow it as it is spelled there.
        named = before.source
    return Package(
        name=name or str(ProfileName.slug(manifest.name)),
        title=manifest.name,
        source=named,
        description=manifest.description,
        category=category,
        keywords=manifest.keywords,
        license=manifest.license,
        hermes_requires=manifest.hermes_requires,
        env=tuple(var.name for var in manifest.env if var.usable),
        runs=dict(runs),
        versions=_with_release(before.versions if before else (), new),
        commit_seen=pin.commit,
    )


def is_same_place(one: SourceSpec, other: SourceSpec) -> bool:
    """Whether two sources are the same folder of the same repository, by https or ssh, with ``.git`` or without."""
    return (_repository(one), one.subfolder) == (_repository(other), other.subfolder)


def _repository(spec: SourceSpec) -> str:
    """The host and path of a repository."""
    scheme, found, rest = spec.location.partition("://")
    if scheme == "file":
        rest = spec.location
    elif not found:  # you@host:path
        rest = spec.location.rpartition("@")[2].replace(":", "/", 1)
    host, _, path = rest.rpartition("@")[2].partition("/")
    return f"{host.lower()}/{path.strip('/').removesuffix('.git')}"


def _of_another(package: Package, source: SourceSpec) -> Refused:
    return Refused(
        f"{package.name} is the name of another package there, from {package.source}, not from {source}",
        where=entry_path(package.name),
        hint=f"give yours another name, in {MANIFEST}; if the package moved, change the `source` of the entry first",
    )


def _with_release(known: tuple[Release, ...], new: Release) -> tuple[Release, ...]:
    """Add a release, unless it is there already: then it stays as it is, with its date and what was said of it.

    Raises:
        Invalid: The version is pinned at other contents.
    """
    old = next((one for one in known if one.version == new.version), None)
    if old is None:
        return (*known, new)
    if old.commit != new.commit:
        raise Invalid(
            f"version {new.version} is already pinned at {old.commit[:7]}",
            where="distribution.yaml: version",
            hint="a release must not change: raise the version",
        )
    return known
