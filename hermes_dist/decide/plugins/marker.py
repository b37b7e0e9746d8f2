"""Whose a plugin folder is: ours as we wrote it, ours and changed since, or somebody else's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from hermes_dist.light import read_json

MARKER = "hermes-dist.json"
"""The file in a plugin folder that says it is ours, and what we wrote into it."""
_FORMAT = 1


class Whose(StrEnum):
    """Whose a plugin folder is."""

    ABSENT = "absent"
    OURS = "ours"
    CHANGED = "changed"
    FOREIGN = "foreign"


class Marker(Struct, frozen=True, kw_only=True):
    """What we remember in a folder of ours.

    Attributes:
        version: The hermes-dist that wrote it.
        files: The digest of each file that we wrote, by its path in the folder.
        made: The key of ``config.yaml`` that had to be made to enable the plugin; empty for none.
    """

    version: str
    files: Mapping[str, str]
    made: str = ""


class Standing(Struct, frozen=True, kw_only=True):
    """A plugin folder as it is now.

    Attributes:
        whose: Whose it is. A folder of ours from which files are missing is still ours.
        marker: What we remember; None unless the folder is ours.
        edited: Files of ours with another content than we wrote.
        added: Files that we did not write.
        missing: Files of ours that are gone.
    """

    whose: Whose
    marker: Marker | None = None
    edited: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def needs_a_yes(self) -> bool:
        """Whether somebody must agree before the folder is replaced."""
        return self.whose in {Whose.CHANGED, Whose.FOREIGN}

    def holds(self, marker: Marker) -> bool:
        """Whether the folder holds exactly these files, from this version."""
        if self.whose is not Whose.OURS or self.missing or self.marker is None:
            return False
        return (self.marker.version, self.marker.files) == (marker.version, marker.files)


def read_marker(data: bytes | None) -> Marker | None:
    """Read a marker; None for one that is missing, damaged or from a newer format, so that its folder is not ours."""
    try:
        found = read_json(data or b"")
        if found["format"] != _FORMAT:
            return None
        files = {str(path): str(digest) for path, digest in found["files"].items()}
        return Marker(version=str(found["version"]), files=files, made=str(found["made"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def write_marker(marker: Marker) -> bytes:
    """Return the content of the marker's file."""
    data = {
        "format": _FORMAT,
        "about": "Written by hermes-dist, which replaces what is not changed here and keeps what is.",
        "version": marker.version,
        "made": marker.made,
        "files": dict(sorted(marker.files.items())),
    }
    return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode()


def judge(marker: Marker | None, files: Mapping[str, str]) -> Standing:
    """Say whose a folder is.

    Args:
        marker: Its marker; None if it has none that can be read.
        files: The digest of each file in it but the marker, by its path in the folder.
    """
    if marker is None:
        return Standing(whose=Whose.FOREIGN)
    edited = sorted(
        path for path in marker.files.keys() & files if files[path] != marker.files[path]
    )
    added = sorted(files.keys() - marker.files.keys())
    return Standing(
        whose=Whose.CHANGED if edited or added else Whose.OURS,
        marker=marker,
        edited=tuple(edited),
        added=tuple(added),
        missing=tuple(sorted(marker.files.keys() - files.keys())),
    )
