"""Import and export killed at every change they make: old or new, and nothing left that anybody would meet."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from budget import moments
from story import BOT, GO, Story, contents, yes
from tars import ours

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import DistError
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.transfer.export import Packing, export
from hermes_dist.ops.transfer.import_archive import import_

CHANGES = (
    "open",
    "rename",
    "mkdir",
    "rmdir",
    "unlink",
    "fsync",
    "write",
    "fchmod",
    "link",
    "replace",
)
NEW = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Dies:
    """Counts the changes of a process, and ends it before one of them."""

    def __init__(self, at: int) -> None:
        self.at, self.count = at, 0

    def arm(self) -> None:
        from hermes_dist.world.disk import rename as _rename

        for name in CHANGES:
            setattr(os, name, self._wrapped(getattr(os, name)))
        for name in ("exchange", "noreplace"):
            setattr(_rename, name, self._wrapped(getattr(_rename, name)))

    def _wrapped(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            reading = real.__name__ == "open" and len(args) > 1 and not args[1] & NEW
            if not reading:
                self.count += 1
                if self.count == self.at:
                    os._exit(137)
            return real(*args, **more)

        call.__name__ = getattr(real, "__name__", "call")
        return call


def in_child(job: Callable[[], object], at: int) -> tuple[int, int]:
    """Run a job in a child that dies before its change number ``at``; its exit code, and how many it made."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        real_write = os.write
        dies = Dies(at)
        dies.arm()
        code = 0
        try:
            job()
        except DistError:
            code = 3
        real_write(write, str(dies.count).encode())
        os._exit(code)
    os.close(write)
    _, status = os.waitpid(pid, 0)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    return os.waitstatus_to_exitcode(status), int(text or 0)


def context(root: Path) -> Context:
    return Context(HERMES, Layout(HERMES, root, root.parent), dict(os.environ))


def never() -> str:
    raise AssertionError


def seen(root: Path) -> dict[str, dict[str, bytes]]:
    profiles = root / "profiles"
    return {home.name: contents(home) for home in profiles.iterdir()} if profiles.is_dir() else {}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    story = Story(tmp_path)
    story.install()
    story.edit("SOUL.md", "Rule 3 stands.", "Rule 3 is mine.")
    story.write("memories/MEMORY.md", "m\n")
    path = tmp_path / "x.tar.gz"
    export(story.ctx, BOT, Packing(carried=frozenset({"memories"})), path)
    return path


def test_an_import_killed_at_any_change_leaves_no_profile_or_the_whole_one(
    archive: Path, tmp_path: Path
) -> None:
    root = tmp_path / "there" / ".hermes"
    root.mkdir(parents=True)
    job = lambda: import_(context(root), archive, GO, yes, passphrase=never)  # noqa: E731 - a job
    code, changes = in_child(job, 0)
    new = seen(root)
    assert code == 0
    assert "memories/MEMORY.md" in new["bot"]
    assert changes > 60
    for at in moments(changes):
        shutil.rmtree(root)
        root.mkdir()
        assert in_child(job, at)[0] == 137
        found = seen(root)
        assert found in ({}, new), at
        if not found:
            job()
            assert seen(root) == new, at
        assert not (root / "distributions" / "arriving").exists() or found


def test_a_merge_killed_at_any_change_leaves_the_old_home_or_the_new_one(
    archive: Path, tmp_path: Path
) -> None:
    root = tmp_path / "there" / ".hermes"
    first = tmp_path / "first.tar.gz"
    first.write_bytes(
        ours({"SOUL.md": b"I am here.\n", "skills/a/SKILL.md": b"---\nname: a\n---\n"}, "bot")
    )
    pristine = tmp_path / "pristine"
    pristine.mkdir()
    import_(context(pristine), first, GO, yes, passphrase=never)
    shutil.copytree(pristine, root)
    old = seen(root)
    job = lambda: import_(context(root), archive, GO, yes, passphrase=never)  # noqa: E731 - a job
    code, changes = in_child(job, 0)
    new = seen(root)
    assert code == 0
    assert new != old
    for at in moments(changes, most=20):
        shutil.rmtree(root)
        shutil.copytree(pristine, root)
        assert in_child(job, at)[0] == 137
        open_home(context(root), BOT)
        assert seen(root) in (old, new), at


def test_an_export_killed_at_any_change_leaves_no_archive_or_the_whole_one(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.install()
    out = tmp_path / "out"
    path = out / "x.tar.gz"
    out.mkdir()
    home = contents(story.home)
    job = lambda: export(story.ctx, BOT, Packing(), path)  # noqa: E731 - a job
    assert in_child(job, 0)[0] == 0
    whole = path.read_bytes()
    _, changes = in_child(lambda: export(story.ctx, BOT, Packing(), out / "y.tar.gz"), 0)
    for at in moments(changes):
        shutil.rmtree(out)
        out.mkdir()
        assert in_child(job, at)[0] == 137
        assert not path.exists() or path.read_bytes() == whole, at
        assert contents(story.home) == home
