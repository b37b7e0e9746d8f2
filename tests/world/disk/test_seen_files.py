"""The record of what the files of a large home were: used only while it can be believed, and no condition for anything."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from hermes_dist.brand import PRIVATE
from hermes_dist.model.manifest import EnvVar
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk import seen_files
from hermes_dist.world.disk.scan import Known, Scan, scan
from hermes_dist.world.disk.seen_files import asked_before, remember, remember_asked, seen_before


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a few files, which count as many, and as changed long ago."""
    monkeypatch.setattr(seen_files, "MANY", 3)
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 10_000_000_000)
    (tmp_path / PRIVATE).mkdir()
    for number in range(100):
        (tmp_path / f"{number}.md").write_text(f"Note {number}.\n")
    return tmp_path


def look(home: Path) -> tuple[Known, Scan]:
    known = seen_before(home)
    seen = scan(home, lambda _: True, lambda path: path != PRIVATE, known)
    remember(home, known, seen.known)
    return known, seen


def opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that a look reads."""
    names: list[str] = []
    real = os.open

    def watched(path: str, *words: int, **more: int) -> int:
        names.append(str(path))
        return real(path, *words, **more)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", watched)
        seen_before(home)
        scan(home, lambda _: True, lambda path: path != PRIVATE, seen_before(home))
    return [name for name in names if name.endswith(".md")]


def test_a_second_look_reads_only_what_changed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known, first = look(home)
    assert known == {}
    assert opened(home, monkeypatch) == []
    before = (home / "7.md").stat()
    (home / "7.md").write_text("Note 8.\n")
    os.utime(home / "7.md", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert opened(home, monkeypatch) == ["7.md"], "the same length, and its old time given back"
    _, again = look(home)
    assert {str(p) for p in again.tree.differing(first.tree)} == {"7.md"}


def test_a_few_changes_do_not_write_it_again_and_many_do(home: Path) -> None:
    look(home)
    record = home / PRIVATE / "seen"
    first = record.read_bytes()
    (home / "1.md").write_text("Mine.\n")
    look(home)
    assert record.read_bytes() == first
    for number in range(5):
        (home / f"{number}.md").write_text(f"Mine {number}.\n")
    look(home)
    assert record.read_bytes() != first
    assert all(seen_before(home)[path] == row for path, row in look(home)[1].known.items())


@pytest.mark.parametrize("at", [0, 5, 40, -1])
def test_a_damaged_one_counts_as_none(home: Path, at: int) -> None:
    look(home)
    record = home / PRIVATE / "seen"
    data = bytearray(record.read_bytes())
    data[at] ^= 1
    record.write_bytes(bytes(data))
    assert seen_before(home) == {}
    record.write_bytes(bytes(data[:-100]))
    assert seen_before(home) == {}
    look(home)
    assert len(seen_before(home)) == 100


def test_a_home_that_cannot_be_written_is_looked_at_all_the_same(home: Path) -> None:
    (home / PRIVATE / "seen").mkdir()
    _, seen = look(home)
    assert len(seen.tree) == 100
    assert seen.tree == look(home)[1].tree
    (home / PRIVATE / "seen").rmdir()
    (home / PRIVATE).rmdir()
    look(home)
    assert not (home / PRIVATE).exists()


def test_a_small_home_has_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_files, "MANY", 101)
    _, seen = look(home)
    assert len(seen.known) == 100
    assert list((home / PRIVATE).iterdir()) == []
    assert seen.tree["0.md"].digest == Digest.of(b"Note 0.\n")


def test_what_a_manifest_asks_for_is_remembered_by_its_digest(home: Path) -> None:
    asked = (EnvVar("A_KEY", "What it is for.", required=False, default="x"), EnvVar("B"))
    one, other = Digest.of(b"one"), Digest.of(b"other")
    assert asked_before(home, one) is None
    remember_asked(home, one, asked)
    assert asked_before(home, one) == asked
    assert asked_before(home, other) is None
    remember_asked(home, other, ())
    assert asked_before(home, other) == ()
    assert asked_before(home, one) is None


@pytest.mark.parametrize("damage", ["cut", "edited", "format"])
def test_a_damaged_note_of_a_manifest_is_as_good_as_none(home: Path, damage: str) -> None:
    digest = Digest.of(b"one")
    remember_asked(home, digest, (EnvVar("A_KEY"),))
    file = home / PRIVATE / "seen-manifest"
    data = file.read_bytes()
    wrong = {"cut": data[:-5], "edited": data.replace(b"A_KEY", b"B_KEY"), "format": b"\x00"}
    file.write_bytes(wrong[damage])
    assert asked_before(home, digest) is None


def test_what_is_doubted_is_forgotten_and_a_note_needs_a_place(home: Path) -> None:
    digest = Digest.of(b"one")
    remember_asked(home, digest, ())
    seen_files.forget(home)
    assert asked_before(home, digest) is None
    (home / PRIVATE).rmdir()
    remember_asked(home, digest, ())
    assert not (home / PRIVATE).exists()
