"""Requests about approvals: what waits, what one thing does, approve it, revoke it."""

from __future__ import annotations

from collections.abc import Callable

from hermes_dist.ops.change.request import Request
from hermes_dist.ops.change.review import Group, Origin
from hermes_dist.ops.homes import look_into
from hermes_dist.ops.layers.whose import origins
from hermes_dist.ops.package import approvals
from hermes_dist.ops.package import resolve as settling
from hermes_dist.page.previews import outcome_found
from hermes_dist.page.requests.row import Found, Job, agreed
from hermes_dist.voice.package_json import consent_shown_data, consents_data


def consents(job: Job) -> Found:
    """As ``approve --list``."""
    found = approvals.consents(job.ctx, job.profile)
    return Found("consents", consents_data(job.profile, found, _whose(job)))


def effect(job: Job) -> Found:
    """As ``approve --show``."""
    words = job.words("things")
    groups = [g for word in words for g in approvals.shown(job.ctx, job.profile, word)]
    return Found("consent-shown", consent_shown_data(job.profile, groups, _whose(job)))


def _whose(job: Job) -> Callable[[Group], Origin]:
    return origins(job.ctx, look_into(job.ctx, job.profile))


def approve(job: Job) -> Found:
    """As ``approve``: the named things, or all that waits; the plan binds the yes to what was shown."""
    request = Request(dry_run=job.dry_run, plan=job.plan)
    wanted = job.words("things")
    done = approvals.approved_already(job.ctx, job.profile, wanted) if wanted else ()
    rest = tuple(word for word in wanted if word not in done)
    chosen = settling.Chosen()
    if rest or not wanted:
        chosen = settling.to_approve(job.ctx, job.profile, rest)
    return outcome_found(settling.approve(job.ctx, job.profile, request, agreed, chosen=chosen))


def revoke(job: Job) -> Found:
    """As ``approve --revoke``."""
    request = Request(dry_run=job.dry_run, plan=job.plan)
    words = job.words("things")
    return outcome_found(approvals.revoke(job.ctx, job.profile, words, request, agreed))
