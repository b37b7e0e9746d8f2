"""JSON of gateways and routes; each object has its schema in ``schema/``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from hermes_dist.voice.gateway_words import result_words

if TYPE_CHECKING:  # types only: a command loads the ops it needs, not those of the others
    from hermes_dist.decide.fleet.exclusive import Clash
    from hermes_dist.decide.fleet.routes import Route
    from hermes_dist.decide.fleet.runs import GatewayResult
    from hermes_dist.ops.fleet.gateways import GatewayRow, Line
    from hermes_dist.ops.fleet.routes import Reader, RouteAnswer


def gateways_data(rows: Iterable[GatewayRow]) -> dict[str, Any]:
    """The gateways, and how they are."""
    return {
        "gateways": [
            {
                "profile": row.profile,
                "path": row.path,
                "state": str(row.state),
                "pid": row.pid,
                "phase": row.phase,
                "services": list(row.services),
                "at_login": row.at_login,
                "channels": list(row.channels),
                "troubles": list(row.troubles),
                "updated_at": row.updated_at,
            }
            for row in rows
        ]
    }


def results_data(verb: str, results: Iterable[GatewayResult]) -> dict[str, Any]:
    """What became of gateways that were started, stopped or the like."""
    rows = result_rows(results)
    return {"action": verb, "gateways": rows, "ok": all(row["ok"] for row in rows)}


def result_rows(results: Iterable[GatewayResult]) -> list[dict[str, Any]]:
    """What became of each gateway."""
    return [
        {
            "profile": r.profile,
            "outcome": str(r.outcome),
            "ok": r.ok,
            "pid": r.pid,
            "note": result_words(r),
        }
        for r in results
    ]


def clashes_data(found: Iterable[Clash]) -> dict[str, Any]:
    """What two gateways can't both use."""
    return {
        "clashes": [
            {
                "kind": clash.kind,
                "profiles": list(clash.profiles),
                "channels": list(clash.channels),
                "sources": list(clash.sources),
                "port": clash.port,
            }
            for clash in found
        ]
    }


def logs_data(lines: Iterable[Line]) -> dict[str, Any]:
    """The last lines of logs."""
    return {
        "lines": [{"profile": one.profile, "file": one.file, "text": one.text} for one in lines]
    }


def routes_data(routes: Iterable[Route], whose: Reader) -> dict[str, Any]:
    """The routes, and whose rules they are read by."""
    return {"routes": [route_data(route) for route in routes], **reader_data(whose)}


def reader_data(whose: Reader) -> dict[str, Any]:
    """Whose rules the routes are read by; without an agent, those of the newest generation."""
    return {"agent": whose.agent, "generation": whose.generation, "multiplex": whose.multiplex}


def route_data(route: Route) -> dict[str, Any]:
    """A route of the gateway for all profiles."""
    return {
        "number": route.number,
        "name": route.name,
        "platform": route.platform,
        "profile": route.profile,
        "ids": {key: str(value) for key, value in route.ids.items()},
        "bot": route.bot,
        "enabled": route.enabled,
        "fault": route.fault,
    }


def answer_data(found: RouteAnswer) -> dict[str, Any]:
    """Which route wins for a message, and why the others do not."""
    route = None
    if found.route:
        route = route_data(found.route)
    return {
        "profile": found.profile,
        "route": route,
        **reader_data(found.reader),
        "exists": found.exists,
        "others": [{"route": route_data(r), "why": why} for r, why in found.others],
    }
