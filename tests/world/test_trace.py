"""Notes of what is done: cheap to make, bounded, and spelled without credentials."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hermes_dist.world import trace
from hermes_dist.world.child import Bounds, Command, run
from hermes_dist.world.disk.fs import RealFs

TOKEN = "ghp_0123456789abcdefABCDEF0123456789abcd"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    trace._trace.notes.clear()
    yield
    trace.listen(None)


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        (f"https://ada:{TOKEN}@host/x.git", "https://host/x.git"),
        (f"https://{TOKEN}@host/x.git", "https://host/x.git"),
        (f"ssh://{TOKEN}@host/x.git", "ssh://host/x.git"),
        ("ssh://git@host/x.git", "ssh://git@host/x.git"),
        (f"https://host/x?token={TOKEN}&a=b", "https://host/x?…"),
        (f"https://host/x#{TOKEN}", "https://host/x?…"),
        ("https://host/x#access_token=abc", "https://host/x?…"),
        ("https://host/x#v1.2.0-rc.1", "https://host/x#v1.2.0-rc.1"),
        ("https://host/x#refs/heads/release/next", "https://host/x#refs/heads/release/next"),
        (f"'https://host/x#{'0a' * 20}': gone", f"'https://host/x#{'0a' * 20}': gone"),
        ("https://host/x#>=1.2,<2", "https://host/x#>=1.2,<2"),
        ("https://host/x?a=b#main", "https://host/x?…"),
        (f"API_KEY={TOKEN}", "API_KEY=…"),
        ("a\nb\x1b[31m", "a b [31m"),
        ("x" * 1000, "x" * 400),
    ],
)
def test_a_line_has_no_credentials_and_no_control_characters(word: str, shown: str) -> None:
    trace.note("run", word)
    (line,) = trace.lines()
    assert line.split("run    ")[1] == shown


def test_only_the_last_notes_are_kept() -> None:
    for number in range(5000):
        trace.note("disk", number)
    lines = trace.lines()
    assert len(lines) == 2000
    assert lines[-1].endswith(" 4999")


def test_who_listens_hears_each_note_when_it_is_made() -> None:
    heard: list[str] = []
    trace.listen(heard.append)
    trace.note("fetch", "one")
    assert len(heard) == 1
    trace.listen(None)
    trace.note("fetch", "two")
    assert [line.rsplit(" ", 1)[1] for line in trace.lines()] == ["one", "two"]
    assert len(heard) == 1


def test_a_child_is_noted_with_its_end_and_without_its_environment_and_input() -> None:
    run(Command(("/bin/sh", "-c", "exit 3"), {"SECRET": TOKEN}, TOKEN.encode()), Bounds())
    begun, ended = trace.lines()
    assert begun.endswith("run    /bin/sh -c exit 3")
    assert ended.endswith("ended  sh with 3 ")
    assert TOKEN not in begun + ended


def test_a_git_command_is_noted_without_the_settings_that_each_one_gets() -> None:
    run(Command(("/usr/bin/git", "-c", "core.pager=cat", "version"), {}), Bounds())
    assert any(line.endswith("/usr/bin/git version") for line in trace.lines())


def test_each_change_on_the_disk_is_noted_without_its_content(tmp_path: Path) -> None:
    with RealFs(tmp_path) as fs:
        fs.mkdir("a", 0o700)
        fs.write_new("a/b", TOKEN.encode(), 0o600)
        fs.rename("a/b", "c")
        fs.unlink("c")
        fs.rmdir("a")
    assert [line.partition("disk   ")[2] for line in trace.lines()] == [
        "mkdir a",
        f"write new a/b {len(TOKEN)} bytes",
        "rename a/b c",
        "unlink c",
        "rmdir a",
    ]
    assert os.listdir(tmp_path) == []
