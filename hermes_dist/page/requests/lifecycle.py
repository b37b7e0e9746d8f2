"""Requests that make, rename, delete and restore profiles; each has a preview first."""

from __future__ import annotations

from typing import assert_never

from hermes_dist.ops.context import Context
from hermes_dist.ops.profile_changes import Back, Belongings, Made, Planned, Renamed
from hermes_dist.ops.profiles import clone as cloning
from hermes_dist.ops.profiles import lifecycle, trash_and_archive
from hermes_dist.ops.profiles import list as facts
from hermes_dist.page.requests.row import Found, Job
from hermes_dist.voice.profile_json import (
    away_data,
    back_data,
    gone_data,
    leaving_data,
    made_data,
    renamed_data,
)


def create(job: Job) -> Found:
    """As ``create``."""
    new = cloning.NewProfile(
        name=job.text("name"),
        copying=job.flag("clone") or job.flag("clone_all") or bool(job.text("clone_from")),
        source=job.text("clone_from"),
        every=job.flag("clone_all"),
        tokens=job.flag("with_channel_tokens"),
        alias=job.flag("alias"),
        skills=not job.flag("no_skills"),
        description=job.text("description"),
    )
    if job.dry_run:
        return planned_found(job.ctx, cloning.plan_new(job.ctx, new))
    return Found("create", made_data(cloning.make(job.ctx, new, shown=job.plan), dry_run=False))


def rename(job: Job) -> Found:
    """As ``rename``."""
    if job.dry_run:
        return planned_found(job.ctx, lifecycle.plan_rename(job.ctx, job.profile, job.text("name")))
    done = lifecycle.rename(job.ctx, job.profile, job.text("name"), shown=job.plan)
    return Found("rename", renamed_data(done, dry_run=False))


def delete(job: Job) -> Found:
    """As ``delete``, into the trash."""
    if job.dry_run:
        return planned_found(job.ctx, trash_and_archive.plan_leaving(job.ctx, job.profile, "trash"))
    gone = trash_and_archive.put_away(job.ctx, job.profile, "trash", shown=job.plan)
    return Found("delete", gone_data(gone))


def away(job: Job) -> Found:
    """As ``restore`` without a profile."""
    return Found("away", away_data(trash_and_archive.stored_profiles(job.ctx)))


def restore(job: Job) -> Found:
    """As ``restore``."""
    stored, to = job.text("name"), job.text("as")
    if job.dry_run:
        return planned_found(job.ctx, trash_and_archive.plan_restore(job.ctx, stored, to=to))
    back = trash_and_archive.restore(job.ctx, stored, to=to, shown=job.plan)
    return Found("restore", back_data(back, dry_run=False))


def planned_found(ctx: Context, planned: Planned) -> Found:
    """What a change of profiles would do, with the plan that a yes to it names."""
    match planned.what:
        case Made() as made:
            return Found("create", made_data(made, dry_run=True), planned.plan)
        case Renamed() as renamed:
            return Found("rename", renamed_data(renamed, dry_run=True), planned.plan)
        case Back() as back:
            return Found("restore", back_data(back, dry_run=True), planned.plan)
        case Belongings() as going:
            row = facts.show(ctx, going.name)
            data = leaving_data(going, row, trash_and_archive.due(ctx))
            return Found("delete", data, planned.plan)
        case other:
            assert_never(other)
