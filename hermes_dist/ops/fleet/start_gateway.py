"""Start or restart one gateway, and wait until it serves or has clearly failed."""

from __future__ import annotations

import time
from collections.abc import Sequence

from msgspec.structs import replace

from hermes_dist.agents.generation import START_AGAIN
from hermes_dist.decide.fleet.kinds import GatewayKind
from hermes_dist.decide.fleet.runs import (
    READY,
    Course,
    GatewayOutcome,
    GatewayResult,
    Seen,
    Way,
    after_all,
    agent_says,
    judge,
    said,
    way,
)
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.fleet.action import (
    POLL,
    Action,
    check_not_inside,
    failed,
    served_by_default,
)
from hermes_dist.ops.fleet.gateways import is_parked, served_now
from hermes_dist.ops.fleet.stop_gateway import stop_gateway
from hermes_dist.world.agent import gateways as world
from hermes_dist.world.agent.gateways import GatewayFacts
from hermes_dist.world.agent.processes import Process
from hermes_dist.world.child import Detached

_QUIET = 2.0
"""Seconds that a gateway must be ready if its log does not grow, before it counts as serving."""
_AGAIN = 0.5
"""Seconds before a gateway that asks for it is started again."""
_SETTLE = 1.0
"""Seconds after which a gateway that reported to serve is looked at again."""


def start_gateway(action: Action, name: ProfileName) -> GatewayResult:
    """Start a gateway, as a service if it has one, and wait until it serves.

    Args:
        action: The action.
        name: The profile.

    Raises:
        DistError: The agent can't be started, or does not answer in time.
    """
    found = world.find(action.home(name))
    if found.pid is not None:
        return _runs_already(name, found)
    if is_parked(action.ctx, name):
        return _take_in_again(action, name)
    chosen = _way(action, name)
    if chosen is Way.MISSING:
        command = action.ctx.command(f"gateways enable {name}")
        return failed(name, Note.of(GatewayKind.NO_SERVICE, command=command))
    stale = world.clean(action.home(name), at_rest=False)
    if chosen is Way.SERVICE:
        result = _start_service(action, name)
    else:
        result = _start_detached(action, name)
    if result.ok and stale:
        return replace(result, notes=(*result.notes, Note.of(GatewayKind.STALE_PID_REMOVED)))
    return result


def restart_gateway(action: Action, name: ProfileName, known: Sequence[Process]) -> GatewayResult:
    """Restart a gateway, or start it if it does not run; arguments as for :func:`stop_gateway`.

    Raises:
        DistError: This command runs inside that gateway, or the agent does not answer in time.
    """
    old = world.find(action.home(name)).pid
    if _way(action, name) is Way.SERVICE:
        result = _restart_service(action, name, old)
    else:
        result = stop_gateway(action, name, known)
        if result.ok:
            result = start_gateway(action, name)
    if old is not None and result.outcome is GatewayOutcome.STARTED:
        return replace(result, outcome=GatewayOutcome.RESTARTED)
    return result


def confirm_started(action: Action, results: Sequence[GatewayResult]) -> list[GatewayResult]:
    """Check again, a moment later, that the gateways that started still run."""
    started = {GatewayOutcome.STARTED, GatewayOutcome.RESTARTED}
    if not any(result.outcome in started for result in results):
        return list(results)
    # A gateway may report that it serves and end right after.
    time.sleep(_SETTLE)
    out = []
    for result in results:
        found = world.find(action.home(result.profile))
        seen = Seen(pid=found.pid, phase=found.phase, reason=found.reason)
        out.append(after_all(result, seen))
    return out


def _way(action: Action, name: ProfileName) -> Way:
    installed = action.has_service(name)
    return way(action.manager, installed=installed, detached=action.options.detached)


def _runs_already(name: ProfileName, found: GatewayFacts) -> GatewayResult:
    if found.phase in READY:
        outcome, notes = GatewayOutcome.RUNNING, agent_says(*found.troubles)
    else:
        outcome = GatewayOutcome.HANGING
        notes = (Note.of(GatewayKind.ALIVE_BEFORE, phase=found.phase),)
    return GatewayResult(profile=name, outcome=outcome, pid=found.pid, notes=notes)


def _take_in_again(action: Action, name: ProfileName) -> GatewayResult:
    """Tell the gateway for all profiles to serve a parked one again, as the agent's own start does."""
    answer = action.ask(name, "start")
    if answer.code:
        return _refused(action, name, answer)
    return served_by_default(name, Note.of(GatewayKind.SERVED_AGAIN))


def _refused(action: Action, name: ProfileName, answer: world.Answer) -> GatewayResult:
    """The result for a start that the agent refused; if the profile is served already, that is fine."""
    refused = action.ctx.generation.refused
    if refused and answer.code == refused:
        said = agent_says(answer.line)
        return GatewayResult(profile=name, outcome=GatewayOutcome.SERVED, notes=said)
    return failed(name, *agent_says(answer.line))


