"""What is on another disk or mount than a home, by what the system tells of it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from hermes_dist.world.disk import obstacles
from hermes_dist.world.disk.obstacles import Seen, is_elsewhere

HOME, FOLDER, NAME = 3, 4, "SOUL.md"


def file(device: int, mount: int, *, mounted: bool = False) -> Seen:
    return Seen(stat.S_IFREG | 0o644, 0, device, mount, mounted)


def folder(device: int, mount: int) -> Seen:
    return Seen(stat.S_IFDIR | 0o755, 0, device, mount)


@pytest.mark.parametrize(
    ("seen", "around", "home", "elsewhere"),
    [
        (file(1, 7), folder(1, 7), folder(1, 7), False),
        (file(1, 0), folder(1, 0), folder(1, 0), False),
        (file(9, 7), folder(1, 7), folder(1, 7), False),
        (folder(9, 7), folder(1, 7), folder(1, 7), True),
        (file(9, 7), folder(9, 7), folder(1, 7), True),
        (file(1, 8), folder(1, 7), folder(1, 7), True),
        (file(1, 8), folder(1, 8), folder(1, 7), True),
        (file(1, 7, mounted=True), folder(1, 7), folder(1, 7), True),
        (file(9, 0), folder(1, 0), folder(1, 0), True),
        (file(9, 7), folder(1, 0), folder(1, 0), True),
        (file(9, 0), folder(1, 7), folder(1, 7), True),
        (file(1, 0), folder(1, 7), folder(1, 7), False),
    ],
    ids=[
        "beside it",
        "beside it, mounts unknown",
        "a layer that lies below",
        "a subvolume",
        "in a subvolume",
        "a mount",
        "in a mount",
        "a mount of the same disk",
        "another disk, mounts unknown",
        "another disk, the home's mount unknown",
        "another disk, its own mount unknown",
        "the same disk, its own mount unknown",
    ],
)
def test_a_name_is_elsewhere_if_a_file_cannot_be_renamed_to_it(
    monkeypatch: pytest.MonkeyPatch, seen: Seen, around: Seen, home: Seen, *, elsewhere: bool
) -> None:
    known = {(FOLDER, NAME): seen, (FOLDER, ""): around, (HOME, ""): home}
    monkeypatch.setattr(obstacles, "look", lambda fd, name="": known[fd, name])
    assert is_elsewhere(FOLDER, NAME, HOME) is elsewhere


@pytest.mark.parametrize(
    ("mode", "me", "closed"),
    [
        (0o1777, "another", True),
        (0o1777, "owner", False),
        (0o1777, "root", False),
        (0o777, "another", False),
    ],
)
def test_in_a_folder_for_all_a_file_can_be_exchanged_by_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, me: str, *, closed: bool
) -> None:
    (tmp_path / NAME).write_text("theirs")
    tmp_path.chmod(mode)
    owner = os.geteuid()
    who = {"another": owner + 1, "owner": owner, "root": 0}[me]
    monkeypatch.setattr(os, "geteuid", lambda: who)
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        found = obstacles.pinned(fd, NAME, fd, tmp_path, NAME)
    finally:
        os.close(fd)
    assert (found is not None) is closed
