"""Choose the profile that commands without ``-p`` use."""

from __future__ import annotations

from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.world.disk.fs import atomic_write


def use_profile(ctx: Context, name: ProfileName) -> None:
    """Make a profile the one that commands without ``-p`` use.

    Raises:
        DistError: The choice can't be written.
    """
    if name == DEFAULT_PROFILE:
        ctx.layout.sticky.unlink(missing_ok=True)
        return
    atomic_write(ctx.layout.sticky, f"{name}\n".encode(), 0o644)
