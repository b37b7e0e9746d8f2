"""What would keep a file from being exchanged or removed, as far as the system tells in advance."""

from __future__ import annotations

import contextlib
import functools
import os
import pwd
import stat
import struct
from collections.abc import Callable
from pathlib import Path

from hermes_dist.brand import LOCKFILE, PRIVATE
from hermes_dist.errors import DistError
from hermes_dist.light import NamedTuple
from hermes_dist.world.disk import libc

_NOT_FOLLOWED = 0x100
_EMPTY_PATH = 0x1000
_MASK = 0x7FF | 0x1000  # the basic fields, and the mount
_IMMUTABLE, _APPEND_ONLY, _MOUNT_ROOT = 0x10, 0x20, 0x2000
_FLAGS_MACOS = (
    0x2 | 0x4 | 0x20000 | 0x40000
)  # immutable and append-only, for the user and the system


class Obstacle(DistError):
    """Something in a home can't be exchanged or removed.

    Attributes:
        path: What it is, below the home; empty if no change can do without that.
    """

    def __init__(self, what: str, *, where: str, hint: str, path: str = "") -> None:
        super().__init__(what, where=where, hint=hint)
        self.path = path


class Seen(NamedTuple):
    """What the system tells about a name.

    Attributes:
        mode: Its type and permission bits.
        owner: The user that it belongs to.
        device: The device that it is on.
        mount: The number of the mount that it is on; 0 if unknown.
        mounted: It is the root of a mount.
        fixed: It is marked so that nobody may change or remove it.
    """

    mode: int
    owner: int
    device: int
    mount: int = 0
    mounted: bool = False
    fixed: bool = False


def look(fd: int, name: str = "") -> Seen:
    """Look at a name in an open folder, or at the open folder itself; links are not followed.

    Raises:
        OSError: As the system says.
    """
    call = _statx()
    if call is None:
        found = os.stat(name or ".", dir_fd=fd, follow_symlinks=False)
        fixed = bool(getattr(found, "st_flags", 0) & _FLAGS_MACOS)
        return Seen(found.st_mode, found.st_uid, found.st_dev, fixed=fixed)
    buffer = libc.buffer(256)
    if call(fd, os.fsencode(name), _NOT_FOLLOWED | _EMPTY_PATH, _MASK, buffer):
        raise libc.failure(name)
    mask, _, flags, _, owner, _, mode = struct.unpack_from("=IIQIIIH", buffer)
    (known,) = struct.unpack_from("=Q", buffer, 56)
    major, minor, mount = struct.unpack_from("=IIQ", buffer, 136)
    flags &= known
    return Seen(
        mode,
        owner,
        os.makedev(major, minor),
        mount=mount if mask & 0x1000 else 0,
        mounted=bool(flags & _MOUNT_ROOT),
        fixed=bool(flags & (_IMMUTABLE | _APPEND_ONLY)),
    )


@functools.cache
def _statx() -> Callable[..., int] | None:
    """The C library's call that tells of mounts and marks; None where there is none."""
    call = libc.function("statx", "isius")
    # A kernel or a sandbox may lack it all the same.
    if call is None or call(-1, b"/", _NOT_FOLLOWED, _MASK, libc.buffer(256)):
        return None
    return call


def on_one_mount(one: Path, other: Path) -> bool:
    """Whether a file can be renamed from one folder to another one.

    Raises:
        OSError: As the system says.
    """
    seen = []
    for folder in (one, other):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            seen.append(look(fd))
        finally:
            os.close(fd)
    return not _elsewhere(*seen)


