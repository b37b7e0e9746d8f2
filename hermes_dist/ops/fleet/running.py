"""Which running gateways still work with what a change has just replaced."""

from __future__ import annotations

from hermes_dist.lazily import later
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.world.agent.find import GatewayState, gateway, gateway_state

with later():
    from hermes_dist.world.agent.gateways import find


def running_gateways(ctx: Context, name: ProfileName) -> tuple[ProfileName, ...]:
    """The profiles whose running gateways serve a profile: its own, or the default profile's; mostly none.

    Without a gateway's files, this looks at no process.
    """
    if gateway_state(ctx.layout.home(name)) is GatewayState.RUNNING:
        return (name,)
    if name != DEFAULT_PROFILE and name in (_served(ctx) or ()):
        return (DEFAULT_PROFILE,)
    return ()


def _served(ctx: Context) -> tuple[str, ...] | None:
    """The profiles that the default profile's gateway says it serves, if it runs."""
    if gateway(ctx.layout.root).pid is None:
        return None
    found = find(ctx.layout.root)
    if found.pid is None:
        return None
    return found.served
