"""Inference: which version of a package a home without a lockfile came from.

All versions are first compared by git's object ids of their files, which is cheap. The few best ones are then compared
with the home as they would be placed; an edited file counts by how many of its lines are unchanged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.consent.effects import find_effects
from hermes_dist.decide.consent.parking import Grafted, put_back
from hermes_dist.decide.ownership import Owner, owner_of
from hermes_dist.decide.placement.jobs import JOBS, is_job_file, jobs_by_id, meaning
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.decide.placement.servers import MCP, SERVERS
from hermes_dist.errors import Invalid
from hermes_dist.merge.data import same_document, same_value
from hermes_dist.merge.text import mergeable, similarity
from hermes_dist.model.documents.api import Kind, get, kind_of, load_data
from hermes_dist.model.keypath import Item, KeyPath, format_key
from hermes_dist.model.manifest import same_as_dumped
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree, together

_LIKELY = 0.6
_ENOUGH = 0.5
"""The least that has to speak for a version: half a file, such as an edited one that has most of its new lines."""
_TIMES = 3
"""How many times as much has to speak for a version as for another one."""
_CONFIG_WEIGHT = 0.25
_MANIFEST = RelPath(MANIFEST)
_MOVED = 0.9
"""The score of a file found under another name; the most that an edited file can score."""


class Version(Struct, frozen=True):
    """One version of a package: a commit, and git's object id for each of its files."""

    commit: str
    files: Mapping[RelPath, str]


def shortlist(versions: Sequence[Version], home: Mapping[RelPath, str], most: int) -> list[Version]:
    """Choose the versions worth a closer look; among those with the same payload, the newest.

    Args:
        versions: All of them, newest first.
        home: Git's object ids of the files in the home.
        most: How many to choose.
    """
    ever = {path for version in versions for path in version.files if _counts(path, home)}
    ranked: dict[tuple[tuple[RelPath, str], ...], tuple[float, int, Version]] = {}
    for age, version in enumerate(versions):
        files = {path: oid for path, oid in version.files.items() if path in ever}
        row = (_rank(files, home, ever), -age, version)
        # Newest first: of versions with the same payload, the first one stays.
        ranked.setdefault(tuple(sorted(files.items())), row)
    best = sorted(ranked.values(), key=lambda row: row[:2], reverse=True)[:most]
    return [version for _, _, version in best]


def _rank(files: Mapping[RelPath, str], home: Mapping[RelPath, str], ever: set[RelPath]) -> float:
    """Rate how well a version explains a home: what is there counts for it, what is missing or left over against it."""
    same = sum(home.get(path) == oid for path, oid in files.items())
    there = sum(path in home for path in files)
    missing = len(files) - there
    extra = sum(path in home for path in ever) - there
    return 2.0 * same + there - missing - extra


def _counts(path: RelPath, home: Collection[RelPath]) -> bool:
    owner = owner_of(path)
    return owner is Owner.SHARED or (owner is not Owner.MACHINE and path in home)


class Match(Struct, frozen=True, kw_only=True):
    """How well a version explains a home.

    Attributes:
        same: Files as shipped, also if they have another name or are as the agent rewrites them.
        edited: Files that are present and differ.
        missing: Files that were shipped and are absent.
        extra: Files that are present and belong to another version.
        likeness: The sum of how similar the edited files are to the shipped ones.
    """

    same: int = 0
    edited: int = 0
    missing: int = 0
    extra: int = 0
    likeness: float = 0

    @property
    def total(self) -> int:
        return self.same + self.edited + self.missing + self.extra

    @property
    def score(self) -> float:
        """From 0.0 to 1.0."""
        return (self.same + _MOVED * self.likeness) / self.total if self.total else 0.0

    @property
    def is_likely(self) -> bool:
        """Whether the home may come from this version."""
        return self.score >= _LIKELY


