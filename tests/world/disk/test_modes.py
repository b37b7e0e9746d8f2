"""Whether a disk keeps permission bits is tried, and nothing is left of the trial."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from flatdisk import flatten

from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.disk.private import give_mode
from hermes_dist.world.ports import Kept


@pytest.fixture(params=["without a name", "by name"])
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, on a disk that has files without a name or not."""
    if request.param == "by name":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    (tmp_path / "home/.dist").mkdir(parents=True)
    return tmp_path / "home"


def kept(root: Path) -> Kept:
    with RealFs(root, home=True) as fs:
        found = fs.kept("SOUL.md")
    assert sorted(root.rglob("*")) == [root / ".dist"], "nothing is left"
    return found


def test_an_ordinary_disk_keeps_what_a_file_is_given(root: Path) -> None:
    assert kept(root) == Kept(executable=True, private=True)


@pytest.mark.parametrize("refuses", [False, True])
@pytest.mark.parametrize(
    ("bits", "private"),
    [(0o777, False), (0o755, False), (0o644, False), (0o700, True), (0o600, True)],
)
def test_one_where_all_files_are_alike_keeps_nothing(
    bits: int, private: bool, refuses: bool, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flatten(monkeypatch, bits, refuses=refuses)
    assert kept(root) == Kept(executable=False, private=private)


@pytest.mark.parametrize(
    ("code", "flat", "keeps"),
    [
        (errno.EROFS, True, False),
        (errno.ENOSPC, True, False),
        (errno.EROFS, False, True),
        (errno.EACCES, True, True),
    ],
)
def test_where_nothing_can_be_tried_our_own_folder_tells(
    code: int, flat: bool, keeps: bool, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / ".dist").chmod(0o700)
    if flat:
        flatten(monkeypatch)
    real = os.open

    def closed(path: Any, flags: int, *args: Any, **more: Any) -> int:
        if flags & os.O_RDWR:
            raise OSError(code, os.strerror(code), path)
        return real(path, flags, *args, **more)

    monkeypatch.setattr(os, "open", closed)
    assert kept(root) == Kept(keeps, keeps)


def test_each_disk_is_tried_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    monkeypatch.setattr(
        "hermes_dist.world.disk.modes.kept_in", lambda folder: tried.append(folder) or Kept(False)
    )
    with RealFs(root, home=True) as fs:
        assert [fs.kept(path).executable for path in ("SOUL.md", "skills/a/SKILL.md")] == [
            False
        ] * 2
    assert len(tried) == 1


def test_a_folder_without_one_of_ours_is_tried_itself(tmp_path: Path) -> None:
    assert kept_bare(tmp_path) == Kept()
    assert list(tmp_path.iterdir()) == []


def kept_bare(folder: Path) -> Kept:
    with RealFs(folder) as fs:
        return fs.kept("x")


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_disk_that_refuses_a_mode_is_no_error_for_what_is_new(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "chmod", failing(code))
    give_mode(tmp_path, 0o700)


def test_any_other_error_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "chmod", failing(errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        give_mode(tmp_path, 0o700)


def failing(code: int) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


def test_a_file_is_made_private_or_that_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(os, "fchmod", failing(errno.EPERM))
    monkeypatch.setattr("hermes_dist.world.disk.modes.kept_in", lambda _folder: Kept())
    with RealFs(tmp_path) as fs, pytest.raises(PermissionError):
        fs.set_mode("file", 0o600)


def test_where_no_file_can_be_private_a_mode_that_is_refused_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    flatten(monkeypatch, refuses=True)
    with RealFs(tmp_path) as fs:
        fs.set_mode("file", 0o600)
