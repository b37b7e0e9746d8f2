"""The security floor: which values of which keys of ``config.yaml`` loosen something.

One table. A value counts only where it is looser than what the machine has, the agent's own default
standing for an absent key; so an ordinary config installs whole. Commands, URLs and unknown keys below
the guarded maps always count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache, lru_cache

from msgspec import Struct

from hermes_dist.model.documents import ABSENT, same
from hermes_dist.model.keypath import Item, KeyPath
from hermes_dist.model.plan import EffectKind


class Rule(Enum):
    """How a new value is judged against the machine's."""

    ASK = "any change counts"
    SAFE = "counts unless one of the safe values"
    GROWS = "a list that may only grow"
    SHRINKS = "a list that may only shrink"
    FREE = "never counts"


class Row(Struct, frozen=True):
    """One line of the table: a dotted pattern (``*`` one step, ``**`` any number), its rule and its values."""

    pattern: str
    rule: Rule
    default: object = ABSENT
    safe: tuple[object, ...] = ()
    kind: EffectKind = EffectKind.LOOSENS


_IMAGE = "nikolaik/python-nodejs:python3.11-nodejs20"

TABLE: tuple[Row, ...] = (
    Row("approvals.mode", Rule.SAFE, "smart", ("smart", "manual")),
    Row("approvals.cron_mode", Rule.SAFE, "deny", ("deny",)),
    Row("approvals.deny", Rule.GROWS, []),
    Row("approvals.mcp_reload_confirm", Rule.SAFE, True, (True,)),
    Row("approvals.destructive_slash_confirm", Rule.SAFE, True, (True,)),
    Row("approvals.timeout", Rule.FREE),
    Row("delegation.subagent_auto_approve", Rule.SAFE, False, (False,)),
    Row("approvals.**", Rule.ASK),
    Row("browser.restrict_evaluate", Rule.SAFE, False, (True,)),
    Row("browser.allow_unsafe_evaluate", Rule.SAFE, False, (False,)),
    Row("privacy.redact_pii", Rule.SAFE, False, (True,)),
    Row("security.redact_secrets", Rule.SAFE, True, (True,)),
    Row("security.tirith_enabled", Rule.SAFE, True, (True,)),
    Row("security.tirith_fail_open", Rule.SAFE, True, (False,)),
    Row("security.tirith_timeout", Rule.FREE),
    Row("security.allow_lazy_installs", Rule.SAFE, True, (False,)),
    Row("security.website_blocklist.enabled", Rule.SAFE, False, (True,)),
    Row("security.website_blocklist.domains", Rule.GROWS, []),
    Row("security.website_blocklist.shared_files", Rule.ASK, []),
    Row("security.tirith_path", Rule.ASK, "tirith"),
    Row("security.acked_advisories", Rule.SHRINKS, []),
    Row("**.allow_private_urls", Rule.SAFE, False, (False,)),
    Row("security.**", Rule.ASK),
    Row("command_allowlist", Rule.SHRINKS, []),
    Row("command_allowlist.**", Rule.ASK),
    Row("hooks_auto_accept", Rule.SAFE, False, (False,)),
    Row("hooks.**", Rule.ASK, kind=EffectKind.RUNS),
    *(Row(pattern, Rule.ASK, kind=EffectKind.RUNS) for pattern in ("quick_commands.**", "gateway.quick_commands.**")),
    Row("lsp.servers.*.disabled", Rule.FREE),
    Row("lsp.servers.**", Rule.ASK, kind=EffectKind.RUNS),
    Row("plugins.enabled", Rule.SHRINKS, [], kind=EffectKind.RUNS),
    Row("plugins.disabled", Rule.GROWS, []),
    Row("plugins.entries.**", Rule.ASK),
    Row("skills.inline_shell", Rule.SAFE, False, (False,)),
    Row("skills.guard_agent_created", Rule.SAFE, False, (True,)),
    Row("skills.external_dirs", Rule.SHRINKS, []),
    Row("*.write_approval", Rule.SAFE, False, (True,)),
    Row("gateway.media_delivery_allow_dirs", Rule.SHRINKS, []),
    *(
        Row(f"**.{key}", Rule.ASK, "")
        for key in (
            "allowed_users", "allowed_channels", "allowed_chats", "allowed_rooms", "allowed_roles", "allow_from",
            "allowFrom", "group_allow_from", "groupAllowFrom", "allow_admin_from", "group_allow_admin_from",
        )
    ),
    *(Row(f"**.{kind}_policy", Rule.SAFE, "pairing", ("pairing", "allowlist", "disabled")) for kind in ("dm", "group")),
    Row("**.allow_bots", Rule.SAFE, "none", ("none",)),
    Row("gateway.api_server.max_concurrent_runs", Rule.FREE),
    Row("dashboard.basic_auth.session_ttl_seconds", Rule.FREE),
    *(Row(pattern, Rule.ASK, "") for pattern in ("**.webhook.**", "**.api_server.**", "dashboard.basic_auth.**")),
    Row("**.allow_all*", Rule.SAFE, False, (False,)),
    Row("terminal.backend", Rule.SAFE, "local", ("docker", "singularity", "modal", "daytona")),
    Row("terminal.cwd", Rule.SAFE, ".", (".", "~")),
    Row("terminal.env_passthrough", Rule.SHRINKS, []),
    Row("terminal.docker_volumes", Rule.SHRINKS, []),
    Row("terminal.docker_forward_env", Rule.SHRINKS, []),
    Row("terminal.docker_mount_cwd_to_workspace", Rule.SAFE, False, (False,)),
    Row("terminal.docker_network", Rule.SAFE, True, (False,)),
    Row("terminal.docker_run_as_host_user", Rule.SAFE, False, (False,)),
    Row("terminal.docker_extra_args", Rule.ASK, []),
    Row("terminal.shell_init_files", Rule.SHRINKS, []),
    Row("terminal.auto_source_bashrc", Rule.SAFE, True, (False,)),
    *(Row(f"terminal.{name}_image", Rule.ASK, _IMAGE) for name in ("docker", "modal", "daytona")),
    Row("terminal.singularity_image", Rule.ASK, f"docker://{_IMAGE}"),
    *(
        Row(f"terminal.{key}", Rule.FREE)
        for key in (
            "timeout", "lifetime_seconds", "daemon_term_grace_seconds", "container_cpu", "container_memory",
            "container_disk", "container_persistent", "persistent_shell", "modal_mode", "home_mode",
        )
    ),
    Row("terminal.**", Rule.ASK),
    *(
        Row(f"mcp_servers.*.{key}", Rule.FREE)
        for key in ("enabled", "timeout", "connect_timeout", "keepalive_interval", "log_level", "description")
    ),
    Row("mcp_servers.**", Rule.ASK, kind=EffectKind.RUNS),
    Row("display.tool_progress_command", Rule.FREE),
    Row("cron.chronos.portal_url", Rule.ASK, "https://portal.nousresearch.com"),
    Row("model_catalog.url", Rule.ASK, "https://hermes-agent.nousresearch.com/docs/api/model-catalog.json"),
    *(
        Row(f"**.{key}", Rule.ASK, "")
        for key in (
            "base_url", "api_base", "api", "url", "*_url", "endpoint", "*_endpoint", "*_command", "binary_path",
            "*_bin", "proxy", "*_proxy",
        )
    ),
    *(Row(f"**.{key}", Rule.ASK, "", kind=EffectKind.RUNS) for key in ("command", "args")),
)


