"""Newer agents know profiles by name in more places; what is renamed, deleted and made again is seen rightly by them."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from partners import Generation

from hermes_dist.agents.names import COMMANDS
from hermes_dist.decide.profiles.completion import agent_commands

Runs = Callable[..., subprocess.CompletedProcess[str]]
GUARD = {"HERMES_STATE_DB_GUARD_BYPASS": "1"}
"""The agent refuses to write its databases from what looks like a test."""
PROGRAM = Path(sys.executable).parent / "hermes-dist"


@pytest.fixture
def ours(agent_venv: Path, run: Runs) -> Runs:
    def ours(*words: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        return run(
            PROGRAM, *words, ok=ok, HERMES_AGENT_BIN=str(agent_venv / "bin" / "hermes"), **GUARD
        )

    return ours


@pytest.fixture
def listed(agent_venv: Path, run: Runs) -> Callable[[], list[str]]:
    """The agent's own list of profiles."""

    def listed() -> list[str]:
        code = "import json; from hermes_cli.profiles import list_profiles as l; print(json.dumps([p.name for p in l()]))"
        return list(
            json.loads(
                run(agent_venv / "bin" / "python", "-W", "ignore", "-c", code).stdout.splitlines()[
                    -1
                ]
            )
        )

    return listed


def test_a_profile_made_again_or_restored_is_seen_by_the_agent(
    home: Path, ours: Runs, listed: Callable[[], list[str]], generation: Generation
) -> None:
    tomb = home / ".hermes/profiles/.deleted/bot"
    ours("create", "bot", "--no-alias", "--no-skills")
    assert "bot" in listed()
    ours("delete", "bot", "-y")
    assert "bot" not in listed()
    assert tomb.exists() is generation.multiplexed
    ours("restore", "bot")
    assert not tomb.exists()
    assert "bot" in listed()
    ours("delete", "bot", "-y", "--purge")
    ours("create", "bot", "--no-alias", "--no-skills")
    assert "bot" in listed()


def test_a_rename_carries_sessions_and_routing_along(
    home: Path, ours: Runs, agent_venv: Path, run: Runs, generation: Generation
) -> None:
    ours("create", "old", "--no-alias", "--no-skills")
    folder = home / ".hermes/profiles/old"
    make = "from hermes_state import SessionDB; from pathlib import Path; import sys; SessionDB(Path(sys.argv[1])).close()"
    run(
        agent_venv / "bin/python",
        "-W",
        "ignore",
        "-c",
        make,
        str(folder / "state.db"),
        HERMES_HOME=str(folder),
        **GUARD,
    )
    if generation.multiplexed:
        with closing(sqlite3.connect(folder / "state.db")) as db, db:
            db.execute(
                "insert into sessions (id, source, started_at, profile_name) values ('s1', 'cli', 1, 'old')"
            )
    ours("rename", "old", "new")
    renamed = home / ".hermes/profiles/new"
    if generation.multiplexed:
        with closing(sqlite3.connect(renamed / "state.db")) as db:
            assert db.execute("select profile_name from sessions").fetchall() == [("new",)]
        assert "previous_names" in (renamed / "profile.yaml").read_text()
    else:
        assert not (renamed / "profile.yaml").exists()


def test_main_is_no_name_for_a_new_profile_where_sessions_use_it(
    ours: Runs, generation: Generation
) -> None:
    done = ours("create", "main", "--no-alias", "--no-skills", ok=False)
    assert (done.returncode == 0) is not generation.multiplexed
    assert ("reserved" in done.stderr) is generation.multiplexed


def test_every_command_of_the_agent_is_known_as_its_own(agent: Path, run: Runs) -> None:
    found = set(agent_commands(run(agent, "--help").stdout))
    assert {"chat", "setup", "cron"} <= found
    assert not found - COMMANDS
