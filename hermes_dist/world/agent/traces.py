"""Read what the agent notes down of its own edits in a home: the calls of its tools, and its notes on skills."""

from __future__ import annotations

from pathlib import Path

from hermes_dist.agents.places import SESSIONS
from hermes_dist.agents.traces import CALLS, HISTORY, TALKED, USAGE, WRITING_TOOLS
from hermes_dist.light import NamedTuple, read_json
from hermes_dist.world.databases import read_column
from hermes_dist.world.files import start_of

_LONGEST = 10.0
"""How many seconds a history is read; the newest calls come first."""
_MOST = 8 << 20
_QUERY = CALLS.format(named=" OR ".join(["tool_calls LIKE ?"] * len(WRITING_TOOLS)))
_NAMED = [f'%"{tool}"%' for tool in WRITING_TOOLS]


class Noted(NamedTuple):
    """What the agent noted down in a home.

    Attributes:
        ran: It had a conversation here, as far as is known; True if its history can't be read.
        whole: The history was read to its end, as far as there is one.
        calls: The calls of tools that write files, as JSON, the newest first.
        usage: Its notes on skills, as they stand; None if there are none.
    """

    ran: bool
    whole: bool
    calls: tuple[str, ...]
    usage: object


def noted_in(home: Path, folder: Path) -> Noted:
    """Read the agent's notes; what is missing or can't be read counts as unknown.

    Args:
        home: The home.
        folder: A private folder for a copy of the database, where that is needed.
    """
    usage = _usage(home)
    source = home / HISTORY
    if not source.is_file():
        # Sessions of older agents are files; a home without either has never been talked to.
        talked = usage is not None or any((home / SESSIONS).glob("*.json*"))
        return Noted(talked, True, (), usage)
    answer = read_column(source, folder, TALKED)
    calls = read_column(source, folder, _QUERY, *_NAMED, seconds=_LONGEST, most=_MOST)
    ran = bool(answer.values) or not answer.whole or usage is not None
    return Noted(ran, calls.whole, calls.values, usage)


def _usage(home: Path) -> object:
    try:
        return read_json(start_of(home / USAGE, _MOST))
    except (OSError, ValueError):
        return None
