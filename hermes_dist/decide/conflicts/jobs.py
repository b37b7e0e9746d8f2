"""A cron job in a conflict: what people call it, and what of it its author or user wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hermes_dist.agents.jobs import TWINS
from hermes_dist.agents.places import JOBS
from hermes_dist.decide.placement.timing import schedule_words
from hermes_dist.merge.data import same_value
from hermes_dist.merge.shapes import Shape, shape_of
from hermes_dist.model.keypath import Item, KeyPath
from hermes_dist.model.paths import RelPath
from hermes_dist.model.values import ABSENT, get

_PATH = RelPath(JOBS)
_LENGTH = 2
"""The key of a whole job has so many steps."""


def is_job(path: RelPath, key: KeyPath) -> bool:
    """Whether a place is a whole job."""
    return path == JOBS and len(key) == _LENGTH and isinstance(key[-1], Item)


def job_called(path: RelPath, key: KeyPath, documents: Iterable[object]) -> str:
    """The name of the job that a place is in, by the first document that has one; empty if there is none."""
    if not is_job(path, key[:_LENGTH]):
        return ""
    names = (get(each, (*key[:_LENGTH], "name")) for each in documents)
    return next((name for name in names if isinstance(name, str) and name), "")


def written_in(job: Mapping[object, object]) -> dict[object, object]:
    """What somebody wrote in a job: without its id, the agent's notes on it, and what says no more than a default."""
    found: dict[object, object] = {}
    for field, value in job.items():
        key: KeyPath = ("jobs", Item("id", str(job.get("id"))), str(field))
        if field == "id" or field in TWINS.values() or shape_of(_PATH, key) is Shape.OURS:
            continue
        if field != "name" and same_value(_PATH, key, ABSENT, value):
            continue
        found[field] = schedule_words(value) if field == "schedule" else value
    return found
