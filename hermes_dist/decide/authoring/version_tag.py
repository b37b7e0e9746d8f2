"""The tag of a version: for a package in a folder it begins with that folder, so that each package has its own."""

from __future__ import annotations

import re
from collections.abc import Collection

from hermes_dist.decide.versions import version_of, version_of_tag

_FOLDER = r"(?:(?!.*(?:\.\.|\.lock/|\./))\w[\w.+-]*/)+"
"""What git takes as the beginning of a tag's name."""


def can_begin_with(folder: str, tags: Collection[str]) -> bool:
    """Whether tags can begin with a folder: git takes the name, and no tag is where a folder of tags would be.

    Args:
        folder: The folder of a package.
        tags: The tags that there are.
    """
    above = {folder[:at] for at, sign in enumerate(folder) if sign == "/"}
    return bool(re.fullmatch(_FOLDER, f"{folder}/")) and not {folder, *above} & {*tags}


def tag_of(prefix: str, version: str, tags: Collection[str]) -> str:
    """The tag of a version, with or without a ``v``; empty if there is none.

    Args:
        prefix: What the package's tags begin with: nothing, or a folder with a slash.
        version: The version.
        tags: The tags that there are.
    """
    names = (f"{prefix}v{version}", f"{prefix}{version}")
    return next((name for name in names if name in tags), "")


def newer_tag(prefix: str, version: str, tags: Collection[str]) -> str:
    """The newest of the package's tags, if it is newer than a version; empty otherwise."""
    beside = (name for name in tags if name.rpartition("/")[0] == prefix.rstrip("/"))
    known = [(found, name) for name in beside if (found := version_of_tag(name)) is not None]
    newest, here = max(known, default=None), version_of(version)
    return newest[1] if newest and here and here < newest[0] else ""
