"""What the agent itself rewrites in a home when a new release finds an older ``config.yaml``.

Each row names the ``_config_version`` from which on it has happened. Taken from the source of 0.19.0 and 0.22.2 and
tried on both: rows up to 33 are the older one's, the rest the newer one's.
"""

from __future__ import annotations

from typing import Final

from hermes_dist.light import NamedTuple

MISSING: Final = object()
"""Marks a missing key."""

Key = tuple[str, ...]


class Rewrite(NamedTuple):
    """A value that the agent replaces.

    Attributes:
        since: The version in which it has happened.
        key: The key; ``*`` matches any one key.
        old: The values it replaces, ignoring case in text; empty for any value.
        new: The new value; MISSING if it removes the key.
    """

    since: int
    key: Key
    old: tuple[object, ...]
    new: object


class Listed(NamedTuple):
    """A list that the agent removes items from, or adds one to.

    Attributes:
        since: The version in which it has happened.
        key: The key; ``*`` matches any one key.
        gone: The items it removes.
        added: The item it adds; the list is then sorted.
    """

    since: int
    key: Key
    gone: tuple[str, ...] = ()
    added: str = ""


_ON = (True, "true", "yes", "on", "1", 1)
_SANDBOXES = (
    "nikolaik/python-nodejs:python3.11-nodejs20",
    "nikolaik/python-nodejs:python3.14-nodejs22",
)
REWRITES: tuple[Rewrite, ...] = (
    Rewrite(25, ("model_catalog", "ttl_hours"), (24,), 1),
    Rewrite(31, ("agent", "verify_on_stop"), (MISSING, None, "auto", True), False),
    Rewrite(33, ("delegation", "max_async_children"), (), MISSING),
    Rewrite(33, ("display", "tool_progress"), (MISSING,), "all"),
    Rewrite(34, ("display", "personality"), (), ""),
    Rewrite(35, ("display", "background_process_notifications"), ("all",), "concise"),
    Rewrite(36, ("delegation", "max_iterations"), (50,), 250),
    Rewrite(37, ("delegation", "max_concurrent_children"), (3,), 10),
    Rewrite(40, ("model_catalog", "ttl_hours"), (1, 24), MISSING),
    Rewrite(42, ("cron", "model_drift_guard"), (), MISSING),
    Rewrite(43, ("gateway", "multiplex_profile_allowlist"), (), MISSING),
    Rewrite(44, ("curator", "stale_after_days"), (30,), 14),
    Rewrite(44, ("curator", "archive_after_days"), (90,), 30),
    Rewrite(46, ("mcp_servers", "*", "disabled"), _ON, MISSING),
    Rewrite(47, ("compression", "threshold_tokens"), (256000,), MISSING),
    *(
        Rewrite(48, ("terminal", f"{kind}_image"), _SANDBOXES, MISSING)
        for kind in ("docker", "modal", "daytona")
    ),
    Rewrite(
        48,
        ("terminal", "singularity_image"),
        tuple(f"docker://{image}" for image in _SANDBOXES),
        MISSING,
    ),
    Rewrite(49, ("terminal", "vercel_runtime"), ("node24",), MISSING),
    *(
        Rewrite(50, ("security", f"tirith_{name}"), (), MISSING)
        for name in ("enabled", "path", "timeout", "fail_open")
    ),
)
LISTS: tuple[Listed, ...] = (
    Listed(38, ("plugins", "enabled"), gone=("nemo_relay", "observability/nemo_relay")),
    Listed(39, ("platform_toolsets", "*"), gone=("bfl",)),
    Listed(39, ("known_builtin_toolsets", "*"), gone=("bfl",)),
    Listed(45, ("platform_toolsets", "*"), added="connections"),
    Listed(45, ("known_builtin_toolsets", "*"), added="connections"),
)

BARE_SINCE: Final = 50
"""The agent writes words that it reads as booleans back as booleans."""

SOUL_HEADING: Final = "## Messaging other agents"
"""A section that the agent wrote into SOUL.md and later removes, up to the next heading of its level."""
