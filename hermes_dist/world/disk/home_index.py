"""An index of facts about homes, so that a list of many profiles reads only what changed.

A row is valid while ``lstat`` of the files that it was made from is unchanged. That no name came into a home since, the
times of its folder say, so a file that is missing is not looked for again. The index can be thrown away at any time; it
is written again when something in it was stale.
"""

from __future__ import annotations

import binascii
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from hermes_dist.errors import DistError
from hermes_dist.lazily import json
from hermes_dist.light import NamedTuple, loads
from hermes_dist.world.disk.owners import make_folders
from hermes_dist.world.records import bytes_at

_FORMAT = b"6 "
_SETTLED = 2_000_000_000
"""Nanoseconds after which a folder with the same times has the same names: those of some disks are that coarse."""
Row = dict[str, str | int | bool]
Signature = list[int]
"""What ``lstat`` says of a file; empty for none."""


_ANY: Mapping[str, type] = MappingProxyType({})


class Known(NamedTuple):
    """What is known of a home.

    Attributes:
        folder: The signature of its folder when the names in it were looked for; empty if it was changed just then.
        files: The signature of each file of the index; None for one that the row was not made from.
        lacks: None of the names that the index watches was there.
        row: The facts.
    """

    folder: Signature
    files: list[Signature | None]
    lacks: bool
    row: Row


class Index:
    """The index of one brand.

    Args:
        path: Its file.
        files: The names of the files in a home that a row can depend on.
        watched: Names in a home, of which only is remembered that they are missing.
        kinds: The type of each fact; a row that says other things is made again. Empty for any facts.
    """

    def __init__(
        self,
        path: Path,
        files: Sequence[str],
        watched: Sequence[str] = (),
        kinds: Mapping[str, type] = _ANY,
    ) -> None:
        self._path = path
        self._files = files
        self._watched = watched
        self._kinds = kinds
        self._rows = self._load()
        self._fresh: dict[str, Known] = {}
        self._stale = False

    def _load(self) -> dict[str, Known]:
        data = bytes_at(self._path) or b""
        end = data.find(b"\n") + 1
        if data[:end] != _head(data[end:]):
            return {}
        try:
            found = loads(data[end:])
            if [found[key] for key in ("files", "watched")] != self._kind():
                return {}
            return {str(name): self._known(*row) for name, row in found["rows"].items()}
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            return {}

    def _known(
        self, folder: Signature, files: list[Signature | None], lacks: bool, row: Row
    ) -> Known:
        found = {name: type(fact) for name, fact in row.items()}
        if len(files) != len(self._files) or found != (self._kinds or found):
            raise ValueError("a row is damaged")
        return Known(folder, files, lacks, row)

    def _kind(self) -> list[object]:
        return [list(self._files), list(self._watched)]

    def row(
        self, home: str, make: Callable[[Path], tuple[Row, Collection[str]]]
    ) -> tuple[Row, bool]:
        """Look up a home.

        Args:
            home: Its path.
            make: Makes a row; returns it, and the files of the index that it does not depend on.

        Returns:
            Its row, which is made again if a file changed, and whether all watched names are surely missing.
        """
        known, folder = self._rows.get(home), _signature(home, os.stat)
        names_same = known is not None and bool(folder) and known.folder == folder
        if known is not None and not self._is_same(home, known, names_same=names_same):
            known, names_same = None, False
        if known is None or (not names_same and _is_settled(folder)):
            known = self._look(home, folder if _is_settled(folder) else [], make, known)
            self._stale = True
        self._fresh[home] = known
        return known.row, names_same and known.lacks

    def _is_same(self, home: str, known: Known, *, names_same: bool) -> bool:
        """Whether no file changed that a row was made from."""
        for name, was in zip(self._files, known.files, strict=True):
            # The times of a folder say nothing about the names in another one below it.
            if was is None or (names_same and not was and "/" not in name):
                continue
            if _signature(f"{home}/{name}") != was:
                return False
        return True

    def _look(
        self,
        home: str,
        folder: Signature,
        make: Callable[[Path], tuple[Row, Collection[str]]],
        known: Known | None,
    ) -> Known:
        """Look at a home again: at its files, if they are not as they were, and for the watched names."""
        if known is None:
            files: list[Signature | None] = [_signature(f"{home}/{name}") for name in self._files]
            row, unused = make(Path(home))
            for at, name in enumerate(self._files):
                files[at] = None if name in unused else files[at]
        else:
            files, row = known.files, known.row
        lacks = not any(_signature(f"{home}/{name}") for name in self._watched)
        return Known(folder, files, lacks, row)

    def save(self) -> None:
        """Write the index if a row changed; an index that can't be written is not an error."""
        if not self._stale and len(self._fresh) == len(self._rows):
            return
        from hermes_dist.world.disk.fs import atomic_write  # noqa: PLC0415 - start-up: mostly no row changed

        kind = dict(zip(("files", "watched"), self._kind(), strict=True))
        body = json.dumps({**kind, "rows": self._fresh}, separators=(",", ":")).encode()
        try:
            make_folders(self._path.parent, 0o700)
            atomic_write(self._path, _head(body) + body)
        except (OSError, DistError):
            return


def _head(body: bytes) -> bytes:
    """The first line: a power cut or a bad disk must not make a home look as it is not."""
    return b"%b%08x\n" % (_FORMAT, binascii.crc32(body))


def _is_settled(folder: Signature) -> bool:
    """Whether a folder was not changed within the last moments."""
    return bool(folder) and time.time_ns() - max(folder[:2]) > _SETTLED


def _signature(path: str, look: Callable[[str], os.stat_result] = os.lstat) -> Signature:
    try:
        found = look(path)
    except OSError:
        return []
    # Only ctime tells of a file that got other bytes of the same length and its old mtime back.
    return [found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino]
