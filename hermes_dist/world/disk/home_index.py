"""An index of facts about homes, so that a list of many profiles reads only what changed.

A row is valid while ``lstat`` of its files is unchanged. The index can be thrown away at
any time; it is written again when something in it was stale.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from hermes_dist.errors import DistError
from hermes_dist.world.disk.owners import make_folders

_FORMAT = 4
Row = dict[str, str | int | bool]


class Index:
    """The index of one brand.

    Args:
        path: Its file.
        files: The names of the files in a home that a row depends on.
    """

    def __init__(self, path: Path, files: Sequence[str]) -> None:
        self._path = path
        self._files = files
        self._rows = self._load()
        self._fresh: dict[str, tuple[list[list[int]], Row]] = {}
        self._stale = False

    def _load(self) -> dict[str, tuple[list[list[int]], Row]]:
        try:
            data = json.loads(self._path.read_bytes())
            if data["format"] != _FORMAT or data["files"] != list(self._files):
                return {}
            return {str(name): (row[0], row[1]) for name, row in data["rows"].items()}
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
            return {}

    def row(self, home: Path, make: Callable[[Path], Row]) -> Row:
        """Return the row of a home; it is computed again if one of its files changed."""
        folder = str(home)
        signature = [_signature(f"{folder}/{name}") for name in self._files]
        known = self._rows.get(folder)
        if known is None or known[0] != signature:
            known = (signature, make(home))
            self._stale = True
        self._fresh[folder] = known
        return known[1]

    def save(self) -> None:
        """Write the index if a row changed; an index that can't be written is not an error."""
        if not self._stale and len(self._fresh) == len(self._rows):
            return
        from hermes_dist.world.disk.fs import atomic_write  # noqa: PLC0415 - start-up: mostly no row changed

        data = {"format": _FORMAT, "files": list(self._files), "rows": self._fresh}
        try:
            make_folders(self._path.parent, 0o700)
            atomic_write(self._path, json.dumps(data, separators=(",", ":")).encode())
        except (OSError, DistError):
            return


def _signature(path: str) -> list[int]:
    try:
        found = os.lstat(path)
    except OSError:
        return []
    # Only ctime tells of a file that got other bytes of the same length and its old mtime back.
    return [found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino]
