"""Whole homes: build one in the staging folder, move it with one rename or as a copy, or erase it."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from hermes_dist.errors import DistError
from hermes_dist.world.child import Bounds, Command, run
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.disk.private import give_mode
from hermes_dist.world.transaction.common import Changed
from hermes_dist.world.transaction.new_home import STAGING, sweep


class Fixed(DistError):
    """The system gives a folder no other name, as where it came with the image of a container (overlayfs)."""


_COPYING = Bounds(seconds=86_400, memory=1 << 40, file=1 << 50, cpu=86_400)


def make_folder(fs: RealFs, folder: str, mode: int = 0o755) -> None:
    """Make one of our folders below the root, with its parents, if it is missing.

    Raises:
        DistError: The folder can't be made.
    """
    parts = folder.split("/")
    try:
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            if fs.kind(path) == "absent":
                fs.mkdir(path, mode if depth == len(parts) else 0o755)
                fs.sync_folder("/".join(parts[: depth - 1]))
    except OSError as error:
        raise trouble(error, "can't make the folder", where=folder) from error


def raise_home(
    fs: RealFs,
    target: str,
    fill: Callable[[Path], None],
    put: Callable[[str], None],
    *,
    staging: str = STAGING,
) -> None:
    """Build a whole home in the staging folder, then move it into place, so that nobody ever sees half of one.

    Args:
        fs: The brand's root folder; the caller holds the lock over new homes.
        target: The place of the home, such as ``profiles/ada``.
        fill: Writes everything below the folder it is given.
        put: Moves the built home, named by its path below the root, to its place.
        staging: The folder to build in, on the same disk.

    Raises:
        Changed: Something is at the target; nothing was written.
        DistError: The disk is full or failing; nothing is left behind.
    """
    _absent(fs, target)
    sweep(fs, staging)
    make_folder(fs, staging)
    building = f"{staging}/{target.rpartition('/')[2]}"
    try:
        fs.mkdir(building, 0o700)
        try:
            fill(fs.root / building)
            fs.sync_all(building)
            put(building)
        finally:
            if fs.kind(building) != "absent":
                erase(fs.root / building)
    except OSError as error:
        raise trouble(error, "can't build the home", where=str(fs.root / target)) from error


def bring_over(
    fs: RealFs, source: str, target: str, *, stages: tuple[str, str], env: Mapping[str, str]
) -> None:
    """Move a whole home that nobody uses to another file system: the copy is complete before the original goes.

    Whenever this is interrupted, the home is in one of the two places, or in both.

    Args:
        fs: The brand's root folder; the caller holds the lock over new homes.
        source: The home.
        target: Its new place.
        stages: The staging folder on the disk of the home, and that on the disk of the target.
        env: The environment to copy in.

    Raises:
        Changed: Something is at the target; nothing was written.
        DistError: It can't be copied; the original is as it was.
    """
    old = fs.root / source
    make_folder(fs, target.rpartition("/")[0], 0o700)
    if old.is_symlink():
        (fs.root / target).symlink_to(old.readlink())
        _confirm(fs, target, target)
    else:
        copy_home(
            fs, source, target, lambda built: move_home(fs, built, target), stages[1], env=env
        )
        # Half of a home must never stand where it can be restored from.
        make_folder(fs, stages[0], 0o700)
        gone = f"{stages[0]}/{old.name}"
        erase(fs.root / gone)
        move_home(fs, source, gone)
        old = fs.root / gone
    erase(old)


def copy_home(
    fs: RealFs,
    source: str,
    target: str,
    put: Callable[[str], None],
    staging: str,
    *,
    env: Mapping[str, str],
) -> None:
    """Copy a whole home that nobody uses; the original stays.

    Args:
        fs: The brand's root folder; the caller holds the lock over new homes.
        source: The home.
        target: The place of the copy.
        put: Moves the copy, named by its path below the root, to its place.
        staging: The folder to copy into, on the disk of the target.
        env: The environment to copy in.

    Raises:
        Changed: Something is at the target; nothing was written.
        DistError: It can't be copied; nothing is left behind.
    """
    old = fs.root / source

    def fill(new: Path) -> None:
        # It keeps all that a rename would keep: owners, times, attributes, sockets.
        words = ("cp", "-a", f"{old}/.", str(new))
        done = run(Command(words, env), _COPYING)
        if done.code or done.stopped:
            why = done.stopped or done.err.strip().rpartition("\n")[2]
            raise DistError(f"can't copy the home: {why}", where=str(old))

    raise_home(fs, target, fill, put, staging=staging)


def move_home(fs: RealFs, source: str, target: str) -> None:
    """Move a whole home by one rename that replaces nothing.

    Raises:
        Changed: Something is at the target, or nothing at the source; nothing was moved.
        Fixed: The system does not rename this folder; :func:`copy_home` helps.
        DistError: The system refuses.
    """
    _absent(fs, target)
    try:
        fs.noreplace(source, target)
        _confirm(fs, source, target)
    except FileExistsError as error:
        raise Changed("something is there already", where=str(fs.root / target)) from error
    except FileNotFoundError as error:
        raise Changed("it is gone", where=str(fs.root / source), hint="run it again") from error
    except OSError as error:
        told = trouble(error, "can't move the home", where=str(fs.root / source))
        if error.errno == errno.EXDEV:
            raise Fixed(told.what, where=told.where, hint=told.hint) from error
        raise told from error


def _confirm(fs: RealFs, source: str, target: str) -> None:
    for folder in sorted({source.rpartition("/")[0], target.rpartition("/")[0]}):
        fs.sync_folder(folder)


def _absent(fs: RealFs, target: str) -> None:
    if fs.kind(target) != "absent":
        raise Changed(
            "something is there already",
            where=str(fs.root / target),
            hint="choose another name",
        )


def make_absolute(path: Path) -> None:
    """Let a link lead to the same place from anywhere; anything but a relative link is left alone.

    Raises:
        DistError: The system refuses; the link is as before.
    """
    if not path.is_symlink() or path.readlink().is_absolute():
        return
    temp = path.with_name(f".{path.name}.{os.urandom(6).hex()}.tmp")
    try:
        temp.symlink_to(path.parent.resolve() / path.readlink())
        temp.replace(path)
    except OSError as error:
        temp.unlink(missing_ok=True)
        raise trouble(error, "can't move the link", where=str(path)) from error


def inode(path: Path) -> int:
    """Return the inode number, by which a moved folder is recognized; 0 if the folder is missing."""
    try:
        return path.stat(follow_symlinks=False).st_ino
    except OSError:
        return 0


def erase(path: Path) -> None:
    """Remove a folder and everything below it, read-only parts too; a missing folder is not an error.

    Raises:
        DistError: A part can't be removed; the rest may be gone.
    """
    if path.is_symlink():
        path.unlink()
        return
    if not path.exists():
        return

    tried: set[str] = set()

    def writable(function: Callable[[str], object], name: str, _error: object) -> None:
        for each in (Path(name).parent, Path(name)):
            if not each.is_symlink() and each.is_relative_to(path):
                give_mode(each, stat.S_IMODE(each.stat().st_mode) | stat.S_IRWXU)
        if name in tried:
            closed = PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
            raise _not_removed(closed, name) from closed
        if function in (os.open, os.scandir, os.listdir, os.rmdir):
            tried.add(name)
            _remove(name, writable)  # what lies below may be closed as well
            return
        try:
            function(name)
        except OSError as error:
            # From Python 3.13 on, an OSError from here is caught once more, and names only the folder.
            raise _not_removed(error, name) from error

    try:
        _remove(str(path), writable)
    except OSError as error:
        raise _not_removed(error, str(path)) from error


def _not_removed(error: OSError, name: str) -> DistError:
    return DistError(
        f"not all of it could be removed: {error.strerror or error}",
        where=str(error.filename or name),
        hint="remove the rest by hand",
    )


def _remove(name: str, failed: Callable[[Callable[[str], object], str, object], None]) -> None:
    if sys.version_info >= (3, 12):
        shutil.rmtree(name, onexc=failed)
    else:
        shutil.rmtree(name, onerror=failed)


def tighten(path: Path, mode: int = 0o600) -> None:
    """Make a secret file or folder accessible only to its owner; a symlink is left alone.

    Raises:
        DistError: It belongs to another user.
    """
    try:
        if not path.is_symlink():
            path.chmod(mode)
    except OSError as error:
        raise trouble(error, "can't change its permissions", where=str(path)) from error