def closed(fd: int, home: int, root: Path, part: str) -> Obstacle | None:
    """Return why no name in an open folder can be changed; None if no reason is known.

    Args:
        fd: The folder.
        home: The folder from which files come, opened: the home, or what a followed link leads to.
        root: The path of the home.
        part: The path of the folder below it.
    """
    seen = look(fd)
    if _elsewhere(seen, look(home)):
        return _mounted(home, root, part)
    if seen.fixed:
        return _fixed(root / part, part)
    if os.access(".", os.W_OK | os.X_OK, dir_fd=fd, effective_ids=_EFFECTIVE):
        return None
    if os.fstatvfs(fd).f_flag & os.ST_RDONLY:
        return Obstacle(
            "nothing in it can be changed: its disk is read-only",
            where=part or str(root),
            hint="mount it so that it can be written",
        )
    return _not_yours(seen, root / part, part)


def pinned(fd: int, name: str, home: int, root: Path, part: str) -> Obstacle | None:
    """Return why a name in an open folder can't be exchanged or removed; None if no reason is known.

    Args:
        fd: The folder.
        name: The name in it.
        home: As for :func:`closed`.
        root: As for :func:`closed`.
        part: The path below the home that leads there.
    """
    try:
        seen = look(fd, name)
    except FileNotFoundError:
        return None
    if is_elsewhere(fd, name, home):
        return _mounted(home, root, part)
    if seen.fixed:
        return _fixed(root / part, part)
    folder = os.fstat(fd)
    me = os.geteuid()
    if folder.st_mode & stat.S_ISVTX and me not in {0, folder.st_uid, seen.owner}:
        return _not_yours(seen, root / part, part)
    return None


_EFFECTIVE = os.access in os.supports_effective_ids


def is_elsewhere(fd: int, name: str, home: int) -> bool:
    """Whether a name in an open folder is on another mount, or its folder is on another disk than the home.

    Raises:
        OSError: As the system says.
    """
    seen, stage = look(fd, name), look(home)
    return seen.mounted or _elsewhere(seen, stage) or _elsewhere(look(fd), stage)


def _elsewhere(seen: Seen, home: Seen) -> bool:
    if 0 < seen.mount != home.mount > 0:
        return True
    # Where layers lie over each other (overlayfs), a file names the device of its layer, and only folders that of all.
    # A folder of one mount can still be another disk: a subvolume of btrfs.
    names_its_own = stat.S_ISDIR(seen.mode) or not (seen.mount and home.mount)
    return names_its_own and seen.device != home.device


def _dispensable(path: str) -> str:
    """A path below the home; empty if no change can do without it, because it is ours."""
    ours = path.split("/", maxsplit=1)[0] == PRIVATE or path == LOCKFILE
    return "" if ours else path


def _mounted(home: int, root: Path, part: str) -> Obstacle:
    """The error for something on another mount; it names the place where that is mounted."""
    inside, names = look(home), part.split("/")
    for depth in range(1, len(names)):
        above = "/".join(names[:depth])
        with contextlib.suppress(OSError):  # behind a link, the way is another one
            if _elsewhere(look(home, above), inside):
                part = above
                break
    return Obstacle(
        "it is mounted from elsewhere, so no file can be exchanged there in one step",
        where=part,
        hint=f"unmount it for the change (umount {root / part})",
        path=_dispensable(part),
    )


def _fixed(path: Path, part: str) -> Obstacle:
    return Obstacle(
        "it is marked so that nobody may change it",
        where=part or str(path),
        hint=f"take the mark off (sudo chattr -i -a {path})",
        path=_dispensable(part),
    )


def _not_yours(seen: Seen, path: Path, part: str) -> Obstacle:
    where = part or str(path)
    if seen.owner == os.geteuid():
        return Obstacle(
            "it is read-only, so nothing in it can be changed",
            where=where,
            hint=f"make it writable (chmod u+rwx {path})",
            path=_dispensable(part),
        )
    return Obstacle(
        f"you may not change it: it belongs to {_name_of(seen.owner)}",
        where=where,
        hint=f"make it yours (sudo chown -R {os.geteuid()} {path})",
        path=_dispensable(part),
    )


def _name_of(user: int) -> str:
    """The name of a user; the number if the system has no name for it."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