def compare(
    placed: Tree,
    shipped: Tree,
    found: Tree,
    known: Collection[RelPath],
    read: Read,
    unlisted: Tree = EMPTY,
) -> Match:
    """Compare a version with a home.

    Args:
        placed: The version in the home's spelling.
        shipped: Its files that a home spells differently, which an installer may have copied as they are.
        found: The home.
        known: Paths that occur in any version.
        read: Gives contents by digest.
        unlisted: Its files that its list leaves out: an older agent's installer copied them, a newer one's did not.
    """
    tally = _Tally(found, {entry.digest for path, entry in found.items() if path not in placed})
    for path, entry in placed.items():
        tally.placed(path, entry, shipped.get(path), read)
    for path, entry in shipped.items():
        if path in found and path not in placed:
            tally.copied(entry, found[path])
    for path in sorted(found.keys() & unlisted.keys() - placed.keys()):
        tally.placed(path, unlisted[path], None, read)
    own = placed.keys() | shipped.keys() | unlisted.keys()
    extra = len(found.keys() & set(known) - own)
    return Match(
        same=tally.same,
        edited=tally.edited,
        missing=tally.missing,
        extra=extra,
        likeness=tally.likeness,
    )


class _Tally(Struct):
    """Counts how the files of a version are found in a home.

    Attributes:
        found: The home.
        elsewhere: Contents in the home under names that the version does not have.
    """

    found: Tree
    elsewhere: set[Digest]
    same: int = 0
    edited: int = 0
    missing: int = 0
    likeness: float = 0.0

    def placed(self, path: RelPath, entry: Entry, shipped: Entry | None, read: Read) -> None:
        """Count a file in the home's spelling; ``shipped`` is what an installer may have copied instead."""
        here = self.found.get(path)
        if here is None:
            self._absent(entry)
        elif _is_same(path, entry, here, read) or (shipped and _is_same(path, shipped, here, read)):
            self.same += 1
        else:
            self.edited += 1
            self.likeness += _likeness(read(entry.digest), read(here.digest))

    def _absent(self, entry: Entry) -> None:
        if entry.digest not in self.elsewhere:
            self.missing += 1
            return
        self.same += 1
        self.likeness += _MOVED - 1  # a file under another name is worth less than one in its place

    def copied(self, entry: Entry, here: Entry) -> None:
        """Count a file that only the package's spelling has, such as ``mcp.json``."""
        if here == entry:
            self.same += 1
        else:
            self.edited += 1


def _is_same(path: RelPath, entry: Entry, here: Entry, read: Read) -> bool:
    if entry.digest == here.digest:
        return True
    if path == _MANIFEST:
        return _is_manifest_dumped(read(entry.digest), read(here.digest))
    return kind_of(path) is not None and same_document(path, read(entry.digest), read(here.digest))


def _is_manifest_dumped(shipped: bytes, here: bytes) -> bool:
    """Whether the agent's installer wrote this manifest: it drops unknown fields and adds its stamps."""
    try:
        return same_as_dumped(load_data(shipped, Kind.YAML), load_data(here, Kind.YAML))
    except Invalid:
        return False


def _likeness(a: bytes, b: bytes) -> float:
    return similarity(a, b) if mergeable(a) and mergeable(b) else 0.0


class Whole(Struct, frozen=True):
    """All files of a version: as a home spells them, and as an installer may have copied them."""

    placed: Tree
    shipped: Tree
    unlisted: Tree

    def entries(self, path: RelPath) -> tuple[Entry, ...]:
        """The forms that a file may have in a home; none if the version does not have it."""
        forms = (tree.get(path) for tree in (self.shipped, self.placed, self.unlisted))
        return tuple(form for form in forms if form)

    @property
    def paths(self) -> frozenset[RelPath]:
        return frozenset(self.placed) | frozenset(self.shipped) | frozenset(self.unlisted)


class Margin(Struct, frozen=True):
    """What speaks for one version and what for another, in files.

    Attributes:
        best: The files that are as one version has them, or nearer to it.
        other: The same for the other version.
    """

    best: float = 0
    other: float = 0

    @property
    def is_wide(self) -> bool:
        """Whether the home is clearly the one version and not the other."""
        return self.best >= _ENOUGH and self.best >= _TIMES * self.other


def margin(best: Whole, other: Whole, found: Tree, read: Read) -> Margin:
    """Weigh two versions by the files in which they differ: the others tell nothing, however many they are.

    Args:
        best: The one version.
        other: The other version.
        found: The home.
        read: Gives contents by digest.
    """
    ballots = [
        _ballot(path, best.entries(path), other.entries(path), found.get(path), read)
        for path in best.paths | other.paths
        if best.entries(path) != other.entries(path) and not _is_neutral(path, best, other, found)
    ]
    return Margin(sum(b for b in ballots if b > 0), -sum(b for b in ballots if b < 0))


