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


def test_settings_of_boards_follow_a_rename_in_every_profile_and_are_told_otherwise(
    ctx: Context,
) -> None:
    lifecycle.create(ctx, "boss", alias=False)
    own = "# mine\nkanban:\n  default_assignee: coder  # him\n  orchestrator_profile: coder\n"
    other = "kanban: {default_assignee: ' coder', orchestrator_profile: boss}\n"
    paths = {
        ctx.layout.root / "config.yaml": own,
        ctx.layout.home(ProfileName("boss")) / "config.yaml": other,
    }
    for path, text in paths.items():
        path.write_text(text)
    planned = lifecycle.rename(ctx, "coder", "tester", dry_run=True)
    assert sentences(planned.notes)[0] == (
        f"{ctx.layout.root / 'config.yaml'}: kanban.default_assignee and kanban.orchestrator_profile "
        "names the profile coder"
    )
    assert all(path.read_text() == text for path, text in paths.items())
    done = lifecycle.rename(ctx, "coder", "tester")
    first, second = paths
    assert first.read_text() == own.replace("coder", "tester")
    assert second.read_text() == "kanban: {default_assignee: tester, orchestrator_profile: boss}\n"
    assert [note.where for note in done.notes] == [str(first), str(second)]
    board(ctx.layout.root / "kanban.db", ("t_1", "tester", "ready"))
    facts = trash_and_archive.leaving(ctx, ProfileName("tester"), "deleted")
    assert facts.tasks == 1
    assert [note.where for note in facts.settings] == [str(first), str(second)]
    gone = trash_and_archive.put_away(ctx, ProfileName("tester"), "trash")
    assert len(gone.notes) == 3
    assert "tester" in first.read_text()


def test_a_file_of_settings_that_can_not_be_read_hinders_nothing(ctx: Context) -> None:
    (ctx.layout.root / "config.yaml").write_text("kanban: [\n")
    path = lifecycle.create(ctx, "boss", alias=False).path / "config.yaml"
    path.write_text("kanban: {default_assignee: coder}\n")
    assert lifecycle.rename(ctx, "coder", "tester").path.is_dir()
    assert path.read_text() == "kanban: {default_assignee: tester}\n"
