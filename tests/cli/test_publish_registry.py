"""An author publishes into a registry, and somebody else installs by name."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import forked
from gitrepo import Repo

EXAMPLE = Path(__file__).parents[2] / "examples" / "coder"
INDEX = Path(__file__).parents[2] / "registry" / "registry.json"


def run(home: Path, *words: str, code: int = 0) -> str:
    home.mkdir(exist_ok=True)
    done = forked.said(["hermes-dist", *words], {**os.environ, "HOME": str(home)}, home)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_publish_writes_the_entry_and_others_install_by_name(tmp_path: Path) -> None:
    author, user, remote = tmp_path / "author", tmp_path / "user", tmp_path / "remote.git"
    registry = tmp_path / "team"
    registry.mkdir()
    (registry / "registry.json").write_bytes(INDEX.read_bytes())
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(remote)], check=True)
    run(author, "install", str(EXAMPLE), "-y")
    told = run(
        author, "publish", "coder", "--to", f"file://{remote}", "--registry", str(registry), "-y"
    )
    assert "its entry is in" in told
    entry = json.loads((registry / "packages/co/coder.json").read_text())
    assert entry["runs"] == {"cron": 2, "mcp": 2, "skills": 6}
    assert [row["version"] for row in entry["versions"]] == ["1.0.0"]
    run(user, "registry", "add", str(registry), "--name", "team")
    run(user, "install", "coder", "-y", "--registry", "team")
    assert (user / ".hermes/profiles/coder/SOUL.md").read_bytes() == (
        EXAMPLE / "SOUL.md"
    ).read_bytes()


def test_a_folder_that_is_no_registry_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    author, remote = tmp_path / "author", tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(remote)], check=True)
    run(author, "install", str(EXAMPLE), "-y")
    (tmp_path / "empty").mkdir()
    run(
        author,
        "publish",
        "coder",
        "--to",
        f"file://{remote}",
        "--registry",
        str(tmp_path / "empty"),
        "-y",
        code=1,
    )
    refs = subprocess.run(
        ["git", "-C", str(remote), "for-each-ref"], capture_output=True, text=True, check=True
    )
    assert refs.stdout == ""


def test_the_entry_of_one_of_several_packages_names_the_commit_that_was_tagged(
    tmp_path: Path,
) -> None:
    author, remote = tmp_path / "author", Repo(tmp_path / "remote.git", bare=True)
    registry = tmp_path / "team"
    registry.mkdir()
    (registry / "registry.json").write_bytes(INDEX.read_bytes())
    remote.commit({"README.md": "All bots.\n"})
    run(author, "install", str(EXAMPLE), "-y")
    run(author, "publish", "coder", "--to", f"file://{remote.path}//bots/coder", "-y")
    remote.commit({"bots/other/SOUL.md": "Another.\n"})
    told = run(author, "publish", "coder", "--registry", str(registry), "-y")
    assert "nothing to do" in told
    again = run(author, "publish", "coder", "--registry", str(registry), "--bump", "patch", "-y")
    assert "no new version was made" in again
    entry = json.loads((registry / "packages/co/coder.json").read_text())
    tagged = remote.git("rev-parse", "bots/coder/v1.0.0^{commit}")
    assert [row["commit"] for row in entry["versions"]] == [tagged]
