"""Capture cron jobs: write a home's jobs back into the files of a package, in the author's form."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from hermes_dist.decide.placement.job_ids import Job, made_id, own_id
from hermes_dist.decide.placement.jobs import (
    JOB_SIGNS,
    JOBS,
    ShippedJob,
    ShippedJobs,
    definition,
    label_of,
    runs_once,
    times_of,
)
from hermes_dist.decide.placement.schedules import as_text
from hermes_dist.decide.secrets.settings import key_of_job
from hermes_dist.model.documents.api import (
    Kind,
    Unmergeable,
    commented,
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
_EMPTY: tuple[object, ...] = (None, [], "", False)
"""Values of a field that an author leaves out, because they mean the same as its absence."""


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
    here = [job for job in shipped.jobs if job.id in home]
    gone = _removed(shipped, base, home)
    for job in here:
        now = home[job.id]
        written = _respelled(job, base.get(job.id, job.placed), now, hide)
        if gone:
            _keep_id(job, written, now)
        if written != job.written:
            _set(wanted, job, written, package, read)
    for job in reversed(gone):  # from the end, so that indexes in lists stay valid
        _set(wanted, job, None, package, read)
    if own:
        _add_own(wanted, shipped, package, read, home, hide)
    return {path: _written(path, want, package, read) for path, want in wanted.items()}


def _removed(
    shipped: ShippedJobs, base: Mapping[str, Job], home: Mapping[str, Job]
) -> list[ShippedJob]:
    """List the jobs that the user deleted; one that never arrived is not among them."""
    return [job for job in shipped.jobs if job.id in base and job.id not in home]


def _keep_id(job: ShippedJob, written: Job, now: Job) -> None:
    """Write out an id that would be made otherwise now: each removed job shifts the number that it is made from."""
    if (own_id(written) or made_id(job.path, now.get("name"))) != job.id:
        written["id"] = job.id


def _add_own(
    wanted: dict[RelPath, object],
    shipped: ShippedJobs,
    package: Tree,
    read: Read,
    home: Mapping[str, Job],
    hide: Hide,
) -> None:
    """Add the user's own jobs to the package's ``cron/jobs.json``, or to a new one."""
    known = {job.id for job in shipped.jobs}
    more = [_own(job, hide) for ident, job in home.items() if ident not in known]
    if not more:
        return
    if JOBS not in wanted:
        wanted[JOBS] = _data(JOBS, package, read) if JOBS in package else {"jobs": []}
    alone = next((job for job in shipped.jobs if job.path == JOBS and not job.steps), None)
    wanted[JOBS] = _with_jobs(wanted[JOBS], more, alone)


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
    """Add jobs to the data of a job file of any shape."""
    if isinstance(data, list):
        return [*data, *more]
    if not isinstance(data, dict) or not data:
        return {"jobs": more}
    named = {str(job["id"]): job for job in more}
    rows = data.get("jobs")
    if isinstance(rows, list):
        return {**data, "jobs": [*rows, *more]}
    if any(sign in data for sign in JOB_SIGNS):
        return [_told_apart(data, alone), *more]
    if isinstance(rows, dict):
        return {**data, "jobs": {**rows, **named}}
    return {**data, **named}


def _told_apart(job: Job, alone: ShippedJob | None) -> Job:
    """Write out the name and id of a job that was alone in its file: it had both from the file."""
    if alone is None:
        return job
    return {"name": alone.placed["name"], **job, "id": alone.id}


def _written(path: RelPath, want: object, package: Tree, read: Read) -> bytes | None:
    if want is None:
        return None
    kind = kind_of(path) or Kind.JSON
    if path not in package:
        return dump(want, kind)
    authors = parse(read(package[path].digest), kind)
    try:
        return rewrite(authors, want).content
    except Unmergeable:
        return commented(dump(want, kind), authors)


def _respelled(job: ShippedJob, base: Mapping[str, object], now: Job, hide: Hide) -> Job:
    """Return the author's map with the home's changes, in the author's spelling."""
    written = dict(job.written)
    old, new = definition(base), definition(now)
    for field in dict.fromkeys([*old, *new]):
        value = new.get(field)
        if same(old.get(field), value) or (field == "schedule_display" and field not in written):
            continue
        value = _in_authors_spelling(field, hide(value, (*key_of_job(now), field)), written)
        if field == "skills":
            written.pop("skill", None)
        if value in _EMPTY:
            written.pop(field, None)
        else:
            written[field] = value
    return _fixed(job, written, now)


def _in_authors_spelling(field: str, value: object, written: Job) -> object:
    """Spell a field's new value as the author spelled the old one, if that says the same."""
    before = written.get(field)
    if field == "schedule" and isinstance(before, str):
        return as_text(value) or value
    if field == "repeat" and isinstance(before, dict):
        return {"times": value}
    return value


def _fixed(job: ShippedJob, written: Job, now: Job) -> Job:
    """Write out what would now be derived differently: the name, the id made from it, the number of runs."""
    if now.get("name") and label_of(written, job.path, job.steps) != now.get("name"):
        written["name"] = now.get("name")
    if now.get("name") not in (None, job.placed["name"]) and not own_id(written):
        written["id"] = job.id
    times = definition(now)["repeat"]
    derived = times_of(written.get("repeat"), once=runs_once(now.get("schedule")))
    if derived != times:
        written["repeat"] = {"times": times}
    return written


def _own(job: Job, hide: Hide) -> Job:
    fields = {
        key: hide(value, (*key_of_job(job), key))
        for key, value in definition(job).items()
        if value not in _EMPTY
    }
    return {"id": job["id"], **fields}
