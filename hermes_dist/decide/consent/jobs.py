"""Effects of ``cron/jobs.json``: jobs that newly run, wait to be switched on, or do something else than before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hermes_dist.agents.jobs import REASON
from hermes_dist.decide.consent.contents import digest_of, shown
from hermes_dist.decide.consent.reach import script_paths
from hermes_dist.decide.placing_cron import JOBS, PAUSED_BY, Job, jobs_by_id, meaning
from hermes_dist.decide.schedules import can_start
from hermes_dist.model.documents import ABSENT, get
from hermes_dist.model.keypath import Item, KeyPath, format_key
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import Tree

JOB_FIELDS: tuple[KeyPath, ...] = (
    ("prompt",), ("script",), ("schedule",), ("skills",), ("no_agent",), ("context_from",), ("enabled_toolsets",),
    ("workdir",), ("deliver",), ("base_url",), ("attach_to_session",), ("model",), ("provider",), ("repeat", "times"),
)  # fmt: skip
"""What of a cron job says what it does; a changed one of a running job needs a yes."""


def job_effects(
    before: Mapping[str, Job], after: Mapping[str, Job], theirs: Mapping[str, Job], merged: Tree
) -> Iterator[Effect]:
    """Yield what jobs newly do, and the jobs of the package that wait to be switched on."""
    for ident, job in after.items():
        key: KeyPath = ("jobs", Item("id", ident))
        changed = _changed_fields(before.get(ident), job)
        runs = bool(job.get("enabled", True))
        if (runs and ident not in before) or (not runs and ident in theirs and _waits(job, bool(changed))):
            scripts: list[object] = [merged[p].digest for p in script_paths(job.get("script")) if p in merged]
            content = digest_of([ident, *(_plain(get(job, field)) for field in JOB_FIELDS), *(scripts or [None])])
            yield Effect(EffectKind.SCHEDULES, JOBS, format_key(key), _job_line(job), content, off=not runs)
        elif runs:
            for field in changed:
                place = format_key((*key, *field))
                new = get(job, field)
                what = f"{label_of(job)}: {format_key(field)}: {shown(_when(job) if field == ('schedule',) else new)}"
                yield Effect(EffectKind.SCHEDULES, JOBS, place, what, digest_of([place, _plain(new)]))


def _changed_fields(before: Job | None, job: Job) -> list[KeyPath]:
    """The fields that make a job do something else; those that only say what went without saying do not."""
    changed = [field for field in JOB_FIELDS if get(job, field) != get(before, field)]
    if before is None or not changed:
        return changed
    old, new = meaning(before), meaning(job)
    return [field for field in changed if get(old, field[:1]) != get(new, field[:1])]


def _waits(job: Job, changed: bool) -> bool:
    """Whether a paused job waits for a yes: not when it can't start, is done, or the user paused it."""
    if not can_start(job.get("schedule")) or job.get("state") == "completed":
        return False
    return changed or str(job.get(REASON) or "").startswith(PAUSED_BY)


def job_ids(jobs: object) -> frozenset[str]:
    """The ids in the data of a ``cron/jobs.json``."""
    return frozenset(jobs_by_id(jobs))


def label_of(job: Job) -> object:
    """What a job is called: its name, else its id."""
    return job.get("name") or job.get("id")


def _job_line(job: Job) -> str:
    doing = f"script {job['script']}" if job.get("script") else shown(job.get("prompt", ""))
    return f"{label_of(job)}: {shown(_when(job))}: {doing}"


def _when(job: Job) -> object:
    schedule = job.get("schedule", ABSENT)
    display = schedule.get("display") if isinstance(schedule, Mapping) else ""
    return job.get("schedule_display") or display or schedule


def _plain(value: object) -> object:
    return None if value is ABSENT else value
