"""Effects of ``cron/jobs.json``: jobs that newly run, wait to be switched on, or change what they do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hermes_dist.agents.jobs import ACTING_STATE
from hermes_dist.decide.consent.contents import digest_of, plain
from hermes_dist.decide.consent.switches import Judge, WhyOff, job_unit
from hermes_dist.decide.placement.job_ids import Job
from hermes_dist.decide.placement.jobs import JOBS, jobs_by_id, meaning
from hermes_dist.model.documents.api import ABSENT, same
from hermes_dist.model.facts import Fact, fact_text, facts_of
from hermes_dist.model.keypath import Item, KeyPath, format_key
from hermes_dist.model.plan import Effect, EffectKind

_SILENT: tuple[object, ...] = (None, "", [], {})
"""Values of a job's field that mean the same as an absent field."""


def job_effects(
    before: Mapping[str, Job], after: Mapping[str, Job], theirs: Mapping[str, Job], judge: Judge
) -> Iterator[Effect]:
    """Yield the effects of new and changed jobs, and of package jobs that wait to be switched on.

    A paused job that was approved is guarded like a running one: once resumed, it does what it did before.
    """
    for ident, job in after.items():
        key: KeyPath = ("jobs", Item("id", ident))
        if _is_new(ident, job, before, theirs, judge):
            yield _whole_job(key, job, off=not _runs(job))
        elif _runs(job) or (ident in theirs and judge.guards(job_unit(ident), after, shipped=True)):
            for field in _changed_fields(before.get(ident), job):
                yield _job_field(key, job, field)


def _is_new(
    ident: str, job: Job, before: Mapping[str, Job], theirs: Mapping[str, Job], judge: Judge
) -> bool:
    """Whether nobody has approved any of a job yet, so that it needs approval as a whole."""
    if _runs(job):
        return ident not in before
    # One of the user's own waits only if an archive brought it.
    waits = ident in theirs or job_unit(ident) in judge.memory.waited
    return waits and judge.job(ident, job) is WhyOff.WAITS


def _runs(job: Job) -> bool:
    return bool(job.get("enabled", True))


def _whole_job(key: KeyPath, job: Job, *, off: bool) -> Effect:
    place, acting = format_key(key), acting_fields(job) | _brought(job)
    facts = (_name(job), *facts_of(acting))
    return Effect(EffectKind.SCHEDULES, JOBS, place, facts, digest_of([place, acting]), off=off)


def _brought(job: Job) -> dict[str, object]:
    """Return the run state that acts, too. A package's job has none; an archive's may.

    What it says may go to the chat that it was made in, and its next run may have a longer prompt.
    """
    return {field: job[field] for field in ACTING_STATE if job.get(field)}


def _name(job: Job) -> Fact:
    return "name", fact_text(label_of(job))


def _job_field(key: KeyPath, job: Job, field: str) -> Effect:
    # Of ``repeat``, only the limit is the author's; its other half counts the runs so far, and is not put back.
    steps = ("repeat", "times") if field == "repeat" else (field,)
    place = format_key((*key, *steps))
    new = plain(acting_fields(job).get(field, ABSENT))
    facts = (_name(job), *facts_of([(field, new)]))
    return Effect(EffectKind.SCHEDULES, JOBS, place, facts, digest_of([place, new]))


def acting_fields(job: Job) -> dict[str, object]:
    """Return the fields that determine what a job does: all but run state, name and labels, as the agent reads them.

    Unknown fields are included: another generation of the agent may act on them.
    """
    known = meaning(job)
    first = [field for field in _FIRST if field in known]
    # Sorted, because the facts are stored in the lockfile: the same job has the same facts in every run.
    others = sorted(known.keys() - set(first))
    fields = {field: known[field] for field in first + others if _acts(field, known[field])}
    if fields.get("no_agent") is False:
        del fields["no_agent"]
    return fields


def _acts(field: str, value: object) -> bool:
    # A job without any toolset may do less than one that does not name its toolsets.
    return value not in _SILENT or (field == "enabled_toolsets" and value is not None)


_FIRST = ("schedule", "script", "prompt")
"""The fields of a job that are shown first."""


def _changed_fields(before: Job | None, job: Job) -> list[str]:
    """List the fields that change what a job does; a field that only spells out a default does not count."""
    old, new = acting_fields(before or {}), acting_fields(job)
    return [
        field
        for field in (*new, *sorted(old.keys() - new.keys()))
        if not same(old.get(field), new.get(field))
    ]


def job_ids(jobs: object) -> frozenset[str]:
    """Return the ids in the data of a ``cron/jobs.json``."""
    return frozenset(jobs_by_id(jobs))


def label_of(job: Job) -> object:
    """Return what a job is called: its name, else its id."""
    return job.get("name") or job.get("id")
