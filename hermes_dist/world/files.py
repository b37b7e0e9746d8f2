"""The one way to open a file that somebody else may have put there: it never waits, and has an end.

What stands where a file is expected may be a named pipe, to which nobody writes, a device without an end, or a file
larger than the memory. All of them are refused here, before anything of them is read, as an error of the system that
says what is there. A file that is missing stays a :class:`FileNotFoundError`, and a folder an
:class:`IsADirectoryError`.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader

LIMIT = 256 << 20
"""No file of ours or of the agent's is so large: the record of a home of 100,000 files has 60 MB."""
LARGEST = 4 << 30
"""The largest file of a home that is looked at: users keep models and recordings among their skills."""

_CHUNK = 1 << 16
# O_NONBLOCK: opening a FIFO would otherwise wait for somebody who writes to it.
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class OddFile(OSError):
    """What stands in the place of a file is none, or is larger than any file that is expected there.

    Its ``strerror`` says what it is. Its ``errno`` is that of a file that is too large (``EFBIG``), or else that of a
    socket that is opened (``ENXIO``).
    """


def open_fd(path: str | os.PathLike[str], *, follow: bool = True, folder: int | None = None) -> int:
    """Open a regular file to read it; never waits.

    Args:
        path: The file.
        follow: Whether a link is followed.
        folder: An open folder in which the path begins.

    Returns:
        The number of the open file.

    Raises:
        OddFile: It is a pipe, a device or a socket.
        OSError: As the system says; also for a folder.
    """
    return _open(path, follow, folder)[0]


def _open(path: str | os.PathLike[str], follow: bool, folder: int | None = None) -> tuple[int, int]:
    """Open a regular file; return its number and its size."""
    flags = _READ if follow else _READ | os.O_NOFOLLOW
    try:
        fd = os.open(path, flags, dir_fd=folder)
    except OSError as error:
        if error.errno in {errno.ENXIO, errno.EOPNOTSUPP}:  # Linux and macOS, for a socket
            raise _odd(stat.S_IFSOCK, path) from None
        raise
    opened = os.fstat(fd)
    if stat.S_ISREG(opened.st_mode):
        return fd, opened.st_size
    os.close(fd)
    if stat.S_ISDIR(opened.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    raise _odd(stat.S_IFMT(opened.st_mode), path)


def open_file(path: str | os.PathLike[str]) -> BufferedReader:
    """Open a regular file as a stream, to read it piece by piece.

    Raises:
        OddFile: It is a pipe, a device or a socket.
        OSError: As the system says.
    """
    return os.fdopen(open_fd(path), "rb")


def read_file(path: str | os.PathLike[str], *, limit: int = LIMIT, follow: bool = True) -> bytes:
    """Read a regular file whole.

    Args:
        path: The file.
        limit: The most bytes that it may have.
        follow: Whether a link is followed.

    Raises:
        OddFile: It is a pipe, a device or a socket, or is larger.
        OSError: As the system says.
    """
    fd, size = _open(path, follow)
    try:
        return _whole(fd, size, path, limit)
    finally:
        os.close(fd)


def read_fd(fd: int, path: str | os.PathLike[str], *, limit: int = LIMIT) -> bytes:
    """Read an open file whole.

    Args:
        fd: The file.
        path: How an error names it.
        limit: The most bytes that it may have.

    Raises:
        OddFile: It is larger.
    """
    return _whole(fd, os.fstat(fd).st_size, path, limit)


def _whole(fd: int, size: int, path: str | os.PathLike[str], limit: int) -> bytes:
    check_size(size, path, limit)
    parts, got = [], 0
    # One byte more is asked for than there should be. A file of /proc says that it has none.
    most = size + 1 if size else _CHUNK
    while got <= limit and (part := os.read(fd, min(most, limit + 1 - got))):
        parts.append(part)
        got += len(part)
        if got == size:
            break
    check_size(got, path, limit)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def check_size(size: int, path: str | os.PathLike[str], limit: int = LIMIT) -> None:
    """Refuse a file for its size.

    Raises:
        OddFile: It is larger than the limit.
    """
    if size > limit:
        raise OddFile(errno.EFBIG, f"it is larger than {_spelled(limit)}", os.fspath(path))


def start_of(path: str | os.PathLike[str], size: int) -> bytes:
    """Read the beginning of a regular file.

    Args:
        path: The file.
        size: The most bytes that are read.

    Raises:
        OddFile: It is a pipe, a device or a socket.
        OSError: As the system says.
    """
    with open_file(path) as file:
        return file.read(size)


def _odd(kind: int, path: str | os.PathLike[str]) -> OddFile:
    what = _KINDS.get(kind, "something else")
    return OddFile(errno.ENXIO, f"it is {what}, not a file", os.fspath(path))


def _spelled(size: int) -> str:
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size:,} bytes"
