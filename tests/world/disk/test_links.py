"""Links in a home: which are followed, and why the others are not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hermes_dist.errors import ExitCode
from hermes_dist.model.left_out import REASONS, Why
from hermes_dist.model.paths import RelPath
from hermes_dist.world.disk.envfile import edit_private
from hermes_dist.world.disk.fs import RealFs, atomic_write
from hermes_dist.world.disk.links import RECORD, Linked, Links, agreed_text
from hermes_dist.world.disk.scan import scan


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home beside a folder ``dots``, whose SOUL.md is followed."""
    root, dots = tmp_path / "home", tmp_path / "dots"
    (root / ".dist").mkdir(parents=True, mode=0o700)
    dots.mkdir()
    (dots / "SOUL.md").write_text("soul")
    (root / "SOUL.md").symlink_to("../dots/SOUL.md")
    agree(root, "SOUL.md")
    return root


def agree(home: Path, *paths: str) -> None:
    targets = {path: os.path.realpath(home / path) for path in paths}
    (home / RECORD).write_bytes(agreed_text(home, targets))


def yes(_: RelPath) -> bool:
    return True


def test_a_link_that_was_agreed_to_is_read_and_written_at_its_target(home: Path) -> None:
    assert list(scan(home, yes, lambda p: p != ".dist").tree) == ["SOUL.md"]
    with RealFs(home, home=True) as fs:
        assert (fs.kind("SOUL.md"), fs.read("SOUL.md")) == ("file", b"soul")
    (home.parent / "dots/SOUL.md").chmod(0o640)
    atomic_write(home / "SOUL.md", b"new", home=True)
    assert (home / "SOUL.md").is_symlink()
    assert (home.parent / "dots/SOUL.md").read_text() == "new"
    assert (home.parent / "dots/SOUL.md").stat().st_mode & 0o777 == 0o640
    assert os.listdir(home.parent / "dots") == ["SOUL.md"]


def test_keys_are_written_behind_their_link(home: Path) -> None:
    (home.parent / "dots/env").write_text("A=1\n")
    (home / ".env").symlink_to(home.parent / "dots/env")
    with pytest.raises(Linked):
        edit_private(home / ".env", lambda _: b"B=2\n")
    agree(home, ".env")
    assert edit_private(home / ".env", lambda old: old + b"B=2\n")
    assert (home.parent / "dots/env").read_text() == "A=1\nB=2\n"
    assert (home / ".env").is_symlink()


def _gone(home: Path) -> str:
    (home.parent / "dots/SOUL.md").unlink()
    return "SOUL.md"


def _loop(home: Path) -> str:
    (home / "loop").symlink_to("loop")
    return "loop"


def _theirs(home: Path) -> str:
    os.chown(home.parent / "dots/SOUL.md", 1234, 1234)
    return "SOUL.md"


def _their_folder(home: Path) -> str:
    (home.parent / "theirs").mkdir()
    os.chown(home.parent / "theirs", 1234, 1234)
    (home / "skills").symlink_to("../theirs")
    return "skills"


def _inside(home: Path) -> str:
    (home / "notes.md").write_text("n")
    (home / "AGENTS.md").symlink_to("notes.md")
    return "AGENTS.md"


def _around(home: Path) -> str:
    (home / "skills").symlink_to("..")
    return "skills"


def _device(home: Path) -> str:
    (home / "null").symlink_to("/dev/null")
    return "null"


def _elsewhere(home: Path) -> str:
    (home.parent / "dots/other").write_text("other")
    (home / "SOUL.md").unlink()
    (home / "SOUL.md").symlink_to("../dots/other")
    return "SOUL.md"


def _turned_on_the_way(home: Path) -> str:
    """What the link leads to has the same name, behind another link."""
    (home.parent / "dots").rename(home.parent / "old")
    (home.parent / "dots").symlink_to("old")
    return "SOUL.md"


def _other_folder(home: Path) -> str:
    (home / "own").symlink_to("../dots")
    return "own"


def _deep(home: Path) -> str:
    (home / "skills").mkdir()
    (home / "skills/a").symlink_to("../../dots")
    return "skills/a"


def _private(home: Path) -> str:
    (home / ".dist").rename(home.parent / "private")
    (home / ".dist").symlink_to("../private")
    return ".dist"


def _copied(home: Path) -> str:
    """The record came into the home from elsewhere, as from a package."""
    record = (home / RECORD).read_bytes()
    (home / ".dist").rename(home / "old")
    (home / ".dist").mkdir()
    (home / RECORD).write_bytes(record)
    return "SOUL.md"


CASES: dict[Callable[[Path], str], Why] = {
    _gone: Why.LINK_GONE,
    _loop: Why.LINK_LOOP,
    _theirs: Why.LINK_FOREIGN,
    _their_folder: Why.LINK_FOREIGN,
    _inside: Why.LINK_INSIDE,
    _around: Why.LINK_INSIDE,
    _device: Why.LINK_ODD,
    _elsewhere: Why.LINK_MOVED,
    _turned_on_the_way: Why.LINK_MOVED,
    _other_folder: Why.LINK_UNSAID,
    _deep: Why.LINK_UNSAID,
    _private: Why.LINK_UNSAID,
    _copied: Why.LINK_UNSAID,
}


