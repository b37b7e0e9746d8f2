"""Copies of homes: what a link leads to is copied only for the one whose home it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hermes_dist.world.disk.copy import copy_home

USER = 4321


@pytest.mark.needs("root")
def test_root_copies_nothing_of_its_own_into_the_clone_of_a_user(tmp_path: Path) -> None:
    """A link that root once made in a home can be moved by its user to where it leads to a file of root."""
    home, clone, mine = (tmp_path / name for name in ("home", "clone", "mine"))
    for folder in (home, clone):
        folder.mkdir()
    (tmp_path / "secret").write_text("of root")
    mine.write_text("of the user")
    (home / "SOUL.md").symlink_to(tmp_path / "secret")
    (home / "notes.md").symlink_to(mine)
    for path in (home, home / "notes.md", mine):
        os.chown(path, USER, USER, follow_symlinks=False)
    done = copy_home(home, clone, keep=lambda _: True, edit=lambda _: None)
    assert (done.odd, done.links) == (["SOUL.md"], ["notes.md"])
    assert sorted(os.listdir(clone)) == ["notes.md"]
