"""Cron jobs, converted between the forms of a package and of a home.

A package has ``cron/jobs.json`` or one file per job; a home has all of them in ``cron/jobs.json``, as the
agent writes it, paused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.agents import jobs as fields
from hermes_dist.agents import places
from hermes_dist.decide.placement.job_ids import ID, NO_JOBS, Job, Unnamed, ids_for, own_id
from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.model.documents.api import Kind, kind_of, load_data, same
from hermes_dist.model.documents.told import near, spot_in
from hermes_dist.model.keypath import Item
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Read, Tree
from hermes_dist.model.values import as_list, as_map

with later():
    from hermes_dist.decide.placement.schedules import can_start, parse_schedule
    from hermes_dist.merge.shapes import Shape, shape_of

JOBS: Final = RelPath(places.JOBS)
PAUSED_BY: Final = "from package "
"""The beginning of the reason that an unapproved job of a package is paused for."""
IMPORTED: Final = "imported: hermes profile approve"
"""The reason that an unapproved job of the user's own is paused for: an archive brought it."""
Steps = tuple[str | int, ...]
"""The position of a job in the author's file: keys of maps, indexes of lists."""

JOB_SIGNS = ("prompt", "schedule", "script", "skills", "skill")
"""A map with one of these keys is a job."""
_TEXTS = ("model", "provider", "base_url", "script", "workdir")


class ShippedJob(Struct, frozen=True):
    """A job of a package: its place in the author's file, its data there, and its spelling in a home."""

    path: RelPath
    steps: Steps
    written: Mapping[str, object]
    placed: Mapping[str, object]

    @property
    def id(self) -> str:
        return str(self.placed["id"])


class ShippedJobs(Struct, frozen=True):
    """All jobs of a package.

    Attributes:
        jobs: The jobs, in the order of their files.
        files: The files that hold only jobs, readable or not.
        notes: What was not placed, and why.
    """

    jobs: tuple[ShippedJob, ...]
    files: frozenset[RelPath]
    notes: tuple[Note, ...]


def is_job_file(path: RelPath) -> bool:
    """Whether jobs are read from this path of a package."""
    # A large package has thousands of other paths.
    return path.startswith("cron/") and len(path.parts) == 2 and kind_of(path) is not None


def read_jobs(
    package: Tree,
    read: Read,
    *,
    name: str,
    user_jobs: Mapping[str, Job] = NO_JOBS,
    base_jobs: Mapping[str, Job] = NO_JOBS,
    unanswered: bool = False,
) -> ShippedJobs:
    """Read the jobs of a package and convert them to the home's spelling.

    Args:
        package: The package.
        read: Gives contents by digest.
        name: The package's name, which goes into the reason that jobs are paused for.
        user_jobs: The user's own jobs by id. Their ids are taken, unless a job of the package is the same job: one that
            the user contributed, or that stayed when the package was uninstalled.
        base_jobs: The jobs of this package as the home received them, by id: they keep their ids.
        unanswered: Schedules may have placeholders.
    """
    jobs: list[ShippedJob] = []
    notes: list[Note] = []
    files = frozenset(filter(is_job_file, package))
    for path in sorted(files):
        written = b""
        try:
            written = read(package[path].digest)
            found = list(_jobs_in(load_data(written, kind_of(path) or Kind.JSON)))
        except Invalid as err:
            odd = Note.of(
                NoteKind.UNREADABLE_JOBS,
                f"{spot_in(path, err)}{near(err, written)}",
                file=path,
                place=err.where,
                why=err.what,
            )
            notes.append(odd)
            continue
        for steps, raw in found:
            read_as = _read_job(path, steps, raw, name, unanswered=unanswered)
            jobs += [read_as] if isinstance(read_as, ShippedJob) else []
            notes += [read_as] if isinstance(read_as, Note) else _without_start(read_as)
    unnamed = [Unnamed(job.path, own_id(job.written), job.placed) for job in jobs]
    ids = ids_for(unnamed, base_jobs, user_jobs, _alike)
    named = (replace(j, placed={**j.placed, "id": i}) for j, i in zip(jobs, ids, strict=True))
    return ShippedJobs(tuple(named), files, tuple(notes))


