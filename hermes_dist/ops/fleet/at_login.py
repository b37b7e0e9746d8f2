"""Let a gateway start at login through the agent's own service, or no longer."""

from __future__ import annotations

from hermes_dist.decide.fleet.kinds import GatewayKind
from hermes_dist.decide.fleet.runs import GatewayOutcome, GatewayResult, Manager, agent_says
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.fleet.action import Action, failed
from hermes_dist.world.agent import gateways as world
from hermes_dist.world.agent import processes as running


def enable_gateway(action: Action, name: ProfileName) -> GatewayResult:
    """Have the agent write a service that starts at login, without starting it now."""
    layout = action.ctx.layout
    if world.at_login(layout, name):
        before = (Note.of(GatewayKind.ENABLED_BEFORE),)
        return GatewayResult(profile=name, outcome=GatewayOutcome.ENABLED, notes=before)
    if action.manager is Manager.NONE:
        return failed(name, Note.of(GatewayKind.NO_MANAGER))
    answer = action.ask(name, "install", "--no-start-now", "--start-on-login")
    # The agent also declines with exit code 0, as in a container, so only the file itself counts.
    if answer.code or not action.has_service(name):
        said = agent_says(answer.line) or (Note.of(GatewayKind.NO_SERVICE_FILE),)
        return failed(name, *said)
    if not world.at_login(layout, name):
        running.manage(layout, name, "enable", action.ctx.env)
    pid = world.find(layout.home(name)).pid
    return GatewayResult(profile=name, outcome=GatewayOutcome.ENABLED, pid=pid)


def disable_gateway(action: Action, name: ProfileName) -> GatewayResult:
    """Have the agent remove the service, which also stops the gateway."""
    layout = action.ctx.layout
    if not action.has_service(name):
        not_enabled = (Note.of(GatewayKind.NOT_ENABLED),)
        return GatewayResult(profile=name, outcome=GatewayOutcome.DISABLED, notes=not_enabled)
    answer = action.ask(name, "uninstall")
    left = world.services(layout, name)
    if answer.code or left:
        there = [Note.of(GatewayKind.FILE_LEFT, path=str(path)) for path in left[:1]]
        return failed(name, *(agent_says(answer.line) or there))
    return GatewayResult(profile=name, outcome=GatewayOutcome.DISABLED)
