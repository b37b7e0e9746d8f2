"""What the agent notes down of its own edits: the tools that write files, and the fields of its notes on skills."""

from __future__ import annotations

HISTORY = "state.db"
"""The conversations of a home. ``messages.tool_calls`` holds the calls of each answer, as JSON: a list of
``{"function": {"name", "arguments"}}``, where the arguments are JSON in a text."""

TALKED = "SELECT 1 FROM messages LIMIT 1"
CALLS = "SELECT tool_calls FROM messages WHERE {named} ORDER BY id DESC"
"""Asks a history whether it holds anything, and for calls."""

USAGE = "skills/.usage.json"
"""What the agent's skill tool notes on each skill, by name: ``created_by``, ``patch_count``, ``last_patched_at``."""

WRITE_FILE, PATCH, SKILL_TOOL, CRON_TOOL = "write_file", "patch", "skill_manage", "cronjob"
WRITING_TOOLS = (WRITE_FILE, PATCH, SKILL_TOOL, CRON_TOOL)
"""The tools whose calls say what they write. A shell command may write anything, so it tells nothing."""

BY_REVIEW = "agent"
"""``created_by`` of a skill that the agent made in a review of its own, without being asked."""
BY_LESSON = "learn"
"""The same for one that a user had it make; since 0.22."""
BY_HUB = "installed"
"""The same for one that came from the agent's hub; since 0.22."""
