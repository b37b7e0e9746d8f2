"""Start, stop and enable the gateways of many profiles through the installed agent."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from msgspec.structs import replace

from hermes_dist.agents.generation import Gateways
from hermes_dist.decide.fleet.kinds import GatewayKind
from hermes_dist.decide.fleet.runs import (
    GatewayOutcome,
    GatewayResult,
    in_order,
    refusals,
    served,
)
from hermes_dist.errors import DistError
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.fleet.action import (
    POLL,
    Action,
    Options,
    action,
    failed,
    processes_of,
    served_by_default,
)
from hermes_dist.ops.fleet.at_login import disable_gateway, enable_gateway
from hermes_dist.ops.fleet.gateways import (
    check,
    is_multiplexed,
    led_by_default,
    multiplexed_names,
    served_now,
)
from hermes_dist.ops.fleet.start_gateway import confirm_started, restart_gateway, start_gateway
from hermes_dist.ops.fleet.stop_gateway import (
    kill_restarted,
    leave_out,
    stop_gateway,
    stopped_with_default,
)
from hermes_dist.world.agent import gateways as world

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

_SERVES = 30.0
"""Seconds that a gateway may take, once it runs, to say which profiles it serves."""

Told = Callable[[GatewayResult], None]


def start(
    ctx: Context, names: Sequence[ProfileName], options: Options, told: Told
) -> list[GatewayResult]:
    """Start gateways and wait until they serve.

    Args:
        ctx: The context.
        names: The profiles.
        options: The options.
        told: Called with each result as soon as it is known.

    Returns:
        The result for each, in the order in which they were started.

    Raises:
        NoAgent: No agent is installed.
    """
    act = action(ctx, options)
    led = led_by_default(ctx, names)
    own = _own(names, led)
    before = _known_before(act, own)

    def job(name: ProfileName) -> GatewayResult:
        return before.get(name) or start_gateway(act, name)

    results = confirm_started(act, _each(act, own, job, told))
    return _with_led(act, results, led, told)


def stop(
    ctx: Context, names: Sequence[ProfileName], options: Options, told: Told
) -> list[GatewayResult]:
    """Stop gateways, and kill those that do not stop by themselves; arguments and result as for :func:`start`."""
    act = action(ctx, options)
    led: frozenset[ProfileName] = frozenset()
    # Those that the default gateway serves end only if it ends. Otherwise it is told to leave each
    # one out, and goes on serving the rest.
    if DEFAULT_PROFILE in names:
        led = led_by_default(ctx, names)
    # Read before anything stops: once the default gateway has ended, nobody can tell any more which
    # profiles stopped with it and which did not run.
    live = served_now(ctx)
    running = processes_of(ctx)

    def job(name: ProfileName) -> GatewayResult:
        if name in live:
            return leave_out(act, name)
        return stop_gateway(act, name, running.get(name, []))

    own = [name for name in names if name not in led]
    results = kill_restarted(act, _each(act, own, job, told))
    ended = [stopped_with_default(name, live) for name in in_order(led)]
    for result in ended:
        told(result)
    return [*results, *ended]


def restart(
    ctx: Context, names: Sequence[ProfileName], options: Options, told: Told
) -> list[GatewayResult]:
    """Restart gateways, and start those that do not run; arguments and result as for :func:`start`."""
    act = action(ctx, options)
    led = led_by_default(ctx, names)
    own = _own(names, led)
    before = _known_before(act, own, again=True)
    running = processes_of(ctx)

    def job(name: ProfileName) -> GatewayResult:
        return before.get(name) or restart_gateway(act, name, running.get(name, []))

    results = confirm_started(act, _each(act, own, job, told))
    return _with_led(act, results, led, told)


def enable(
    ctx: Context, names: Sequence[ProfileName], options: Options, told: Told
) -> list[GatewayResult]:
    """Let gateways start at login, through the agent's own services; arguments and result as for :func:`start`."""
    act = action(ctx, options)
    led = led_by_default(ctx, names)
    results = _each(act, _own(names, led), lambda name: enable_gateway(act, name), told)
    return _with_led(act, results, led, told)


