"""Answer one request: find it in the table, check what it holds, run it, and make a reply of whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from hermes_dist.errors import DistError, Invalid, UsageError
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.context import Context, Progress
from hermes_dist.ops.homes import OtherState, settled_state_of, state_of
from hermes_dist.page import exchange
from hermes_dist.page.exchange import Ask, NoProfile, NoRequest, Reply, Report
from hermes_dist.page.fields import checked
from hermes_dist.page.requests.row import About, Found, Job, Row
from hermes_dist.page.requests.table import REQUESTS
from hermes_dist.page.veil import veiled

ContextOf = Callable[[Progress], Context]
"""Makes the context of one request, with what hears of its progress."""


def answer(context_of: ContextOf, ask: Ask, progress: Report) -> Reply:
    """Answer a request.

    Args:
        context_of: Makes the context.
        ask: The request; nothing of it needs to be checked before.
        progress: Hears of what is being done.

    Returns:
        The reply; every error is one, too.
    """
    ctx: Context | None = None
    try:
        ctx = context_of(lambda line: progress(exchange.Progress(line)))
        return _veiled(ctx, _answered_or_refused(ctx, ask))
    except Exception as error:  # noqa: BLE001 - the boundary: whatever goes wrong is a reply
        return _refused(ctx, ask, error)


def _answered_or_refused(ctx: Context, ask: Ask) -> Reply:
    try:
        return _answered(ctx, ask)
    except DistError as error:
        return _refused(ctx, ask, error)


def _refused(ctx: Context | None, ask: Ask, error: Exception) -> Reply:
    """The reply to what went wrong."""
    from hermes_dist.page.refusals import refused  # noqa: PLC0415 - start-up: the dashboard starts us for each request

    return refused(ctx, ask, error)


def _veiled(ctx: Context, reply: Reply) -> Reply:
    """A reply without secrets; one about no profile may hold something of each."""
    try:
        name = ProfileName.typed(str(reply.body["profile"])) if reply.body["profile"] else None
    except Invalid:
        name = None
    return Reply(reply.status, veiled(ctx, name, dict(reply.body)))


def row_of(ask: Ask) -> Row:
    """Find a request in the table.

    Raises:
        DistError: There is none of this name.
    """
    row = REQUESTS.get(ask.name)
    if row is None:
        raise NoRequest("there is no such request", where=f"{ask.name:.80}")
    return row


def _answered(ctx: Context, ask: Ask) -> Reply:
    row = row_of(ask)
    given = checked(row.takes, ask.fields)
    name = _profile(ctx, row, ask)
    _check_yes(row, ask, given)
    if row.writes and name is not None:
        ctx = ctx.showing({name: ask.state})
        if state_of(ctx, name) != ask.state:
            raise OtherState(
                "this profile changed since it was shown, so nothing was done",
                where=str(name),
                hint="look at what changed, then decide again",
            )
    job = Job(ctx=ctx, name=name, given=given, plan=ask.plan)
    handler: Callable[[Job], Found] = getattr(
        import_module(f"hermes_dist.page.requests.{row.module}"), row.function
    )
    # Before it is read: what changes meanwhile makes the state an old one, never one that was not shown.
    state = "" if name is None else settled_state_of(ctx, name)
    found = handler(job)
    if row.writes and name is not None:
        state = _state_after(ctx, name)
    assert found.schema == row.schema  # noqa: S101 - what the table promises
    body = {"profile": name or "", "state": state, "data": found.body()}
    if found.plan:
        body["plan"] = found.plan
    return Reply(200, body)


def _state_after(ctx: Context, name: ProfileName) -> str:
    """The state that a change left a profile in; empty if nothing of this name is there any more."""
    return state_of(ctx, name) if ctx.layout.home(name).is_dir() else ""


def _profile(ctx: Context, row: Row, ask: Ask) -> ProfileName | None:
    """The profile that a request is about.

    Raises:
        UsageError: It names one and may not, or the other way round.
        DistError: There is no such profile.
    """
    if not ask.profile:
        if row.about is About.PROFILE:
            raise UsageError("name a profile", where="profile")
        return None
    if row.about is About.MACHINE:
        raise UsageError("it is about the whole machine, so it takes no profile", where="profile")
    try:
        name = ProfileName.typed(ask.profile)
    except Invalid as error:
        raise UsageError(error.what, where="profile", hint=error.hint) from None
    if name != DEFAULT_PROFILE and not ctx.layout.home(name).is_dir():
        raise NoProfile(name)
    return ctx.profile(name)


def _check_yes(row: Row, ask: Ask, given: Mapping[str, object]) -> None:
    """Make sure that a change names what was shown: the state of the profile, and the plan of a preview.

    Raises:
        UsageError: It does not.
    """
    if row.writes and row.about is About.PROFILE and not ask.state:
        raise UsageError("name the state that the profile was shown in", where="state")
    if not row.planned:
        if ask.plan:
            raise UsageError("it has no preview, so it takes no plan", where="plan")
        return
    if given.get("dry_run") is True:
        if ask.plan:
            raise UsageError("a preview takes no plan", where="plan")
    elif not ask.plan:
        raise UsageError("name the plan of the preview that was shown", where="plan")