def schedules_in(package: Tree, read: Read) -> Iterator[object]:
    """Yield the schedules of a package's jobs as their author wrote them; what can't be read is left out."""
    for path in sorted(filter(is_job_file, package)):
        try:
            data = load_data(read(package[path].digest), kind_of(path) or Kind.JSON)
            found = list(_jobs_in(data))
        except Invalid:
            continue
        yield from (_schedule_of(raw) for _, raw in found if isinstance(raw, dict))


def _schedule_of(raw: Mapping[Any, object]) -> object:
    return raw.get("schedule", raw.get("schedule_display"))


def _jobs_in(data: object) -> Iterator[tuple[Steps, object]]:
    """Yield the jobs in the data of a file, with their places.

    Raises:
        Invalid: The file holds something else.
    """
    if data is None or data in ({}, []):
        return
    if isinstance(data, list):
        yield from _entries(data, ())
        return
    if not isinstance(data, dict):
        raise _no_job()
    inner = data.get("jobs")
    if isinstance(inner, list | dict):
        yield from _entries(inner, ("jobs",))
    elif any(sign in data for sign in JOB_SIGNS):
        yield (), data
    else:
        yield from _entries(data, ())


def _entries(
    data: list[object] | dict[Any, object], before: Steps
) -> Iterator[tuple[Steps, object]]:
    """Yield the entries of a list or map of jobs; a map has nothing but jobs in it."""
    if isinstance(data, list):
        for n, item in enumerate(data):
            yield (*before, n), item
        return
    if not all(isinstance(item, dict) for item in data.values()):
        raise _no_job()
    for key, item in data.items():
        yield (*before, key), item


def _no_job() -> Invalid:
    return Invalid(
        "it contains no cron job", hint="write a map with prompt and schedule, or a list of them"
    )


def _read_job(
    path: RelPath, steps: Steps, raw: object, package: str, *, unanswered: bool
) -> ShippedJob | Note:
    """Convert one job, still without its id in the home; a note if it can't be one."""
    try:
        placed = _placed(path, steps, raw, package, unanswered=unanswered)
    except Invalid as err:
        place, name = place_in(steps), _name_in(raw)
        return Note.of(
            NoteKind.NOT_A_JOB, path, place=place, name=name, why=err.what, hint=err.hint
        )
    return ShippedJob(path, steps, raw if isinstance(raw, dict) else {}, placed)


def _without_start(job: ShippedJob) -> list[Note]:
    schedule = job.placed["schedule"]
    if can_start(schedule):
        return []
    display = str(as_map(schedule)["display"])
    place, name = place_in(job.steps), _name_in(job.written)
    return [Note.of(NoteKind.JOB_WITHOUT_START, job.path, place=place, name=name, schedule=display)]


def _name_in(raw: object) -> str:
    """The author's name for a job; empty if it has none."""
    name = as_map(raw).get("name")
    return name if isinstance(name, str) else ""


def place_in(steps: Steps) -> str:
    """Return the position of a job in its file as people write it: ``jobs[1]``; empty for the whole file."""
    words = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return "".join(words).lstrip(".")


def _placed(path: RelPath, steps: Steps, raw: object, package: str, *, unanswered: bool) -> Job:
    """Convert one job to the agent's spelling, paused.

    Raises:
        Invalid: The data can't be a job.
    """
    if not isinstance(raw, dict):
        raise Invalid("a job must be a map with prompt and schedule")
    job = {str(key): _plain(value) for key, value in raw.items()}
    if not any(job.get(sign) for sign in JOB_SIGNS if sign != "schedule"):
        raise Invalid("the job has neither prompt, script nor skills")
    schedule = parse_schedule(_schedule_of(raw), unanswered=unanswered)
    job["schedule"] = _plain(schedule)
    return _in_agents_shape(job, label_of(job, path, steps), package)


