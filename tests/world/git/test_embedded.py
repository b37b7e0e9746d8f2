"""The embedded git client as the program that it is; all other tests fork it (``embeddedgit.py``)."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from embeddedgit import from_scratch
from gitrepo import PACKAGE, Repo

from hermes_dist.world.child import Bounds, Command, run
from hermes_dist.world.git.embedded import DulwichTool
from hermes_dist.world.git.reach import Reach

PROGRAM = "hermes_dist.world.git.dulwich_program"


@pytest.fixture
def tool() -> DulwichTool:
    return DulwichTool(dict(os.environ))


def _fetch(tool: DulwichTool, source: Repo, commit: str, cache: Path) -> Command:
    return tool.fetch(
        cache, f"file://{source.path}", commit, "refs/dist/x", Reach(depth=1), talk=False
    )


@pytest.mark.parametrize("way", ["started", "forked"])
def test_it_answers_started_or_forked(way: str, tool: DulwichTool, tmp_path: Path) -> None:
    repo, cache = Repo(tmp_path / "bot.git", bare=True), Repo(tmp_path / "cache", bare=True)
    commit = repo.commit(PACKAGE)

    def commands() -> list[Command]:
        urls = (f"file://{repo.path}", f"file://{tmp_path}/none")
        return [*map(tool.refs, urls), _fetch(tool, repo, commit, cache.path)]

    if way == "forked":
        refs, none, got = (run(command, Bounds()) for command in commands())
    else:
        with from_scratch():
            assert all(PROGRAM in command.argv for command in commands())
            refs, none, got = (run(command, Bounds()) for command in commands())
    assert (refs.code, refs.err) == (0, "")
    assert f"{commit}\trefs/heads/main\n".encode() in refs.out
    assert (none.code, none.out, none.err) == (1, b"", "fatal: repository not found\n")
    assert (got.code, cache.git("rev-parse", "refs/dist/x")) == (0, commit)
    fetched = [path for path in cache.path.joinpath("objects").rglob("*") if path.is_file()]
    assert fetched
    assert not [path for path in fetched if path.stat().st_mode & 0o077]


def test_what_is_forked_has_the_bounds_of_a_program(tool: DulwichTool, tmp_path: Path) -> None:
    repo, cache = Repo(tmp_path / "bot.git", bare=True), Repo(tmp_path / "cache", bare=True)
    commit = repo.commit({"large": os.urandom(1 << 18)})
    command = _fetch(tool, repo, commit, cache.path)
    assert PROGRAM not in command.argv
    assert not run(command, Bounds(file=1 << 16)).ok
    assert run(command, Bounds()).ok


def test_what_is_forked_ends_when_its_time_is_up(tool: DulwichTool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"git://127.0.0.1:{server.getsockname()[1]}/bot"
        assert run(tool.refs(url), Bounds(seconds=1)).stopped == "time"
        connection, _ = server.accept()
        with connection:
            connection.settimeout(20)
            while connection.recv(1024):  # until its end closes it
                pass