def _is_neutral(path: RelPath, best: Whole, other: Whole, found: Tree) -> bool:
    """Whether the absence of a file says nothing, because a list leaves it out and an installer may have, too."""
    if path in found:
        return False
    return path in best.unlisted or path in other.unlisted


def _ballot(
    path: RelPath,
    best: tuple[Entry, ...],
    other: tuple[Entry, ...],
    here: Entry | None,
    read: Read,
) -> float:
    """Say whether a file speaks for one version (up to 1) or for the other (down to -1)."""
    # The agent's own update leaves config.yaml as it is, so that file may be older than all others.
    weight = _CONFIG_WEIGHT if path == CONFIG else 1.0
    if here is None or not best or not other:
        return weight * (bool(best) - bool(other)) * (1 if here else -1)
    is_best, is_other = (any(_is_same(path, e, here, read) for e in es) for es in (best, other))
    if is_best or is_other:
        return weight * (is_best - is_other)
    return weight * _leaning(read(best[0].digest), read(other[0].digest), read(here.digest))


def _leaning(best: bytes, other: bytes, here: bytes) -> float:
    """Say which of two texts an edited one is nearer to, by the lines in which the two differ: from 1 to -1."""
    if not all(map(mergeable, (best, other, here))):
        return 0.0
    one, two, mine = (set(text.splitlines()) for text in (best, other, here))
    telling = one ^ two
    if not telling:
        return 0.0
    agreed = sum((line in one) == (line in mine) for line in telling)
    return 2 * agreed / len(telling) - 1


def copied_besides(whole: Whole, package: Tree, found: Tree, read: Read) -> tuple[RelPath, ...]:
    """List what a home has of a version although the author's list leaves it out, as folders where all of one is there.

    Servers of ``mcp.json`` and jobs in files of their own are not among them: the agent reads neither, so nobody has
    used these copies.

    Args:
        whole: All files of the version.
        package: The version as shipped.
        found: The home.
        read: Gives contents by digest.
    """
    taken = {
        path
        for path, entry in whole.unlisted.items()
        if path in found and _is_copy(path, entry, found[path], read)
    }
    missing = package.keys() - taken - whole.placed.keys()
    partly = {folder for path in missing for folder in path.parents}
    return tuple(sorted({_outermost(path, partly) for path in taken}))


def _outermost(path: RelPath, partly: Collection[RelPath]) -> RelPath:
    """The outermost folder of a file that is not one of these; the file itself if there is none."""
    return next((folder for folder in path.parents if folder not in partly), path)


def _is_copy(path: RelPath, entry: Entry, here: Entry, read: Read) -> bool:
    """Whether a file of a home is one that the package ships, and that the agent has read."""
    return not _is_inert(path) and _is_like(path, entry, here, read)


def _is_inert(path: RelPath) -> bool:
    return path == MCP or (is_job_file(path) and path != JOBS)


def _is_like(path: RelPath, entry: Entry, here: Entry, read: Read) -> bool:
    return _is_same(path, entry, here, read) or (
        _likeness(read(entry.digest), read(here.digest)) >= _ENOUGH
    )


def is_sure(best: Match, margins: Iterable[Margin]) -> bool:
    """Whether a version is certain, given what it has over each other one."""
    return best.is_likely and all(margin.is_wide for margin in margins)


def adopted_base(placed: Tree, shipped: Tree, found: Tree, read: Read) -> Grafted:
    """Return the base of a home that another installer made: the package as placed, without what only our placing adds.

    The agent reads neither ``mcp.json`` nor files of single jobs, so its installer activated no such server or job.
    Their absence is not a deletion by the user: left out of base, they come with the next update, switched off. Copies
    of those files that the installer made belong to the package, and the next update removes them. A job in the home
    that matches its author's file is not an edit, even if placing would spell it differently.

    Args:
        placed: The version in the home's spelling.
        shipped: Its files that a home spells differently.
        found: The home.
        read: Gives contents by digest.
    """
    places = [*_new_servers(placed, shipped, found, read), *_new_jobs(placed, found, read)]
    fresh = put_back(placed, EMPTY, places, read)
    spelled = put_back(
        fresh.tree, found, _same_jobs(placed, found, read), together(fresh.blobs, read)
    )
    copied = {
        path: entry
        for path, entry in shipped.items()
        if path not in placed and found.get(path) == entry
    }
    return Grafted(spelled.tree.with_entries(copied), {**fresh.blobs, **spelled.blobs})


