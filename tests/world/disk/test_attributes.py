"""Access lists and attributes: what replaces a file keeps them, and nobody gets in whom a list keeps out."""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path

import pytest
from realhome import update

from hermes_dist.world.disk.attributes import of_file
from hermes_dist.world.disk.copy import copy_home
from hermes_dist.world.disk.fs import RealFs, atomic_write

pytestmark = pytest.mark.needs("lists")

ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
SOMEBODY = 4321
NONE = 2**32 - 1


def access_list(group: int, somebody: int = 6, mask: int = 6) -> bytes:
    """An access list of acl(5) as the system keeps it: a user of a number beside the owner, the group and a mask."""
    rows = [
        (1, 6, NONE),
        (2, somebody, SOMEBODY),
        (4, group, NONE),
        (16, mask, NONE),
        (32, 0, NONE),
    ]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *row) for row in rows)


LIST = access_list(group=0)
"""The bits of its file are 660, and its group may not read it."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def file(path: Path, **attributes: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"old")
    for name, value in attributes.items():
        os.setxattr(path, name.replace("__", "."), value)
    return path


def bits(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_that_replaces_one_has_its_list_and_attributes(root: Path) -> None:
    old = file(root / "a/SOUL.md", system__posix_acl_access=LIST, user__note=b"mine")
    assert bits(old) == 0o660
    RealFs(root).write_new("new", b"new", 0o660, exact=True, like="a/SOUL.md")
    assert of_file(str(root / "new")) == {ACCESS: LIST, "user.note": b"mine"}
    assert bits(root / "new") == 0o660


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660, 0o604])
def test_a_list_gives_no_more_than_the_bits_allow(root: Path, mode: int) -> None:
    file(root / "SOUL.md", system__posix_acl_access=LIST)
    RealFs(root).write_new("new", b"", mode, exact=True, like="SOUL.md")
    assert bits(root / "new") == mode
    RealFs(root).write_new("loose", b"", mode, like="SOUL.md")
    assert bits(root / "loose") == mode & 0o660


def test_a_list_of_the_folder_of_staging_is_none_of_the_files(root: Path) -> None:
    plain = file(root / "SOUL.md")
    plain.chmod(0o640)
    stage = root / "stage"
    stage.mkdir()
    os.setxattr(stage, DEFAULT, access_list(group=6))
    RealFs(root).write_new("stage/new", b"", 0o640, exact=True, like="SOUL.md")
    assert of_file(str(stage / "new")) == {}
    assert bits(stage / "new") == 0o640


@pytest.mark.parametrize("like", ["skills/a/new.md", "skills/not/there/new.md"])
def test_a_new_file_has_the_list_that_is_the_default_where_it_goes(root: Path, like: str) -> None:
    """As if it had been made there."""
    (root / "skills").mkdir()
    os.setxattr(root / "skills", DEFAULT, LIST)
    (root / "skills/a").mkdir()
    (root / "stage").mkdir()
    os.close(os.open(root / "skills/made", os.O_CREAT | os.O_WRONLY, 0o644))
    RealFs(root).write_new("stage/new", b"", 0o644, like=like)
    made, new = root / "skills/made", root / "stage/new"
    assert (of_file(str(new)), bits(new)) == (of_file(str(made)), bits(made))
    assert bits(new) == 0o640


def test_a_new_file_at_the_top_has_the_list_of_the_home(root: Path) -> None:
    (root / "stage").mkdir()
    os.setxattr(root, DEFAULT, LIST)
    RealFs(root).write_new("stage/new", b"", 0o644, like="new.md")
    assert of_file(str(root / "stage/new"))[ACCESS] == access_list(group=0, mask=4)


def test_a_file_is_rewritten_with_what_it_had(root: Path) -> None:
    old = file(root / ".env", system__posix_acl_access=LIST, user__note=b"mine")
    atomic_write(old, b"A=1\n")
    assert old.read_bytes() == b"A=1\n"
    assert of_file(str(old)) == {ACCESS: LIST, "user.note": b"mine"}


@pytest.mark.needs("root")
def test_what_the_system_says_of_the_content_stays_with_the_old_one(root: Path) -> None:
    """A program that may do more than its user does not hand that on to what an author ships."""
    may_all = struct.pack("<IIIII", 0x02000001, 0xFFFFFFFF, 0, 0xFFFFFFFF, 0)
    file(root / "run", security__capability=may_all, trusted__note=b"x")
    RealFs(root).write_new("new", b"", 0o755, exact=True, like="run")
    assert os.listxattr(root / "new") == []


def test_an_update_keeps_the_list_of_the_file_that_it_replaces(root: Path) -> None:
    old = file(root / "config.yaml", system__posix_acl_access=LIST)
    (root / "skills").mkdir()
    os.setxattr(root / "skills", DEFAULT, LIST)
    update(RealFs(root), root, {"config.yaml": b"theirs", "skills/a/SKILL.md": b"brand new"})
    assert old.read_bytes() == b"theirs"
    assert (of_file(str(old)), bits(old)) == ({ACCESS: LIST}, 0o660)
    new = root / "skills/a/SKILL.md"
    assert (of_file(str(new)), bits(new)) == ({ACCESS: access_list(group=0, mask=4)}, 0o640)


def test_a_clone_has_the_lists_of_the_original(root: Path, tmp_path: Path) -> None:
    file(root / "memories/MEMORY.md", system__posix_acl_access=LIST, user__note=b"mine")
    os.setxattr(root / "memories", DEFAULT, LIST)
    file(root / ".env", system__posix_acl_access=LIST)
    clone = tmp_path / "clone"
    clone.mkdir()
    os.setxattr(clone, DEFAULT, access_list(group=6))
    copy_home(root, clone, keep=lambda _: True, edit=lambda _: None)
    copied = clone / "memories/MEMORY.md"
    assert (of_file(str(copied)), bits(copied)) == ({ACCESS: LIST, "user.note": b"mine"}, 0o660)
    assert os.getxattr(clone / "memories", DEFAULT) == LIST
    assert bits(clone / ".env") == 0o600
