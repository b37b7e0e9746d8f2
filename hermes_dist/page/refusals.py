"""The replies to what goes wrong: each error with its status, and what the page needs to go on."""

from __future__ import annotations

from typing import Any

from hermes_dist.errors import Busy, DistError, Renamed, UsageError
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.authoring.publish import Published
from hermes_dist.ops.change.proposal import OtherPlan, Outcome
from hermes_dist.ops.context import Context
from hermes_dist.ops.crash import refused_by_system, report
from hermes_dist.ops.homes import OtherState, renamed_to, state_of
from hermes_dist.ops.profile_changes import Planned
from hermes_dist.page.exchange import Ask, NoProfile, NoRequest, Reply
from hermes_dist.page.previews import outcome_found
from hermes_dist.page.requests.lifecycle import planned_found
from hermes_dist.page.requests.publish import published_found
from hermes_dist.page.requests.row import Found
from hermes_dist.page.since import changed_since
from hermes_dist.voice.clean import error_data

_STATUS: tuple[tuple[type[DistError], int], ...] = (
    (OtherState, 409),
    (OtherPlan, 409),
    (NoRequest, 404),
    (NoProfile, 404),
    (UsageError, 400),
    (Busy, 423),
    (DistError, 422),
)


def refused(ctx: Context | None, ask: Ask, error: Exception) -> Reply:
    """Make the reply to an error; what is a fault of this program leaves a log.

    Args:
        ctx: The context; None if it could not be made.
        ask: The request.
        error: What went wrong.
    """
    if isinstance(error, OSError):
        error = refused_by_system(error) or error
    if not isinstance(error, DistError):
        return _fault(ctx, ask, error)
    if ctx is None:
        return Reply(_status_of(error), _body(None, ask, error))
    told, more = _told(ctx, ask, error)
    return Reply(_status_of(error), {**_body(ctx, ask, told), **more})


def _status_of(error: DistError) -> int:
    return next(code for kind, code in _STATUS if isinstance(error, kind))


def _told(ctx: Context, ask: Ask, error: DistError) -> tuple[DistError, dict[str, Any]]:
    """The error as it is told, and what the page needs besides to go on."""
    if isinstance(error, NoProfile):
        return _gone(ctx, error.name, ask.state)
    if isinstance(error, OtherState):
        return error, {"changed": changed_since(ctx, ask.profile, ask.state)}
    if isinstance(error, OtherPlan):
        found = _preview_of(ctx, error.now)
        return error, {"changed": found.body(), "plan": found.plan}
    return error, {}


def _gone(ctx: Context, name: ProfileName, state: str) -> tuple[DistError, dict[str, Any]]:
    """The error for a profile that is not there: it says where it went, if that is known."""
    now = renamed_to(ctx, state)
    if now is not None:
        return Renamed(name, now), {"renamed": now}
    error = ctx.missing_profile(name)
    return error, {"renamed": error.now if isinstance(error, Renamed) else ""}


def _preview_of(ctx: Context, now: object) -> Found:
    """Show what a verb returned for a dry run."""
    if isinstance(now, Planned):
        return planned_found(ctx, now)
    if isinstance(now, Published):
        return published_found(now)
    assert isinstance(now, Outcome)  # noqa: S101 - verbs with a plan return one of these three
    return outcome_found(now)


def _body(ctx: Context | None, ask: Ask, error: DistError) -> dict[str, Any]:
    data = Found("error", {"error": error_data(error, ctx.command if ctx else str)}).body()
    return {"profile": f"{ask.profile:.200}", "state": _state(ctx, ask), "error": data}


def _state(ctx: Context | None, ask: Ask) -> str:
    """The state of the profile that a request names, as far as there is one."""
    if ctx is None or not ask.profile:
        return ""
    try:
        return state_of(ctx, ProfileName.typed(ask.profile))
    except DistError:
        return ""


def _fault(ctx: Context | None, ask: Ask, error: Exception) -> Reply:
    """The reply for a fault of this program, which leaves a log."""
    if ctx is None:
        told = DistError("a bug in this program: the context can't be made")
        return Reply(500, _body(ctx, ask, told))
    crash = report(ctx.brand, ["page", ask.name], error)
    hint = "please report it with what the program wrote"
    if crash.log is not None:
        hint = f"please report it with {crash.log}, after checking what it contains"
    told = DistError(f"a bug in this program: {crash.what}", hint=hint)
    return Reply(500, _body(ctx, ask, told))
