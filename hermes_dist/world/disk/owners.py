"""Owners: what root writes into another user's folder belongs to that user, and no link leads from one user to another.

Importing it is cheap.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from hermes_dist.lazily import contextlib


def is_foreign(link: os.stat_result, target: os.stat_result, owner: int) -> bool:
    """Whether a link is not wholly of one user: somebody else made it, or it leads to something of somebody else.

    Args:
        link: The link itself.
        target: What it leads to.
        owner: The user whose link it has to be.
    """
    return {link.st_uid, target.st_uid} != {owner}


def leads_to_others(path: str) -> bool:
    """Whether a path is a link that is not wholly of the owner of its folder, nor of root.

    In a folder of root, such as ``/tmp``, whoever made the link counts as its owner.
    """
    try:
        link = os.lstat(path)
        if not stat.S_ISLNK(link.st_mode):
            return False
        target, around = os.stat(path), os.stat(os.path.dirname(path) or ".")
    except OSError:
        return False  # it leads nowhere, or back to itself
    owners = (around.st_uid, 0) if around.st_uid else (link.st_uid,)
    return all(is_foreign(link, target, owner) for owner in owners)


def give(fd: int, like: os.stat_result) -> None:
    """Give a new file or folder the owner and group of another one, as far as this process may.

    Args:
        fd: The new file or folder.
        like: The file that it replaces, or else the folder that it is in.
    """
    mine = os.fstat(fd)
    if os.geteuid() == 0:
        if (mine.st_uid, mine.st_gid) != (like.st_uid, like.st_gid):
            os.fchown(fd, like.st_uid, like.st_gid)
    elif mine.st_gid != like.st_gid:
        with contextlib.suppress(PermissionError):  # a group that this user is not in
            os.fchown(fd, -1, like.st_gid)


def give_folder(name: str, folder: int) -> None:
    """Give a new folder in an open one the owner of that; only root can, and only root needs to."""
    if os.geteuid() == 0:
        fd = os.open(
            name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder
        )
        try:
            give(fd, os.fstat(folder))
        finally:
            os.close(fd)


def make_folders(folder: Path, mode: int = 0o755) -> None:
    """Make a folder, with those above it that are missing; each belongs to the owner of the one above.

    Raises:
        OSError: The system refuses.
    """
    if folder.is_dir():
        return
    make_folders(folder.parent)
    try:
        folder.mkdir(mode)
    except FileExistsError:
        if not folder.is_dir():
            raise
        return
    hand_over(folder)


def hand_over(path: Path) -> None:
    """Give what root has just made at a path the owner of the folder that it is in."""
    if os.geteuid() == 0:
        above = path.parent.stat()
        os.chown(path, above.st_uid, above.st_gid, follow_symlinks=False)


def settle(folder: Path) -> None:
    """Give everything of root's below a folder of ours to the folder's owner; links are not followed.

    Programs that we start make files there as well, and they know nothing of owners.
    """
    try:
        owner = folder.stat()
    except OSError:
        return
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    for above, folders, files, fd in os.fwalk(folder, follow_symlinks=False):
        del above
        for name in (*folders, *files):
            with contextlib.suppress(OSError):
                if os.stat(name, dir_fd=fd, follow_symlinks=False).st_uid == 0:
                    os.chown(name, owner.st_uid, owner.st_gid, dir_fd=fd, follow_symlinks=False)
