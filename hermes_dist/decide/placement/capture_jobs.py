"""Capture of cron jobs: from a home into the files of a package, in the author's spelling."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from hermes_dist.decide.placement.jobs import (
    JOB_SIGNS,
    JOBS,
    Job,
    ShippedJob,
    ShippedJobs,
    definition,
    label_of,
    made_id,
    own_id,
    times_of,
)
from hermes_dist.decide.placement.schedules import as_text
from hermes_dist.model.documents.api import (
    Kind,
    Unmergeable,
    dump,
    kind_of,
    load_data,
    parse,
    rewrite,
    same,
)
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Read, Tree

Hide = Callable[[object, tuple[str, ...]], object]
"""Replaces the secrets in a value, given its key."""


def job_files(
    shipped: ShippedJobs,
    package: Tree,
    read: Read,
    *,
    base: Mapping[str, Job],
    home: Mapping[str, Job],
    hide: Hide,
    own: bool,
) -> dict[RelPath, bytes | None]:
    """Return the author's job files that differ in the home; None for a file to delete.

    Args:
        shipped: The package's jobs.
        package: The package.
        read: Gives contents by digest.
        base: The jobs that the home last received, by id; a job that equals its base is not an edit.
        home: The jobs of the home, by id.
        hide: Replaces the secrets in a new value, given its key.
        own: Include the user's own jobs.
    """
    wanted: dict[RelPath, object] = {}
    gone = [job for job in shipped.jobs if job.id in base and job.id not in home]
    for job in shipped.jobs:
        if now := home.get(job.id):
            written = _respelled(job, base.get(job.id, job.placed), now, hide)
            if gone and (own_id(written) or made_id(job.path, now.get("name"))) != job.id:
                written["id"] = job.id  # removed jobs shift the number that the id is made from
            if written != job.written:
                _set(wanted, job, written, package, read)
    for job in reversed(gone):  # from the end, so that indexes in lists stay valid
        _set(wanted, job, None, package, read)
    mine = (
        [job for ident, job in home.items() if ident not in {j.id for j in shipped.jobs}]
        if own
        else []
    )
    if mine:
        if JOBS not in wanted:
            wanted[JOBS] = _data(JOBS, package, read) if JOBS in package else {"jobs": []}
        alone = next((job for job in shipped.jobs if job.path == JOBS and not job.steps), None)
        wanted[JOBS] = _with_jobs(wanted[JOBS], [_own(job, hide) for job in mine], alone)
    return {path: _written(path, want, package, read) for path, want in wanted.items()}


def _data(path: RelPath, package: Tree, read: Read) -> object:
    return copy.deepcopy(load_data(read(package[path].digest), kind_of(path) or Kind.JSON))


def _set(
    wanted: dict[RelPath, object], job: ShippedJob, value: Job | None, package: Tree, read: Read
) -> None:
    if not job.steps:
        wanted[job.path] = value
        return
    data: Any = wanted.setdefault(job.path, _data(job.path, package, read))
    for step in job.steps[:-1]:
        data = data[step]
    if value is None:
        del data[job.steps[-1]]
    else:
        data[job.steps[-1]] = value


def _with_jobs(data: object, more: list[Job], alone: ShippedJob | None) -> object:
    """Add jobs to the data of a job file of any shape; a job that was alone in its file had its name from the file."""
    if isinstance(data, list):
        return [*data, *more]
    rows = data.get("jobs") if isinstance(data, dict) else None
    if isinstance(data, dict) and isinstance(rows, list):
        return {**data, "jobs": [*rows, *more]}
    if isinstance(data, dict) and any(sign in data for sign in JOB_SIGNS):
        return [{"name": alone.placed["name"], **data, "id": alone.id} if alone else data, *more]
    named = {str(job["id"]): job for job in more}
    if isinstance(data, dict) and isinstance(rows, dict):
        return {**data, "jobs": {**rows, **named}}
    return {**data, **named} if isinstance(data, dict) and data else {"jobs": more}


def _written(path: RelPath, want: object, package: Tree, read: Read) -> bytes | None:
    if want is None:
        return None
    kind = kind_of(path) or Kind.JSON
    if path not in package:
        return dump(want, kind)
    try:
        return rewrite(parse(read(package[path].digest), kind), want).content
    except Unmergeable:
        return dump(want, kind)


def _respelled(job: ShippedJob, base: Mapping[str, object], now: Job, hide: Hide) -> Job:
    """Return the author's map with the home's changes, in the author's spelling."""
    written = dict(job.written)
    old, new = definition(base), definition(now)
    for field in dict.fromkeys([*old, *new]):
        value = new.get(field)
        if same(old.get(field), value) or (field == "schedule_display" and field not in written):
            continue
        value = hide(value, (field,))
        if field == "schedule" and isinstance(written.get(field), str):
            value = as_text(value) or value
        elif field == "repeat" and isinstance(written.get(field), dict):
            value = {"times": value}
        elif field == "skills":
            written.pop("skill", None)
        if value in (None, [], "", False):
            written.pop(field, None)
        else:
            written[field] = value
    return _fixed(job, written, now)


def _fixed(job: ShippedJob, written: Job, now: Job) -> Job:
    """Write out what would now be derived differently: the name, the id made from it, the number of runs."""
    if now.get("name") and label_of(written, job.path, job.steps) != now.get("name"):
        written["name"] = now.get("name")
    if now.get("name") not in (None, job.placed["name"]) and not own_id(written):
        written["id"] = job.id
    schedule, times = now.get("schedule"), definition(now)["repeat"]
    if (
        times_of(
            written.get("repeat"),
            once=isinstance(schedule, dict) and schedule.get("kind") == "once",
        )
        != times
    ):
        written["repeat"] = {"times": times}
    return written


def _own(job: Job, hide: Hide) -> Job:
    fields = {
        key: hide(value, (key,))
        for key, value in definition(job).items()
        if value not in (None, [], "", False)
    }
    return {"id": job["id"], **fields}
