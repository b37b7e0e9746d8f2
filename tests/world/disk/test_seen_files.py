"""The record of what the files of a large home were: used only while it can be believed, and no condition for anything."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hermes_dist.brand import PRIVATE
from hermes_dist.model.left_out import Why
from hermes_dist.model.manifest import EnvVar
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Digest, Entry, Tree
from hermes_dist.world.disk import seen_files
from hermes_dist.world.disk.scan import Known, Scan, scan
from hermes_dist.world.disk.seen_files import (
    asked_before,
    leave,
    names_before,
    remember,
    remember_asked,
    remember_names,
    seen_before,
)

D = Digest.of(b"another")


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
    remember(home, seen)
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


def test_names_of_skills_are_noted_if_many_are_new(home: Path) -> None:
    names = {str(Digest.of(b"%d" % n)): (f"s{n}",) if n else None for n in range(50)}
    few = dict(list(names.items())[:49])
    remember_names(home, {}, few)
    assert names_before(home) == {}
    remember_names(home, {}, names)
    assert names_before(home) == names
    # One more of 51 can be read each time; what no home has any more is not kept.
    remember_names(home, names, {**names, "one": ("more",)})
    assert names_before(home) == names
    remember_names(home, names, {**few, "one": ("more",), "two": ()})
    assert names_before(home) == {**few, "one": ("more",), "two": ()}


@pytest.mark.parametrize("damage", ["cut", "edited"])
def test_damaged_names_of_skills_are_as_good_as_none(home: Path, damage: str) -> None:
    remember_names(home, {}, {str(Digest.of(b"%d" % n)): ("inner",) for n in range(50)})
    file = home / PRIVATE / "seen-skills"
    data = file.read_bytes()
    file.write_bytes({"cut": data[:-5], "edited": data.replace(b"inner", b"other", 1)}[damage])
    assert names_before(home) == {}


def test_what_is_doubted_is_forgotten_and_a_note_needs_a_place(home: Path) -> None:
    digest = Digest.of(b"one")
    remember_asked(home, digest, ())
    remember_names(home, {}, dict.fromkeys(map(str, range(50))))
    seen_files.forget(home)
    assert asked_before(home, digest) is None
    assert names_before(home) == {}
    (home / PRIVATE).rmdir()
    remember_asked(home, digest, ())
    assert not (home / PRIVATE).exists()


def nested(home: Path) -> None:
    for number in range(4):
        folder = home / "skills" / f"s{number}"
        folder.mkdir(parents=True)
        (folder / "SKILL.md").write_text(f"Skill {number}.\n")
        (folder / "more").mkdir()
        (folder / "more" / "notes.md").write_text("Notes.\n")


def listed(home: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many folders a look lists."""
    count = 0
    real = os.scandir

    def watched(fd: int) -> object:
        nonlocal count
        count += 1
        return real(fd)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", watched)
        scan(home, lambda _: True, lambda path: path != PRIVATE, seen_before(home))
    return count


def test_only_folders_into_which_something_came_are_listed_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nested(home)
    _, first = look(home)
    assert len(first.folders) == 9
    assert listed(home, monkeypatch) == 1, "the home itself, which changes all the time"
    (home / "skills" / "s1" / "SKILL.md").write_text("Edited where it is.\n")
    assert listed(home, monkeypatch) == 1
    (home / "skills" / "s2" / "more" / "mine.md").write_text("Mine.\n")
    assert listed(home, monkeypatch) == 2
    _, again = look(home)
    assert [str(path) for path in again.tree.differing(first.tree)] == [
        "skills/s1/SKILL.md",
        "skills/s2/more/mine.md",
    ]
    assert {*again.folders} == {*first.folders}


