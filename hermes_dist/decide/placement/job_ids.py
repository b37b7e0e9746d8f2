"""The ids of a package's jobs: a job that a home knows keeps its id there, with its run state and its approval."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.model.paths import RelPath

Job = dict[str, object]
NO_JOBS: Final[Mapping[str, Job]] = {}
ID: Final = lazily.pattern(r"[0-9a-f]{12}")
Alike = Callable[[Mapping[str, object], Mapping[str, object]], bool]
"""Whether two jobs do the same."""

_NAMESAKES = 16
"""As many jobs of one name in one file are told apart by their order."""


class Unnamed(Struct, frozen=True):
    """A job of a package without its id in the home.

    Attributes:
        path: The author's file.
        own: The id that the author gave it; empty for none.
        placed: The job as a home spells it.
    """

    path: RelPath
    own: str
    placed: Mapping[str, object]

    def ids(self) -> Iterator[str]:
        """Yield the ids that it may have, the best first: the author's, then those made from file and name."""
        if self.own:
            yield self.own
        for n in itertools.count():
            yield made_id(self.path, self.placed["name"], n)


def own_id(job: object) -> str:
    """Return the id that the author gave to a job; empty if it is not a valid id."""
    own = job.get("id") if isinstance(job, Mapping) else None
    if not isinstance(own, str) or not ID.fullmatch(own):
        return ""
    return own


def made_id(path: RelPath, name: object, n: int = 0) -> str:
    """Derive the id of a job from its file and name; ``n`` counts further jobs of that name."""
    seed = f"{path}\0{name}\0{n}" if n else f"{path}\0{name}"
    return hashlib.sha256(seed.encode()).hexdigest()[:12]


def ids_for(
    jobs: Sequence[Unnamed],
    base_jobs: Mapping[str, Job],
    user_jobs: Mapping[str, Job],
    alike: Alike,
) -> list[str]:
    """Give every job of a package its id in the home.

    Args:
        jobs: The jobs, in the order of their files.
        base_jobs: The package's jobs as the home received them, by id.
        user_jobs: The user's own jobs by id.
        alike: Whether two jobs do the same.

    Returns:
        The ids, in the same order; no two are equal.
    """
    given: dict[int, str] = {}
    for find in _RULES:
        for number, job in enumerate(jobs):
            if number in given:
                continue
            free = partial(_without, taken=set(given.values()))
            ident = find(job, free(base_jobs), free(user_jobs), alike)
            if ident:
                given[number] = ident
    taken = {*given.values(), *user_jobs}
    for number, job in enumerate(jobs):
        if number not in given:
            given[number] = next(ident for ident in job.ids() if ident not in taken)
            taken.add(given[number])
    return [given[number] for number in range(len(jobs))]


def _without(jobs: Mapping[str, Job], taken: set[str]) -> Mapping[str, Job]:
    return {ident: job for ident, job in jobs.items() if ident not in taken}


def _by_id(job: Unnamed, base: Mapping[str, Job], _own: Mapping[str, Job], _alike: Alike) -> str:
    """The home received it by an id that the package gives it again."""
    wanted = itertools.islice(job.ids(), _NAMESAKES + 1)
    return next((ident for ident in wanted if ident in base), "")


def _contributed(
    job: Unnamed, _base: Mapping[str, Job], own: Mapping[str, Job], _alike: Alike
) -> str:
    """It is a job of the user's own, by id and name.

    The agent draws its ids at random, so nobody else's job has the same one by chance.
    """
    return job.own if job.own in _named(job, own) else ""


def _moved(job: Unnamed, base: Mapping[str, Job], _own: Mapping[str, Job], alike: Alike) -> str:
    """The home received it from another file, or before its author gave it an id, or under another name."""
    namesakes = _named(job, base)
    if len(namesakes) == 1:
        return next(iter(namesakes))
    return _alike_in(namesakes or base, job, alike)


def _kept(job: Unnamed, _base: Mapping[str, Job], own: Mapping[str, Job], alike: Alike) -> str:
    """It came from this file before and stayed as the user's own: its id says so, and it still does the same.

    A likeness alone is not enough. A package could take over a job of the user's own, and drop it later.
    """
    wanted = frozenset(itertools.islice(job.ids(), _NAMESAKES + 1))
    known = {ident: other for ident, other in _named(job, own).items() if ident in wanted}
    return _alike_in(known, job, alike)


_RULES = (_by_id, _contributed, _moved, _kept)
"""How to recognise a job, the surest way first; each rule sees only ids that no job has yet."""


def _named(job: Unnamed, jobs: Mapping[str, Job]) -> Mapping[str, Job]:
    return {i: other for i, other in jobs.items() if other.get("name") == job.placed["name"]}


def _alike_in(jobs: Mapping[str, Job], job: Unnamed, alike: Alike) -> str:
    return next((ident for ident, other in jobs.items() if alike(other, job.placed)), "")
