"""Tasks that keep the name of a profile that was renamed or put away."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest
from test_life_of_profiles import CODER, context

from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles import edit_file, lifecycle, trash_and_archive
from hermes_dist.voice.notes import sentences
from hermes_dist.world.disk.locks import home_lock


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


ROUTED = "gateway:\n  profile_routes:\n  - {name: a, platform: slack, chat_id: c, profile: coder}\n"


@pytest.mark.parametrize(
    ("module", "name"), [("boards", "renamed"), ("profile_moves", "routes_renamed")]
)
def test_what_an_agent_writes_while_its_settings_follow_a_rename_is_kept(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, module: str, name: str
) -> None:
    owner = import_module(f"hermes_dist.ops.profiles.{module}")
    path = ctx.layout.root / "config.yaml"
    path.write_text(ROUTED + "kanban: {default_assignee: coder}\n")
    plain, calls = getattr(owner, name), []

    def beside_a_busy_agent(data: bytes, old: str, new: str) -> bytes:
        calls.append(data)
        if len(calls) == 2:  # after the last look, before the exchange
            path.write_bytes(path.read_bytes() + b"model: new\n")
        return plain(data, old, new)

    monkeypatch.setattr(owner, name, beside_a_busy_agent)
    lifecycle.rename(ctx, "coder", "tester")
    text = path.read_text()
    assert "model: new\n" in text
    assert "coder" not in text


def test_settings_of_a_profile_that_another_command_changes_are_left_and_named(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edit_file, "_PATIENCE", 0)
    boss = lifecycle.create(ctx, "boss", alias=False).path
    text = "kanban: {default_assignee: coder}\n"
    (boss / "config.yaml").write_text(text)
    with home_lock(boss):
        done = lifecycle.rename(ctx, "coder", "tester")
    assert (boss / "config.yaml").read_text() == text
    assert any(str(boss) in line for line in sentences(done.notes)), done.notes


def test_a_root_config_that_can_not_be_read_is_named(ctx: Context) -> None:
    path = ctx.layout.root / "config.yaml"
    path.write_text("gateway:\n  profile_routes: [\n")
    done = lifecycle.rename(ctx, "coder", "tester")
    assert any(str(path) in line for line in sentences(done.notes)), sentences(done.notes)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[sage, coder]  # mine", "[sage, tester]  # mine"),
        ("\n  - coder\n  - sage  # her", "\n  - tester\n  - sage  # her"),
        ("sage, coder", "'sage, tester'"),
        ("coder", "tester"),
        ("[encoder, coder-2]", "[encoder, coder-2]"),
        ("", ""),
    ],
)
def test_the_profiles_whose_tasks_a_home_takes_follow_a_rename(
    ctx: Context, before: str, after: str
) -> None:
    path = ctx.layout.root / "config.yaml"
    path.write_text(f"kanban:\n  dispatch_profiles: {before}\n  x: 1\n")
    lifecycle.rename(ctx, "coder", "tester")
    assert path.read_text() == f"kanban:\n  dispatch_profiles: {after}\n  x: 1\n"
