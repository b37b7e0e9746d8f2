"""Load what a change needs after the fetch while the server still sends.

A server far away takes longer than the code before the merge takes to load. What comes after it is imported in blocks
of ``later()``, so that commands that need none of it stay quick; here it is loaded while there is nothing else to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hermes_dist.lazily import module_of

Waiting = Callable[[], bool]
"""Whether the source has not sent everything yet."""

_BOTH = (
    "hermes_dist.model.documents.json_parse",
    "hermes_dist.model.documents.yaml_write",
    "hermes_dist.merge.shapes",
    "hermes_dist.ops.change.mask",
    "hermes_dist.decide.placement.schedules",
    "hermes_dist.decide.placement.timing",
    "hermes_dist.decide.layers.origins",
    "hermes_dist.world.agent.find",
    "tomli_w",
    "ctypes",
    "cronsim.explain",
)
_INSTALL = (
    *_BOTH,
    "hermes_dist.world.agent.front_door",
    "hermes_dist.world.transaction.aside",
    "hermes_dist.world.transaction.new_home",
    "hermes_dist.ops.renames",
)
"""What an install of a package with jobs loads after the fetch."""
_UPDATE = (
    *_BOTH,
    "hermes_dist.merge.content",
    "hermes_dist.model.documents.following",
    "hermes_dist.decide.changes",
    "hermes_dist.ops.layers.left",
    "hermes_dist.ops.unfinished",
    "hermes_dist.ops.fleet.running",
)
"""What an update of such a package loads after the fetch if there is something to merge."""


def for_install(waiting: Waiting) -> None:
    """Load what an install needs after the fetch, module by module, for as long as the fetch is waited for.

    Args:
        waiting: Asked before each module.
    """
    _load(_INSTALL, waiting)


def for_update(waiting: Waiting) -> None:
    """The same for an update."""
    _load(_UPDATE, waiting)


def _load(modules: Iterable[str], waiting: Waiting) -> None:
    for name in modules:
        if not waiting():
            return
        module_of(name)