def _same_jobs(placed: Tree, found: Tree, read: Read) -> list[tuple[RelPath, str]]:
    """Return the jobs in the home that are as their author wrote them, where placing would spell them differently."""
    here, theirs = (_jobs(tree.get(JOBS), read) for tree in (found, placed))
    keys: dict[str, KeyPath] = {
        ident: ("jobs", Item("id", ident)) for ident in theirs if ident in here
    }
    return [
        (JOBS, format_key(key))
        for ident, key in keys.items()
        if meaning(here[ident]) == meaning(theirs[ident])
        and not same_value(JOBS, key, here[ident], theirs[ident])
    ]


def active_effects(placed: Tree, found: Tree, read: Read) -> tuple[Effect, ...]:
    """List the effects of a package that are active in a home already, although nobody was asked.

    Args:
        placed: The version in the home's spelling.
        found: The home.
        read: Gives contents by digest.
    """
    jobs, servers = _jobs(placed.get(JOBS), read), _servers(placed.get(CONFIG), read)

    def ours(effect: Effect) -> bool:
        if effect.path == JOBS:
            return any(effect.key == format_key(("jobs", Item("id", ident))) for ident in jobs)
        if effect.path == CONFIG:
            return any(effect.key.startswith(f"{format_key((SERVERS, name))}.") for name in servers)
        return any(path.under(effect.path) for path in placed)

    effects = find_effects(EMPTY, found, placed, read)
    return tuple(
        e
        for e in effects
        if not e.off and e.kind in (EffectKind.RUNS, EffectKind.SCHEDULES) and ours(e)
    )


def _new_servers(placed: Tree, shipped: Tree, found: Tree, read: Read) -> list[tuple[RelPath, str]]:
    """Return the servers that only placing adds, as places; the whole file if it holds nothing else."""
    if CONFIG not in placed or MCP not in shipped:
        return []
    here = _servers(found.get(CONFIG), read)
    new = [name for name in _servers(placed[CONFIG], read) if name not in here]
    if CONFIG not in found:
        # Without a config upstream, the whole file comes from placing; otherwise the user deleted the author's.
        return [] if CONFIG in shipped else [(CONFIG, "")]
    # Servers of the author's own config.yaml were installed, so one that is gone was deleted by the user.
    authors = _servers(shipped.get(CONFIG), read)
    return [(CONFIG, format_key((SERVERS, name))) for name in new if name not in authors]


def _new_jobs(placed: Tree, found: Tree, read: Read) -> list[tuple[RelPath, str]]:
    """Return the jobs that only placing adds; a job of the same name is the package's under another id."""
    if JOBS not in placed:
        return []
    if JOBS not in found:
        return [(JOBS, "")]
    here = _jobs(found[JOBS], read)
    names = {str(job.get("name")) for job in here.values()}
    return [
        (JOBS, format_key(("jobs", Item("id", ident))))
        for ident, job in _jobs(placed[JOBS], read).items()
        if ident not in here and str(job.get("name")) not in names
    ]


def _servers(entry: Entry | None, read: Read) -> tuple[str, ...]:
    """Return the names of the servers in a ``config.yaml``."""
    servers = get(_data(entry, Kind.YAML, read), (SERVERS,))
    return tuple(str(name) for name in servers) if isinstance(servers, dict) else ()


def _jobs(entry: Entry | None, read: Read) -> Mapping[str, Mapping[str, object]]:
    return jobs_by_id(_data(entry, Kind.JSON, read))


def _data(entry: Entry | None, kind: Kind, read: Read) -> object:
    """Return a document's data; None if there is no such file, or it can't be read."""
    if entry is None:
        return None
    try:
        return load_data(read(entry.digest), kind)
    except Invalid:
        return None
