"""Start, stop and enable the gateways of many profiles through the installed agent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.agents.generation import Gateways
from hermes_dist.decide.fleet.runs import (
    READY,
    Course,
    GatewayOutcome,
    GatewayResult,
    Manager,
    Seen,
    Way,
    after_all,
    in_order,
    judge,
    refusals,
    said,
    served,
    way,
)
from hermes_dist.errors import DistError
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.fleet.gateways import (
    agent_of,
    check,
    is_multiplexed,
    is_parked,
    led_by_default,
    manager_of,
    served_now,
)
from hermes_dist.world.agent import gateways as world
from hermes_dist.world.agent import processes as running
from hermes_dist.world.agent import table
from hermes_dist.world.agent.find import Agent
from hermes_dist.world.agent.processes import Process
from hermes_dist.world.child import Detached

__all__ = [
    "GatewayOutcome",
    "GatewayResult",
    "Options",
    "disable",
    "enable",
    "restart",
    "start",
    "stop",
]

_LOOK = 0.1
_QUIET = 2.0
_SETTLE = 1.0
_AGENT_STOPS = 20.0
_SERVICE_STOPS = 120.0
_SERVES = 30.0
"""Seconds that a gateway may take, once it runs, to say which profiles it serves."""

Told = Callable[[GatewayResult], None]


class Options(Struct, frozen=True, kw_only=True):
    """The options for an action on many gateways.

    Attributes:
        jobs: How many gateways to handle at once.
        wait: Seconds to wait for a gateway to serve.
        grace: Seconds to wait for a process to end by itself.
        detached: Start without a service, even if a service manager is there.
        allow_clash: Start although another profile uses the same bot or port.
        manager: The service manager of this machine; None to detect it.
    """

    jobs: int = 4
    wait: float = 60.0
    grace: float = 10.0
    detached: bool = False
    allow_clash: bool = False
    manager: Manager | None = None


class _Fleet(Struct, frozen=True):
    """One action on many gateways, shared by its jobs."""

    ctx: Context
    agent: Agent
    options: Options
    manager: Manager
    enough: threading.Event


def start(
    ctx: Context, names: Sequence[ProfileName], options: Options, told: Told
) -> list[GatewayResult]:
    """Start gateways and wait until they serve.

    Args:
        ctx: The context.
        names: The profiles.
        options: The options.
        told: Called with each verdict as soon as it is known.

    Returns:
        The result for each, in the order in which they were started.

    Raises:
        NoAgent: No agent is installed.
    """
    fleet = _fleet(ctx, options)
    led = led_by_default(ctx, names)
    own = _own(names, led)
    before = _settled(fleet, own)
    done = _checked(
        fleet, _each(fleet, own, lambda name: before.get(name) or _start(fleet, name), told)
    )
    return _with_led(fleet, done, led, told)


def stop(
    ctx: Context, names: Sequence[ProfileName], options: Options, told: Told
) -> list[GatewayResult]:
    """Stop gateways, and kill those that do not stop by themselves; arguments and result as for :func:`start`."""
    fleet = _fleet(ctx, options)
    led = led_by_default(ctx, names) if DEFAULT_PROFILE in names else frozenset()
    live = served_now(ctx)
    left = _processes(ctx)

    def job(name: ProfileName) -> GatewayResult:
        return _leave(fleet, name) if name in live else _stop(fleet, name, left.get(name, []))

    verdicts = _swept(fleet, _each(fleet, [name for name in names if name not in led], job, told))
    ended = [_ended_with_default(name, live) for name in in_order(led)]
    for verdict in ended:
        told(verdict)
    return [*verdicts, *ended]


def restart(
    ctx: Context, names: Sequence[ProfileName], options: Options, told: Told
) -> list[GatewayResult]:
    """Restart gateways, and start those that do not run; arguments and result as for :func:`start`."""
    fleet = _fleet(ctx, options)
    led = led_by_default(ctx, names)
    own = _own(names, led)
    before = _settled(fleet, own, again=True)
    left = _processes(ctx)
    job: Callable[[ProfileName], GatewayResult] = lambda name: (  # noqa: E731 - one expression, used once
        before.get(name) or _restart(fleet, name, left.get(name, []))
    )
    return _with_led(fleet, _checked(fleet, _each(fleet, own, job, told)), led, told)


def enable(
    ctx: Context, names: Sequence[ProfileName], options: Options, told: Told
) -> list[GatewayResult]:
    """Let gateways start at login, through the agent's own services; arguments and result as for :func:`start`."""
    fleet = _fleet(ctx, options)
    led = led_by_default(ctx, names)
    done = _each(fleet, _own(names, led), lambda name: _enable(fleet, name), told)
    return _with_led(fleet, done, led, told)


