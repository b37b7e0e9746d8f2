"""Stop one gateway, and kill the process if it does not end by itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from hermes_dist.decide.fleet.kinds import GatewayKind
from hermes_dist.decide.fleet.runs import GatewayOutcome, GatewayResult, Manager, agent_says
from hermes_dist.errors import DistError
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.fleet.action import (
    SERVICE_TIMEOUT,
    Action,
    check_not_inside,
    failed,
    processes_of,
)
from hermes_dist.ops.fleet.gateways import served_now
from hermes_dist.world.agent import gateways as world
from hermes_dist.world.agent import table
from hermes_dist.world.agent.processes import Process

_AGENT_STOPS = 20.0


def stop_gateway(action: Action, name: ProfileName, known: Sequence[Process]) -> GatewayResult:
    """Stop a gateway through the agent, and kill what is left of it.

    Args:
        action: The action.
        name: The profile.
        known: The processes that run its gateway.

    Raises:
        DistError: This command runs inside that gateway, or a process can't be ended.
    """
    home = action.home(name)
    targets = _targets(action, name, known)
    serviced = action.manager is not Manager.NONE and action.has_service(name)
    if not targets and not serviced:
        return _is_not_running(action, name)
    complaint = _complaint_on_stop(action, name, serviced=serviced)
    # The gateway may have come up only now, or have written its pid late.
    _add_running(targets, action, name)
    killed = _end_all(action, targets)
    # A killed gateway can't clean up. A state file that still says `running` is enough to count as
    # stale, so the claim in it goes along with the pid file.
    world.clean(home, at_rest=True)
    left = world.find(home).pid
    if left is not None and serviced:
        why = complaint or (Note.of(GatewayKind.SERVICE_STARTED_IT),)
        return failed(name, *why, pid=left)
    if not targets:
        return GatewayResult(profile=name, outcome=GatewayOutcome.RESTING)
    notes = (Note.of(GatewayKind.KILLED),) if killed else ()
    return GatewayResult(profile=name, outcome=GatewayOutcome.STOPPED, notes=notes)


def _end_all(action: Action, targets: Mapping[int, int | None]) -> bool:
    """Wait for processes to end, and kill those that do not; returns whether one was killed."""
    grace = action.options.grace
    killed = [pid for pid, began in targets.items() if world.end(pid, began, grace)]
    return bool(killed)


def _targets(action: Action, name: ProfileName, known: Sequence[Process]) -> dict[int, int | None]:
    """The processes to end: pid → when it began, because a pid alone may soon belong to another program."""
    targets = {process.pid: process.began for process in known}
    _add_running(targets, action, name)
    # All of them before any is stopped: a refusal must leave every process running.
    for pid in targets:
        check_not_inside(pid)
    return targets


def _add_running(targets: dict[int, int | None], action: Action, name: ProfileName) -> None:
    pid = world.find(action.home(name)).pid
    if pid is not None:
        targets.setdefault(pid, table.began(pid))


def _is_not_running(action: Action, name: ProfileName) -> GatewayResult:
    cleared = world.clean(action.home(name), at_rest=True)
    notes = (Note.of(GatewayKind.STALE_PID_REMOVED),) if cleared else ()
    return GatewayResult(profile=name, outcome=GatewayOutcome.RESTING, notes=notes)


def _complaint_on_stop(action: Action, name: ProfileName, *, serviced: bool) -> tuple[Note, ...]:
    """Have the agent stop it; returns what the agent complains of, or nothing.

    A complaint is not yet a failure: what counts is whether the process is gone afterwards.
    """
    timeout = SERVICE_TIMEOUT if serviced else action.options.grace + _AGENT_STOPS
    try:
        answer = action.ask(name, "stop", timeout=timeout)
    except DistError as err:
        return (Note.of_error(err, action.ctx.command)._replace(where=""),)
    return agent_says(answer.line) if answer.code else ()


def leave_out(action: Action, name: ProfileName) -> GatewayResult:
    """Tell the gateway for all profiles to leave one out, as the agent's own stop does."""
    answer = action.ask(name, "stop")
    if answer.code and name in served_now(action.ctx):
        return failed(name, *agent_says(answer.line))
    notes = (Note.of(GatewayKind.SERVES_OTHERS),)
    return GatewayResult(profile=name, outcome=GatewayOutcome.STOPPED, notes=notes)


def stopped_with_default(name: ProfileName, live: Collection[str]) -> GatewayResult:
    """The result for a profile that the default profile's gateway served until it was stopped."""
    if name not in live:
        return GatewayResult(profile=name, outcome=GatewayOutcome.RESTING)
    notes = (Note.of(GatewayKind.STOPPED_WITH_IT),)
    return GatewayResult(profile=name, outcome=GatewayOutcome.STOPPED, notes=notes)


def kill_restarted(action: Action, results: Sequence[GatewayResult]) -> list[GatewayResult]:
    """Kill gateways that came up again while others were stopped, because something restarts them."""
    left = processes_of(action.ctx)
    return [_without_restarted(action, one, left.get(one.profile, [])) for one in results]


def _without_restarted(
    action: Action, result: GatewayResult, again: Sequence[Process]
) -> GatewayResult:
    try:
        if result.ok:
            for process in again:
                world.end(process.pid, process.began, action.options.grace)
    except DistError as err:
        result = failed(result.profile, Note.of_error(err, action.ctx.command), pid=result.pid)
    world.clean(action.home(result.profile), at_rest=True)
    return result
