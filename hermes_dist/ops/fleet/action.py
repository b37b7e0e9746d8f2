"""What the actions on many gateways share: options, the agent to ask, and the results for one gateway."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from hermes_dist.decide.fleet.kinds import GatewayKind
from hermes_dist.decide.fleet.runs import GatewayOutcome, GatewayResult, Manager
from hermes_dist.errors import DistError
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.fleet.gateways import agent_of, manager_of
from hermes_dist.world.agent import gateways as world
from hermes_dist.world.agent.find import Agent
from hermes_dist.world.agent.processes import Process

POLL = 0.1
"""Seconds between two looks at a gateway."""
_SERVED = Note.of(GatewayKind.SERVED)
SERVICE_TIMEOUT = 120.0
"""Seconds that the agent may take to start or stop a service."""


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


class Action(Struct, frozen=True):
    """One action on many gateways, shared by the threads that handle one gateway each.

    Attributes:
        ctx: The context.
        agent: The installed agent.
        options: The options.
        manager: The service manager of this machine.
        interrupted: Set on Ctrl-C; every thread that waits gives up then.
    """

    ctx: Context
    agent: Agent
    options: Options
    manager: Manager
    interrupted: threading.Event

    def home(self, name: ProfileName) -> Path:
        """The home of a profile."""
        return self.ctx.layout.home(name)

    def has_service(self, name: ProfileName) -> bool:
        """Whether a service file exists for a profile's gateway."""
        return bool(world.services(self.ctx.layout, name))

    def ask(self, name: ProfileName, *words: str, timeout: float = SERVICE_TIMEOUT) -> world.Answer:
        """Run one of the agent's own ``gateway`` commands for a profile.

        Raises:
            DistError: The agent does not answer in time.
        """
        ctx = self.ctx
        return world.ask(self.agent, ctx.layout, name, words, env=ctx.env, timeout=timeout)


def action(ctx: Context, options: Options) -> Action:
    """Prepare an action.

    Raises:
        NoAgent: No agent is installed.
    """
    manager = options.manager or manager_of(ctx)
    return Action(ctx, agent_of(ctx), options, manager, threading.Event())


def failed(name: ProfileName, *notes: Note, pid: int | None = None) -> GatewayResult:
    """Make the result for a gateway whose action failed."""
    return GatewayResult(profile=name, outcome=GatewayOutcome.FAILED, pid=pid, notes=notes)


def served_by_default(name: ProfileName, note: Note = _SERVED) -> GatewayResult:
    """The result for a profile that the default profile's gateway serves."""
    return GatewayResult(profile=name, outcome=GatewayOutcome.SERVED, notes=(note,))


def check_not_inside(pid: int) -> None:
    """Refuse to stop the gateway that this command itself was started by.

    Raises:
        DistError: The process is an ancestor of this one.
    """
    if world.is_inside(pid):
        raise DistError("this command was started by the gateway of this profile itself")


def processes_of(ctx: Context) -> Mapping[ProfileName, list[Process]]:
    """Find the processes that run gateways, by profile, also those that no file names."""
    known = {}
    for name in ctx.names():
        pid = world.find(ctx.layout.home(name)).pid
        if pid is not None:
            known[pid] = name
    return world.processes(ctx.layout, known)
