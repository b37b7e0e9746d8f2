"""A home that is copied to another file system and then removed here, killed at every step."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hermes_dist.errors import DistError
from hermes_dist.world.disk import fs as disk
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.transaction.move_home import bring_over

STAGES = ("here/staging", "there/staging")
FILES = {"a.txt": "a", "deep/b.txt": "b", "deep/er/c.txt": "c"}
STEPS = {"os.remove", "os.rmdir", "os.mkdir", "subprocess.Popen"}


def _made(root: Path) -> Path:
    for path, text in FILES.items():
        file = root / "here/trash/ada" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return _made(tmp_path)


def _run(root: Path, path: str = os.defpath) -> None:
    with RealFs(root, home=True) as fs:
        env = {"PATH": path}
        bring_over(fs, "here/trash/ada", "there/trash/ada", stages=STAGES, env=env)


def _homes(root: Path) -> Iterator[dict[str, str]]:
    for place in ("here", "there"):
        home = root / place / "trash/ada"
        if home.exists():
            yield {
                str(path.relative_to(home)): path.read_text()
                for path in home.rglob("*")
                if path.is_file()
            }


def _killed_at(root: Path, step: int) -> bool:
    """Run it in a child that dies before a step; False if it has ended before."""
    child = os.fork()
    if not child:
        left = step

        def count(*_words: object) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                os._exit(9)

        def heard(event: str, _args: tuple[Any, ...]) -> None:
            if event in STEPS:
                count()

        sys.addaudithook(heard)
        disk.note = count
        _run(root)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_killed_at_any_step_a_whole_home_is_in_one_place_or_both(tmp_path: Path) -> None:
    for step in itertools.count():
        root = _made(tmp_path / str(step))
        killed = _killed_at(root, step)
        found = list(_homes(root))
        assert found, step
        assert all(home == FILES for home in found), step
        if not killed:
            break
    assert step > 15
    assert not (root / "here/trash/ada").exists()
    assert [*(root / "here/staging").iterdir(), *(root / "there/staging").iterdir()] == []


def test_a_copy_that_fails_leaves_the_original(root: Path) -> None:
    (root / "bin").mkdir()
    (root / "bin/cp").write_text("#!/bin/sh\necho 'no space left' >&2\nexit 1\n")
    (root / "bin/cp").chmod(0o755)
    with pytest.raises(DistError, match="can't copy the home: no space left"):
        _run(root, str(root / "bin"))
    assert list(_homes(root)) == [FILES]
    assert list((root / "there/staging").iterdir()) == []


def test_a_link_stays_a_link(root: Path) -> None:
    (root / "here/trash/ada").rename(root / "real")
    (root / "here/trash/ada").symlink_to(root / "real")
    _run(root)
    assert (root / "there/trash/ada").readlink() == root / "real"
    assert not (root / "here/trash/ada").is_symlink()
    assert (root / "real/a.txt").read_text() == "a"