def disable(
    ctx: Context, names: Sequence[ProfileName], options: Options, told: Told
) -> list[GatewayResult]:
    """Remove the services of gateways, which also stops them; arguments and result as for :func:`start`."""
    act = action(ctx, options)
    return _each(act, names, lambda name: disable_gateway(act, name), told)


def _own(names: Sequence[ProfileName], led: Collection[ProfileName]) -> list[ProfileName]:
    """The gateways to act on: the profiles' own, and the default profile's for all that it serves."""
    own = [name for name in names if name not in led]
    if led:
        own.append(DEFAULT_PROFILE)
    return in_order(own)


def _with_led(
    act: Action, done: list[GatewayResult], led: Collection[ProfileName], told: Told
) -> list[GatewayResult]:
    """Add the results for the profiles that the default profile's gateway serves, now that it was acted on."""
    default = next((result for result in done if result.profile == DEFAULT_PROFILE), None)
    if not led or default is None:
        return done
    led_results = [_led_result(act, name, default) for name in in_order(led)]
    for result in led_results:
        told(result)
    return [*done, *led_results]


def _led_result(act: Action, name: ProfileName, default: GatewayResult) -> GatewayResult:
    if not default.ok:
        did_not = Note.of(GatewayKind.SERVER_DID_NOT, outcome=default.outcome)
        return replace(failed(name, did_not), server=default)
    until = time.monotonic() + _SERVES
    while time.monotonic() < until and default.outcome is not GatewayOutcome.ENABLED:
        found = world.find(act.ctx.layout.root)
        if found.apart:
            return failed(name, Note.of(GatewayKind.NOT_SERVED, why=found.apart))
        if found.pid is None or name in (found.served or ()):
            break
        act.interrupted.wait(POLL)
    return served_by_default(name)


def _each(
    act: Action,
    names: Sequence[ProfileName],
    job: Callable[[ProfileName], GatewayResult],
    told: Told,
) -> list[GatewayResult]:
    """Run a job for each profile, several at once, started in order; an error becomes a result."""

    def safely(name: ProfileName) -> GatewayResult:
        try:
            return job(name)
        except DistError as err:
            return failed(name, Note.of_error(err, act.ctx.command))

    with ThreadPoolExecutor(max_workers=max(1, act.options.jobs)) as pool:
        futures = [pool.submit(safely, name) for name in in_order(names)]
        try:
            for future in as_completed(futures):
                told(future.result())
        except BaseException:
            # Ctrl-C: the waiting jobs must end as well, or the pool would hold the program until
            # their time is up.
            act.interrupted.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]


def _known_before(
    act: Action, names: Sequence[ProfileName], *, again: bool = False
) -> dict[ProfileName, GatewayResult]:
    """Results that are known before anything starts: another gateway serves it, or it must not start."""
    ctx, detached = act.ctx, act.options.detached
    running = frozenset(
        name for name in ctx.names() if world.find(ctx.layout.home(name)).pid is not None
    )
    multiplexed = ctx.generation.gateways is Gateways.EACH and is_multiplexed(
        ctx, detached=detached
    )
    known = {}
    only = multiplexed_names(ctx) if multiplexed else None
    for name in served(names, multiplexed=multiplexed, running=running, only=only):
        known[name] = served_by_default(name, Note.of(GatewayKind.SERVES_ALL))
    if act.options.allow_clash:
        return known
    # A restart also judges gateways that run: they would come up with the clash again.
    left_running = frozenset[ProfileName]() if again else running
    for name, why in refusals(names, check(ctx, detached=detached), left_running).items():
        refused = GatewayResult(profile=name, outcome=GatewayOutcome.REFUSED, notes=why)
        known.setdefault(name, refused)
    return known
