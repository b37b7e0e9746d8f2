"""A simulated file system that forgets, in a power cut, what was not brought to the disk.

``Disk`` is a state; ``SimFs`` is the port over one, and records every change. ``cut`` makes the states a power cut
may leave behind: *ordered* (names in order, contents not brought to the disk torn) or *weak* (any name that was
not brought to the disk may be lost, independently of the others).
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import random
from collections.abc import Callable, Iterable
from pathlib import Path

from hermes_dist.model.tree import Digest, Entry
from hermes_dist.world.ports import Kept, Kind, New, Unsupported

Op = tuple  # (verb, folders whose names it changes, *arguments)
_inodes = itertools.count(1000)
_digests: dict[bytes, Digest] = {}


def digest_of(data: bytes) -> Digest:
    if data not in _digests:
        _digests[data] = Digest(hashlib.sha256(data).hexdigest())
    return _digests[data]


def up(path: str) -> str:
    return path.rpartition("/")[0]


class Disk:
    """Names, folders and contents. A folder is known by a number that survives its renaming.

    Args:
        caseless: Whether it does not tell upper from lower case: ``renames`` if a rename to another case counts,
            ``same`` if it changes nothing, as on ext4.
    """

    def __init__(self, *, caseless: str = "") -> None:
        self.files: dict[str, int] = {}
        self.dirs: dict[str, int] = {"": 0}
        self.data: dict[int, bytes] = {}
        self.modes: dict[int, int] = {}
        self.caseless = caseless

    def as_listed(self, path: str) -> str:
        """The path as it is listed, as far as it is there."""
        if not self.caseless or path in self.files or path in self.dirs:
            return path
        found = ""
        for name in path.split("/"):
            want = f"{found}/{name}".lstrip("/")
            if want not in self.files and want not in self.dirs:
                low = want.lower()
                want = next((o for o in (*self.files, *self.dirs) if o.lower() == low), want)
            found = want
        return found

    def _do_caseless(self, op: Op) -> Op:
        """The change as the names are listed; the last name that one gets is as it was asked for."""
        paths = [self.as_listed(path) for path in op[2:4] if isinstance(path, str)]
        if op[0] == "rename":
            source, target, asked = *paths, op[3]
            if source != target or self.caseless == "renames":
                paths[1] = "/".join(
                    filter(None, (self.as_listed(up(asked)), asked.rpartition("/")[2]))
                )
        return (*op[:2], *paths, *op[2 + len(paths) :])

    def copy(self) -> Disk:
        other = Disk(caseless=self.caseless)
        other.files, other.dirs = dict(self.files), dict(self.dirs)
        other.data, other.modes = dict(self.data), self.modes  # modes are only ever added
        return other

    def put(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Place a file as if it had always been there."""
        parts = path.split("/")
        for n in range(1, len(parts)):
            self.dirs.setdefault("/".join(parts[:n]), next(_inodes))
        inode = next(_inodes)
        self.files[path], self.data[inode], self.modes[inode] = inode, data, mode

    def do(self, op: Op) -> None:
        """Take one change; one whose ground is missing, because an earlier one was lost, has no effect."""
        if self.caseless:
            op = self._do_caseless(op)
        verb = op[0]
        if verb == "create":
            self.files[op[2]], self.data[op[3]], self.modes[op[3]] = op[3], op[4], op[5]
        elif verb == "rename":
            source, target = op[2], op[3]
            if source in self.dirs:
                self.dirs = {_moved(d, source, target): n for d, n in self.dirs.items()}
                self.files = {_moved(f, source, target): n for f, n in self.files.items()}
            elif source in self.files:
                self.files[target] = self.files.pop(source)
        elif verb == "swap":
            one, other = op[2], op[3]
            if one in self.files and other in self.files:
                self.files[one], self.files[other] = self.files[other], self.files[one]
        elif verb == "unlink":
            self.files.pop(op[2], None)
        elif verb == "mkdir":
            self.dirs[op[2]] = op[3]
        elif verb == "rmdir":
            self.dirs.pop(op[2], None)

    def settle(self) -> None:
        """What lies in a folder that was lost is lost with it; so is a file where a folder is."""
        for folder in sorted(self.dirs):
            if folder and (up(folder) not in self.dirs or folder in self.files):
                del self.dirs[folder]
        for path in [p for p in self.files if up(p) not in self.dirs]:
            del self.files[path]

    def key(self) -> tuple[frozenset[tuple[str, str]], frozenset[str]]:
        files = frozenset(
            (p, digest_of(self.data[n]) + str(self.modes[n])) for p, n in self.files.items()
        )
        return files, frozenset(self.dirs)

    def visible(self) -> dict[str, tuple[bytes, int]]:
        return {
            p: (self.data[n], self.modes[n])
            for p, n in self.files.items()
            if not p.startswith(".dist/")
        }


