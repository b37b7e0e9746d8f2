"""The homes that were put away: deleted ones in the trash, and archived ones."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from msgspec import Struct

from hermes_dist.brand import Layout
from hermes_dist.decide.profiles.lifecycle import read_id
from hermes_dist.model.paths import ProfileName
from hermes_dist.world.transaction.aside import everywhere

Place = Literal["trash", "archive"]


class StoredProfile(Struct, frozen=True, kw_only=True):
    """A home that was put away.

    Attributes:
        name: The name of the profile.
        place: The trash or the archive.
        when: When it was put away.
        path: The path of the home now.
    """

    name: ProfileName
    place: Place
    when: datetime
    path: Path

    def since(self, now: datetime) -> datetime:
        """Since when it has certainly been away: a home is used until it is put away, whatever the clock said then.

        Args:
            now: The current time; what was written later than that tells nothing.
        """
        written = [when for when in map(_written, (self.path, *_inside(self.path))) if when <= now]
        return max([self.when, *written])


def _inside(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # it may be gone, or nobody may read it
        return []


def _written(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        return datetime.min.replace(tzinfo=UTC)


def stored_in(layout: Layout) -> list[StoredProfile]:
    """List the homes that were put away, newest first."""
    found = []
    places: list[tuple[Place, Path]] = []
    for each in everywhere(layout):
        places += [("trash", each.trash), ("archive", each.archived)]
    for place, folder in places:
        if not folder.is_dir():
            continue
        for path in sorted(folder.iterdir()):
            known = read_id(path.name)
            if known is not None and (path.is_dir() or path.is_symlink()):
                found.append(StoredProfile(name=known[0], place=place, when=known[1], path=path))
    return sorted(found, key=lambda each: (each.when, each.path.name), reverse=True)
