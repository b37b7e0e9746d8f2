"""Two brands of the agent on one machine do not see each other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from gitrepo import Repo

BIN = Path(sys.executable).parent


def run(home: Path, command: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "HOME": str(home), **more}
    return subprocess.run(
        [str(BIN / command), *words], env=env, capture_output=True, text=True, check=False
    )


def names(home: Path, command: str) -> list[str]:
    return [
        row["name"] for row in json.loads(run(home, command, "list", "--json").stdout)["profiles"]
    ]


def test_each_brand_has_its_own_root_commands_and_words(tmp_path: Path, home: Path) -> None:
    repo = Repo(tmp_path / "bot")
    repo.commit(
        {"distribution.yaml": "name: bot\nhermes_requires: '>=99'\n", "SOUL.md": "You are a bot.\n"}
    )
    url = f"file://{repo.path}"
    done = run(home, "aigenlabs-dist", "install", url, "--alias", "-y", "--ignore-requires")
    assert done.returncode == 0, done.stderr
    assert "aigenlabs-dist status bot" in done.stdout or "bot chat" in done.stdout
    assert (home / ".aigenlabs/profiles/bot/SOUL.md").is_file()
    assert not (home / ".hermes").exists()
    assert names(home, "aigenlabs-dist") == ["default", "bot"]
    assert names(home, "hermes-dist") == []
    assert "aigenlabs -p" in (home / ".local/bin/bot").read_text()


def test_a_brands_variable_moves_only_its_own_root(tmp_path: Path, home: Path) -> None:
    repo = Repo(tmp_path / "bot")
    repo.commit({"distribution.yaml": "name: bot\n", "SOUL.md": "You are a bot.\n"})
    elsewhere = str(tmp_path / "elsewhere")
    assert (
        run(
            home, "aigenlabs-dist", "install", f"file://{repo.path}", "-y", AIGENLABS_HOME=elsewhere
        ).returncode
        == 0
    )
    assert (tmp_path / "elsewhere/profiles/bot/SOUL.md").is_file()
    assert (
        run(
            home, "hermes-dist", "install", f"file://{repo.path}", "-y", AIGENLABS_HOME=elsewhere
        ).returncode
        == 0
    )
    assert (home / ".hermes/profiles/bot/SOUL.md").is_file()


def test_the_front_doors_of_both_brands_stand_side_by_side(home: Path) -> None:
    for command in ("hermes-dist", "aigenlabs-dist"):
        assert run(home, command, "front-door", "install").returncode == 0
    path = f"{home / '.local/bin'}:{os.environ['PATH']}"
    for name in ("hermes", "aigenlabs"):
        done = subprocess.run(
            [str(home / ".local/bin" / name), "profile", "--help"],
            env={**os.environ, "HOME": str(home), "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0
        assert f"Usage: {name} profile" in done.stdout