def disable(
    ctx: Context, names: Sequence[ProfileName], options: Options, told: Told
) -> list[GatewayResult]:
    """Remove the services of gateways, which also stops them; arguments and result as for :func:`start`."""
    fleet = _fleet(ctx, options)
    return _each(fleet, names, lambda name: _disable(fleet, name), told)


def _fleet(ctx: Context, options: Options) -> _Fleet:
    return _Fleet(
        ctx, agent_of(ctx), options, options.manager or manager_of(ctx), threading.Event()
    )


def _own(names: Sequence[ProfileName], led: Collection[ProfileName]) -> list[ProfileName]:
    """The gateways to act on: the profiles' own, and the default profile's for all that it serves."""
    return in_order(
        [*(name for name in names if name not in led), *([DEFAULT_PROFILE] if led else [])]
    )


def _with_led(
    fleet: _Fleet, done: list[GatewayResult], led: Collection[ProfileName], told: Told
) -> list[GatewayResult]:
    """Add the results for the profiles that the default profile's gateway serves, now that it was acted on."""
    default = next((verdict for verdict in done if verdict.profile == DEFAULT_PROFILE), None)
    if not led or default is None:
        return done
    served = [_served(fleet, name, default) for name in in_order(led)]
    for verdict in served:
        told(verdict)
    return [*done, *served]


def _served(fleet: _Fleet, name: ProfileName, default: GatewayResult) -> GatewayResult:
    if not default.ok:
        why = f" ({default.note})" if default.note else ""
        note = f"the gateway of {DEFAULT_PROFILE} serves it, and that one {default.outcome}{why}"
        return GatewayResult(profile=name, outcome=GatewayOutcome.FAILED, note=note)
    until = time.monotonic() + _SERVES
    while time.monotonic() < until and default.outcome is not GatewayOutcome.ENABLED:
        found = world.find(fleet.ctx.layout.root)
        if found.apart:
            note = f"the gateway of {DEFAULT_PROFILE} does not serve it: {found.apart}"
            return GatewayResult(profile=name, outcome=GatewayOutcome.FAILED, note=note)
        if found.pid is None or (found.served is not None and name in found.served):
            break
        fleet.enough.wait(_LOOK)
    return GatewayResult(
        profile=name, outcome=GatewayOutcome.SERVED, note=f"by the gateway of {DEFAULT_PROFILE}"
    )


def _leave(fleet: _Fleet, name: ProfileName) -> GatewayResult:
    """Tell the gateway for all profiles to leave one out, as the agent's own stop does."""
    ctx = fleet.ctx
    answer = world.ask(fleet.agent, ctx.layout, name, ["stop"], env=ctx.env, timeout=_SERVICE_STOPS)
    if answer.code and name in served_now(ctx):
        return GatewayResult(profile=name, outcome=GatewayOutcome.FAILED, note=answer.line)
    return GatewayResult(
        profile=name,
        outcome=GatewayOutcome.STOPPED,
        note=f"the gateway of {DEFAULT_PROFILE} serves the others",
    )


def _ended_with_default(name: ProfileName, live: Collection[str]) -> GatewayResult:
    outcome = GatewayOutcome.STOPPED if name in live else GatewayOutcome.RESTING
    note = f"with the gateway of {DEFAULT_PROFILE}" if name in live else ""
    return GatewayResult(profile=name, outcome=outcome, note=note)


def _each(
    fleet: _Fleet,
    names: Sequence[ProfileName],
    job: Callable[[ProfileName], GatewayResult],
    told: Told,
) -> list[GatewayResult]:
    """Run a job for each profile, several at once, started in order; an error becomes a verdict."""

    def safely(name: ProfileName) -> GatewayResult:
        try:
            return job(name)
        except DistError as err:
            return GatewayResult(profile=name, outcome=GatewayOutcome.FAILED, note=str(err))

    ordered = in_order(names)
    with ThreadPoolExecutor(max_workers=max(1, fleet.options.jobs)) as pool:
        futures = [pool.submit(safely, name) for name in ordered]
        try:
            for future in as_completed(futures):
                told(future.result())
        except BaseException:
            # Ctrl-C: the waiting jobs must end as well, or the pool would hold the program until
            # their time is up.
            fleet.enough.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]


