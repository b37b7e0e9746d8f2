"""The table of shapes: which values of which documents merge in a special way."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from hermes_dist.agents.generation import RUN_STATE
from hermes_dist.agents.jobs import FILE_STATE, IMPLIED, TWINS
from hermes_dist.agents.places import CONFIG as _CONFIG
from hermes_dist.agents.places import JOBS as _JOBS
from hermes_dist.agents.places import MIGRATED_TO
from hermes_dist.light import StrEnum
from hermes_dist.model.keypath import Item, KeyPath
from hermes_dist.model.paths import RelPath
from hermes_dist.model.values import ABSENT


class Shape(StrEnum):
    """How the value at a key merges, if not by what it is."""

    SET = "set"  # a list without order or duplicates: additions and removals of both sides
    WHOLE = "whole"  # as one value, even if it is a map or a list of named maps
    MAP = "map"  # a map by key; null or no map at all is an empty one
    OURS = (
        "ours"  # the machine's: never taken from upstream once it is here, no edit when it differs
    )


# file, key (* is one segment, ** any number, [] an item of a list), shape.
# Values without a row: a map merges by key, a list of maps with unique ids or names by item, all else whole.
TABLE: tuple[tuple[str, str, Shape], ...] = (
    (_CONFIG, "toolsets", Shape.SET),
    (_CONFIG, "agent.disabled_toolsets", Shape.SET),
    (_CONFIG, "plugins.enabled", Shape.SET),
    (_CONFIG, "plugins.disabled", Shape.SET),
    (_CONFIG, "skills.enabled", Shape.SET),
    (_CONFIG, "skills.disabled", Shape.SET),
    (_CONFIG, "approvals.deny", Shape.SET),
    (_CONFIG, "**.allowed_tools", Shape.SET),
    # Templates leave a place for servers by writing the key without a value. If null were a value,
    # a server of the user's and one of upstream's would make a conflict of the whole map.
    (_CONFIG, "mcp_servers", Shape.MAP),
    (_CONFIG, "mcp_servers.*.tools.include", Shape.SET),
    (_CONFIG, "mcp_servers.*.tools.exclude", Shape.SET),
    (_CONFIG, MIGRATED_TO, Shape.OURS),
    (_CONFIG, "mcp_servers.*.enabled", Shape.OURS),
    # The kind of one side with the hour of the other would be a schedule that nobody wrote.
    (_JOBS, "jobs.[].schedule", Shape.WHOLE),
    *((_JOBS, field, Shape.OURS) for field in FILE_STATE),
    *((_JOBS, f"jobs.[].{field}", Shape.OURS) for field in RUN_STATE),
)

_SERVER = ("mcp_servers", "*")
_NO_TWINS: Mapping[str, str] = {}
_FILES = frozenset(file for file, _, _ in TABLE)
_IMPLIED = {("jobs", "[]", *field.split(".")): value for field, value in IMPLIED}
_ROWS = tuple((file, tuple(key.split(".")), shape) for file, key, shape in TABLE)


def shape_of(path: RelPath, key: KeyPath) -> Shape | None:
    """Return the shape of a key; None if the table does not list it.

    Args:
        path: The document's path in a home.
        key: The key inside it.
    """
    if path not in _FILES or not key:
        return None
    return _shape(path, tuple("[]" if isinstance(part, Item) else str(part) for part in key))


def any_order(path: RelPath, key: KeyPath) -> bool:
    """Return whether the order of a list of named maps means nothing: the agent looks its jobs up by their ids."""
    return path == _JOBS and key == ("jobs",)


def stays_whole(path: RelPath, key: KeyPath) -> bool:
    """Return whether a part of the value at a key says nothing by itself: an item of a list, or a server."""
    if not key:
        return False
    is_server = path == _CONFIG and len(key) == len(_SERVER) and key[0] == _SERVER[0]
    return is_server or isinstance(key[-1], Item)


def twins_at(path: RelPath, key: KeyPath) -> Mapping[str, str]:
    """Return the keys of the map at a key that another key of it repeats, with that other key; none for most maps."""
    is_job = path == _JOBS and len(key) == 2 and key[0] == "jobs"
    return TWINS if is_job else _NO_TWINS


def implied(path: RelPath, key: KeyPath) -> object:
    """Return what a missing key means to the agent; ABSENT if unknown, ANY if it is derived from other keys."""
    if path == _CONFIG and key:
        return {}  # the agent sets its defaults below what a config says, so an empty map says nothing
    if path != _JOBS or not key:
        return ABSENT
    words = tuple("[]" if isinstance(part, Item) else str(part) for part in key)
    return _IMPLIED.get(words, ABSENT)


@lru_cache(maxsize=4096)
def _shape(path: str, words: tuple[str, ...]) -> Shape | None:
    return next((shape for file, row, shape in _ROWS if file == path and _fits(words, row)), None)


def has_machine_keys(path: RelPath) -> bool:
    """Return whether some keys of the document belong to the machine."""
    return path in _FILES


def _fits(words: tuple[str, ...], row: tuple[str, ...]) -> bool:
    if row[0] == "**":
        row = ("*",) * (len(words) - len(row) + 1) + row[1:]
    return len(words) == len(row) and all(map(_is_like, words, row))


def _is_like(word: str, part: str) -> bool:
    """Whether a word is like a part of the table, in which one star stands for any letters."""
    first, star, last = part.partition("*")
    if word == part or not star or word == "[]":
        return word == part
    is_long = len(word) >= len(first) + len(last)
    return is_long and word.startswith(first) and word.endswith(last)
