"""The index of facts about homes: read again only what changed, and thrown away without harm."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hermes_dist.world.disk.home_index import Index, Row

FILES = ("config.yaml", "distribution.lock")


class Reader:
    """Makes rows, and counts how often it had to."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, home: Path) -> Row:
        self.count += 1
        return {"size": sum(path.stat().st_size for path in home.iterdir()), "name": home.name}


@pytest.fixture
def homes(tmp_path: Path) -> list[Path]:
    made = [tmp_path / name for name in ("one", "two")]
    for home in made:
        home.mkdir()
        (home / "config.yaml").write_text("model: x\n")
    return made


def look(file: Path, homes: list[Path], files: tuple[str, ...] = FILES) -> tuple[list[Row], int]:
    index, reader = Index(file, files), Reader()
    rows = [index.row(home, reader) for home in homes]
    index.save()
    return rows, reader.count


def test_what_did_not_change_is_not_read_again(tmp_path: Path, homes: list[Path]) -> None:
    file = tmp_path / "shared" / "index.json"
    first, made = look(file, homes)
    assert made == 2
    written = file.stat().st_mtime_ns
    assert look(file, homes) == (first, 0)
    assert file.stat().st_mtime_ns == written, "it was written though nothing was new"


@pytest.mark.parametrize("change", ["size", "time", "gone", "new", "replaced"])
def test_whatever_happened_to_a_file_its_row_is_made_anew(
    tmp_path: Path, homes: list[Path], change: str
) -> None:
    file, config = tmp_path / "index.json", homes[0] / "config.yaml"
    look(file, homes)
    if change == "size":
        config.write_text("model: longer\n")
    elif change == "time":
        os.utime(config, ns=(1, 1))
    elif change == "gone":
        config.unlink()
    elif change == "new":
        (homes[0] / "distribution.lock").write_text("")
    else:
        before = config.stat()
        config.unlink()
        config.write_text("model: y\n")
        os.utime(config, ns=(before.st_atime_ns, before.st_mtime_ns))
    _, made = look(file, homes)
    assert made == 1


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"format": 1}',
        '{"format": 4, "files": [], "rows": {}}',
        "\x00",
        '{"format":4,"files":["config.yaml","distribution.lock"],"rows":[1]}',
    ],
)
def test_a_damaged_or_older_index_is_as_good_as_none(
    tmp_path: Path, homes: list[Path], content: str
) -> None:
    file = tmp_path / "index.json"
    file.write_text(content)
    rows, made = look(file, homes)
    assert (len(rows), made) == (2, 2)
    assert look(file, homes)[1] == 0


def test_rows_made_of_other_files_do_not_count(tmp_path: Path, homes: list[Path]) -> None:
    file = tmp_path / "index.json"
    look(file, homes)
    assert look(file, homes, ("config.yaml",))[1] == 2


def test_a_home_that_went_leaves_the_index(tmp_path: Path, homes: list[Path]) -> None:
    file = tmp_path / "index.json"
    look(file, homes)
    look(file, homes[:1])
    assert str(homes[1]) not in file.read_text()


def test_an_index_that_can_not_be_written_is_done_without(
    tmp_path: Path, homes: list[Path]
) -> None:
    (tmp_path / "file").write_text("no folder")
    rows, made = look(tmp_path / "file" / "index.json", homes)
    assert (len(rows), made) == (2, 2)
