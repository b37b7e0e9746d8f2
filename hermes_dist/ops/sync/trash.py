"""The trash of a home: what other machines deleted or changed of its memories and sessions, for 30 days."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from hermes_dist.brand import PRIVATE
from hermes_dist.decide.sync.private import beside_path
from hermes_dist.decide.trash import is_expired
from hermes_dist.model.paths import RelPath
from hermes_dist.ops.over_age import erase_due
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.disk.private import make_private
from hermes_dist.world.files import read_file

_DAY = "%Y-%m-%d"


def trash_of(home: Path) -> Path:
    """The trash of a home: a folder for each day."""
    return home / PRIVATE / "trash"


def keep_in_trash(home: Path, path: RelPath, content: bytes, now: datetime) -> Path:
    """Keep a content under the name of its file; what is in the trash already stays.

    Returns:
        The file in the trash.

    Raises:
        DistError: The disk fails.
    """
    make_private(trash_of(home))
    day = trash_of(home) / now.strftime(_DAY)
    target = day / path
    if target.exists() and read_file(target) != content:
        target = day / beside_path(path, content)
    atomic_write(target, content, 0o600)
    return target


def empty_trash(home: Path, now: datetime) -> None:
    """Erase what may go of what is there for more than 30 days.

    Raises:
        DistError: The disk fails.
    """
    folder = trash_of(home)
    if not folder.is_dir():
        return
    old = [day.name for day in folder.iterdir() if _is_over_age(day.name, now)]
    erase_due(folder, old, now, partial(shutil.rmtree, ignore_errors=True))


def _is_over_age(name: str, now: datetime) -> bool:
    try:
        day = datetime.strptime(name, _DAY).replace(tzinfo=now.tzinfo or UTC)
    except ValueError:
        return False
    # What came last on that day came when it ended.
    return is_expired(day + timedelta(days=1), now)
