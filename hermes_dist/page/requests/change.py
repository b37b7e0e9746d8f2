"""Requests that merge: update, rollback, undo and discard; each has a preview first."""

from __future__ import annotations

from msgspec.structs import replace

from hermes_dist.errors import UsageError
from hermes_dist.ops.change.request import Accept, Naming, Request, choices_of
from hermes_dist.ops.change.variables import gather
from hermes_dist.ops.package import discard as discarding
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package import rollback as going_back
from hermes_dist.ops.package import undo as undoing
from hermes_dist.ops.package import update as updating
from hermes_dist.page.previews import outcome_found
from hermes_dist.page.requests.row import Found, Job, agreed


def request_of(job: Job) -> Request:
    """Build the request from the fields of a change; nothing is asked."""
    return Request(
        choices=choices_of(
            job.text("conflict"),
            allow_effects=job.flag("allow_effects"),
            only=job.text("only"),
            without=job.text("without"),
            include=job.words("include"),
            exclude=job.words("exclude"),
            inputs=job.values("set"),
        ),
        accept=Accept(
            new_key=job.flag("accept_new_key"),
            unsigned=job.flag("accept_unsigned"),
            moved_tag=job.flag("accept_moved_tag"),
            signature=job.flag("require_signature"),
        ),
        env=gather(job.ctx, [f"{name}={value}" for name, value in job.values("env").items()], ""),
        on_conflict=job.text("conflict"),
        to=job.text("to"),
        dry_run=job.dry_run,
        plan=job.plan,
        allow_downgrade=job.flag("allow_downgrade"),
        ignore_requires=job.flag("ignore_requires"),
    )


def install(job: Job) -> Found:
    """As ``install``, as a new profile."""
    request = replace(request_of(job), naming=Naming(job.text("registry"), job.flag("accept_name")))
    alias = "" if job.flag("alias") else None
    outcome = installing.install(
        job.ctx, job.text("source"), request, agreed, name=job.text("name"), alias=alias
    )
    return outcome_found(outcome)


def update(job: Job) -> Found:
    """As ``update``."""
    return outcome_found(updating.update(job.ctx, job.profile, request_of(job), agreed))


def rollback(job: Job) -> Found:
    """As ``rollback``.

    Raises:
        UsageError: ``exact`` and ``conflict`` are given.
    """
    if job.flag("exact") and job.text("conflict"):
        raise UsageError("exact merges nothing, so it takes no conflict", where="fields: conflict")
    outcome = going_back.rollback(
        job.ctx,
        job.profile,
        request_of(job),
        agreed,
        to=job.number("number"),
        exact=job.flag("exact"),
        forward=agreed,  # the preview says that it goes forward, and only its plan is carried out
    )
    return outcome_found(outcome)


def undo(job: Job) -> Found:
    """As ``undo``."""
    request = Request(dry_run=job.dry_run, plan=job.plan)
    return outcome_found(undoing.undo(job.ctx, job.profile, request, agreed, _unheard))


def _unheard(_last: undoing.Last) -> None:
    """Say nothing: the history shows what is undone."""


def discard(job: Job) -> Found:
    """As ``discard``."""
    outcome = discarding.discard(
        job.ctx,
        job.profile,
        job.words("places"),
        request_of(job),
        agreed,
        _unshown,
        all_=job.flag("all"),
    )
    return outcome_found(outcome)


def _unshown(_thrown: discarding.Thrown) -> None:
    """Say nothing: the page shows what differs by itself."""
