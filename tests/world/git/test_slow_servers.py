"""A server that packs a large repository for a long time says next to nothing meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from gitrepo import PACKAGE, Repo
from servers import GitHttp

from hermes_dist.world.git import cli
from hermes_dist.world.git.repositories import BareGit, Patience


@pytest.mark.parametrize("talks", [True, False])
def test_a_server_that_only_says_that_it_is_there_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, talks: bool
) -> None:
    repo = Repo(tmp_path / "bot.git")
    commit = repo.commit(PACKAGE)
    waits = "http.lowSpeedTime="
    assert [each for each in cli._SETTINGS if each.startswith(waits)]
    impatient = [f"{waits}2" if each.startswith(waits) else each for each in cli._SETTINGS]
    monkeypatch.setattr(cli, "_SETTINGS", tuple(impatient))
    env = {**os.environ, "HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": os.devnull}
    git = BareGit(tmp_path / "caches", cli.CliTool("git", env), patience=Patience())
    with GitHttp(tmp_path) as server:
        server.packs_for = 5
        told: list[str] = []
        url = f"{server.url}/bot.git"
        assert git.fetch(url, commit, progress=told.append if talks else None) == commit
    assert git.listing(url, commit, None)
