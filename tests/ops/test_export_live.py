"""A large database that is written to all the time: its copy is of one moment, and its writer hardly waits."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from budget import IS_QUICK
from story import BOT, GO, Story, yes

from hermes_dist.brand import HERMES, Layout
from hermes_dist.ops.context import Context
from hermes_dist.ops.transfer.export import Packing, export
from hermes_dist.ops.transfer.import_archive import import_

MIB = int(os.environ.get("HERMES_TEST_DATABASE_MIB", "20" if IS_QUICK else "50"))
"""The size; the long run takes 213."""
WRITER = """
import os, sqlite3, sys, time
path, mode = sys.argv[1:]
database = sqlite3.connect(path, timeout=60, isolation_level=None)
longest, number = 0.0, 0
print("ready", flush=True)
end = time.monotonic() + 120
while time.monotonic() < end and not os.path.exists(path + ".stop"):
    began = time.monotonic()
    number += 1
    database.execute("BEGIN IMMEDIATE")
    database.execute("INSERT INTO pairs VALUES (?, 'left')", (number,))
    database.execute("INSERT INTO pairs VALUES (?, 'right')", (number,))
    database.execute("COMMIT")
    longest = max(longest, time.monotonic() - began)
    time.sleep(0.002)
print(longest, number)
"""


def fill(path: Path, mode: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"PRAGMA journal_mode={mode}")
        database.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, content TEXT)")
        database.execute("CREATE TABLE pairs (number INTEGER, side TEXT)")
        words = " ".join(f"word{n % 977}" for n in range(9000))
        size = len(words)
        database.executemany(
            "INSERT INTO messages(content) VALUES (?)",
            ((words[n % 500 :],) for n in range((MIB << 20) // size)),
        )
    database.close()


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
@pytest.mark.parametrize(
    "packing",
    [Packing(full=True, passphrase="p"), Packing(carried=frozenset({"sessions"}))],
    ids=["full", "sessions"],
)
def test_a_large_database_under_constant_writing_is_copied_whole(
    packing: Packing, mode: str, tmp_path: Path
) -> None:
    story = Story(tmp_path)
    story.install()
    state = story.home / "state.db"
    fill(state, mode)
    assert state.stat().st_size > (MIB << 20) * 0.9
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(state), mode], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(0.2)
        path = tmp_path / "x.tar.gz"
        export(story.ctx, BOT, packing, path)
        Path(f"{state}.stop").touch()
        longest, number = writer.stdout.read().split()
    assert int(number) > 20, "it wrote all along"
    assert float(longest) < (1.0 if mode == "WAL" else 0.3 + MIB * 0.04), (
        "the writer waited too long"
    )

    root = tmp_path / "elsewhere" / ".hermes"
    root.mkdir(parents=True)
    there = Context(HERMES, Layout(HERMES, root, root.parent), dict(os.environ))
    import_(there, path, GO, yes, passphrase=lambda: "p")
    copy = root / "profiles" / "bot" / "state.db"
    with closing(sqlite3.connect(copy)) as database, database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM messages").fetchone()[0] > MIB
        torn = database.execute(
            "SELECT number FROM pairs GROUP BY number HAVING count(*) <> 2"
        ).fetchall()
        pairs = database.execute("SELECT count(*) FROM pairs").fetchone()[0]
    database.close()
    assert torn == []
    assert pairs > 0
    assert not list(copy.parent.glob("state.db-*"))
