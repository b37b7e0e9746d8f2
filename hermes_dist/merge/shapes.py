"""The table of shapes: which values of which documents merge in a way of their own."""

from __future__ import annotations

from enum import Enum
from fnmatch import fnmatchcase
from functools import lru_cache

from hermes_dist.model.keypath import Item, KeyPath
from hermes_dist.model.paths import RelPath
from hermes_dist.model.values import ABSENT


class Shape(Enum):
    """How the value at a key merges."""

    MAP = "map"  # key by key
    SET = "set"  # a list without order or duplicates: additions and removals of both sides
    KEYED = "keyed"  # a list of named maps: item by item
    ATOMIC = "atomic"  # whole
    TEXT = "text"  # by lines
    OURS = "ours"  # the machine's: never taken from upstream once it is here, no edit when it differs


_CONFIG = "config.yaml"
_JOBS = "cron/jobs.json"

# file, key (* is one segment, ** any number, [] an item of a list), shape.
# What no row names: a map merges by key, a list of maps with unique ids or names by item, the rest whole.
TABLE: tuple[tuple[str, str, Shape], ...] = (
    (_CONFIG, "toolsets", Shape.SET),
    (_CONFIG, "disabled_toolsets", Shape.SET),
    (_CONFIG, "plugins.enabled", Shape.SET),
    (_CONFIG, "plugins.disabled", Shape.SET),
    (_CONFIG, "skills.enabled", Shape.SET),
    (_CONFIG, "skills.disabled", Shape.SET),
    (_CONFIG, "approvals.deny", Shape.SET),
    (_CONFIG, "**.allowed_tools", Shape.SET),
    (_CONFIG, "mcp_servers.*.tools.include", Shape.SET),
    (_CONFIG, "mcp_servers.*.tools.exclude", Shape.SET),
    (_CONFIG, "_config_version", Shape.OURS),
    (_CONFIG, "mcp_servers.*.enabled", Shape.OURS),
    (_JOBS, "updated_at", Shape.OURS),
    (_JOBS, "jobs.[].enabled", Shape.OURS),
    (_JOBS, "jobs.[].state", Shape.OURS),
    (_JOBS, "jobs.[].paused_at", Shape.OURS),
    (_JOBS, "jobs.[].paused_reason", Shape.OURS),
    (_JOBS, "jobs.[].created_at", Shape.OURS),
    (_JOBS, "jobs.[].updated_at", Shape.OURS),
    (_JOBS, "jobs.[].next_run_at", Shape.OURS),
    (_JOBS, "jobs.[].last_*", Shape.OURS),
    (_JOBS, "jobs.[].repeat.completed", Shape.OURS),
    (_JOBS, "jobs.[].origin", Shape.OURS),
    (_JOBS, "jobs.[].*_snapshot", Shape.OURS),
    (_JOBS, "jobs.[].*_claim", Shape.OURS),
    (_JOBS, "jobs.[].latest_execution", Shape.OURS),
)

# What the agent reads where a field of a job is not there; ANY where it makes the field of others.
ANY = object()
IMPLIED: tuple[tuple[str, str, object], ...] = (
    (_JOBS, "jobs.[].name", ANY),
    (_JOBS, "jobs.[].prompt", ""),
    (_JOBS, "jobs.[].skills", []),
    (_JOBS, "jobs.[].skill", ANY),
    (_JOBS, "jobs.[].model", None),
    (_JOBS, "jobs.[].provider", None),
    (_JOBS, "jobs.[].base_url", None),
    (_JOBS, "jobs.[].script", None),
    (_JOBS, "jobs.[].no_agent", False),
    (_JOBS, "jobs.[].context_from", None),
    (_JOBS, "jobs.[].schedule.display", ANY),
    (_JOBS, "jobs.[].schedule_display", ANY),
    (_JOBS, "jobs.[].repeat", {"times": None}),
    (_JOBS, "jobs.[].repeat.times", None),
    (_JOBS, "jobs.[].deliver", "local"),
    (_JOBS, "jobs.[].enabled_toolsets", None),
    (_JOBS, "jobs.[].workdir", None),
)

_FILES = frozenset(file for file, _, _ in TABLE)
_IMPLIED = tuple((file, tuple(key.split(".")), value) for file, key, value in IMPLIED)
_ROWS = tuple((file, tuple(key.split(".")), shape) for file, key, shape in TABLE)


def shape_of(path: RelPath, key: KeyPath) -> Shape | None:
    """Look the shape of a key up; None when the table does not name it.

    Args:
        path: The document, as a home spells it.
        key: The key inside it.
    """
    if path not in _FILES or not key:
        return None
    return _shape(path, tuple("[]" if isinstance(part, Item) else str(part) for part in key))


def implied(path: RelPath, key: KeyPath) -> object:
    """What a key that is not there says to the agent; ABSENT where nobody knows, ANY where it follows from others."""
    if path != _JOBS or not key:
        return ABSENT
    words = tuple("[]" if isinstance(part, Item) else str(part) for part in key)
    return next((value for _, row, value in _IMPLIED if row == words), ABSENT)


@lru_cache(maxsize=4096)
def _shape(path: str, words: tuple[str, ...]) -> Shape | None:
    return next((shape for file, row, shape in _ROWS if file == path and _fits(words, row)), None)


def has_machine_keys(path: RelPath) -> bool:
    """Whether some keys of the document belong to the machine."""
    return path in _FILES


def _fits(words: tuple[str, ...], row: tuple[str, ...]) -> bool:
    if row[0] == "**":
        row = ("*",) * (len(words) - len(row) + 1) + row[1:]
    return len(words) == len(row) and all(
        word == part or (part != "[]" and word != "[]" and fnmatchcase(word, part))
        for word, part in zip(words, row, strict=True)
    )
