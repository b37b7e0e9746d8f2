"""Requests that make, rename, delete and restore profiles; each has a preview first."""

from __future__ import annotations

from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles import clone as cloning
from hermes_dist.ops.profiles import lifecycle, trash_and_archive
from hermes_dist.ops.profiles import list as facts
from hermes_dist.ops.profiles.profile_moves import Planned
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
    what = planned.what
    if isinstance(what, lifecycle.Made):
        return Found("create", made_data(what, dry_run=True), planned.plan)
    if isinstance(what, lifecycle.Renamed):
        return Found("rename", renamed_data(what, dry_run=True), planned.plan)
    if isinstance(what, trash_and_archive.Back):
        return Found("restore", back_data(what, dry_run=True), planned.plan)
    assert isinstance(what, trash_and_archive.Belongings)  # noqa: S101 - verbs with a plan show one of these
    row = facts.show(ctx, what.name)
    return Found("delete", leaving_data(what, row, trash_and_archive.due(ctx)), planned.plan)
