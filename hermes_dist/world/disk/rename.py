"""Rename with flags, on Linux and macOS: swap two names in one step, or refuse to replace."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import stat
from collections.abc import Callable

from hermes_dist.world.disk import libc
from hermes_dist.world.ports import Unsupported

Place = tuple[int, str]
"""An open folder and a name in it."""

_CALLS = (("renameat2", 2, 1), ("renameatx_np", 2, 4))  # Linux, macOS: name, swap, no replace
# EINVAL is how renameat2 says that the file system does not know the flag.
_MISSING = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})
# EPERM is how link() says that the file system has no hard links.
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})


@functools.cache
def _flagged() -> tuple[Callable[..., int], int, int] | None:
    """The C library's call with its two flags; None where it has none."""
    for name, swap, keep in _CALLS:
        call = libc.function(name, "isisu")
        if call is not None:
            return call, swap, keep
    return None


def _call(source: Place, target: Place, *, swap: bool) -> None:
    found = _flagged()
    if found is None:
        raise Unsupported
    call, swap_flag, keep_flag = found
    flag = swap_flag if swap else keep_flag
    if call(source[0], os.fsencode(source[1]), target[0], os.fsencode(target[1]), flag):
        error = libc.failure(source[1], None, target[1])
        if error.errno in _MISSING:
            raise Unsupported
        raise error


def exchange(one: Place, other: Place) -> None:
    """Swap two names in one step.

    Raises:
        Unsupported: The system or the file system does not support it.
        OSError: As the system says.
    """
    _call(one, other, swap=True)


def noreplace(source: Place, target: Place) -> None:
    """Rename without replacing; by link and unlink where the system has no such call.

    Raises:
        FileExistsError: The target exists.
        OSError: As the system says.
    """
    try:
        _call(source, target, swap=False)
    except Unsupported:
        _link_in(source, target)


def _link_in(source: Place, target: Place) -> None:
    folder = stat.S_ISDIR(os.stat(source[1], dir_fd=source[0], follow_symlinks=False).st_mode)
    if not folder:
        try:
            os.link(
                source[1],
                target[1],
                src_dir_fd=source[0],
                dst_dir_fd=target[0],
                follow_symlinks=False,
            )
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
        else:
            os.fsync(target[0])  # sync the new name before the old one goes
            os.unlink(source[1], dir_fd=source[0])
            return
    with contextlib.suppress(
        FileNotFoundError
    ):  # no hard links here, or a folder: the best that is left
        os.stat(target[1], dir_fd=target[0], follow_symlinks=False)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target[1])
    os.rename(source[1], target[1], src_dir_fd=source[0], dst_dir_fd=target[0])
