"""Keep places yours on this machine, whatever upstream ships: the record of ``resolve --always``, made at any time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.agents.places import CONFIG, JOBS
from hermes_dist.decide.near import offered
from hermes_dist.decide.ownership import is_machine
from hermes_dist.errors import DistError, Invalid, UsageError
from hermes_dist.model.documents.api import ABSENT, get, kind_of, load_data
from hermes_dist.model.keypath import (
    Named,
    format_key,
    named_places,
    parse_key,
    place_words,
)
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.tree import Read, Tree
from hermes_dist.model.values import leaves
from hermes_dist.ops.change.confirm import confirm_and_carry_out
from hermes_dist.ops.change.observe import observe
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.propose import propose
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, look_into, open_home
from hermes_dist.ops.package.resolve import near_places, recorded

_DOCUMENTS = tuple(map(RelPath, (CONFIG, JOBS)))
"""Where a key without a file may be: these hold settings, servers and jobs."""


class Kept(Struct, frozen=True, kw_only=True):
    """What is kept after a command, and what it changed.

    Attributes:
        kept: Every ``path`` or ``path: key`` that stays yours.
        added: Those that were not kept before.
        removed: Those that are not kept any more.
        settled: How many open conflicts this settled as yours.
        outcome: What was done; None if there was nothing to do.
    """

    profile: ProfileName
    kept: tuple[str, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    settled: int = 0
    outcome: Outcome | None = None


def kept(ctx: Context, name: ProfileName) -> Kept:
    """List what a profile keeps.

    Raises:
        DistError: The profile has no lockfile, or it can't be read.
    """
    home = look_into(ctx, name)
    return Kept(profile=name, kept=tuple(sorted(home.need_lock(ctx).kept)))


def keep(ctx: Context, name: ProfileName, words: Sequence[str], request: Request) -> Kept:
    """Keep files, folders or keys as they are here; an open conflict there is settled as yours.

    Args:
        ctx: The context.
        name: The profile.
        words: What to keep, as typed: a path, a folder, a key, or ``path: key``.
        request: The options; only the dry run matters.

    Raises:
        DistError: One of them is nothing that the package brings, or not clear; nothing changed.
    """
    home = open_home(ctx, name)
    lock = home.need_lock(ctx)
    shelf = _shelf(ctx, home, lock)
    places = [_place(ctx, shelf, word) for word in words]
    new = [place for place in dict.fromkeys(places) if not _covered(place, lock.kept)]
    return _written(ctx, home, lock.kept | set(new), request, verb="keep")


def unkeep(
    ctx: Context, name: ProfileName, words: Sequence[str], request: Request, *, all_: bool = False
) -> Kept:
    """Keep places no longer: they stay as they are, and upstream's next change to them is a conflict.

    Args:
        ctx: The context.
        name: The profile.
        words: What to keep no longer, as typed.
        request: The options; only the dry run matters.
        all_: Everything that is kept.

    Raises:
        UsageError: Nothing is named, or ``all_`` and something.
        DistError: One of them is not kept; nothing changed.
    """
    home = open_home(ctx, name)
    lock = home.need_lock(ctx)
    if bool(words) == all_:
        raise UsageError(
            "name what to keep no longer, or pass --all", hint=f"kept: {_shown(lock.kept)}"
        )
    gone = set(lock.kept) if all_ else set[str]()
    for word in words:
        gone |= set(_kept_at(name, lock, word))
    return _written(ctx, home, lock.kept - gone, request, verb="unkeep")


def _written(
    ctx: Context, home: Home, places: frozenset[str], request: Request, *, verb: str
) -> Kept:
    lock = home.need_lock(ctx)
    found = Kept(
        profile=home.name,
        kept=tuple(sorted(places)),
        added=tuple(sorted(places - lock.kept)),
        removed=tuple(sorted(lock.kept - places)),
    )
    if places == lock.kept:
        return found
    decided = replace(home, lock=replace(lock, kept=places))
    make = partial(propose, ctx, decided, recorded(ctx, lock), verb=verb)
    # Nothing to confirm: what is kept stays as it is, and keeping can be undone at any time.
    outcome = confirm_and_carry_out(ctx, make, request, lambda _: True)
    return replace(found, settled=_settled(lock, outcome.proposal), outcome=outcome)


def _settled(before: Lock, proposal: Proposal | None) -> int:
    if proposal is None:
        return 0
    return len(set(before.conflicts) - set(proposal.plan.conflicts))


class _Shelf(Struct, frozen=True):
    """What can be kept: the files that the package brings, and where to read the documents among them."""

    home: Home
    paths: tuple[RelPath, ...]
    elsewhere: Tree
    ours: Tree
    theirs: Tree
    read: Read


def _shelf(ctx: Context, home: Home, lock: Lock) -> _Shelf:
    theirs = lock.theirs()
    seen = observe(ctx, home, theirs)
    paths = tuple(sorted({*lock.base, *theirs}))
    return _Shelf(home, paths, lock.shipped, seen.ours, theirs, seen.read)


def _place(ctx: Context, shelf: _Shelf, word: str) -> str:
    """The place that a typed word means.

    Raises:
        DistError: It means nothing of the package, or several things.
    """
    if not word.strip():
        raise UsageError("the path to keep is empty")
    path, colon, key = _relative(shelf.home, word).partition(": ")
    if colon:
        return _in_document(ctx, shelf, path, key)
    place = _as_path(path)
    if place is not None and any(each.under(place) for each in shelf.paths):
        return str(place)
    found = _as_key(shelf, path)
    if len(found.places) == 1:
        return found.places[0]
    raise _nothing_to_keep(ctx, shelf, path, place, found.candidates)


def _as_key(shelf: _Shelf, word: str) -> Named:
    """The key or the end of a path or key that a word means."""
    keys = _keys_of(shelf)
    outer = tuple(f"{at}: {word}" for at, data in keys.items() if _has(data, word))
    if outer:
        return Named(outer) if len(outer) == 1 else Named(candidates=outer)
    inner = [f"{at}: {format_key(leaf)}" for at, data in keys.items() for leaf, _ in leaves(data)]
    return named_places(word, [*map(str, shelf.paths), *inner])


def _relative(home: Home, word: str) -> str:
    """A path as it is inside of the home, if somebody typed the whole of it."""
    typed = word.strip().removeprefix("./")
    return typed.removeprefix(f"{home.path}/").rstrip("/")


def _as_path(word: str) -> RelPath | None:
    try:
        return RelPath(word)
    except Invalid:
        return None


def _in_document(ctx: Context, shelf: _Shelf, path: str, key: str) -> str:
    """``path: key`` as typed, if the document is the package's and has such a key.

    Raises:
        DistError: It has not.
    """
    at = _as_path(path)
    if at is None or at not in shelf.paths:
        raise _nothing_to_keep(ctx, shelf, path, at, ())
    if kind_of(at) is None:
        raise DistError(
            f"only a key of a YAML or JSON file can be kept on its own, and {path} is another file",
            where=str(shelf.home.name),
            hint=f"keep all of it: {ctx.command(f'keep {shelf.home.name} {path}')}",
        )
    if not any(_has(data, key) for data in _versions(shelf, at)):
        raise DistError(f"there is no key {key!r}", where=path)
    return f"{at}: {key}"


def _keys_of(shelf: _Shelf) -> dict[RelPath, object]:
    """The documents whose keys can be named without their file: yours first, then upstream's."""
    found: dict[RelPath, object] = {}
    for path in _DOCUMENTS:
        if path in shelf.paths:
            versions = _versions(shelf, path)
            if versions:
                found[path] = versions[0]
    return found


