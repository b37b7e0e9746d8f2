"""A file of secrets on the disk: private, whole, and nobody else's write is lost."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from hermes_dist.errors import Busy, DistError
from hermes_dist.world.disk.envfile import edit_private
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.ports import Odd, Unsupported


def bits(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_private_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert edit_private(path, lambda data: data + b"A=1\n")
    assert path.read_bytes() == b"A=1\n"
    assert bits(path) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == [".env"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o400])
def test_permissions_are_kept_and_never_widened(tmp_path: Path, mode: int) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"A=1\n")
    path.chmod(mode)
    assert edit_private(path, lambda data: data + b"B=2\n")
    assert (path.read_bytes(), bits(path)) == (b"A=1\nB=2\n", mode)


def test_the_same_content_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"A=1\n")
    before = path.stat()
    assert not edit_private(path, lambda data: data)
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert not edit_private(tmp_path / "none", lambda data: data)
    assert not (tmp_path / "none").exists()


def test_a_symlink_is_the_users_and_nothing_goes_through_it(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_bytes(b"A=1\n")
    (tmp_path / ".env").symlink_to(target)
    with pytest.raises(Odd):
        edit_private(tmp_path / ".env", lambda data: data + b"B=2\n")
    assert target.read_bytes() == b"A=1\n"
    assert (tmp_path / ".env").is_symlink()


def test_a_write_in_between_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"A=1\n")
    seen: list[bytes] = []

    def edit(data: bytes) -> bytes:
        seen.append(data)
        if len(seen) == 1:
            path.write_bytes(data + b"C=agent\n")
        return data + b"B=2\n"

    assert edit_private(path, edit)
    assert path.read_bytes() == b"A=1\nC=agent\nB=2\n"
    assert len(seen) == 2


def test_a_file_that_appears_in_between_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / ".env"

    def edit(data: bytes) -> bytes:
        if not path.exists():
            path.write_bytes(b"C=agent\n")
        return data + b"B=2\n"

    assert edit_private(path, edit)
    assert path.read_bytes() == b"C=agent\nB=2\n"


def test_a_file_that_never_rests_is_busy_and_left_to_its_writer(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"")

    def edit(data: bytes) -> bytes:
        path.write_bytes(data + b"x")
        return data + b"B=2\n"

    with pytest.raises(Busy):
        edit_private(path, edit)
    assert path.read_bytes() == b"x" * 8
    assert [p.name for p in tmp_path.iterdir()] == [".env"]


def test_it_works_where_the_file_system_knows_no_exchange(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_exchange(_self: RealFs, _one: str, _other: str) -> None:
        raise Unsupported

    monkeypatch.setattr(RealFs, "exchange", no_exchange)
    path = tmp_path / ".env"
    path.write_bytes(b"A=1\n")
    assert edit_private(path, lambda data: data + b"B=2\n")
    assert path.read_bytes() == b"A=1\nB=2\n"
    assert [p.name for p in tmp_path.iterdir()] == [".env"]


def test_where_the_folder_is_gone_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(DistError, match="can't"):
        edit_private(tmp_path / "none" / ".env", lambda data: data + b"B=2\n")


def test_what_a_killed_write_left_goes_with_the_next_one_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    old, young, other = (tmp_path / f".env.{n * 12}.tmp" for n in ("a", "b", "x"))
    for each in (old, young, other):
        each.write_text("KEY=secret")
    for each in (old, other):
        os.utime(each, (1, 1))
    assert edit_private(file, lambda _: b"A=1\n")
    assert not old.exists()
    assert young.exists()
    assert other.exists()