def _settled(
    fleet: _Fleet, names: Sequence[ProfileName], *, again: bool = False
) -> dict[ProfileName, GatewayResult]:
    """Verdicts that are known before anything starts: another gateway serves it, or it must not start."""
    ctx, detached = fleet.ctx, fleet.options.detached
    running_now = frozenset(
        name for name in ctx.names() if world.find(ctx.layout.home(name)).pid is not None
    )
    multiplexed = ctx.generation.gateways is Gateways.EACH and is_multiplexed(
        ctx, detached=detached
    )
    out = {
        name: GatewayResult(
            profile=name,
            outcome=GatewayOutcome.SERVED,
            note="its gateway serves all profiles (multiplex_profiles)",
        )
        for name in served(names, multiplexed=multiplexed, running=running_now)
    }
    if not fleet.options.allow_clash:
        found = check(ctx, detached=detached)
        for name, why in refusals(names, found, frozenset() if again else running_now).items():
            out.setdefault(
                name, GatewayResult(profile=name, outcome=GatewayOutcome.REFUSED, note=why)
            )
    return out


def _start(fleet: _Fleet, name: ProfileName) -> GatewayResult:
    layout, home = fleet.ctx.layout, fleet.ctx.layout.home(name)
    found = world.find(home)
    if found.pid is not None:
        if found.phase in READY:
            return GatewayResult(
                profile=name,
                outcome=GatewayOutcome.RUNNING,
                pid=found.pid,
                note="; ".join(found.troubles),
            )
        note = f"it lives, and says {found.phase or 'nothing'!r}; restart it"
        return GatewayResult(profile=name, outcome=GatewayOutcome.HANGING, pid=found.pid, note=note)
    if is_parked(fleet.ctx, name):
        return _taken_in(fleet, name)
    chosen = way(
        fleet.manager, installed=bool(world.services(layout, name)), detached=fleet.options.detached
    )
    if chosen is Way.MISSING:
        hint = f"{fleet.ctx.command(f'gateways enable {name}')}, or pass --detached"
        return GatewayResult(
            profile=name, outcome=GatewayOutcome.FAILED, note=f"it has no service; run: {hint}"
        )
    stale = world.clean(home, at_rest=False)
    marks = world.log_marks(home)
    if chosen is Way.SERVICE:
        answer = world.ask(
            fleet.agent, layout, name, ["start"], env=fleet.ctx.env, timeout=_SERVICE_STOPS
        )
        if answer.code:
            return _refused(fleet, name, answer)
        verdict = _wait(fleet, name, marks, None, None)
    else:
        child = world.start(fleet.agent, layout, name, fleet.ctx.env)
        try:
            verdict = _or_served(fleet, name, _wait(fleet, name, marks, child, None))
        finally:
            child.leave()
    if verdict.ok and stale:
        return replace(
            verdict, note="; ".join(filter(None, [verdict.note, "a stale pid was cleared away"]))
        )
    return verdict


def _or_served(fleet: _Fleet, name: ProfileName, verdict: GatewayResult) -> GatewayResult:
    """If a process ended at once, check whether another gateway serves its profile; then that is no failure."""
    until = time.monotonic() + _SETTLE * 5
    while (
        verdict.outcome is GatewayOutcome.FAILED
        and fleet.ctx.generation.refused
        and time.monotonic() < until
    ):
        if name in served_now(fleet.ctx):
            return GatewayResult(
                profile=name,
                outcome=GatewayOutcome.SERVED,
                note=f"by the gateway of {DEFAULT_PROFILE}",
            )
        if fleet.enough.wait(_LOOK):
            break
    return verdict


def _taken_in(fleet: _Fleet, name: ProfileName) -> GatewayResult:
    """Tell the gateway for all profiles to serve a parked one again, as the agent's own start does."""
    ctx = fleet.ctx
    answer = world.ask(
        fleet.agent, ctx.layout, name, ["start"], env=ctx.env, timeout=_SERVICE_STOPS
    )
    if answer.code:
        return _refused(fleet, name, answer)
    return GatewayResult(
        profile=name,
        outcome=GatewayOutcome.SERVED,
        note=f"by the gateway of {DEFAULT_PROFILE} again",
    )


