"""The front matter of a SKILL.md: the YAML between its ``---`` lines, and the text after them."""

from __future__ import annotations

import re

from hermes_dist import lazily
from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.model.discreet import Contents

with later():
    from hermes_dist.model.documents.api import Kind, parse

_FENCES = lazily.pattern(
    rb"(\A(?:\xef\xbb\xbf)?---[ \t]*\r?\n)(.*?)(^---[ \t]*\r?\n)(.*)\Z", re.DOTALL | re.MULTILINE
)

# Whole skills are looked at one by one, and most have nothing but such lines.
_PLAIN = lazily.pattern(rb"(?:[a-z][\w-]*: [A-Za-z0-9][^:#\r\n]*\r?\n)*")


class Parts(Contents, frozen=True):
    """A text with front matter: the line that opens it, the YAML, the line that closes it, and the rest."""

    opening: bytes
    front: bytes
    closing: bytes
    body: bytes


def split(data: bytes) -> tuple[bytes | None, bytes]:
    """Split a skill into the YAML between its ``---`` lines and the text after them.

    Returns:
        Front matter and body; None and the whole text if there is no front matter.
    """
    parts = cut(data)
    if parts is None:
        return None, data
    return parts.front, parts.body


def fault_in(data: bytes) -> Invalid | None:
    """Why the front matter of a skill can't be read, with the line of the skill; None if it can, or there is none."""
    front, _ = split(data)
    if front is None or _PLAIN.fullmatch(front):
        return None
    try:
        parse(front, Kind.YAML)
    except Invalid as err:
        line, _, column = err.where.partition(":")
        if line.isdigit():
            err.where = f"{int(line) + 1}:{column}"
        return err
    return None


def cut(data: bytes) -> Parts | None:
    """Cut a text with front matter into its parts; None if it has no front matter."""
    found = _FENCES.match(data)
    if found is None:
        return None
    return Parts(*found.groups())
