"""Scanning a home: what is wanted is read, and what can't be looked through is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.world.disk.scan import Scan, scan

NOT_FOLLOWED = Why.LINK_OR_LIKE
NEITHER = Why.NO_FILE_OR_FOLDER


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home" / "skills" / "one").mkdir(parents=True)
    (tmp_path / "home" / "skills" / "one" / "SKILL.md").write_text("one")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "SKILL.md").write_text("two")
    return tmp_path / "home"


def look(home: Path) -> Scan:
    """Skills are wanted, and nothing else."""
    return scan(
        home,
        lambda path: path.name == "SKILL.md",
        lambda path: path.parts[0] == "skills",
    )


def test_what_is_wanted_is_found(home: Path) -> None:
    assert list(look(home).tree) == ["skills/one/SKILL.md"]
    assert look(home).odd == ()


@pytest.mark.parametrize(
    ("target", "why"), [("elsewhere", Why.LINK_UNSAID), ("nowhere", Why.LINK_GONE)]
)
def test_a_symlink_in_place_of_a_folder_is_told_and_not_followed(
    home: Path, target: str, why: Why
) -> None:
    place = home.parent / target
    (home / "skills" / "two").symlink_to(place)
    found = look(home)
    assert list(found.tree) == ["skills/one/SKILL.md"]
    assert found.odd == (LeftOut("skills/two", why, detail=str(place)),)


def test_a_symlink_where_nothing_is_wanted_is_nobodys_business(home: Path) -> None:
    (home / "other").symlink_to(home.parent / "elsewhere")
    assert look(home).odd == ()


def test_something_else_in_place_of_a_folder_or_a_file_is_told(home: Path) -> None:
    os.mkfifo(home / "skills" / "pipe")
    os.mkfifo(home / "skills" / "SKILL.md")
    (home / "skills" / "link").mkdir()
    target = home.parent / "elsewhere" / "SKILL.md"
    (home / "skills" / "link" / "SKILL.md").symlink_to(target)
    assert look(home).odd == (
        LeftOut("skills/SKILL.md", NEITHER),
        LeftOut("skills/link/SKILL.md", Why.LINK_UNSAID, detail=str(target)),
        LeftOut("skills/pipe", NOT_FOLLOWED),
    )
