"""Fields of the agent's cron jobs: definition, defaults and run state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ANY: Final = object()
"""Marks a value that the agent derives from other fields."""

IMPLIED: tuple[tuple[str, object], ...] = (
    ("name", ANY),
    ("prompt", ""),
    ("skills", []),
    ("skill", ANY),
    ("model", None),
    ("provider", None),
    ("base_url", None),
    ("script", None),
    ("no_agent", False),
    ("monitor_script", None),
    ("monitor_url", None),
    ("context_from", None),
    ("schedule.display", ANY),
    ("schedule_display", ANY),
    ("repeat", {"times": None}),
    ("repeat.times", None),
    ("deliver", "local"),
    ("failure_deliver", None),
    ("enabled_toolsets", None),
    ("workdir", None),
    ("attach_to_session", None),
    ("reasoning_effort", None),
    ("interpreter", None),
)
"""The value that the agent uses if a field of a definition is missing."""

TWINS: Mapping[str, str] = {"schedule": "schedule_display", "skills": "skill"}
"""Fields that another one repeats: what the other says is of no account, but has to fit."""

FIELDS_0_19 = frozenset(
    [
        "id",
        "name",
        "prompt",
        "skills",
        "skill",
        "model",
        "provider",
        "base_url",
        "script",
        "no_agent",
        "context_from",
        "schedule",
        "schedule_display",
        "repeat",
        "deliver",
        "enabled_toolsets",
        "workdir",
        "attach_to_session",
    ]
)
FIELDS_0_22 = FIELDS_0_19 | {
    "monitor_script",
    "monitor_url",
    "failure_deliver",
    "reasoning_effort",
    "interpreter",
}

RUN_STATE_0_19 = (
    "enabled",
    "state",
    "paused_at",
    "paused_reason",
    "created_at",
    "updated_at",
    "next_run_at",
    "last_*",
    "repeat.completed",
    "origin",
    "*_snapshot",
    "*_claim",
    "latest_execution",
    "execution_id",
)
RUN_STATE_0_22 = (
    *RUN_STATE_0_19,
    "monitor_state",
    "failure_streak",
    "pending_slot",
    "manual_run_at",
    "manual_run_prompt",
    "preflight_alerted",
    "quota_hold_*",
    "unreachable_retry",
    "execution_mode",
    "delegation_id",
)
"""Fields of a job that the scheduler writes; ``*`` matches any letters."""
ASKED_ONCE = ("manual_run_at", "manual_run_prompt")
"""Those of them that ask for a run by hand, of one machine, with something that is added to the prompt."""
ACTING_STATE = ("origin", "manual_run_prompt")
"""Those of them that say where a job's answer goes, and what is added to its prompt once."""
FILE_STATE = ("updated_at",)
"""Top-level fields of the file, beside its jobs, that the agent writes."""

PAUSED: Mapping[str, object] = {
    "enabled": False,
    "state": "paused",
    "paused_at": None,
    "next_run_at": None,
}
"""A job that does not run; the reason comes with it as ``paused_reason``."""
REASON = "paused_reason"
INSTALLED_PAUSED = frozenset({"Installed from a profile distribution; review it, then resume."})
"""The reasons that the agent's own installer gives for the jobs that it pauses (0.22)."""
SWITCHES = frozenset({"enabled", "state", "paused_at", REASON})
"""The run state that says whether a job runs."""
RESUMED: Mapping[str, object] = {
    "enabled": True,
    "state": "scheduled",
    "paused_at": None,
    REASON: None,
    "next_run_at": None,
}
"""The fields that the agent's own ``cron resume`` sets; its scheduler fills in the time."""
NEVER_RAN: Mapping[str, object] = {
    "created_at": None,
    "last_run_at": None,
    "last_status": None,
    "last_error": None,
    "last_delivery_error": None,
}
"""Run state of a newly created job."""
UNBOUND: Mapping[str, object] = {"origin": None}
"""A job that was not created in a chat, so that no chat gets its answer."""
SNAPSHOTS: Mapping[str, object] = {"provider_snapshot": None, "model_snapshot": None}
