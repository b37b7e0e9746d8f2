"""Commands of a plugin as skills.

The agent offers every skill as a command, and gives the model what is typed after it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from hermes_dist import lazily
from hermes_dist.decide.neighbours.draft import Draft
from hermes_dist.decide.neighbours.signs import SKILL
from hermes_dist.decide.neighbours.skills import SKILLS, slug
from hermes_dist.model.left_out import Why
from hermes_dist.model.paths import RelPath

_RUNS = lazily.pattern(r"!`[^`\n]+`")
"""Programs that another agent runs to fill in the text; here only a setting of the user's may allow that."""
_HEAD = lazily.pattern(r"\A---[ \t]*\r?\n(?:.*?\r?\n)??---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_LONGEST = 120


def bring_commands(draft: Draft, commands: Iterable[tuple[RelPath, str]]) -> None:
    """Bring commands as skills.

    Args:
        draft: The draft.
        commands: The files, each with the name of its command.
    """
    for path, called in commands:
        if path.name.lower() == "readme.md":
            continue
        name = slug(called)
        text = draft.read(draft.source[path].digest).decode("utf-8-sig", "replace")
        if not name or _RUNS.search(text):
            draft.leave(path, Why.COMMAND_FORM)
        elif draft.claim(f"{SKILLS}/{name}", path):
            draft.make(path, f"{SKILLS}/{name}/{SKILL}", as_skill(name, text).encode())
        else:
            draft.leave(path, Why.NAME_TAKEN)


def as_skill(name: str, text: str) -> str:
    """Give the text of a command the head of a skill, where it has none: a name, and what it is for."""
    line = "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"
    head = _HEAD.match(text)
    fields = head[0] if head else f"---{line}---{line}"
    body = text[head.end() :] if head else text
    first, _, rest = fields.partition("\n")
    more = ""
    if not re.search(r"^name[ \t]*:", fields, re.MULTILINE):
        more += f"name: {name}{line}"
    if not re.search(r"^description[ \t]*:", fields, re.MULTILINE):
        more += f"description: {json.dumps(_about(body) or name, ensure_ascii=False)}{line}"
    return f"{first}\n{more}{rest}{body}"


def _about(body: str) -> str:
    """The first line that says something."""
    lines = (line.strip().lstrip("#").strip() for line in body.splitlines())
    return next((line[:_LONGEST] for line in lines if line), "")