def label_of(job: Mapping[str, object], path: RelPath, steps: Steps) -> str:
    """Return a name for a job without one: its key or file, else the beginning of what it does, as the agent has it."""
    own = job.get("name")
    if isinstance(own, str) and own.strip():
        return own
    if steps and isinstance(steps[-1], str) and not ID.fullmatch(steps[-1]):
        return steps[-1]
    if not steps:
        return path.name.rpartition(".")[0]
    source = job.get("prompt") or next(iter(skills_of(job)), "") or job.get("script")
    return str(source)[:50].strip() or "cron job"


def _in_agents_shape(job: Job, label: str, package: str) -> Job:
    """Return all fields in the agent's order; run-time fields are those of a job that never ran."""
    # The agent writes every field, in this order. A job that looks as if it wrote it itself stays the same, byte by
    # byte, when the agent next saves the file; any other spelling would look like an edit by the user.
    schedule = job["schedule"]
    shaped: Job = {
        "id": "",
        "name": label,
        "prompt": _prompt_of(job),
        "skills": skills_of(job),
        "skill": next(iter(skills_of(job)), None),
        "model": _text(job, "model"),
        "provider": _text(job, "provider"),
        **fields.SNAPSHOTS,
        "base_url": _text(job, "base_url"),
        "script": _text(job, "script"),
        "no_agent": job.get("no_agent") is True,
        "context_from": _names(job.get("context_from")) or None,
        "schedule": schedule,
        "schedule_display": schedule.get("display") if isinstance(schedule, dict) else None,
        "repeat": {
            "times": times_of(job.get("repeat"), once=runs_once(schedule)),
            "completed": 0,
        },
        **fields.PAUSED,
        fields.REASON: paused_by(package),
        **fields.NEVER_RAN,
        "deliver": job.get("deliver") or "local",
        **fields.UNBOUND,
        "enabled_toolsets": toolsets_of(job),
        "workdir": _text(job, "workdir"),
    }
    return shaped | _unknown_fields(job, shaped)


def _prompt_of(job: Job) -> str:
    prompt = job.get("prompt")
    return "" if prompt is None else str(prompt)


def _unknown_fields(job: Job, known: Job) -> Job:
    """Return the fields that only another generation of the agent knows; the author's run state is not taken over."""
    return {
        key: value
        for key, value in job.items()
        if key not in known and not is_runtime(key) and key != "jobs"
    }


def runs_once(schedule: object) -> bool:
    """Whether a schedule in the agent's form has one fixed time."""
    return isinstance(schedule, Mapping) and schedule.get("kind") == "once"


def paused_by(package: str) -> str:
    """Return the reason that an unapproved job of a package is paused for."""
    return f"{PAUSED_BY}{package}: hermes profile approve"


def waits_for_approval(reason: object) -> bool:
    """Whether we, or the agent's own installer, paused a job that nobody approved; any other reason is the user's."""
    said = str(reason or "")
    return said == IMPORTED or said.startswith(PAUSED_BY) or said in fields.INSTALLED_PAUSED


def is_runtime(field: str) -> bool:
    """Whether a field of a job is run state of the machine."""
    return shape_of(JOBS, ("jobs", Item("id", ""), field)) is Shape.OURS


def _text(job: Mapping[str, object], field: str) -> str | None:
    value = job.get(field)
    if not isinstance(value, str):
        return None
    return value.strip() or None


def _names(value: object) -> list[str]:
    """Return the names in a field that holds one or a list of them, without blanks and repetitions."""
    # The agent goes through a map as through a list, so its keys count.
    items: list[object] = list(value) if isinstance(value, list | dict) else []
    if isinstance(value, str):
        items = [value]
    names = (str(item or "").strip() for item in items)
    return list(dict.fromkeys(filter(None, names)))


