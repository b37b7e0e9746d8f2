"""Texts for a chat: short, plain, and free of anything that a platform or the agent would interpret."""

from __future__ import annotations

import re

from hermes_dist import lazily
from hermes_dist.errors import counted
from hermes_dist.voice.clean import clean_line

LONGEST = 3200
"""No platform that vouches for its people cuts a message of so many characters into two."""

_FENCE = "```"
# The agent sends files that an answer names, and fetches pictures that it links to, also from inside a fence.
_DIRECTIVES = (
    (lazily.pattern(r"`{3,}"), "'''"),
    (lazily.pattern(r"MEDIA\s*:", re.IGNORECASE), "MEDIA -"),
    (lazily.pattern(r"\]\("), "] ("),
    (lazily.pattern(r"\[\["), "[ ["),
    (lazily.pattern(r"<(?=img)", re.IGNORECASE), "< "),
    (lazily.pattern(r"@(?=everyone|here|channel|all)", re.IGNORECASE), "@ "),
)


def for_chat(text: str, more: str = "") -> str:
    """Make a message out of lines of ours.

    Args:
        text: The lines; what stands in them from outside is cleaned already, and is cleaned again here.
        more: The command that shows all of it, for a text that is too long.

    Returns:
        The lines between two fences, so that they stay as they are; the lines that do not fit are counted.
    """
    lines = [_harmless(line.rstrip()) for line in text.strip("\n").split("\n")]
    kept: list[str] = []
    room = LONGEST
    for at, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            rest = f"… and {counted(len(lines) - at, 'more line')}"
            kept.append(f"{rest}; at the terminal: {more}" if more else rest)
            break
        kept.append(line)
    return "\n".join([_FENCE, *kept, _FENCE])


def one_line(text: str) -> str:
    """Make a message of a sentence that needs no fence."""
    return _harmless(" ".join(text.split()))[:LONGEST].replace("`", "'")


def _harmless(line: str) -> str:
    line = clean_line(line)
    for pattern, instead in _DIRECTIVES:
        line = pattern.sub(instead, line)
    return line if len(line) <= LONGEST // 2 else f"{line[: LONGEST // 2]}…"
