"""Moving whole homes: folders of our own, and how a home is recognized."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from hermes_dist.errors import DistError
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.transaction.apply import Changed
from hermes_dist.world.transaction.move_home import erase, inode, make_folder, move_home


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


def as_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse what a user may not do in a folder or with a file that is read-only, as root's tests would not see it."""

    def guarded(name: str, bits: int, *, of_parent: bool) -> None:
        real = getattr(os, name)

        def call(path: str | Path, *args: Any, dir_fd: int | None = None, **more: Any) -> Any:
            if of_parent:
                mode = os.stat(Path(path).parent if dir_fd is None else dir_fd).st_mode
            else:
                mode = os.stat(path, dir_fd=dir_fd, follow_symlinks=False).st_mode
            if not mode & bits:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return real(path, *args, dir_fd=dir_fd, **more)

        monkeypatch.setattr(os, name, call)

    guarded("unlink", stat.S_IWUSR, of_parent=True)
    guarded("rmdir", stat.S_IWUSR, of_parent=True)
    guarded("open", stat.S_IRUSR, of_parent=False)


def test_a_home_is_erased_with_its_read_only_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    (home / "a/b").mkdir(parents=True)
    (home / "a/b/file").write_text("x")
    (home / "dark/deep").mkdir(parents=True)
    (home / "dark/deep/file").write_text("x")
    outside.mkdir()
    (outside / "kept").write_text("x")
    (home / "a/link").symlink_to(outside)
    for path, mode in (("a/b", 0o500), ("a", 0o500), ("dark/deep", 0o000), ("dark", 0o300)):
        (home / path).chmod(mode)
    before, around = outside.stat().st_mode, tmp_path.stat().st_mode
    as_a_user(monkeypatch)
    erase(home)
    assert sorted(os.listdir(tmp_path)) == ["outside"]
    assert (outside / "kept").read_text() == "x"
    assert (outside.stat().st_mode, tmp_path.stat().st_mode) == (before, around)


def test_a_part_that_can_not_be_erased_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home/a").mkdir(parents=True)
    (tmp_path / "home/a/busy").write_text("x")
    real = os.unlink

    def busy(path: str | Path, **more: Any) -> None:
        if str(path).endswith("busy"):
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(tmp_path / "home/a/busy"))
        real(path, **more)

    monkeypatch.setattr(os, "unlink", busy)
    with pytest.raises(DistError) as caught:
        erase(tmp_path / "home")
    assert caught.value.where == str(tmp_path / "home/a/busy")
    assert "remove the rest by hand" in caught.value.hint


def test_a_folder_that_stays_closed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home/a/b").mkdir(parents=True)
    (tmp_path / "home/a").chmod(0o000)
    as_a_user(monkeypatch)
    monkeypatch.setattr("hermes_dist.world.transaction.move_home.give_mode", lambda *_: None)
    with pytest.raises(DistError) as caught:
        erase(tmp_path / "home")
    assert caught.value.where == str(tmp_path / "home/a")


def test_to_erase_a_link_removes_the_link_and_to_erase_nothing_does_nothing(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    erase(tmp_path / "link")
    erase(tmp_path / "nothing")
    assert os.listdir(tmp_path) == ["kept"]


def test_a_home_moves_to_a_free_place_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one/x").write_text("x")
    (tmp_path / "taken").mkdir()
    fs = RealFs(tmp_path)
    with pytest.raises(Changed) as caught:
        move_home(fs, "one", "taken")
    assert caught.value.where == str(tmp_path / "taken")
    with pytest.raises(Changed) as caught:
        move_home(fs, "gone", "two")
    assert caught.value.where == str(tmp_path / "gone")
    move_home(fs, "one", "two")
    assert sorted(os.listdir(tmp_path)) == ["taken", "two"]
    assert (tmp_path / "two/x").read_text() == "x"


def test_a_move_that_the_disk_refuses_is_an_error_and_what_appears_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one").mkdir()
    for number, kind in ((errno.EEXIST, Changed), (errno.ENOSPC, DistError)):

        def fails(*_: object, number: int = number) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(RealFs, "noreplace", fails)
        with pytest.raises(kind):
            move_home(RealFs(tmp_path), "one", "two")
        assert os.listdir(tmp_path) == ["one"]
