"""Databases read where nothing can be written: in WAL mode, closed or cut short, with and without the shared index."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from frozen import freeze, thaw, without_powers

from hermes_dist.world.databases import reading

CLONE = """
import sys
from pathlib import Path
from hermes_dist.world.disk.copy import copy_home
copy_home(Path(sys.argv[1]), Path(sys.argv[2]), keep=lambda path: True, edit=lambda path: None)
"""
BACKUP = """
import sys
from pathlib import Path
from hermes_dist.world.archive.backup import snapshot
with snapshot(Path(sys.argv[1], "state.db"), Path(sys.argv[2])) as file:
    Path(sys.argv[2], "state.db").write_bytes(file.read())
"""


def database(folder: Path, *, wal: bool, cut_short: bool) -> None:
    """Make ``state.db`` with one row; cut short, the row is in the write-ahead log alone."""
    folder.mkdir()
    work = folder.with_name("work.db")
    with closing(sqlite3.connect(work)) as db:
        db.execute(f"pragma journal_mode={'wal' if wal else 'delete'}")
        db.execute("create table t (x)")
        db.execute("insert into t values (42)")
        db.commit()
        if cut_short:
            shutil.copy(work, folder / "state.db")
            shutil.copy(f"{work}-wal", folder / "state.db-wal")
    if not cut_short:
        shutil.copy(work, folder / "state.db")


@pytest.mark.parametrize("code", [CLONE, BACKUP], ids=["clone", "backup"])
@pytest.mark.parametrize(("wal", "cut_short"), [(False, False), (True, False), (True, True)])
def test_a_database_is_copied_from_where_nothing_can_be_written(
    tmp_path: Path, code: str, wal: bool, cut_short: bool
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    database(source, wal=wal, cut_short=cut_short)
    target.mkdir()
    before = sorted(os.listdir(source))
    freeze(source)
    try:
        subprocess.run(
            [sys.executable, "-c", code, source, target], check=True, preexec_fn=without_powers
        )
    finally:
        thaw(source)
    assert sorted(os.listdir(source)) == before
    assert os.listdir(target) == ["state.db"]
    with closing(sqlite3.connect(target / "state.db")) as db:
        assert db.execute("select x from t").fetchall() == [(42,)]


def test_where_it_can_be_written_nothing_is_left_beside_the_database(tmp_path: Path) -> None:
    database(tmp_path / "source", wal=True, cut_short=False)
    with reading(tmp_path / "source/state.db", tmp_path, patience=1) as db:
        assert db.execute("select x from t").fetchall() == [(42,)]
    assert os.listdir(tmp_path / "source") == ["state.db"]


def test_what_is_no_database_is_an_error_and_not_copied(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"SQLite format 3\0" + b"x" * 2000)
    with pytest.raises(sqlite3.DatabaseError), reading(tmp_path / "state.db", tmp_path, patience=1):
        pass
    assert os.listdir(tmp_path) == ["state.db"]
