"""Requests about one profile that need no merge: what is in it, its history, holding it, keeping places."""

from __future__ import annotations

from typing import Any

from hermes_dist.errors import DistError, UsageError
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.look_up import ask_ahead
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package import diff as differing
from hermes_dist.ops.package import history as past
from hermes_dist.ops.package import inspect
from hermes_dist.ops.package import keep as keeping
from hermes_dist.ops.package import outdated as asking
from hermes_dist.ops.package.status import status as status_of
from hermes_dist.ops.profiles.list import list_profiles
from hermes_dist.page.requests.row import Found, Job
from hermes_dist.voice.clean import error_data
from hermes_dist.voice.package_json import (
    diff_data,
    history_data,
    hold_data,
    info_data,
    kept_data,
    outdated_data,
    status_data,
)


def status(job: Job) -> Found:
    """As ``status``, and with ``all`` as ``status --all``.

    Raises:
        UsageError: A profile and ``all`` are given, or neither.
    """
    if job.flag("all") == (job.name is not None):
        raise UsageError("name a profile, or pass all", where="fields: all")
    if job.name is not None:
        return Found("status", status_data(status_of(job.ctx, job.name)))
    names = [row.name for row in list_profiles(job.ctx) if row.managed]
    return Found("status", {"profiles": [_status_of_one(job, name) for name in names]})


def _status_of_one(job: Job, name: ProfileName) -> dict[str, Any]:
    try:
        return status_data(status_of(job.ctx, name))
    except DistError as error:  # one profile that can't be read must not hide the others
        return {"profile": name, "error": error_data(error, job.ctx.command)}


def outdated(job: Job) -> Found:
    """As ``outdated``; servers are asked."""
    names = [job.name] if job.name else [r.name for r in list_profiles(job.ctx) if r.managed]
    ask_ahead(job.ctx, names)
    return Found("outdated", outdated_data([asking.outdated(job.ctx, name) for name in names]))


def info(job: Job) -> Found:
    """As ``info``."""
    return Found("info", info_data(inspect.info(job.ctx, job.profile)))


def diff(job: Job) -> Found:
    """As ``diff``."""
    found = differing.diff(
        job.ctx,
        job.profile,
        upstream=job.flag("upstream"),
        to=job.text("to"),
        generations=job.text("generations"),
        place=job.text("place"),
    )
    return Found("diff", diff_data(found))


def history(job: Job) -> Found:
    """As ``history``."""
    rows = past.history(job.ctx, job.profile)
    number = job.number("number")
    if number is not None:
        rows = [past.check_number(job.ctx, job.profile, rows, number)]
    return Found("history", history_data(job.profile, rows))


def kept(job: Job) -> Found:
    """As ``keep`` without a place."""
    return Found("kept", kept_data(keeping.kept(job.ctx, job.profile), done=False))


def keep(job: Job) -> Found:
    """As ``keep``."""
    request = Request(dry_run=job.dry_run)
    return _kept(keeping.keep(job.ctx, job.profile, job.words("places"), request))


def unkeep(job: Job) -> Found:
    """As ``unkeep``."""
    request = Request(dry_run=job.dry_run)
    found = keeping.unkeep(job.ctx, job.profile, job.words("places"), request, all_=job.flag("all"))
    return _kept(found)


def _kept(found: keeping.Kept) -> Found:
    done = found.outcome is not None and found.outcome.done
    return Found("kept", kept_data(found, done=done))


def hold(job: Job) -> Found:
    """As ``hold``."""
    return Found("hold", hold_data(past.hold(job.ctx, job.profile, on=True)))


def unhold(job: Job) -> Found:
    """As ``unhold``."""
    return Found("hold", hold_data(past.hold(job.ctx, job.profile, on=False)))
