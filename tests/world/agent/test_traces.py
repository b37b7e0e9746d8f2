"""The agent's notes on its own edits, read from a home as it leaves them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from hermes_dist.world.agent.traces import noted_in


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    (made / "skills").mkdir(parents=True)
    return made


def history(home: Path, *calls: str | None) -> None:
    with sqlite3.connect(home / "state.db") as database:
        database.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, tool_calls TEXT)")
        database.executemany("INSERT INTO messages (tool_calls) VALUES (?)", [(c,) for c in calls])


def test_a_home_without_notes_was_never_talked_to(home: Path, tmp_path: Path) -> None:
    assert noted_in(home, tmp_path) == (False, True, (), None)


def test_an_old_session_file_says_that_it_was(home: Path, tmp_path: Path) -> None:
    (home / "sessions").mkdir()
    (home / "sessions/1.jsonl").write_text("{}\n")
    assert noted_in(home, tmp_path).ran


def test_calls_of_tools_that_write_come_newest_first(home: Path, tmp_path: Path) -> None:
    first, second = '[{"function": {"name": "write_file"}}]', '[{"function": {"name": "patch"}}]'
    history(home, first, None, '[{"function": {"name": "terminal"}}]', second)
    noted = noted_in(home, tmp_path)
    assert (noted.ran, noted.whole, noted.calls) == (True, True, (second, first))
    assert sorted(path.name for path in home.iterdir()) == ["skills", "state.db"]


def test_an_empty_history_is_no_conversation(home: Path, tmp_path: Path) -> None:
    history(home)
    assert not noted_in(home, tmp_path).ran


def test_a_damaged_history_leaves_it_open(home: Path, tmp_path: Path) -> None:
    (home / "state.db").write_bytes(b"not a database, at least not one of that kind" * 99)
    noted = noted_in(home, tmp_path)
    assert noted.ran
    assert not noted.whole


def test_notes_on_skills_are_read_or_missing(home: Path, tmp_path: Path) -> None:
    notes = home / "skills/.usage.json"
    notes.write_text(json.dumps({"tides": {"created_by": "agent"}}))
    assert noted_in(home, tmp_path).usage == {"tides": {"created_by": "agent"}}
    notes.write_text("{")
    assert noted_in(home, tmp_path).usage is None