def _start_service(action: Action, name: ProfileName) -> GatewayResult:
    startup = _Startup(action, name)
    answer = action.ask(name, "start")
    if answer.code:
        return _refused(action, name, answer)
    return startup.wait()


def _restart_service(action: Action, name: ProfileName, old: int | None) -> GatewayResult:
    if old is not None:
        check_not_inside(old)
    startup = _Startup(action, name, old=old)
    answer = action.ask(name, "restart")
    if answer.code:
        return failed(name, *agent_says(answer.line))
    return startup.wait()


def _start_detached(action: Action, name: ProfileName) -> GatewayResult:
    """Start a gateway, again and again while it asks for that, as a service manager would."""
    until = time.monotonic() + action.options.wait
    while True:
        result, code = _start_once(action, name)
        if code != START_AGAIN or time.monotonic() >= until or action.interrupted.wait(_AGAIN):
            return result
        world.clean(action.home(name), at_rest=False)


def _start_once(action: Action, name: ProfileName) -> tuple[GatewayResult, int | None]:
    """Start a gateway, and return with the result the exit code of its process, if that has ended."""
    ctx = action.ctx
    startup = _Startup(action, name)
    child = world.start(action.agent, ctx.layout, name, ctx.env)
    try:
        result = startup.wait(child)
        code = child.exited()
        failed_for_good = result.outcome is GatewayOutcome.FAILED and code != START_AGAIN
        if failed_for_good and _is_served_after_all(action, name):
            return served_by_default(name), code
        return result, code
    finally:
        child.leave()


def _is_served_after_all(action: Action, name: ProfileName) -> bool:
    """Whether another gateway serves the profile, so that it was right that a process of its own ended.

    Newer agents end such a process at once. The other gateway may take a moment to say whom it serves.
    """
    if not action.ctx.generation.refused:
        return False
    until = time.monotonic() + _SETTLE * 5
    while time.monotonic() < until:
        if name in served_now(action.ctx):
            return True
        if action.interrupted.wait(POLL):
            break
    return False


class _Startup:
    """Watches a gateway come up, by its files, its log and its process.

    It must exist before the gateway starts, because it remembers where the logs end.

    Args:
        action: The action.
        name: The profile.
        old: The process before a restart, which does not count.
    """

    def __init__(self, action: Action, name: ProfileName, *, old: int | None = None) -> None:
        self._action = action
        self._name = name
        self._old = old
        self._home = action.home(name)
        self._marks = world.log_marks(self._home)
        self._pids: tuple[int, ...] = ()
        self._child: Detached | None = None
        self._ready_since: float | None = None

    def wait(self, child: Detached | None = None) -> GatewayResult:
        """Wait until the gateway serves, or has clearly failed, or the time is up.

        Args:
            child: The process, if we started it ourselves.
        """
        self._child = child
        begun = time.monotonic()
        interrupted = self._action.interrupted
        while True:
            # The exit code is read before the files: once it is known, the last words are written.
            exited = child.exited() if child else None
            seen = self._look()
            now = time.monotonic()
            late = now - begun >= self._action.options.wait
            course = Course(
                pids=self._pids,
                exited=exited,
                quiet=self._was_ready_for(_QUIET, seen, now),
                waited=late or interrupted.is_set(),
            )
            judged = judge(seen, course)
            if judged:
                return self._result(seen, *judged)
            interrupted.wait(POLL)

    def _look(self) -> Seen:
        found = world.find(self._home)
        grown = world.grown(self._home, self._marks)
        pid, phase = found.pid, found.phase
        # While the agent restarts it, the files still say of the old process that it serves.
        if pid is None or pid == self._old:
            pid, phase = None, ""
        elif pid not in self._pids:
            self._pids = (*self._pids, pid)
        reason = found.reason if self._is_ours(found.teller) else ""
        return Seen(pid=pid, phase=phase, grown=grown, troubles=found.troubles, reason=reason)

    def _is_ours(self, teller: int | None) -> bool:
        """Whether a process of this start wrote the state file; an older one's reason would mislead."""
        if teller is None:
            return False
        return teller in self._pids or (self._child is not None and teller == self._child.pid)

    def _was_ready_for(self, seconds: float, seen: Seen, now: float) -> bool:
        if seen.pid is None or seen.phase not in READY:
            self._ready_since = None
            return False
        if self._ready_since is None:
            self._ready_since = now
        return now - self._ready_since >= seconds

    def _result(
        self, seen: Seen, outcome: GatewayOutcome, notes: tuple[Note, ...]
    ) -> GatewayResult:
        words = ""
        if outcome is not GatewayOutcome.STARTED:
            words = said(world.last_words(self._home, self._marks))
        return GatewayResult(
            profile=self._name, outcome=outcome, pid=seen.pid, notes=notes, last_words=words
        )
