"""What `status` last said about a home, for as long as nothing that it depends on has changed. It loads little."""

from __future__ import annotations

from collections.abc import Mapping

from hermes_dist import __version__
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.world.disk.last_look import recalled

if TYPE_CHECKING:
    from typing import Any


def said_before(ctx: Context, name: ProfileName) -> Mapping[str, Any] | None:
    """Return what was said of a profile the last time; None if there may be something else to say by now."""
    found = recalled(ctx.layout.home(name))
    if found is None or (found.get("by"), found.get("of")) != (__version__, name):
        return None
    shell, said = found.get("shell"), found.get("said")
    if not (isinstance(shell, dict) and isinstance(said, dict)):
        return None
    if any(bool(ctx.env.get(variable)) is not was for variable, was in shell.items()):
        return None
    return said


def kept(name: ProfileName, shell: Mapping[str, bool], said: Mapping[str, Any]) -> dict[str, Any]:
    """What to keep for :func:`said_before`, as values of JSON.

    Args:
        name: The profile.
        shell: The variables that what is said depends on, and whether this shell has them.
        said: What is said.
    """
    return {"by": __version__, "of": name, "shell": shell, "said": said}
