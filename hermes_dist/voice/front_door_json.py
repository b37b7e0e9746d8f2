"""JSON of the front door and of the page's address; each object has its schema in ``schema/``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # types only: a command loads the ops it needs, not those of the others
    from hermes_dist.ops.front_door.launcher import DoorPlan, DoorStatus, Removal


def ui_data(address: str, port: int) -> dict[str, Any]:
    """Where the page is; the address holds the token that opens it."""
    return {"url": address, "port": port}


def installed_data(planned: DoorPlan, *, dry_run: bool) -> dict[str, Any]:
    """A front door that was put in place, or would be."""
    return {"launcher": str(planned.launcher), "replaces": planned.replaces, "dry_run": dry_run}


def removed_data(removed: Iterable[Removal]) -> dict[str, Any]:
    """The front doors that were removed."""
    return {
        "doors": [
            {"launcher": str(one.launcher), "outcome": str(one.outcome), "former": one.former}
            for one in removed
        ]
    }


def status_data(found: DoorStatus) -> dict[str, Any]:
    """The front doors, and the agent behind them."""
    agent = None
    if found.agent:
        agent = {"argv": list(found.agent.argv), "origin": found.agent.origin}
    doors = [
        {"launcher": str(door.launcher), "stands": door.stands, "former": door.former}
        for door in found.doors
    ]
    return {"doors": doors, "active": found.active, "agent": agent}
