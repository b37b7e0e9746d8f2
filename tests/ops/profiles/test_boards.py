"""Tasks that keep the name of a profile that was renamed or put away."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from test_life_of_profiles import CODER, context

from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles import lifecycle, trash_and_archive
from hermes_dist.voice.notes import sentences


@pytest.fixture
def ctx(home: Path) -> Context:
    ctx = context(home)
    lifecycle.create(ctx, "coder", alias=False)
    return ctx


def board(path: Path, *tasks: tuple[str, str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE tasks (id TEXT, assignee TEXT, status TEXT)")
        database.executemany("INSERT INTO tasks VALUES (?, ?, ?)", tasks)


def test_open_tasks_of_every_board_are_told_after_a_rename_and_a_deletion(ctx: Context) -> None:
    root = ctx.layout.root
    board(
        root / "kanban.db",
        ("t_1", "coder", "ready"),
        ("t_2", "coder", "done"),
        ("t_3", "x", "todo"),
    )
    board(
        root / "kanban/boards/work/kanban.db", ("t_7", "coder", "todo"), ("t_8", "coder", "running")
    )
    (root / "kanban/boards/odd").mkdir()
    (root / "kanban/boards/odd/kanban.db").write_bytes(b"no database")
    renamed = lifecycle.rename(ctx, "coder", "tester")
    one, two = sentences(renamed.notes)
    assert one == (
        "1 open task is still assigned to coder: t_1; "
        "assign each with: hermes kanban assign t_1 tester"
    )
    assert two == (
        "2 open tasks are still assigned to coder: t_7, t_8; "
        "assign each with: hermes kanban --board work assign t_7 tester"
    )
    gone = trash_and_archive.put_away(ctx, ProfileName("tester"), "trash")
    assert gone.notes == ()


def test_without_boards_or_with_an_older_one_nothing_is_said(ctx: Context) -> None:
    with closing(sqlite3.connect(ctx.layout.root / "kanban.db")) as database:
        database.execute("CREATE TABLE other (id TEXT)")
    gone = trash_and_archive.put_away(ctx, CODER, "archive")
    assert gone.notes == ()
