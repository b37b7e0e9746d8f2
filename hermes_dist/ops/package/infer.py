"""Infer which version of its source a home without a lockfile came from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.agents.places import SOUL
from hermes_dist.brand import MANIFEST
from hermes_dist.decide.consent.parking import Grafted
from hermes_dist.decide.infer import (
    Margin,
    Match,
    Version,
    Whole,
    adopted_base,
    compare,
    copied_besides,
    is_sure,
    margin,
    shortlist,
)
from hermes_dist.decide.ownership import payload_of
from hermes_dist.errors import DistError
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import Pin, SourceKind, SourceSpec
from hermes_dist.model.tree import Digest, Entry, Read, Tree
from hermes_dist.ops.change.fetch import Fetched, Holding, Incoming, fetch, placed_for
from hermes_dist.ops.change.look_up import look_up
from hermes_dist.ops.change.observe import Observed, first_of, observe
from hermes_dist.ops.change.target import Target
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home
from hermes_dist.ops.noted_source import noted_in
from hermes_dist.ops.own_home import refuse_own_home
from hermes_dist.world.ports import GitFile

_COMMITS = 400
_CLOSER = 24
_OTHER_TIPS = 50
_SHA256 = 64
_NEIGHBOURS = frozenset(["SKILL.md", SOUL, "plugin.json"])
"""Files of which one is in every source that is taken for something without a manifest, in any folder."""
_ANY = Entry(Digest.of(b""))
"""A placeholder entry, for comparisons of paths alone."""


class Guess(Struct, frozen=True, kw_only=True):
    """The version that a home most likely came from.

    Attributes:
        incoming: The version.
        match: How well it explains the home.
        base: What the home counts as having received of it, including new contents.
        sure: Whether the guess is certain.
        others: The versions that it could be as well, with their matches; the best first.
        tried: How many commits were compared.
        older: Whether a version that was not compared, because it is too old, could explain the home better.
    """

    incoming: Incoming
    match: Match
    base: Grafted
    sure: bool
    others: tuple[tuple[Pin, Match], ...]
    tried: int
    older: bool = False


def noted_source(ctx: Context, home: Home) -> str:
    """The source that the agent's installer noted in the manifest.

    Raises:
        DistError: There is no manifest, or it names no source.
    """
    if not os.path.lexists(home.path / MANIFEST):
        raise DistError(
            f"the profile {str(home.name)!r} holds no package: there is no {MANIFEST}",
            where=str(home.path),
            hint=f"if it came from a package, name its source: {ctx.command(f'adopt {home.name} SOURCE')}",
        )
    source = noted_in(home.path)
    if not source:
        raise DistError(
            "it does not say where this profile comes from",
            where=str(home.path / MANIFEST),
            hint=f"name its source: {ctx.command(f'adopt {home.name} SOURCE')}",
        )
    return source


def infer(ctx: Context, home: Home, spec: SourceSpec) -> Guess | None:
    """Find the version that a home most likely came from, in the whole history of its source.

    Args:
        ctx: The context.
        home: The home, without a lock.
        spec: The source; a tag or commit in it settles the version.

    Returns:
        The guess; None if no version has a file in common with the home.

    Raises:
        DistError: The source can't be reached, or is not a package.
    """
    refuse_own_home(home, [spec])
    # What a registry says of a package is about one version; here any of them may come out.
    target = look_up(ctx, spec)._replace(tree="", signer="")
    history = _history(ctx, target)
    versions = history.versions
    seen = observe(ctx, home, Tree({path: _ANY for version in versions for path in version.files}))
    oids = _oids(seen.ours, seen.read, sha256=len(target.commit) == _SHA256)
    versions = [_where_it_is_here(version, oids) for version in versions]
    # Comparing the ids of files is cheap and picks the few versions that are worth fetching.
    closest = [target._replace(commit=v.commit) for v in shortlist(versions, oids, _CLOSER)]
    candidates = list(_fetched(ctx, _distinct([target, *closest])))
    rows = _best_first(_ranked(candidates, seen, [version.commit for version in versions]), seen)
    if not rows:
        return None
    found = _guess(ctx, rows, seen, pinned=target.pinned, tried=max(1, len(versions)))
    return replace(found, sure=False, older=True) if _may_be_older(found, history) else found


def _where_it_is_here(version: Version, oids: Mapping[RelPath, str]) -> Version:
    """A version with its files where the home has them; of a package, they are there already."""
    if MANIFEST in version.files:
        return version
    known = frozenset(version.files.values())
    return Version(
        version.commit,
        {**version.files, **{path: oid for path, oid in oids.items() if oid in known}},
    )


def _may_be_older(guess: Guess, history: _History) -> bool:
    """Whether a version before those that were compared could explain a home better.

    If the oldest one is the one that fits, and does not fit exactly, what looks like an edit may be what an older
    version had.
    """
    if history.oldest is None or guess.match.same == guess.match.total:
        return False
    files = {version.commit: version.files for version in history.versions}
    return files.get(guess.incoming.pin.commit) == history.oldest.files


def _guess(ctx: Context, rows: list[_Row], seen: Observed, *, pinned: bool, tried: int) -> Guess:
    """The first version, and the others that it could be as well."""
    best = rows[0]
    margins = [_margin(best, row, seen) for row in rows[1:]]
    incoming = _with_copies(ctx, best, seen)
    read = first_of(incoming.read, seen.read)
    close = (row for row, found in zip(rows[1:], margins, strict=True) if not found.is_wide)
    return Guess(
        incoming=incoming,
        match=best.match,
        base=adopted_base(incoming.placed, incoming.shipped, seen.ours, read),
        sure=pinned or is_sure(best.match, margins),
        others=tuple((row.incoming.pin, row.match) for row in close),
        tried=tried,
    )


class _Row(Struct, frozen=True):
    """A version, with all its files, and how well it explains the home."""

    fetched: Fetched
    incoming: Incoming
    whole: Whole
    match: Match


def _ranked(
    candidates: list[tuple[Fetched, Incoming]], seen: Observed, commits: list[str]
) -> list[_Row]:
    """The candidates that have a file in common with the home, best first; of equal ones the newest."""
    wholes = [_whole(one) for _, one in candidates]
    ever = frozenset[RelPath]().union(*(whole.paths for whole in wholes))
    rows: list[_Row] = []
    for (fetched, one), whole in zip(candidates, wholes, strict=True):
        read = first_of(one.read, seen.read)
        match = compare(one.placed, one.shipped, seen.ours, ever, read, whole.unlisted)
        if match.same:
            rows.append(_Row(fetched, one, whole, match))
    order = {commit: number for number, commit in enumerate(commits)}
    rows.sort(key=lambda row: (-row.match.score, order.get(row.incoming.pin.commit, -1)))
    # Versions that put the same files into a home are one answer, not two that leave doubt.
    distinct: dict[tuple[Tree, Tree], _Row] = {}
    for row in rows:
        copied = row.whole.unlisted.where(seen.ours.__contains__)
        distinct.setdefault((row.whole.placed, copied), row)
    return list(distinct.values())


def _whole(incoming: Incoming) -> Whole:
    left_out = payload_of(incoming.package, incoming.manifest).unlisted
    return Whole(incoming.placed, incoming.shipped, left_out)


def _best_first(rows: list[_Row], seen: Observed) -> list[_Row]:
    """Put the version first that has more for it than each other one, where the two differ."""
    if not rows:
        return []
    best = rows[0]
    for row in rows[1:]:
        found = _margin(best, row, seen)
        if found.other > found.best:
            best = row
    return [best, *(row for row in rows if row is not best)]


def _margin(best: _Row, other: _Row, seen: Observed) -> Margin:
    read = first_of(first_of(best.incoming.read, other.incoming.read), seen.read)
    return margin(best.whole, other.whole, seen.ours, read)


def _with_copies(ctx: Context, row: _Row, seen: Observed) -> Incoming:
    """The version with the files that its list leaves out and an installer copied all the same, as included ones.

    Otherwise nothing would ever update them, although they are as their author ships them.
    """
    read = first_of(row.incoming.read, seen.read)
    taken = copied_besides(row.whole, row.incoming.package, seen.ours, read)
    if not taken:
        return row.incoming
    made = placed_for(ctx, row.fetched, Holding(included=taken))
    return replace(made, spec=row.incoming.spec)


class _History(Struct, frozen=True):
    """The versions of a source, newest first, and the oldest of them if there are more before it."""

    versions: list[Version]
    oldest: Version | None = None


def _history(ctx: Context, target: Target) -> _History:
    """Every version of a source; those that can't be read are left out."""
    spec = _repository(ctx, target.spec)
    if spec is None:
        return _History([])
    line, tips = ([target.commit], []) if target.pinned else _commits(ctx, target, spec)
    versions = list(_versions(ctx, spec, [*line, *tips]))
    if len(line) < _COMMITS:
        return _History(versions)
    walked = set(line)
    return _History(versions, next((v for v in reversed(versions) if v.commit in walked), None))


