"""To which chat a job sends its answer: one that is named by its id is the user's own, and stays.

Without it, the agent sends to the home channel that each user has set for that platform.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hermes_dist.decide.consent.parking import Grafted
from hermes_dist.decide.placement.job_ids import Job
from hermes_dist.decide.placement.jobs import JOBS, jobs_by_id
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, dump, load_data
from hermes_dist.model.keypath import Item, format_key, join_place
from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.model.tree import Digest, Entry, Read, Tree
from hermes_dist.model.values import as_map

_FIELDS = ("deliver", "failure_deliver")
"""Fields of a job with targets: ``telegram``, ``telegram:-1001``, several with commas, or a list of them."""


def without_chats(home: Tree, received: Tree, read: Read) -> tuple[Grafted, tuple[LeftOut, ...]]:
    """Leave only the platform of each chat that a job sends to; what the package brought stays.

    Args:
        home: The home's files.
        received: What it received.
        read: Gives contents by digest.

    Returns:
        The files, and what stays behind.
    """
    rows, brought = _jobs(home, read), _jobs(received, read)
    left: list[LeftOut] = []
    fresh: dict[str, object] = {}
    for ident, job in rows.items():
        before = as_map(brought.get(ident))
        changed = dict(_bare(job, before))
        left += [_place(ident, key) for key in changed]
        fresh[ident] = {**job, **changed}
    if not left:
        return Grafted(home, {}), ()
    data = dump({"jobs": [*fresh.values()]}, Kind.JSON)
    entry = Entry(Digest.of(data), home[JOBS].executable)
    return Grafted(home.with_entries({JOBS: entry}), {entry.digest: data}), tuple(left)


def _jobs(tree: Tree, read: Read) -> Mapping[str, Job]:
    """The jobs in a home, by id; none if they can't be read, and then nothing of them leaves as jobs."""
    if JOBS not in tree:
        return {}
    try:
        return jobs_by_id(load_data(read(tree[JOBS].digest), Kind.JSON))
    except Invalid:
        return {}


def _bare(job: Job, before: Mapping[Any, object]) -> Iterator[tuple[str, object]]:
    for key in _FIELDS:
        value, had = job.get(key), before.get(key)
        bare = _without_ids(value)
        if value not in (bare, had):
            # One that others received, too, goes on as they have it.
            yield key, had if _without_ids(had) == bare else bare


def _without_ids(value: object) -> object:
    if isinstance(value, list):
        return [_without_ids(each) for each in value]
    if not isinstance(value, str):
        return value
    return ",".join(dict.fromkeys(map(_platform, value.split(","))))


def _platform(target: str) -> str:
    """The platform of a target; one that names a variable is the same for everybody, and stays."""
    platform, colon, _ = target.strip().partition(":")
    return platform if colon and "${" not in target else target


def _place(ident: str, key: str) -> LeftOut:
    return LeftOut(join_place(JOBS, format_key(("jobs", Item("id", ident), key))), Why.PERSONAL)
