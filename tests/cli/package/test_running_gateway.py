"""An update of a profile whose gateway runs names the command that makes the gateway take it up."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from gitrepo import Repo

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry import main
from hermes_dist.cli.shared.session import Invocation

CALLED = Invocation(HERMES, "hermes-dist")
RESTART = "hermes-dist gateways restart bot"


def test_the_command_is_named_as_long_as_the_gateway_runs(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*words: str) -> str:
        capsys.readouterr()
        assert main.run(CALLED, words) == 0
        return capsys.readouterr().out

    repo = Repo(tmp_path / "bot.git", bare=True)
    repo.commit({"distribution.yaml": "name: bot\n", "SOUL.md": "One.\n"})
    assert RESTART not in said("install", str(repo.path), "-y")
    stat = Path("/proc/self/stat")
    began = int(stat.read_text().split()[21]) if stat.exists() else None
    (bot,) = home.rglob("profiles/bot")
    (bot / "gateway.pid").write_text(json.dumps({"pid": os.getpid(), "start_time": began}))

    repo.commit({"SOUL.md": "Two.\n"})
    assert RESTART in said("update", "bot", "-y")
    assert RESTART not in said("update", "bot", "-y")
    assert json.loads(said("rollback", "bot", "-y", "--json"))["restart"] == ["bot"]
    (bot / "gateway.pid").unlink()
    assert json.loads(said("undo", "bot", "-y", "--json"))["restart"] == []