def _versions(shelf: _Shelf, path: RelPath) -> list[object]:
    kind = kind_of(path)
    found: list[object] = []
    for tree in (shelf.ours, shelf.theirs):
        entry = tree.get(path)
        if entry is None or kind is None:
            continue
        try:
            found.append(load_data(shelf.read(entry.digest), kind))
        except DistError:
            continue  # a document that can't be read has no keys to name, but can be kept as a whole
    return found


def _has(data: object, key: str) -> bool:
    try:
        return get(data, parse_key(key)) is not ABSENT
    except Invalid:
        return False


def _covered(place: str, kept: Iterable[str]) -> bool:
    """Whether a place is kept already, on its own or as a part of what is kept."""
    return any(named_places(each, [place]).places for each in kept)


def _kept_at(name: ProfileName, lock: Lock, word: str) -> tuple[str, ...]:
    """What is kept at a typed place.

    Raises:
        DistError: Nothing is, or it is only kept as a part of something.
    """
    found = named_places(word, lock.kept)
    if found.places:
        return found.places
    around = [each for each in sorted(lock.kept) if named_places(each, [word]).places]
    hint = offered(word, map(place_words, sorted(lock.kept)), "kept", none="nothing")
    if around:
        hint = f"it is kept as a part of {place_words(around[0])}; keep that no longer, then what should stay kept"
    if found.candidates:
        hint = f"it could be: {_shown(found.candidates)}"
    raise DistError(f"{word!r} is not kept", where=str(name), hint=hint)


