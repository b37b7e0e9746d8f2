"""hermes-dist: Hermes Agent profiles as versioned packages.

The functions of :mod:`hermes_dist.api` are here, too. They are loaded when the first of them is asked for, so that the
commands, which import this package as well, do not pay for them.
"""

from __future__ import annotations

TYPE_CHECKING = False  # see light; the agent loads this package, and nothing else of it

if TYPE_CHECKING:
    from hermes_dist.api import (
        Choices,
        DistError,
        Machine,
        Outcome,
        ProfileRow,
        Request,
        Side,
        Status,
        UpdatePlan,
        approve,
        carry_out,
        plan_update,
        profiles,
        resolve,
        status,
    )

__version__ = "0.2.0.dev0"
__all__ = [
    "Choices",
    "DistError",
    "Machine",
    "Outcome",
    "ProfileRow",
    "Request",
    "Side",
    "Status",
    "UpdatePlan",
    "approve",
    "carry_out",
    "plan_update",
    "profiles",
    "resolve",
    "status",
]


def __getattr__(name: str) -> object:
    """Load the API when one of its names is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from hermes_dist import api  # noqa: PLC0415 - start-up: commands need none of it

    return getattr(api, name)