def _commits(ctx: Context, target: Target, spec: SourceSpec) -> tuple[list[str], list[str]]:
    """The history behind what is followed, newest first, and the tips of other branches and tags."""
    refs = target.refs or ctx.sources.git.refs(ctx.sources.url(spec))
    tip = target.commit or refs.head_commit
    line = ctx.sources.history(spec, tip, _COMMITS) if tip else []
    known = set(line)
    others = dict.fromkeys([*refs.tags.values(), *refs.heads.values()])
    return line, [commit for commit in others if commit not in known][:_OTHER_TIPS]


def _versions(ctx: Context, spec: SourceSpec, commits: list[str]) -> Iterator[Version]:
    signs: frozenset[str] = frozenset()
    for count, commit in enumerate(commits):
        ctx.progress(f"comparing version {count + 1} of {len(commits)}")
        with suppress(DistError):
            files = _files(ctx, spec, commit)
            if count == 0 and not any(file.path == MANIFEST for file in files):
                signs = _NEIGHBOURS
            if any(file.path == MANIFEST or file.path.name in signs for file in files):
                yield Version(commit, {file.path: file.oid for file in files})


def _files(ctx: Context, spec: SourceSpec, commit: str) -> Sequence[GitFile]:
    """The files of a version: from the cache if it has them, else fetched."""
    try:
        return ctx.sources.git.listing(ctx.sources.url(spec), commit, spec.subfolder).files
    except DistError:
        return ctx.sources.files(spec, commit)