def row_for(key: KeyPath, value: object = ABSENT) -> Row | None:
    """Find the line of the table for a leaf of ``config.yaml``; None when it is not guarded.

    Args:
        key: The leaf.
        value: What would stand there; a list of maps is guarded as a whole where one of their keys is.
    """
    steps = (step.value if isinstance(step, Item) else str(step) for step in key)
    row = _row_at("".join(f"{step.replace(_END, _ODD)}{_END}" for step in steps))
    if row is not None or not isinstance(value, list):
        return row
    inner = (row_for((*key, n, *rest), part) for n, item in enumerate(value) for rest, part in leaves(item))
    found = next((row for row in inner if row is not None and row.rule is not Rule.FREE), None)
    return Row(found.pattern, Rule.ASK, kind=found.kind) if found else None


_END, _ODD = "\0", "\1"
"""What ends each step of a key, and what stands for it inside of one."""


@lru_cache(maxsize=4096)
def _row_at(steps: str) -> Row | None:
    """The first line for a key."""
    found = _table().match(steps)
    return TABLE[found.lastindex - 1] if found and found.lastindex else None


@cache
def _table() -> re.Pattern[str]:
    """All patterns as one, with a group for each line."""
    lines = ("".join(map(_step, row.pattern.split("."))) for row in TABLE)
    return re.compile("|".join(f"({line})\\Z" for line in lines))


def _step(pattern: str) -> str:
    if pattern == "**":
        return r"(?:[^\0]*\0)*?"
    return r"[^\0]*".join(map(re.escape, pattern.split("*"))) + r"\0"


def loosens(row: Row, ours: object, new: object) -> bool:
    """Whether ``new`` in place of ``ours`` (ABSENT: the agent's default) needs a yes."""
    gone = new is ABSENT or new == {}
    if row.rule is Rule.FREE or (gone and row.default is ABSENT and row.kind is EffectKind.RUNS):
        return False
    before = row.default if ours is ABSENT or ours == {} else ours
    after = row.default if gone else new
    if same(before, after):
        return False
    if row.rule is Rule.SAFE:
        return not any(same(after, value) for value in row.safe)
    if row.rule in (Rule.GROWS, Rule.SHRINKS) and isinstance(before, list) and isinstance(after, list):
        more, less = (after, before) if row.rule is Rule.GROWS else (before, after)
        return not all(any(same(x, y) for y in more) for x in less)
    return True


def leaves(data: object, at: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """Yield the leaves of nested maps; lists, and empty maps, are leaves."""
    if isinstance(data, Mapping) and data:
        for key, value in data.items():
            yield from leaves(value, (*at, key))
    else:
        yield at, data
