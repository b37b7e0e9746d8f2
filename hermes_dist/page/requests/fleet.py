"""Requests about gateways and routes: how they are, start and stop, logs, which profile answers where."""

from __future__ import annotations

from collections.abc import Callable

from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.fleet import gateways as ops
from hermes_dist.ops.fleet import routes, start_stop
from hermes_dist.ops.fleet.start_stop import GatewayResult
from hermes_dist.page.requests.row import Found, Job
from hermes_dist.voice.fleet_json import (
    answer_data,
    clashes_data,
    gateways_data,
    logs_data,
    results_data,
    routes_data,
)

_LINES = 200
_MOST_LINES = 5000


def _names(job: Job) -> list[ProfileName]:
    """The profile that is named, or all."""
    asked = [job.name] if job.name is not None else []
    return ops.choose(job.ctx.names(), asked, all_=not asked)


def gateways(job: Job) -> Found:
    """As ``gateways status``."""
    return Found("gateways", gateways_data(ops.rows(job.ctx, _names(job))))


def check(job: Job) -> Found:
    """As ``gateways check``."""
    return Found("gateway-check", clashes_data(ops.check(job.ctx)))


def logs(job: Job) -> Found:
    """As ``gateways logs``."""
    count = job.number("lines")
    lines = min(_LINES if count is None else count, _MOST_LINES)
    return Found("gateway-logs", logs_data(ops.logs(job.ctx, _names(job), lines)))


def start(job: Job) -> Found:
    """As ``gateways start``."""
    options = start_stop.Options(allow_clash=job.flag("allow_clash"))
    return _acted(job, "start", lambda told: start_stop.start(job.ctx, _names(job), options, told))


def stop(job: Job) -> Found:
    """As ``gateways stop``."""
    options = start_stop.Options()
    return _acted(job, "stop", lambda told: start_stop.stop(job.ctx, _names(job), options, told))


def restart(job: Job) -> Found:
    """As ``gateways restart``."""
    options = start_stop.Options(allow_clash=job.flag("allow_clash"))
    return _acted(
        job, "restart", lambda told: start_stop.restart(job.ctx, _names(job), options, told)
    )


_Told = Callable[[GatewayResult], None]


def _acted(job: Job, verb: str, act: Callable[[_Told], list[GatewayResult]]) -> Found:
    def told(result: GatewayResult) -> None:
        job.ctx.progress(f"{verb}: {result.profile} {result.outcome}")

    return Found("gateway-results", results_data(verb, act(told)))


def list_routes(job: Job) -> Found:
    """As ``gateway route list``."""
    found, _ = routes.list_routes(job.ctx)
    return Found("routes", routes_data(found, routes.reader(job.ctx)))


def test_route(job: Job) -> Found:
    """As ``gateway route test``."""
    where = routes.Where(
        platform=job.text("platform") or "discord",
        guild=job.text("guild"),
        channel=job.text("channel"),
        thread=job.text("thread"),
        user=job.text("user"),
        bot=job.text("bot"),
    )
    return Found("route-test", answer_data(routes.answer_to(job.ctx, where)))