def test_a_folder_with_a_link_is_listed_at_every_look(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nested(home)
    (home / "skills" / "s3" / "link.md").symlink_to(home / "1.md")
    odd = look(home)[1].odd
    assert [one.path for one in odd] == ["skills/s3/link.md"]
    assert listed(home, monkeypatch) == 2
    assert look(home)[1].odd == odd


CHANGES = {
    "edit": lambda home, n: (home / f"skills/s{n}/SKILL.md").write_text("Edited.\n"),
    "new": lambda home, n: (home / f"skills/s{n}/new.md").write_text("New.\n"),
    "new folder": lambda home, n: (home / f"skills/s{n}/deep/er").mkdir(parents=True),
    "gone": lambda home, n: (home / f"skills/s{n}/SKILL.md").unlink(),
    "gone folder": lambda home, n: shutil.rmtree(home / f"skills/s{n}"),
    "moved": lambda home, n: (home / f"skills/s{n}").rename(home / f"skills/m{n}"),
    "moved in": lambda home, n: (home / f"{n}.md").rename(home / f"skills/s{n}/more/x.md"),
    "a link for a folder": lambda home, n: _linked(home / f"skills/s{n}/more", home),
    "a file for a folder": lambda home, n: _replaced(home / f"skills/s{n}/more"),
    "exchanged": lambda home, n: _exchanged(home / f"skills/s{n}", home / "skills/s0"),
    "to run": lambda home, n: (home / f"skills/s{n}/SKILL.md").chmod(0o755),
    "a folder for a file": lambda home, n: _opened_up(home / f"skills/s{n}/SKILL.md"),
    "a pipe for a file": lambda home, n: _piped(home / f"skills/s{n}/SKILL.md"),
    "locked": lambda home, n: (home / f"skills/s{n}/more").chmod(0),
}


def _linked(folder: Path, home: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to(home)


def _replaced(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("A file.\n")


def _opened_up(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _piped(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def _exchanged(one: Path, other: Path) -> None:
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def _other(entry: Entry) -> Entry:
    return Entry(entry.digest, not entry.executable)


LIKE: dict[str, Callable[[Tree], Tree]] = {
    "nothing": lambda _: EMPTY,
    "before": lambda tree: tree,
    "half of it": lambda tree: Tree(list(tree.items())[::2]),
    "another package": lambda tree: Tree({path: Entry(D) for path in tree}),
    "the other mode": lambda tree: Tree({path: _other(entry) for path, entry in tree.items()}),
}


@pytest.mark.parametrize("like", LIKE)
@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_a_look_with_a_record_finds_what_one_without_finds(
    home: Path, change: str, like: str
) -> None:
    nested(home)
    before = look(home)[1].tree
    CHANGES[change](home, 2)
    known = seen_before(home)
    with_record = scan(
        home, lambda _: True, lambda path: path != PRIVATE, known, LIKE[like](before)
    )
    whole = scan(home, lambda _: True, lambda path: path != PRIVATE)
    assert with_record.news == sum(known.get(at) != row for at, row in with_record.known.items())
    assert with_record.tree == whole.tree
    assert with_record.odd == whole.odd
    assert {*with_record.folders} == {*whole.folders}


def test_a_file_that_nobody_believes_is_read_although_it_looks_as_it_was(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nested(home)
    tree = look(home)[1].tree
    doubted = {RelPath("skills/s1/SKILL.md"), RelPath("3.md")}
    read: list[str] = []
    real = os.open

    def watched(path: str, *words: int, **more: int) -> int:
        read.append(str(path))
        return real(path, *words, **more)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", watched)
        again = scan(
            home,
            lambda _: True,
            lambda path: path != PRIVATE,
            seen_before(home),
            tree,
            lambda path: path not in doubted,
        )
    assert [name for name in read if name.endswith(".md")] == ["3.md", "SKILL.md"]
    assert again.tree == tree
    assert again.news == 0
    assert all(again.tree[path] is entry for path, entry in tree.items())


def test_a_record_that_names_what_is_not_there_leads_nowhere(home: Path) -> None:
    nested(home)
    _, seen = look(home)
    lies = {
        path: (was, "../x.md/..//./..") if path == "skills/s1/" else (was, text)
        for path, (was, text) in seen.known.items()
    }
    found = scan(home, lambda _: True, lambda path: path != PRIVATE, lies)
    assert [one.why for one in found.odd] == [Why.UNSAFE_NAME] * len(found.odd)
    assert not any(path.under("skills/s1") for path in found.tree)


def built(home: Path) -> None:
    """As an install does: write a home where nobody else can reach it, and leave its record."""
    nested(home)
    paths = [str(path.relative_to(home)) for path in home.rglob("*")]
    files = [path for path in paths if (home / path).is_file()]
    received = {path: Digest.of((home / path).read_bytes()) for path in files}
    del received["3.md"]
    leave(home, received, files, [path for path in paths if (home / path).is_dir()])


@pytest.fixture
def new(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new home, at this very moment."""
    monkeypatch.undo()
    monkeypatch.setattr(seen_files, "MANY", 3)
    built(home)
    return home


def test_the_record_of_a_new_home_says_what_a_later_look_finds(home: Path) -> None:
    built(home)
    left = seen_before(home)
    later = scan(home, lambda _: True, lambda path: path != PRIVATE, {})
    assert {**left, "3.md": later.known["3.md"]} == later.known
    assert "3.md" not in left


def test_of_a_new_home_the_first_look_reads_only_what_is_not_known(
    new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opened(new, monkeypatch) == ["3.md"]
    assert listed(new, monkeypatch) == 1
    was = (new / "7.md").stat()
    (new / "7.md").write_text("Note 8.\n")
    os.utime(new / "7.md", ns=(was.st_atime_ns, was.st_mtime_ns))
    assert sorted(opened(new, monkeypatch)) == ["3.md", "7.md"], (
        "in the same moment, and its old time given back"
    )


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_a_new_home_at_once_is_found(new: Path, change: str) -> None:
    CHANGES[change](new, 2)
    with_record = look(new)[1]
    whole = scan(new, lambda _: True, lambda path: path != PRIVATE)
    assert with_record.tree == whole.tree
    assert with_record.odd == whole.odd
    assert {*with_record.folders} == {*whole.folders}


def test_where_the_clock_of_the_disk_stands_still_nothing_is_left(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.lstat
    still = real(home)
    monkeypatch.setattr(seen_files, "_TICK", 0)
    with monkeypatch.context() as patch:
        patch.setattr(os, "lstat", lambda path: still if str(path).endswith("seen") else real(path))
        built(home)
    assert list((home / PRIVATE).iterdir()) == []


def test_what_is_newer_than_the_clock_showed_has_no_row(home: Path) -> None:
    newest = max((home / "5.md").stat().st_mtime_ns, (home / "5.md").stat().st_ctime_ns)
    assert [*seen_files._rows(home, {"5.md": "x"}, newest - 1)] == []
    assert [path for path, _ in seen_files._rows(home, {"5.md": "x"}, newest)] == ["5.md"]


def test_a_record_that_cannot_be_left_is_no_error(home: Path) -> None:
    (home / PRIVATE / "seen").mkdir()
    built(home)
    assert seen_before(home) == {}