def _repository(ctx: Context, spec: SourceSpec) -> SourceSpec | None:
    """The repository that holds a source's history; None for a folder that is not a repository."""
    if ctx.sources.is_git(spec):
        return spec
    folder = SourceSpec(
        kind=SourceKind.GIT, location=ctx.sources.url(spec), subfolder=spec.subfolder
    )
    try:
        ctx.sources.git.refs(folder.location)
    except DistError:
        return None
    return folder


def _fetched(ctx: Context, targets: list[Target]) -> Iterator[tuple[Fetched, Incoming]]:
    """Fetch versions; one that is not a package is skipped, unless it is the only one."""
    for target in targets:
        try:
            spec = _repository(ctx, target.spec) if target.commit else None
            fetched = fetch(ctx, target._replace(spec=spec or target.spec))
            yield fetched, replace(placed_for(ctx, fetched), spec=target.source)
        except DistError:
            if len(targets) == 1:
                raise


def _distinct(targets: list[Target]) -> list[Target]:
    return list({target.commit: target for target in targets}.values())


def _oids(tree: Tree, read: Read, *, sha256: bool) -> dict[RelPath, str]:
    """The ids that git gives to the files of a home."""
    found = {}
    for path, entry in tree.items():
        data = read(entry.digest)
        head = b"blob %d\0" % len(data)
        new = (
            hashlib.sha256(head + data)
            if sha256
            else hashlib.sha1(head + data, usedforsecurity=False)
        )
        found[path] = new.hexdigest()
    return found
