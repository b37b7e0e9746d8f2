"""Owners and permissions: root in another user's home, a user without a name, any umask."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from gitrepo import Repo

from hermes_dist.brand import HERMES
from hermes_dist.errors import DistError, UsageError
from hermes_dist.ops.context import Context

USER = 4321
START = "import sys; from hermes_dist.cli.entry.start import hermes; hermes()"


def command(home: Path, *words: str, umask: int = 0o022, **more: str) -> str:
    """Run a command on the profiles of a folder."""
    env = {k: v for k, v in os.environ.items() if k not in {"USER", "LOGNAME"}}
    done = subprocess.run(
        [sys.executable, "-c", START, *words],
        env={**env, "HERMES_HOME": str(home), **more},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        umask=umask,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def package(repo: Repo, version: int) -> str:
    files = {
        "distribution.yaml": f"name: bot\nversion: 1.0.{version}\ndescription: d\n",
        "SOUL.md": f"soul {version}\n",
        "config.yaml": f"model:\n  default: m{version}\n",
        "skills/new/SKILL.md": f"---\nname: new\ndescription: d\n---\nbody {version}\n",
        f"skills/v{version}/SKILL.md": f"---\nname: v{version}\ndescription: d\n---\nbody\n",
    }
    repo.commit(files)
    repo.tag(f"v1.0.{version}")
    return repo.path.as_uri()


@pytest.mark.needs("root")
def test_what_root_does_in_the_home_of_a_user_stays_the_users(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "bot")
    source = package(repo, 0)
    home = tmp_path / "hermes"
    home.mkdir()
    os.chown(home, USER, USER + 1)
    command(home, "install", source, "--name", "bot", "-y", "--no-input")
    profile = home / "profiles/bot"
    os.chown(profile / "SOUL.md", USER + 5, USER + 6)
    (profile / "SOUL.md").chmod(0o640)
    package(repo, 1)
    command(home, "update", "bot", "-y", "--no-input")
    command(home, "hold", "bot")
    assert (profile / "SOUL.md").read_text() == "soul 1\n"
    found = (profile / "SOUL.md").stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (USER + 5, USER + 6, 0o640)
    others = {
        str(path.relative_to(home)): (path.lstat().st_uid, path.lstat().st_gid)
        for path in home.rglob("*")
        if (path.lstat().st_uid, path.lstat().st_gid) != (USER, USER + 1)
    }
    # The displaced file keeps its owner in the history, too.
    assert {name for name in others if ".dist/generations" not in name} == {"profiles/bot/SOUL.md"}
    assert set(others.values()) == {(USER + 5, USER + 6)}


def test_a_user_without_a_name_and_without_a_home_needs_only_the_folder_of_profiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nobody)
    ctx = Context.from_environment(HERMES, env={"HERMES_HOME": str(tmp_path)})
    assert (ctx.layout.root, ctx.layout.user_home) == (tmp_path, tmp_path)
    with pytest.raises(UsageError, match="HOME is not set"):
        Context.from_environment(HERMES, env={})


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_nothing_becomes_writable_for_everybody_and_secrets_are_private(
    umask: int, tmp_path: Path
) -> None:
    repo = Repo(tmp_path / "bot")
    source = package(repo, 0)
    home = tmp_path / "hermes"
    command(home, "install", source, "--name", "bot", "-y", "--no-input", umask=umask)
    package(repo, 1)
    command(home, "update", "bot", "-y", "--no-input", umask=umask)
    modes = {
        str(path.relative_to(home)): stat.S_IMODE(path.lstat().st_mode)
        for path in home.rglob("*")
        if not path.is_symlink()
    }
    assert [name for name, mode in modes.items() if mode & 0o002] == []
    private = ("profiles/bot", "profiles/bot/.dist", "profiles/bot/.env", "distributions")
    assert [name for name in private if modes.get(name, 0) & 0o077] == []


@pytest.mark.needs("root")
@pytest.mark.parametrize("place", ["distributions", "distributions/store", "distributions/git"])
def test_root_writes_through_no_link_that_a_user_made_to_a_folder_of_root(
    place: str, tmp_path: Path
) -> None:
    home, ours = tmp_path / "hermes", tmp_path / "etc"
    (home / place).parent.mkdir(parents=True)
    ours.mkdir()
    (home / place).symlink_to(ours)
    env = {"HERMES_HOME": str(home), "HOME": str(tmp_path)}
    Context.from_environment(HERMES, env=env)  # a link of root's own
    os.chown(home / place, USER, USER, follow_symlinks=False)
    with pytest.raises(DistError, match="a folder of another user"):
        Context.from_environment(HERMES, env=env)
