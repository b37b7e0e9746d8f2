"""Who made a change and how we know, in words."""

from __future__ import annotations

from hermes_dist.decide.authoring.learned import Sign, Verdict, Who
from hermes_dist.errors import counted

WHO_WORDS = {
    Who.AGENT: "By the agent",
    Who.YOU: "By you",
    Who.BOTH: "By the agent and somebody else",
    Who.UNKNOWN: "By you or the agent; its notes don't tell",
}
"""The titles of the changes, in the order in which they are shown."""

_SIGNS = {
    Sign.LINES: "its tools wrote these lines",
    Sign.SOME_LINES: "its tools wrote some of these lines",
    Sign.SKILL_BY_REVIEW: "it made this skill by itself, from a conversation",
    Sign.SKILL_BY_LESSON: "its skill tool made this skill when somebody asked",
    Sign.SKILL_FROM_HUB: "installed from the agent's hub",
    Sign.JOB_TOOL: "its cron tool made or changed this job",
    Sign.JOB_FROM_CHAT: "made in a chat",
    Sign.NEVER_RAN: "the agent never ran here",
    Sign.NONE: "",
}


def verdict_words(verdict: Verdict) -> str:
    """What tells whose a change is; empty if nothing does."""
    if verdict.sign is not Sign.SKILL_PATCHED:
        return _SIGNS[verdict.sign]
    last = f", last on {verdict.last}" if verdict.last else ""
    return f"its skill tool changed this skill {counted(verdict.times, 'time')}{last}"
