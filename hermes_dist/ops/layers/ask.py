"""Ask whether a package stands on layers, before the code that looks for them is loaded: most packages do not."""

from __future__ import annotations

from hermes_dist.ops.change.fetch import Fetched
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home


def with_layers(ctx: Context, fetched: Fetched, home: Home, request: Request) -> Fetched:
    """Add the layers that a package stands on, if it stands on any.

    Args:
        ctx: The context.
        fetched: The package.
        home: The home it goes to.
        request: The options of the command.

    Raises:
        DistError: The layers can't be had; see :func:`hermes_dist.ops.layers.gather.gathered`.
    """
    manifest = fetched.manifest
    if manifest.extends is None and not manifest.dependencies:
        return fetched
    from hermes_dist.ops.layers.gather import gathered  # noqa: PLC0415 - few packages have layers

    return gathered(ctx, fetched, home, request)
