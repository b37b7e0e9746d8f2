"""Let a gateway start at login through the agent's own service, or no longer."""

from __future__ import annotations

from hermes_dist.decide.fleet.runs import GatewayOutcome, GatewayResult, Manager
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.fleet.action import Action, failed
from hermes_dist.world.agent import gateways as world
from hermes_dist.world.agent import processes as running


def enable_gateway(action: Action, name: ProfileName) -> GatewayResult:
    """Have the agent write a service that starts at login, without starting it now."""
    layout = action.ctx.layout
    if world.at_login(layout, name):
        return GatewayResult(profile=name, outcome=GatewayOutcome.ENABLED, note="it was already")
    if action.manager is Manager.NONE:
        note = (
            "this machine has no systemd, launchd or s6; start it from whatever starts this machine"
        )
        return failed(name, note)
    answer = action.ask(name, "install", "--no-start-now", "--start-on-login")
    # The agent also declines with exit code 0, as in a container, so only the file itself counts.
    if answer.code or not action.has_service(name):
        return failed(name, answer.line or "no service file was written")
    if not world.at_login(layout, name):
        running.manage(layout, name, "enable", action.ctx.env)
    pid = world.find(layout.home(name)).pid
    return GatewayResult(profile=name, outcome=GatewayOutcome.ENABLED, pid=pid)


def disable_gateway(action: Action, name: ProfileName) -> GatewayResult:
    """Have the agent remove the service, which also stops the gateway."""
    layout = action.ctx.layout
    if not action.has_service(name):
        return GatewayResult(
            profile=name, outcome=GatewayOutcome.DISABLED, note="it was not enabled"
        )
    answer = action.ask(name, "uninstall")
    left = world.services(layout, name)
    if answer.code or left:
        return failed(name, answer.line or f"{left[0]} is still there")
    return GatewayResult(profile=name, outcome=GatewayOutcome.DISABLED)
