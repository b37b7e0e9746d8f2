"""The notes in a trash folder: what was seen to be over age there, and when (``decide/trash.py``)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from hermes_dist.decide.trash import Looked, look
from hermes_dist.light import read_json
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.records import bytes_at

NOTES = "over-age.json"
"""The file in a trash folder: the time, by the name of what was seen to be over age."""


def look_into(folder: Path, over_age: Iterable[str], now: datetime) -> Looked:
    """Judge what is over age in a trash folder; nothing is changed."""
    return look(over_age, _noted(folder), now)


def erase_due(
    folder: Path, over_age: Iterable[str], now: datetime, erase: Callable[[Path], object]
) -> int:
    """Erase what an earlier look noted and may go now, and note what is seen to be over age for the first time.

    Args:
        folder: A trash folder.
        over_age: The names of what is over age there, by the clock.
        now: What the clock says.
        erase: Erases one of them.

    Returns:
        The number of those erased.

    Raises:
        DistError: The disk fails. What is not erased keeps its note.
    """
    noted = _noted(folder)
    looked = look(over_age, noted, now)
    for name in looked.due:
        erase(folder / name)
    if looked.noted:
        texts = {name: when.isoformat() for name, when in sorted(looked.noted.items())}
        atomic_write(folder / NOTES, (json.dumps(texts, indent=1) + "\n").encode(), 0o600)
    elif noted:
        # An empty folder of ours is removed where users look, so nothing may stay in it.
        (folder / NOTES).unlink(missing_ok=True)
    return len(looked.due)


def _noted(folder: Path) -> dict[str, datetime]:
    """What was noted; nothing if that can't be read, so that what is over age is noted again and stays."""
    try:
        texts = read_json(bytes_at(folder / NOTES) or b"{}")
        found = {str(name): datetime.fromisoformat(text) for name, text in texts.items()}
    except (ValueError, TypeError, AttributeError):
        return {}
    return {name: when for name, when in found.items() if when.tzinfo is not None}