def _refused(fleet: _Fleet, name: ProfileName, answer: world.Answer) -> GatewayResult:
    """The verdict for a start that the agent refused; if the profile is served already, that is fine."""
    refused = fleet.ctx.generation.refused
    if refused and answer.code == refused:
        return GatewayResult(profile=name, outcome=GatewayOutcome.SERVED, note=answer.line)
    return GatewayResult(profile=name, outcome=GatewayOutcome.FAILED, note=answer.line)


def _wait(
    fleet: _Fleet,
    name: ProfileName,
    marks: tuple[tuple[int, int], ...],
    child: Detached | None,
    old: int | None,
) -> GatewayResult:
    """Wait until a gateway serves, or has clearly failed."""
    home = fleet.ctx.layout.home(name)
    pids: tuple[int, ...] = ()
    begun, ready = time.monotonic(), 0.0
    while True:
        exited = child.exited() if child else None  # first: then its last words are written
        found = world.find(home)
        pid = found.pid if found.pid != old else None
        if pid is not None and pid not in pids:
            pids = (*pids, pid)
        seen = Seen(
            pid=pid,
            phase=found.phase if pid else "",
            grown=world.grown(home, marks),
            troubles=found.troubles,
            reason=found.reason
            if found.teller in {*pids, child.pid if child else None} - {None}
            else "",
        )
        now = time.monotonic()
        ready = (ready or now) if pid is not None and seen.phase in READY else 0.0
        course = Course(
            pids=pids,
            exited=exited,
            quiet=bool(ready) and now - ready >= _QUIET,
            waited=now - begun >= fleet.options.wait or fleet.enough.is_set(),
        )
        if judged := judge(seen, course):
            outcome, note = judged
            words = (
                said(world.last_words(home, marks)) if outcome is not GatewayOutcome.STARTED else ""
            )
            return GatewayResult(
                profile=name, outcome=outcome, pid=pid, note=": ".join(filter(None, [note, words]))
            )
        fleet.enough.wait(_LOOK)


def _checked(fleet: _Fleet, verdicts: list[GatewayResult]) -> list[GatewayResult]:
    """Check again, a moment later, that the gateways that started still run."""
    if not any(
        verdict.outcome in {GatewayOutcome.STARTED, GatewayOutcome.RESTARTED}
        for verdict in verdicts
    ):
        return verdicts
    # A gateway may report that it serves and end right after.
    time.sleep(_SETTLE)
    out = []
    for verdict in verdicts:
        found = world.find(fleet.ctx.layout.home(verdict.profile))
        out.append(after_all(verdict, Seen(pid=found.pid, phase=found.phase, reason=found.reason)))
    return out


def _stop(fleet: _Fleet, name: ProfileName, known: Sequence[Process]) -> GatewayResult:
    ctx, home = fleet.ctx, fleet.ctx.layout.home(name)
    found = world.find(home)
    targets = {process.pid: process.began for process in known}
    if found.pid is not None:
        targets.setdefault(found.pid, table.began(found.pid))
    if any(world.is_inside(pid) for pid in targets):
        raise DistError("this command was started by the gateway of this profile itself")
    serviced = fleet.manager is not Manager.NONE and bool(world.services(ctx.layout, name))
    if not targets and not serviced:
        note = "a stale pid was cleared away" if world.clean(home, at_rest=True) else ""
        return GatewayResult(profile=name, outcome=GatewayOutcome.RESTING, note=note)
    words, note = "", ""
    try:
        answer = world.ask(
            fleet.agent,
            ctx.layout,
            name,
            ["stop"],
            env=ctx.env,
            timeout=_SERVICE_STOPS if serviced else fleet.options.grace + _AGENT_STOPS,
        )
        words = answer.line if answer.code else ""
    except DistError as err:
        words = err.what
    if (pid := world.find(home).pid) is not None:
        targets.setdefault(pid, table.began(pid))
    killed = [pid for pid, began in targets.items() if world.end(pid, began, fleet.options.grace)]
    if killed:
        note = "it did not end by itself, and was killed"
    world.clean(home, at_rest=True)
    if (pid := world.find(home).pid) is not None and serviced:
        return GatewayResult(
            profile=name,
            outcome=GatewayOutcome.FAILED,
            pid=pid,
            note=words or "its service started it again",
        )
    return GatewayResult(
        profile=name,
        outcome=GatewayOutcome.STOPPED if targets else GatewayOutcome.RESTING,
        note=note,
    )


