"""Killed at any change to the disk, every verb leaves the old home or the new one, and the next start completes it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from budget import moments
from story import BOT, FIRST, GO, Story, agent_installs, yes

from hermes_dist.model.side import Side
from hermes_dist.ops.change.request import Choices, Request
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package import resolve as settling
from hermes_dist.ops.package.adopt import adopt
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.uninstall import uninstall
from hermes_dist.world.disk import rename as _rename

SOUL = FIRST["SOUL.md"]
SECOND = {
    "SOUL.md": SOUL.replace("Rule 3 stands", "Rule 3 is new"),
    "hooks/h/handler.py": "print(1)\n",
    "hooks/h/HOOK.yaml": "name: h\n",
    "config.yaml": FIRST["config.yaml"] + "hooks_auto_accept: true\n",
    "skills/bye/SKILL.md": None,
    "skills/new/SKILL.md": "new\n",
}


def _conflicting(story: Story) -> None:
    """Version 2 received over an edit of the same rule, its effects waiting."""
    story.install()
    story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    story.ship(SECOND)
    story.update(Request())
    assert story.lock.conflicts
    assert len(story.lock.parked) == 2


def _adoptable(story: Story) -> None:
    agent_installs(story, FIRST)
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is mine")


Case = tuple[Callable[[Story], None], Callable[[Story], object]]
CASES: dict[str, Case] = {
    "approve": (_conflicting, lambda s: settling.approve(s.ctx, BOT, Request(), yes)),
    "resolve": (_conflicting, lambda s: s.resolve(Side.THEIRS)),
    "resolve --edit": (
        _conflicting,
        lambda s: settling.resolve_asking(
            s.ctx,
            BOT,
            lambda _, each: dict.fromkeys(each, b"edited\n"),
            Request(choices=Choices()),
            yes,
        ),
    ),
    "rollback": (_conflicting, lambda s: s.rollback()),
    "rollback --exact": (_conflicting, lambda s: s.rollback(1, exact=True)),
    "update --abort": (_conflicting, lambda s: s.abort()),
    "adopt": (_adoptable, lambda s: adopt(s.ctx, BOT, GO, yes)),
    "uninstall": (_conflicting, lambda s: uninstall(s.ctx, BOT, GO, yes)),
}
_CHANGING = ("rename", "unlink", "mkdir", "rmdir", "write", "fsync", "fchmod", "utime")


class Killer:
    """Counts what changes the disk in this process, and dies before the chosen one."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.count = 0

    def watch(self) -> None:
        for module, names in ((os, _CHANGING), (_rename, ("exchange", "noreplace"))):
            for name in names:
                setattr(module, name, self._counted(getattr(module, name)))

    def _counted(self, verb: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*words: Any, **more: Any) -> Any:
            self.count += 1
            if self.count == self.at:
                os._exit(137)
            return verb(*words, **more)

        return counted


def _in_child(work: Callable[[], int]) -> int:
    """Run ``work`` in a fork and return what it gives through a pipe; -1 when it was killed."""
    read, write = os.pipe()
    send = os.write
    pid = os.fork()
    if pid == 0:
        try:
            send(write, str(work()).encode())
        finally:
            os._exit(0)
    os.close(write)
    text = b""
    while chunk := os.read(read, 100):
        text += chunk
    os.close(read)
    os.waitpid(pid, 0)
    return int(text) if text else -1


def _seen(story: Story) -> dict[str, tuple[bytes, int]]:
    """Every file outside .dist with its permission bits."""
    files = (
        p
        for p in story.home.rglob("*")
        if p.is_file() and ".dist" not in p.relative_to(story.home).parts
    )
    found = {
        p.relative_to(story.home).as_posix(): (p.read_bytes(), p.stat().st_mode & 0o777)
        for p in files
    }
    found.pop("cron/.jobs.lock", None)
    return found


@pytest.mark.parametrize("name", CASES)
def test_killed_at_any_change_it_is_old_or_new(name: str, tmp_path: Path) -> None:
    prepare, run = CASES[name]
    story = Story(tmp_path)
    prepare(story)
    saved = tmp_path / "saved"
    shutil.copytree(story.root, saved, symlinks=True)

    def back() -> None:
        shutil.rmtree(story.root)
        shutil.copytree(saved, story.root, symlinks=True)

    def watched(at: int) -> int:
        killer = Killer(at)
        killer.watch()
        run(story)
        return killer.count

    old = _seen(story)
    total = _in_child(lambda: watched(0))
    new = _seen(story)
    assert total > 20
    assert old != new
    ends = {"old": 0, "new": 0}
    for at in moments(total):
        back()
        assert _in_child(lambda at=at: watched(at)) == -1, at  # type: ignore[misc]  # bound per turn
        home = open_home(story.ctx, BOT)
        end = _seen(story)
        assert end in (old, new), at
        ends["old" if end == old else "new"] += 1
        assert not (story.home / ".dist" / "txn").exists()
        assert (home.lock is None) == ("distribution.lock" not in end)
    assert ends["old"]
    assert ends["new"]
    back()
    run(story)
    assert _seen(story) == new
    assert status(story.ctx, BOT).profile == BOT
