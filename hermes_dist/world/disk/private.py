"""Folders that only their owner may enter, whatever the umask says. Importing it is cheap."""

from __future__ import annotations

import os
from pathlib import Path

from hermes_dist.world.disk.owners import give_folder, hand_over

FOLDER, FILE = 0o700, 0o600


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
    folder.chmod(FOLDER)
    hand_over(folder)


def make_private_in(parent: int, name: str) -> None:
    """Make a folder in an open one, for its owner alone; an existing one is left alone."""
    try:
        os.mkdir(name, FOLDER, dir_fd=parent)
    except FileExistsError:
        return
    os.chmod(name, FOLDER, dir_fd=parent)
    give_folder(name, parent)
