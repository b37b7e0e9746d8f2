"""Homes on the real disk for tests of the transaction: made, looked at, updated."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from crashes import HOME, MACHINE, UPDATE

from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Step
from hermes_dist.model.tree import Digest, Entry
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.ports import New
from hermes_dist.world.transaction.apply import Applied, apply
from hermes_dist.world.transaction.new_home import build_new

Seen = dict[str, tuple[bytes, int]]
STORE: dict[Digest, bytes] = {}


def make(root: Path, *files: Mapping[str, bytes]) -> Path:
    """A home with these files, in place of whatever was there."""
    shutil.rmtree(root, ignore_errors=True)
    for part in files or (HOME, MACHINE):
        for path, data in part.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            target.chmod(0o600 if path in {"config.yaml", ".env"} else 0o644)
    return root


def seen(root: Path) -> Seen:
    """Every file outside ``.dist``, with content and permission bits."""
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            relative = path.relative_to(root).as_posix()
            if not relative.startswith(".dist/"):
                found[relative] = (path.read_bytes(), path.stat().st_mode & 0o777)
    return found


def everything(root: Path) -> dict[str, tuple[int, ...]]:
    """What must not change when nothing is written: inode, mode, size and times of every file and folder."""
    stats = {p.relative_to(root).as_posix(): p.lstat() for p in [root, *root.rglob("*")]}
    return {
        p: (s.st_ino, s.st_mode, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for p, s in stats.items()
    }


def entry(data: bytes | None, *, executable: bool = False) -> Entry | None:
    if data is None:
        return None
    digest = Digest.of(data)
    STORE[digest] = data
    return Entry(digest, executable)


def read(digest: Digest) -> bytes:
    return STORE[digest]


def steps(root: Path, changes: Mapping[str, bytes | None]) -> list[Step]:
    """From what stands there now to the changed files."""
    with RealFs(root, home=True) as fs:
        return [
            Step(RelPath(path), fs.entry(path) if fs.kind(path) != "folder" else None, entry(data))
            for path, data in changes.items()
        ]


def update(
    fs: Any,
    root: Path,
    changes: Mapping[str, bytes | None] = UPDATE,
    lock: bytes | None = b"lock 2\n",
    **more: Any,
) -> Applied:
    return apply(fs, steps(root, changes), read, lock, {"verb": "update"}, **more)


def build(fs: Any, files: Iterable[tuple[str, bytes]] = tuple(HOME.items())) -> Applied:
    """A new home ``profiles/new`` below the root of ``fs``."""
    plan = [Step(RelPath(p), None, entry(d)) for p, d in files if p != "distribution.lock"]
    extra = {".env": (b"K=1\n", 0o600)}
    return build_new(
        fs,
        "profiles/new",
        plan,
        read,
        b"lock 1\n",
        label={"verb": "install"},
        folders=["memories"],
        extra=extra,
    )


CHANGING = (
    "write_new",
    "fill",
    "set_mode",
    "sync_folder",
    "sync_all",
    "rename",
    "exchange",
    "noreplace",
    "unlink",
    "mkdir",
    "rmdir",
)


class Hooked(RealFs):
    """The real port, with a hook before each change: called with its number, verb and paths; it may raise or die."""

    def __init__(self, root: Path, hook: Any) -> None:
        super().__init__(root)
        self.calls = 0
        self.hook = hook

    def __getattribute__(self, name: str) -> Any:
        verb = super().__getattribute__(name)
        if name not in CHANGING:
            return verb

        def hooked(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            self.hook(self.calls, name, *args)
            return verb(*args, **kwargs)

        def filled(news: Iterable[New]) -> None:
            verb(self._each(news))

        return filled if name == "fill" else hooked

    def _each(self, news: Iterable[New]) -> Iterator[New]:
        """Each file and folder that is made together with others is a change of its own."""
        for new in news:
            self.calls += 1
            self.hook(self.calls, "fill", new.path)
            yield new


def nothing(*_: object) -> None:
    """A hook that does nothing."""


def in_child(work: Any) -> int:
    """Run ``work`` in a forked child and return its exit code; 0 when it came to its end."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
