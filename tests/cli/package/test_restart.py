"""``--restart``: after a change, the running gateways that it touches are restarted, each once."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import forked
import pytest
from fleet import PROGRAM, Fleet, fleet_of
from gitrepo import Repo
from json_schemas import checked


@pytest.fixture
def fleet(home: Path) -> Iterator[Fleet]:
    yield from fleet_of(home)


def _said(fleet: Fleet, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = forked.said([str(PROGRAM), *words], fleet.env, fleet.home)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done


def _installed(fleet: Fleet, tmp_path: Path, *names: str) -> Repo:
    repo = Repo(tmp_path / "bot.git", bare=True)
    repo.commit({"distribution.yaml": "name: bot\n", "SOUL.md": "One.\n"})
    for name in names:
        _said(fleet, "install", str(repo.path), "--name", name, "-y")
    return repo


def _pids(fleet: Fleet) -> dict[str, int | None]:
    return {row["profile"]: row["pid"] for row in fleet.json("list")["gateways"]}


def test_the_gateway_is_restarted_and_the_command_is_no_longer_named(
    fleet: Fleet, tmp_path: Path
) -> None:
    repo = _installed(fleet, tmp_path, "bot", "other")
    fleet.run("start", "bot", "other")
    before = _pids(fleet)
    repo.commit({"SOUL.md": "Two.\n"})
    done = _said(fleet, "update", "bot", "-y", "--restart")
    assert "bot      restarted" in done.stdout
    assert "gateways restart" not in done.stdout
    after = _pids(fleet)
    assert after["bot"] not in {None, before["bot"]}
    assert after["other"] == before["other"]
    # Nothing new: nothing is touched, so nothing is restarted.
    assert "restarted" not in _said(fleet, "update", "bot", "-y", "--restart").stdout
    assert _pids(fleet) == after


@pytest.mark.parametrize("verb", [("rollback", "bot", "-y"), ("undo", "bot", "-y")])
def test_other_verbs_restart_it_too_and_json_tells_what_became_of_it(
    fleet: Fleet, tmp_path: Path, verb: tuple[str, ...]
) -> None:
    repo = _installed(fleet, tmp_path, "bot")
    repo.commit({"SOUL.md": "Two.\n"})
    _said(fleet, "update", "bot", "-y")
    fleet.run("start", "bot")
    found = checked(_said(fleet, *verb, "--restart", "--json"))
    assert found["restart"] == ["bot"]
    assert [(row["profile"], row["outcome"]) for row in found["restarted"]] == [
        ("bot", "restarted")
    ]


def test_a_dry_run_restarts_nothing(fleet: Fleet, tmp_path: Path) -> None:
    repo = _installed(fleet, tmp_path, "bot")
    fleet.run("start", "bot")
    before = _pids(fleet)
    repo.commit({"SOUL.md": "Two.\n"})
    _said(fleet, "update", "bot", "-n", "--restart")
    assert _pids(fleet) == before


def test_all_restarts_each_at_the_end(fleet: Fleet, tmp_path: Path) -> None:
    repo = _installed(fleet, tmp_path, "bot", "other", "third")
    fleet.run("start", "bot", "other")
    repo.commit({"SOUL.md": "Two.\n"})
    done = _said(fleet, "update", "--all", "-y", "--restart")
    assert "gateways restart" not in done.stdout
    assert done.stdout.index("3 updated.") < done.stdout.index("bot      restarted")
    repo.commit({"SOUL.md": "Three.\n"})
    found = checked(_said(fleet, "update", "--all", "-y", "--restart", "--json"))
    assert [row["profile"] for row in found["restarted"]] == ["bot", "other"]


def test_a_gateway_that_does_not_come_up_leaves_the_update_done(
    fleet: Fleet, tmp_path: Path
) -> None:
    repo = _installed(fleet, tmp_path, "bot")
    fleet.run("start", "bot")
    (fleet.profile("bot") / "standin").write_text("fail")
    repo.commit({"SOUL.md": "Two.\n"})
    done = _said(fleet, "update", "bot", "-y", "--restart", code=1)
    assert "Updated bot" in done.stdout
    assert "next: hermes-dist gateways logs bot" in done.stderr
    assert (fleet.profile("bot") / "SOUL.md").read_text() == "Two.\n"


def test_without_an_agent_the_update_is_done_and_the_error_says_what_is_missing(
    fleet: Fleet, tmp_path: Path
) -> None:
    repo = _installed(fleet, tmp_path, "bot")
    fleet.run("start", "bot")
    repo.commit({"SOUL.md": "Two.\n"})
    fleet.env["HERMES_AGENT_BIN"] = str(tmp_path / "gone")
    (fleet.bin / "hermes").rename(fleet.bin / "elsewhere")
    try:
        done = _said(fleet, "update", "bot", "-y", "--restart", "--json", code=127)
    finally:
        (fleet.bin / "elsewhere").rename(fleet.bin / "hermes")
    found = checked(done)
    assert found["done"]
    assert found["restarted"] == []
    assert "error:" in done.stderr
