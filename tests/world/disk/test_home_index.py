"""The index of facts about homes: read again only what changed, and thrown away without harm."""

from __future__ import annotations

import binascii
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hermes_dist.world.disk import home_index
from hermes_dist.world.disk.home_index import Index, Row

FILES = ("config.yaml", "distribution.lock")


class Reader:
    """Makes rows, and counts how often it had to."""

    def __init__(self, unused: tuple[str, ...] = ()) -> None:
        self.count = 0
        self.unused = unused

    def __call__(self, home: Path) -> tuple[Row, tuple[str, ...]]:
        self.count += 1
        size = sum(path.stat().st_size for path in home.iterdir() if path.is_file())
        return {"size": size, "name": home.name}, self.unused


@pytest.fixture
def homes(tmp_path: Path) -> list[Path]:
    made = [tmp_path / name for name in ("one", "two")]
    for home in made:
        home.mkdir()
        (home / "config.yaml").write_text("model: x\n")
    return made


def look(file: Path, homes: list[Path], files: tuple[str, ...] = FILES) -> tuple[list[Row], int]:
    index, reader = Index(file, files), Reader()
    rows = [index.row(str(home), reader)[0] for home in homes]
    index.save()
    return rows, reader.count


def settle(home: Path) -> None:
    """Let a folder be as if nothing had come or gone for a while."""
    long_ago = time.time_ns() - 3_600_000_000_000
    os.utime(home, ns=(long_ago, long_ago))


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
        '{"files": 1}',
        '{"files": [], "watched": [], "rows": {}}',
        "\x00",
        '{"files":["config.yaml","distribution.lock"],"watched":[],"rows":[1]}',
        '{"files":["config.yaml","distribution.lock"],"watched":[],"rows":{"HOME":[]}}',
        '{"files":["config.yaml","distribution.lock"],"watched":[],"rows":{"HOME":[[],[],true,{}]}}',
        '{"files":["config.yaml","distribution.lock"],"watched":[],"rows":{"HOME":[[],[null,null],true,[]]}}',
        '{"a":' * 100_000,
    ],
)
def test_a_damaged_or_older_index_is_as_good_as_none(
    tmp_path: Path, homes: list[Path], content: str
) -> None:
    file = tmp_path / "index.json"
    body = content.replace("HOME", str(homes[0])).encode()
    file.write_bytes(
        body if not body.startswith(b"{") else b"6 %08x\n" % binascii.crc32(body) + body
    )
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


class Looks:
    """Counts what is asked of the disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.paths: list[str] = []
        monkeypatch.setattr(home_index, "_signature", self._noted)

    def _noted(self, path: str, look: Callable[[str], os.stat_result] = os.lstat) -> list[int]:
        self.paths.append(path)
        # Only the kernel sets a folder's ctime, so what is settled here is its mtime alone.
        found = SIGNATURE(path, look)
        return [found[0], found[0], *found[2:]] if look is os.stat and found else found


SIGNATURE = home_index._signature
WATCHED = ("gateway.pid",)


def watch(file: Path, home: Path, unused: tuple[str, ...] = ()) -> tuple[int, bool]:
    """How often a row was made, and whether all watched names are surely missing."""
    index, reader = Index(file, FILES, WATCHED), Reader(unused)
    _, lacks = index.row(str(home), reader)
    index.save()
    return reader.count, lacks


def test_what_is_missing_is_not_looked_for_while_nothing_came(
    tmp_path: Path, homes: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, home = tmp_path / "index.json", homes[0]
    looks = Looks(monkeypatch)
    settle(home)
    assert watch(file, home) == (1, False)
    looks.paths.clear()
    assert watch(file, home) == (0, True)
    assert looks.paths == [str(home), f"{home}/config.yaml"]


def test_a_file_that_a_row_is_not_made_from_is_not_looked_at(
    tmp_path: Path, homes: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, home = tmp_path / "index.json", homes[0]
    looks = Looks(monkeypatch)
    settle(home)
    watch(file, home, ("config.yaml",))
    looks.paths.clear()
    (home / "config.yaml").write_text("model: other\n")
    assert watch(file, home) == (0, True)
    assert looks.paths == [str(home)]


@pytest.mark.parametrize("name", ["distribution.lock", "gateway.pid", "other"])
def test_whatever_came_into_a_home_is_found(
    tmp_path: Path, homes: list[Path], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    file, home = tmp_path / "index.json", homes[0]
    Looks(monkeypatch)
    settle(home)
    watch(file, home)
    (home / name).write_text("1")
    made, lacks = watch(file, home)
    assert made == (name == "distribution.lock")
    assert not lacks
    settle(home)
    watch(file, home)
    assert watch(file, home) == (0, name != "gateway.pid")


def test_a_folder_that_was_changed_just_now_says_nothing(
    tmp_path: Path, homes: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its times may be as coarse as a second, and the next name come within the same one."""
    file, home = tmp_path / "index.json", homes[0]
    looks = Looks(monkeypatch)
    watch(file, home)
    written = file.read_bytes()
    looks.paths.clear()
    assert watch(file, home) == (0, False)
    assert looks.paths == [str(home), *(f"{home}/{name}" for name in FILES)]
    assert file.read_bytes() == written


def test_a_file_further_down_is_looked_for_each_time(
    tmp_path: Path, homes: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, home, files = tmp_path / "index.json", homes[0], ("sub/record",)
    (home / "sub").mkdir()
    Looks(monkeypatch)
    settle(home)
    assert [look(file, [home], files)[1] for _ in range(2)] == [1, 0]
    (home / "sub/record").write_text("")
    settle(home)
    assert look(file, [home], files)[1] == 1
