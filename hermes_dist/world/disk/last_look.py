"""What was last shown of a home, kept until any file that it depends on changes.

The record has a line for each folder and file. Whether a file was edited, or a name came into a folder, its size, its
times and its number tell, which one call of the system asks for; nothing is listed and nothing is opened. So it is only
for what is shown: whatever changes a home looks at it again. The record can be thrown away at any time, and is no more
trusted than the lockfile beside it.
"""

from __future__ import annotations

import binascii
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from hermes_dist.brand import PRIVATE
from hermes_dist.lazily import json
from hermes_dist.light import TYPE_CHECKING, loads
from hermes_dist.world.records import bytes_at

if TYPE_CHECKING:
    from typing import Any

FILE = f"{PRIVATE}/last-look"
_FORMAT = b"1 "
_FRESH = 2_000_000_000
"""Nanoseconds: what changed so shortly before a look may change again and have the same times."""
_MISSING = "-"


def recalled(home: Path) -> dict[str, Any] | None:
    """Return what :func:`record_of` kept of a home; None if anything looks otherwise since, or nothing was kept."""
    try:
        data = bytes_at(f"{home}/{FILE}") or b""
        end = data.find(b"\n") + 1
        if not end or data[:end] != _head(data[end:]):
            return None
        kept, *rows = data[end:].decode().split("\n")
        root = f"{home}/"
        for row in rows:
            was, _, path = row.partition("\t")
            if _looks(_asked(root + path)) != was:
                return None
        found = loads(kept.encode())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def record_of(
    home: Path, paths: Iterable[str], began: int, kept: Mapping[str, Any]
) -> bytes | None:
    """Make the record of a home, for its file; None unless all that was looked at shows when it changes.

    Args:
        home: The home.
        paths: All that was looked at, also what was missing; the home itself is the empty path.
        began: When the look began, in nanoseconds.
        kept: What was said, as values of JSON.
    """
    root, rows = f"{home}/", []
    for path in paths:
        try:
            found = _asked(root + path)
        except OSError:
            return None
        if found is not None and not _shows_changes(found, began):
            return None
        rows.append(f"{_looks(found)}\t{path}")
    body = "\n".join([json.dumps(kept, separators=(",", ":")), *rows]).encode()
    return _head(body) + body


def _shows_changes(found: os.stat_result, began: int) -> bool:
    """Whether whatever changes from now on will look otherwise.

    What changed during the look or just before may change again within one tick of its clock; and a link stays as it is
    while what it leads to changes.
    """
    settled = max(found.st_mtime_ns, found.st_ctime_ns) < began - _FRESH
    return settled and not stat.S_ISLNK(found.st_mode)


def _asked(path: str) -> os.stat_result | None:
    """What the system says of a folder or file; None for nothing there."""
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _looks(found: os.stat_result | None) -> str:
    if found is None:
        return _MISSING
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"


def _head(body: bytes) -> bytes:
    """The first line: of a record that a power cut or a bad disk left in part, nothing is believed."""
    return b"%b%08x\n" % (_FORMAT, binascii.crc32(body))