def _nothing_to_keep(
    ctx: Context, shelf: _Shelf, word: str, path: RelPath | None, candidates: Sequence[str]
) -> DistError:
    """The error for a word that means nothing to keep: it says to whom the path belongs instead."""
    where = str(shelf.home.name)
    if candidates:
        return DistError(
            f"{word!r} could mean several things", where=where, hint=f"one of: {_shown(candidates)}"
        )
    if path is not None and is_machine(path):
        return DistError(
            f"{word} belongs to this machine: no package ever changes it",
            where=where,
            hint="there is nothing to keep; it stays yours anyway",
        )
    if path is not None and any(each.under(path) for each in shelf.elsewhere):
        return DistError(
            f"{word} is stored in {CONFIG} or {JOBS} here",
            where=where,
            hint=f"keep a key of those, such as: {ctx.command(f'keep {where} mcp_servers')}",
        )
    if path is not None and (shelf.home.path / path).exists():
        return DistError(
            f"{word} is yours already: the package does not hold it",
            where=where,
            hint="there is nothing to keep; no update changes it",
        )
    return _unknown(shelf, word)


def _unknown(shelf: _Shelf, word: str) -> DistError:
    """The error for a word that the package knows neither as a path nor as a key, with what may be meant."""
    hint = f"its files: {_shown(_tops(shelf.paths))}"
    if near := _meant(shelf, word) or near_places(word, map(str, shelf.paths)):
        hint = f"did you mean {_shown(near)}? {hint}"
    return DistError(
        f"the package holds no {word!r}, neither as a path nor as a key",
        where=str(shelf.home.name),
        hint=hint,
    )


def _meant(shelf: _Shelf, word: str) -> tuple[str, ...]:
    """The places that a word means although it does not name them: a key without the space, a job by its name."""
    path, colon, key = word.partition(":")
    at = _as_path(path)
    if colon and at in shelf.paths:
        return (f"{at}: {key.strip()}",)
    jobs = get(_keys_of(shelf).get(RelPath(JOBS)), ("jobs",))
    return tuple(
        f"{JOBS}: jobs[id={job['id']}]"
        for job in (jobs if isinstance(jobs, list) else ())
        if isinstance(job, dict) and job.get("name") == word and job.get("id")
    )


def _tops(paths: Iterable[RelPath]) -> list[str]:
    """The names at the root, folders with a slash."""
    return sorted({path.top + "/" * ("/" in path) for path in paths})


def _shown(places: Iterable[str]) -> str:
    return ", ".join(map(place_words, sorted(places)[:10])) or "nothing"