def skills_of(job: Mapping[str, object]) -> list[str]:
    """Return the skills of a job, whichever of the two fields holds them."""
    return _names(job.get("skills")) or _names(job.get("skill"))


def toolsets_of(job: Mapping[str, object]) -> list[str] | None:
    """Return the toolsets of a job; None for the home's. An empty list is no toolset at all to 0.22."""
    value = job.get("enabled_toolsets")
    return None if value is None else _names(value)


def times_of(repeat: object, *, once: bool) -> int | None:
    """Return how often a job runs at most; a job with a fixed time runs once unless it says otherwise.

    Only a number above 0 is a limit: the agent reads 0 as "no limit".
    """
    said = isinstance(repeat, dict) and "times" in repeat
    times = repeat.get("times") if isinstance(repeat, dict) else repeat
    if isinstance(times, int) and not isinstance(times, bool) and times > 0:
        return times
    return 1 if once and not said else None


def _plain(value: object) -> object:
    """Convert data for JSON: times from YAML become text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(part) for part in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


def meaning(job: Mapping[str, object]) -> Job:
    """Return what a job does, with defaults filled in; its schedule is as written, except for its display text."""
    schedule = job.get("schedule")
    known: Job = {
        "prompt": job.get("prompt") or "",
        "skills": skills_of(job),
        "no_agent": job.get("no_agent") is True,
        "schedule": _without_display(schedule),
        "repeat": times_of(job.get("repeat"), once=runs_once(schedule)),
        "deliver": job.get("deliver") or "local",
        **{field: _text(job, field) for field in _TEXTS},
        "context_from": _names(job.get("context_from")),
        "enabled_toolsets": toolsets_of(job),
    }
    known["attach_to_session"] = job.get("attach_to_session")
    told = (*known, "id", "skill", "name", "schedule_display")
    return known | {k: v for k, v in job.items() if k not in told and not is_runtime(k)}


def _alike(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    return same(meaning(one), meaning(other))


def _without_display(schedule: object) -> object:
    """Return a schedule without the author's words for it, which the agent never acts on."""
    if not isinstance(schedule, dict):
        return schedule
    return {key: value for key, value in schedule.items() if key != "display"}


def jobs_by_id(data: object) -> dict[str, Job]:
    """Return the jobs in the data of a home's ``cron/jobs.json`` (which the agent also reads as a bare list), by id."""
    rows = data.get("jobs") if isinstance(data, dict) else data
    if not isinstance(rows, list):
        return {}
    return {
        row["id"]: row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)
    }


def every_job(data: object) -> list[Job]:
    """Return all jobs in the data of a home's ``cron/jobs.json``, also those that no id tells apart.

    Agent 0.22 also reads a map of jobs by id: the key is the id of a job that has none inside.
    """
    rows = data.get("jobs") if isinstance(data, dict) else data
    if isinstance(rows, dict):
        jobs = {key: row for key, row in rows.items() if isinstance(row, dict)}
        return [{**row, "id": row.get("id") or key} for key, row in jobs.items()]
    return [row for row in as_list(rows) if isinstance(row, dict)]


def are_apart(data: object) -> bool:
    """Whether :func:`jobs_by_id` finds every job that the agent would: 0.22 also reads a map of jobs by id."""
    rows = data.get("jobs") if isinstance(data, dict) else data
    if isinstance(rows, dict):
        return not rows
    return len(every_job(data)) == len(jobs_by_id(data))


def definition(job: Mapping[str, object]) -> Job:
    """Return the fields of a job that a package holds: all except run state."""
    repeat = job.get("repeat")
    times = repeat.get("times") if isinstance(repeat, dict) else repeat
    fields = {
        key: value
        for key, value in job.items()
        if not is_runtime(key) and key not in ("id", "skill")
    }
    return fields | {"skills": skills_of(job), "repeat": times}
