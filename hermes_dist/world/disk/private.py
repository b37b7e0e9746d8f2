"""Files that only their owner can read, whatever the umask says, if the disk keeps modes. Importing it is cheap."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from hermes_dist.world.disk.owners import give_folder, hand_over

FOLDER, FILE = 0o700, 0o600
REFUSED = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS})
"""How a disk says that it keeps no modes, if it says so at all; most of them ignore it silently."""


def give_mode(new: int | str | Path, mode: int, folder: int | None = None) -> None:
    """Give a new file or folder of ours its mode; where the disk refuses, it stays as the disk made it.

    It was made with that mode, so it is never open to more than it was to be where the disk keeps modes.

    Args:
        new: The open file, or its name.
        mode: The mode.
        folder: The open folder that the name is in.

    Raises:
        OSError: As the system says.
    """
    try:
        os.chmod(new, mode, dir_fd=folder)
    except OSError as error:
        if error.errno not in REFUSED:
            raise


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for their owner alone; an existing one is left alone.

    ``mkdir`` by itself gives folders above the last one the mode that the umask leaves, and a umask of 000 would let
    anybody put another folder in their place.

    Raises:
        OSError: The system refuses.
    """
    if folder.is_dir():
        return
    if not folder.parent.is_dir():
        make_private(folder.parent)
    try:
        folder.mkdir(mode=FOLDER)
    except FileExistsError:
        if not folder.is_dir():
            raise
        return
    give_mode(folder, FOLDER)
    hand_over(folder)


def make_private_in(parent: int, name: str) -> None:
    """Make a folder in an open one, for its owner alone; an existing one is left alone."""
    try:
        os.mkdir(name, FOLDER, dir_fd=parent)
    except FileExistsError:
        return
    give_mode(name, FOLDER, parent)
    give_folder(name, parent)