GIVEN_AWAY = {_theirs, _their_folder}


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, marks=[pytest.mark.needs("root")] * (c in GIVEN_AWAY)) for c in CASES],
)
def test_any_other_link_is_told_and_neither_read_nor_written(
    case: Callable[[Path], str], home: Path
) -> None:
    path = case(home)
    link = Links(home).at(path)
    assert link is not None
    assert link.why is CASES[case]
    assert [left.why for left in scan(home, yes, yes).odd if left.path == path] == [link.why]
    with RealFs(home, home=True) as fs:
        assert fs.kind(path) == "odd" or link.why is Why.LINK_MOVED
        with pytest.raises(Linked) as told:
            fs.write_new(f"{path}/x", b"x", 0o644) if link.folder else fs.read(path)
    assert told.value.code is ExitCode.ERROR
    assert REASONS[link.why] in str(told.value)


def test_a_store_and_a_folder_that_may_not_be_written_are_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hermes_dist.world.disk.links._STORES", (f"{home.parent}/dots/",))
    link = Links(home).at("SOUL.md")
    assert link is not None
    assert link.why is Why.LINK_STORE
    monkeypatch.undo()
    monkeypatch.setattr(os, "access", lambda *_: False)
    link = Links(home).at("SOUL.md")
    assert link is not None
    assert link.why is Why.LINK_LOCKED


@pytest.mark.parametrize("name", ["skills", "cron", "profiles"])
def test_a_folder_of_the_home_works_behind_a_link(name: str, home: Path) -> None:
    place = home.parent / "dots" / name
    (place / "a").mkdir(parents=True)
    (place / "a/x").write_text("x")
    (home / name).symlink_to(place)
    with RealFs(home, home=True) as fs:
        assert (fs.kind(name), fs.listdir(name)) == ("folder", ["a"])
        fs.write_new(f"{name}/a/y", b"y", 0o644)
        fs.mkdir(f"{name}/b", 0o755)
        assert fs.kind(f"{name}/b") == "folder"
    assert (place / "a/y").read_text() == "y"
    assert f"{name}/a/x" in scan(home, yes, lambda p: p != ".dist").tree


def test_a_folder_that_becomes_a_link_while_a_command_works_is_not_followed(home: Path) -> None:
    (home / "skills").mkdir()
    with RealFs(home, home=True) as fs:
        (home / "skills").rmdir()
        (home / "skills").symlink_to("../dots")
        with pytest.raises(Linked):
            fs.write_new("skills/x", b"x", 0o644)


def test_in_a_folder_that_is_no_home_no_link_is_followed_whatever_its_record_says(
    home: Path,
) -> None:
    (home / "skills").symlink_to("../dots")
    with RealFs(home) as fs:
        assert (fs.kind("SOUL.md"), fs.kind("skills")) == ("odd", "odd")
        assert fs.elsewhere("SOUL.md") is None
    for path in ("SOUL.md", "skills"):
        with pytest.raises(Exception, match=r"never followed here|regular"):
            atomic_write(home / path, b"x")
    assert (home.parent / "dots/SOUL.md").read_text() == "soul"


@pytest.mark.parametrize(
    "record", [b"", b"[]", b"{", b'{"folder": 1}', b"\xff", b"[" * 100_000, None]
)
def test_a_record_that_can_not_be_read_agrees_to_nothing(record: bytes | None, home: Path) -> None:
    (home / RECORD).unlink()
    if record is None:
        (home / RECORD).symlink_to("../dots/SOUL.md")
    else:
        (home / RECORD).write_bytes(record)
    assert Links(home).agreed == {}


@pytest.mark.needs("root")
@pytest.mark.parametrize("of_root", ["dots", "home/cron"])
def test_root_follows_no_link_of_a_user_at_an_end_of_which_is_a_folder_of_root(
    home: Path, of_root: str
) -> None:
    (home / "cron").mkdir()
    (home.parent / "dots/jobs.json").write_text("[]")
    (home / "cron/jobs.json").symlink_to(home.parent / "dots/jobs.json")
    for path in (home, *home.rglob("*"), *(home.parent / "dots").rglob("*"), home.parent / "dots"):
        os.chown(path, 1234, 1234, follow_symlinks=False)
    agree(home, "cron/jobs.json")
    os.chown(home / RECORD, 1234, 1234)
    found = Links(home).at("cron/jobs.json")
    assert found is not None
    assert found.why is None
    os.chown(home.parent / of_root, 0, 0)
    with RealFs(home, home=True) as fs, pytest.raises(Linked) as caught:
        fs.read("cron/jobs.json")
    assert caught.value.link.why is Why.LINK_FOREIGN
