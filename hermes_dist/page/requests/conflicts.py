"""Requests about conflicts: list them, show one, settle one or all."""

from __future__ import annotations

from hermes_dist.errors import UsageError
from hermes_dist.model.side import Side
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.request import Choices, Request
from hermes_dist.ops.conflicts.each import resolve_each
from hermes_dist.ops.conflicts.save import resolve_edited
from hermes_dist.ops.conflicts.sides import job_names, shown_conflict
from hermes_dist.ops.package import resolve as settling
from hermes_dist.page.previews import outcome_found
from hermes_dist.page.requests.row import Found, Job, agreed
from hermes_dist.voice.package_json import conflict_shown_data, conflicts_data

_SIDES = {"ours": Side.OURS, "theirs": Side.THEIRS, "both": Side.BOTH}


def conflicts(job: Job) -> Found:
    """As ``resolve --list``."""
    place = job.text("place")
    found = settling.open_conflicts(job.ctx, job.profile, place)
    kept: tuple[str, ...] = ()
    if not place:
        kept = settling.kept_places(job.ctx, job.profile)
    jobs = job_names(job.ctx, job.profile, found)
    return Found("conflicts", conflicts_data(job.profile, found, kept, jobs))


def conflict(job: Job) -> Found:
    """As ``resolve --show``."""
    found = shown_conflict(job.ctx, job.profile, job.text("place"))
    return Found("conflict-shown", conflict_shown_data(found))


def resolve(job: Job) -> Found:
    """As ``resolve`` with a side or ``--forget``, or with the text that an editor saved.

    Raises:
        UsageError: Not exactly one of ``side``, ``sides``, ``text`` and ``forget`` is given, or a place beside
            ``sides``, which has its own.
    """
    ways = [name for name in ("side", "sides", "text", "forget") if name in job.given]
    if len(ways) != 1:
        raise UsageError("give one of: side, sides, text, forget", where="fields")
    if ways == ["sides"] and "place" in job.given:
        raise UsageError("sides names its places itself", where="fields: place")
    if job.flag("always") and job.text("side") != "ours":
        raise UsageError("always goes only with the side ours", where="fields: always")
    return outcome_found(_settled(job, ways[0]))


def _settled(job: Job, way: str) -> Outcome:
    request = Request(
        choices=Choices(allow_effects=job.flag("allow_effects")),
        dry_run=job.dry_run,
        plan=job.plan,
    )
    place = job.text("place")
    if way == "forget":
        return settling.forget(job.ctx, job.profile, request, agreed, place=place)
    if way == "sides":
        sides = {each: _SIDES[side] for each, side in job.values("sides").items()}
        return resolve_each(job.ctx, job.profile, sides, request, agreed)
    if way == "text":
        return resolve_edited(job.ctx, job.profile, place, job.text("text"), request, agreed)
    return settling.resolve(
        job.ctx,
        job.profile,
        _SIDES[job.text("side")],
        request,
        agreed,
        place=place,
        always=job.flag("always"),
    )
