"""Moving whole homes: folders of our own, and how a home is recognized."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from hermes_dist.errors import DistError
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.transaction.move_home import inode, make_folder


def test_a_folder_is_made_with_its_parents_and_its_own_mode(tmp_path: Path) -> None:
    fs = RealFs(tmp_path)
    make_folder(fs, "a/b/c", 0o700)
    assert (tmp_path / "a/b/c").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a/b").stat().st_mode & 0o777 == 0o755
    make_folder(fs, "a/b", 0o700)
    assert (tmp_path / "a/b").stat().st_mode & 0o777 == 0o755, "one that is there stays as it is"


def test_a_folder_that_can_not_be_made_is_an_error_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(RealFs, "mkdir", full)
    with pytest.raises(DistError) as caught:
        make_folder(RealFs(tmp_path), "a/b")
    assert caught.value.where == "a/b"


def test_a_folder_that_is_missing_has_no_inode(tmp_path: Path) -> None:
    assert inode(tmp_path / "nothing") == 0
    assert inode(tmp_path) == tmp_path.stat().st_ino