def _processes(ctx: Context) -> dict[ProfileName, list[Process]]:
    known = {
        pid: name
        for name in ctx.names()
        if (pid := world.find(ctx.layout.home(name)).pid) is not None
    }
    return world.processes(ctx.layout, known)


def _swept(fleet: _Fleet, verdicts: list[GatewayResult]) -> list[GatewayResult]:
    """Kill gateways that came up again while others were stopped, because something restarts them."""
    left = _processes(fleet.ctx)
    out = []
    for verdict in verdicts:
        again = left.get(verdict.profile, []) if verdict.ok else []
        try:
            for process in again:
                world.end(process.pid, process.began, fleet.options.grace)
        except DistError as err:
            verdict = replace(verdict, outcome=GatewayOutcome.FAILED, note=str(err))  # noqa: PLW2901 - the same one, as it ended
        world.clean(fleet.ctx.layout.home(verdict.profile), at_rest=True)
        out.append(verdict)
    return out


def _restart(fleet: _Fleet, name: ProfileName, known: Sequence[Process]) -> GatewayResult:
    ctx, home = fleet.ctx, fleet.ctx.layout.home(name)
    old = world.find(home).pid
    serviced = bool(world.services(ctx.layout, name))
    if way(fleet.manager, installed=serviced, detached=fleet.options.detached) is Way.SERVICE:
        if old is not None and world.is_inside(old):
            raise DistError("this command was started by the gateway of this profile itself")
        marks = world.log_marks(home)
        answer = world.ask(
            fleet.agent, ctx.layout, name, ["restart"], env=ctx.env, timeout=_SERVICE_STOPS
        )
        if answer.code:
            return GatewayResult(profile=name, outcome=GatewayOutcome.FAILED, note=answer.line)
        verdict = _wait(fleet, name, marks, None, old)
    else:
        stopped = _stop(fleet, name, known)
        verdict = _start(fleet, name) if stopped.ok else stopped
    if old is not None and verdict.outcome is GatewayOutcome.STARTED:
        return replace(verdict, outcome=GatewayOutcome.RESTARTED)
    return verdict


def _enable(fleet: _Fleet, name: ProfileName) -> GatewayResult:
    ctx, layout = fleet.ctx, fleet.ctx.layout
    if world.at_login(layout, name):
        return GatewayResult(profile=name, outcome=GatewayOutcome.ENABLED, note="it was already")
    if fleet.manager is Manager.NONE:
        note = "no systemd, launchd or s6 is here; let what starts this machine start it"
        return GatewayResult(profile=name, outcome=GatewayOutcome.FAILED, note=note)
    words = ["install", "--no-start-now", "--start-on-login"]
    answer = world.ask(fleet.agent, layout, name, words, env=ctx.env, timeout=_SERVICE_STOPS)
    if not answer.code and world.services(layout, name):
        if not world.at_login(layout, name):
            running.manage(layout, name, "enable", ctx.env)
        return GatewayResult(
            profile=name, outcome=GatewayOutcome.ENABLED, pid=world.find(layout.home(name)).pid
        )
    return GatewayResult(
        profile=name,
        outcome=GatewayOutcome.FAILED,
        note=answer.line or "no service file was written",
    )


def _disable(fleet: _Fleet, name: ProfileName) -> GatewayResult:
    layout = fleet.ctx.layout
    if not world.services(layout, name):
        return GatewayResult(
            profile=name, outcome=GatewayOutcome.DISABLED, note="it was not enabled"
        )
    answer = world.ask(
        fleet.agent, layout, name, ["uninstall"], env=fleet.ctx.env, timeout=_SERVICE_STOPS
    )
    left = world.services(layout, name)
    if answer.code or left:
        return GatewayResult(
            profile=name,
            outcome=GatewayOutcome.FAILED,
            note=answer.line or f"{left[0]} is still there",
        )
    return GatewayResult(profile=name, outcome=GatewayOutcome.DISABLED)
