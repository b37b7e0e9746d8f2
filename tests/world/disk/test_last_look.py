"""What was said of a home is said again only while nothing in it looks otherwise."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hermes_dist.brand import PRIVATE
from hermes_dist.world.disk import last_look, seen_files
from hermes_dist.world.disk.last_look import FILE, recalled, record_of

PATHS = ("", "skills", "skills/a.md", "config.yaml", ".env")
"""The last one is missing."""
SAID = {"said": ["as its author ships it", {"ü": None}]}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for name in ("skills", PRIVATE):
        (home / name).mkdir(parents=True)
    (home / "skills/a.md").write_text("One.\n")
    (home / "config.yaml").write_text("model: small\n")
    remember(home, later())
    assert recalled(home) == SAID
    return home


def remember(home: Path, began: int) -> None:
    (home / FILE).unlink(missing_ok=True)
    if record := record_of(home, PATHS, began, SAID):
        (home / FILE).write_bytes(record)


def later() -> int:
    """A moment at which all that is there was changed long ago."""
    return time.time_ns() + 10_000_000_000


def rewrite(home: Path) -> None:
    """Other bytes of the same number in the same file, which gets its old time back."""
    file = home / "skills/a.md"
    before = file.stat()
    time.sleep(0.02)
    file.write_text("Two.\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(home: Path) -> None:
    (home / "skills/b.md").write_text("One.\n")
    (home / "skills/b.md").rename(home / "skills/a.md")


CHANGES: dict[str, Callable[[Path], object]] = {
    "an edit": lambda home: (home / "skills/a.md").write_text("One, two.\n"),
    "an edit that hides": rewrite,
    "another file in its place": replace,
    "a file more": lambda home: (home / "skills/b.md").write_text(""),
    "a file more at the top": lambda home: (home / "SOUL.md").write_text(""),
    "a file less": lambda home: (home / "skills/a.md").unlink(),
    "what was missing": lambda home: (home / ".env").write_text(""),
    "a mode": lambda home: (home / "skills/a.md").chmod(0o755),
    "a folder's name": lambda home: (home / "skills").rename(home / "other"),
    "a file for a folder": lambda home: (
        (home / "skills").rename(home.parent / "moved"),
        (home / "skills").write_text(""),
    ),
    "a link for a folder": lambda home: (
        (home / "skills").rename(home.parent / "moved"),
        (home / "skills").symlink_to(home.parent / "moved"),
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_changes_is_seen(change: Callable[[Path], object], home: Path) -> None:
    time.sleep(0.02)
    change(home)
    assert recalled(home) is None


def test_a_look_opens_its_record_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, opened = os.open, list[object]()

    def refuse(*words: object, **_more: object) -> object:
        raise AssertionError(words)

    def watched(place: str, *how: int, **where: int | None) -> int:
        opened.append(place)
        return real(place, *how, **where)

    monkeypatch.setattr(os, "open", watched)
    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(os, "listdir", refuse)
    assert recalled(home) == SAID
    assert opened == [f"{home}/{FILE}"]


@pytest.mark.parametrize(
    "changed", ["skills/a.md", "skills", ""], ids=["a file", "a folder", "the home"]
)
def test_what_changed_just_before_is_not_believed(changed: str, home: Path) -> None:
    os.utime(home / changed)
    remember(home, time.time_ns())
    assert recalled(home) is None


def test_what_changed_while_it_was_looked_at_is_not_believed(home: Path) -> None:
    began = later()
    os.utime(home / "skills/a.md", ns=(began + 1, began + 1))
    remember(home, began)
    assert recalled(home) is None


def test_a_link_says_nothing_of_what_it_leads_to(home: Path, tmp_path: Path) -> None:
    (home / ".env").symlink_to(tmp_path / "elsewhere")
    remember(home, later())
    assert recalled(home) is None


def test_a_damaged_record_is_not_believed(home: Path) -> None:
    whole = (home / FILE).read_bytes()
    for part in (b"", whole[:-1], whole[: whole.rfind(b"\n")], whole[1:], whole + b"\n", b"\xff\n"):
        (home / FILE).write_bytes(part)
        assert recalled(home) is None
    for body in (b"[]\n", b"{\n", b"\xff\n", json.dumps(SAID).encode() + b"\n-\ta\0b"):
        (home / FILE).write_bytes(last_look._head(body) + body)
        assert recalled(home) is None


def test_what_can_not_be_asked_for_is_not_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: str) -> os.stat_result:
        raise PermissionError

    monkeypatch.setattr(os, "lstat", refuse)
    assert record_of(home, PATHS, later(), SAID) is None
    assert recalled(home) is None


def test_it_is_forgotten_with_the_other_records(home: Path) -> None:
    seen_files.forget(home)
    assert recalled(home) is None