def _moved(path: str, source: str, target: str) -> str:
    if path == source or path.startswith(source + "/"):
        return target + path[len(source) :]
    return path


_NAMES = frozenset(["create", "rename", "swap", "unlink", "mkdir", "rmdir"])


def _on_the_disk(log: list[Op]) -> tuple[list[int], set[int], set[int]]:
    """Which changes are of names, which of them are on the disk for sure, and the files whose contents are."""
    names: list[int] = []
    durable: set[int] = set()
    synced: set[int] = set()
    contents: set[int] = set()
    everything = False
    for i in range(len(log) - 1, -1, -1):
        op = log[i]
        verb = op[0]
        if verb in _NAMES:
            names.append(i)
            if everything or op[1] <= synced:
                durable.add(i)
            if everything and verb == "create":
                contents.add(op[3])
        elif verb == "sync":
            synced.add(op[1])
        elif verb == "all":
            everything = True
        elif verb == "fsync":
            contents.add(op[1])
    names.reverse()
    return names, durable, contents


def cut(start: Disk, log: list[Op], rng: random.Random, *, weak: bool) -> Disk:
    """One state that a power cut after these changes may leave."""
    names, durable, contents = _on_the_disk(log)
    if weak:
        share = rng.random()
        kept = [i for i in names if i in durable or rng.random() < share]
    else:
        last = max(durable, default=-1)
        free = [i for i in names if i > last]
        kept = [i for i in names if i <= last] + free[: rng.randint(0, len(free))]
    disk = start.copy()
    for i in kept:
        disk.do(log[i])
        op = log[i]
        if op[0] == "create" and op[3] not in contents:
            torn = (b"", op[4][: len(op[4]) // 2], op[4], bytes(len(op[4])))
            disk.data[op[3]] = rng.choice(torn)
    disk.settle()
    return disk


def after(start: Disk, log: Iterable[Op]) -> Disk:
    """The state that a killed process leaves: every change is there."""
    disk = start.copy()
    for op in log:
        if op[0] in _NAMES:
            disk.do(op)
    return disk


class SimFs:
    """The port over a Disk.

    Args:
        disk: The state, which is changed.
        exchange: Whether this system can exchange names.
        links: Whether it has to link and unlink to rename without replacing.
        modes: Whether it keeps modes; otherwise everything has all bits.
        before: Called with the verb and its paths before each change; may raise.
    """

    def __init__(
        self,
        disk: Disk,
        *,
        exchange: bool = True,
        links: bool = False,
        modes: bool = True,
        before: Callable[[str, str, str], None] | None = None,
    ) -> None:
        self.disk = disk
        self.log: list[Op] = []
        self.root = Path("/home")
        self._can_exchange, self._links, self._modes = exchange, links, modes
        self.before = before

    def _do(self, verb: str, paths: tuple[str, ...], *more: object) -> None:
        folders = frozenset(self._number(up(path)) for path in paths)
        op = (verb, folders, *paths, *more)
        self.disk.do(op)
        self.log.append(op)

    def _asked(self, verb: str, one: str, other: str = "") -> None:
        if self.before is not None:
            self.before(verb, one, other)

    def _number(self, folder: str) -> int:
        folder = self.disk.as_listed(folder)
        if folder not in self.disk.dirs:
            raise _error(errno.ENOTDIR if folder in self.disk.files else errno.ENOENT, folder)
        return self.disk.dirs[folder]

    def elsewhere(self, path: str) -> None:
        """There are no links here."""

    def lead(self, path: str, place: str) -> None:
        """Nothing is elsewhere."""

    def kind(self, path: str) -> Kind:
        path = self.disk.as_listed(path)
        return (
            "file" if path in self.disk.files else "folder" if path in self.disk.dirs else "absent"
        )

    def read(self, path: str) -> bytes | None:
        inode = self.disk.files.get(self.disk.as_listed(path))
        return None if inode is None else self.disk.data[inode]

    def entry(self, path: str) -> Entry | None:
        inode = self.disk.files.get(self.disk.as_listed(path))
        if inode is None:
            return None
        return Entry(digest_of(self.disk.data[inode]), bool((self.mode(path) or 0) & 0o100))

    def mode(self, path: str) -> int | None:
        path = self.disk.as_listed(path)
        if path in self.disk.dirs:
            return 0o755
        inode = self.disk.files.get(path)
        if inode is None:
            return None
        return self.disk.modes[inode] if self._modes else 0o777

    def kept(self, _path: str) -> Kept:
        return Kept(self._modes, self._modes)

    def closed(self, folder: str) -> None:
        """A simulated disk has no obstacles."""

    def pinned(self, path: str) -> None:
        """Nor here."""

    def listdir(self, path: str) -> list[str]:
        self._number(path)
        path = self.disk.as_listed(path)
        below = f"{path}/" if path else ""
        names = [*self.disk.files, *self.disk.dirs]
        return sorted(
            {n[len(below) :].split("/")[0] for n in names if n.startswith(below) and n != ""}
        )

    def write_new(
        self,
        path: str,
        data: bytes,
        mode: int,
        *,
        exact: bool = False,
        sync: bool = True,
        like: str = "",
    ) -> None:
        self._asked("write_new", path)
        if self.kind(path) != "absent":
            raise _error(errno.EEXIST, path)
        inode = next(_inodes)
        self._do("create", (path,), inode, data, mode)
        if sync:
            self._asked("fsync", path)
            self.log.append(("fsync", inode))

    def write_by_another(self, path: str, data: bytes) -> None:
        """Let another program replace a file, all of it on the disk."""
        inode = next(_inodes)
        self.log.append(("fsync", inode))
        self._do("create", (path,), inode, data, self.mode(path))
        self.log.append(("all",))

    def fill(self, news: Iterable[New]) -> None:
        for new in news:
            if new.data is None:
                self.mkdir(new.path, new.mode)
            else:
                self.write_new(new.path, new.data, new.mode, sync=False)

    def set_mode(self, path: str, mode: int) -> None:
        self._asked("set_mode", path)
        self.disk.modes[self.disk.files[self.disk.as_listed(path)]] = mode

    def sync_folder(self, path: str) -> None:
        self._asked("sync_folder", path)
        self.log.append(("sync", self._number(path)))

    def sync_all(self, folder: str = "") -> None:
        self._asked("sync_all", "")
        self.log.append(("all",))

    def rename(self, source: str, target: str) -> None:
        self._asked("rename", source, target)
        if self.kind(source) == "absent":
            raise _error(errno.ENOENT, source)
        self._do("rename", (source, target))

    def exchange(self, one: str, other: str) -> None:
        if not self._can_exchange:
            raise Unsupported
        self._asked("exchange", one, other)
        if "absent" in {self.kind(one), self.kind(other)}:
            raise _error(errno.ENOENT, other)
        self._do("swap", (one, other))

    def noreplace(self, source: str, target: str) -> None:
        self._asked("noreplace", source, target)
        if self.kind(source) == "absent":
            raise _error(errno.ENOENT, source)
        if self.kind(target) != "absent":
            raise _error(errno.EEXIST, target)
        source = self.disk.as_listed(source)
        if not self._links or source in self.disk.dirs:
            self._do("rename", (source, target))
        else:  # link, sync, unlink, as the real one does
            inode = self.disk.files[source]
            self.log.append(("fsync", inode))  # the content was on the disk before
            self._do("create", (target,), inode, self.disk.data[inode], self.disk.modes[inode])
            self.log.append(("sync", self._number(up(target))))
            self._do("unlink", (source,))

    def unlink(self, path: str) -> None:
        self._asked("unlink", path)
        if self.kind(path) != "file":
            raise _error(errno.ENOENT, path)
        self._do("unlink", (path,))

    def mkdir(self, path: str, mode: int, *, exact: bool = False) -> None:
        self._asked("mkdir", path)
        if self.kind(path) != "absent":
            raise _error(errno.EEXIST, path)
        self._do("mkdir", (path,), next(_inodes))

    def rmdir(self, path: str) -> None:
        self._asked("rmdir", path)
        self._number(path)
        if self.listdir(path):
            raise _error(errno.ENOTEMPTY, path)
        self._do("rmdir", (path,))


def _error(code: int, path: str) -> OSError:
    return OSError(code, os.strerror(code), path)
