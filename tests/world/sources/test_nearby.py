"""What is said of a path that is not there, or is something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_dist.errors import Invalid
from hermes_dist.world.sources.nearby import no_file, no_folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents/scout").mkdir()
    (tmp_path / "notes.txt").write_text("Notes.\n")
    (tmp_path / "old").symlink_to(tmp_path / "gone")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "what", "hint"),
    [
        ("notes.txt", "this is a file, not a folder", "name a folder"),
        ("old", "this is a link that leads nowhere", "name the folder itself"),
        ("agents/scuot", "there is no such folder", "did you mean {place}/agents/scout?"),
        ("notes.txt/x", "there is no such folder", "{place}/notes.txt is a file, not a folder"),
    ],
)
def test_a_path_that_is_no_folder(place: Path, path: str, what: str, hint: str) -> None:
    error = no_folder(place / path, Invalid)
    assert isinstance(error, Invalid)
    assert (error.what, error.hint) == (what, hint.replace("{place}", str(place)))
    assert error.where == str(place / path)


@pytest.mark.parametrize(
    ("path", "what", "hint"),
    [
        ("agents", "this is a folder, not a file", "name a file in it"),
        ("old", "this is a link that leads nowhere", "name the file itself"),
        ("notes.tyt", "there is no such file", "did you mean {place}/notes.txt?"),
        ("/dev/null", "this is not a regular file", "name another one"),
    ],
)
def test_a_path_that_is_no_file(place: Path, path: str, what: str, hint: str) -> None:
    error = no_file(place / path)
    assert (error.what, error.hint) == (what, hint.replace("{place}", str(place)))


def test_a_name_that_is_too_long_is_told_as_the_system_says_it(place: Path) -> None:
    assert "can't be looked at" in no_file(place / ("x" * 300)).what
