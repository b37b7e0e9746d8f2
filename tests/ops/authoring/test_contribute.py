"""Contributing: what a user changed, as a patch that applies or a branch on a fork."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from gitrepo import GIT, Repo
from machines import BOT, SOUL, Machine

from hermes_dist.errors import Cancelled, DistError, Refused, UsageError
from hermes_dist.ops.authoring import contribute as giving
from hermes_dist.ops.package.status import status

PACKAGE = {
    "README.md": "Read me.\n",
    "distribution.yaml": "name: bot\nversion: 1.0.0\ndescription: A bot.\n",
    "SOUL.md": SOUL,
    "config.yaml": "# theirs\nmodel:\n  default: small  # why\n  max_tokens: 1\n",
    "mcp.json": '{"mcpServers": {\n  "web":   {"command": "npx", "args": ["-y", "web"]}\n}}\n',
    "cron/daily.yaml": "# each day\nprompt: look\nschedule: every 2h\n",
    "skills/hello/SKILL.md": "---\nname: hello\ndescription: Hi.\n---\nSay hello.\n",
    "logo.png": b"\x89PNG\0\1\2\3",
}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "bot.git", bare=True)
    repo.commit(PACKAGE)
    return repo


@pytest.fixture
def bo(tmp_path: Path, repo: Repo) -> Machine:
    machine = Machine(tmp_path / "bo")
    machine.install(f"file://{repo.path}")
    return machine


def cloned(repo: Repo, into: Path) -> Path:
    subprocess.run([GIT, "clone", "-q", str(repo.path), str(into)], check=True)
    return into


def edit_all(bo: Machine) -> None:
    bo.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    bo.edit("config.yaml", "max_tokens: 1", "max_tokens: 2")
    bo.edit("skills/hello/SKILL.md", "Say hello.", "Say hello, kindly.")
    bo.edit("cron/jobs.json", '"look"', '"look closely"')
    bo.write("logo.png", b"\x89PNG\0\4\5\6")
    bo.write("skills/mine/SKILL.md", "---\nname: mine\ndescription: Mine.\n---\nMine.\n")


def test_a_patch_applies_in_the_authors_clone_in_his_own_spelling(
    tmp_path: Path, repo: Repo, bo: Machine
) -> None:
    edit_all(bo)
    patch = tmp_path / "x.patch"
    done = bo.contribute(out=patch)
    assert set(done.contribution.changes) == {
        "SOUL.md",
        "config.yaml",
        "skills/hello/SKILL.md",
        "cron/daily.yaml",
        "logo.png",
    }
    work = cloned(repo, tmp_path / "work")
    subprocess.run([GIT, "-C", str(work), "apply", "--check", str(patch)], check=True)
    subprocess.run([GIT, "-C", str(work), "am", "-q", str(patch)], check=True)
    assert (
        work / "cron/daily.yaml"
    ).read_text() == "# each day\nprompt: look closely\nschedule: every 2h\n"
    assert (
        work / "config.yaml"
    ).read_text() == "# theirs\nmodel:\n  default: small  # why\n  max_tokens: 2\n"
    assert (work / "mcp.json").read_text() == PACKAGE["mcp.json"]
    assert (work / "logo.png").read_bytes() == b"\x89PNG\0\4\5\6"
    said = subprocess.run(
        [GIT, "-C", str(work), "log", "-1", "--format=%an: %s"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout == "Ada Author: Improve soul, config, skills, cron, files\n"
    assert stat.S_IMODE(patch.stat().st_mode) == 0o600
    with pytest.raises(DistError, match="exists already"):
        bo.contribute(out=patch)


def test_only_some_parts_go_and_own_files_only_when_asked(tmp_path: Path, bo: Machine) -> None:
    edit_all(bo)
    assert set(
        bo.contribute(out=tmp_path / "a", only=frozenset(["soul"])).contribution.changes
    ) == {"SOUL.md"}
    rest = bo.contribute(
        out=tmp_path / "b", without=frozenset(["soul", "cron"])
    ).contribution.changes
    assert set(rest) == {"config.yaml", "skills/hello/SKILL.md", "logo.png"}
    everything = bo.contribute(out=tmp_path / "c", own=True).contribution.changes
    assert "skills/mine/SKILL.md" in everything
    assert status(bo.ctx, BOT).lock == bo.lock  # nothing here has changed


def test_a_branch_on_a_fork_builds_on_the_commit_that_was_installed(
    tmp_path: Path, repo: Repo, bo: Machine
) -> None:
    fork = Repo(tmp_path / "fork.git", bare=True)
    fork.git("fetch", "-q", str(repo.path), "+refs/*:refs/*")
    base = repo.git("rev-parse", "main")
    repo.commit({"README.md": "Moved on.\n"})
    bo.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    done = bo.contribute(to=f"file://{fork.path}", branch="rule-1", message="Rule 1 is first")
    assert done.pushed == f"file://{fork.path}#rule-1"
    assert fork.git("rev-list", "rule-1").split()[1] == base
    repo.git("fetch", "-q", str(fork.path), "rule-1:rule-1")
    assert repo.git("diff", "--name-only", "main...rule-1") == "SOUL.md"
    with pytest.raises(DistError, match="exists already"):
        bo.contribute(to=f"file://{fork.path}", branch="rule-1")


def test_a_fork_that_knows_nothing_of_it_is_refused_with_a_sentence(
    tmp_path: Path, repo: Repo
) -> None:
    stranger = Repo(tmp_path / "stranger.git", bare=True)
    stranger.commit({"a": "b"})
    repo.commit({"README.md": "Read me again.\n"})  # what came before it is not fetched
    bo = Machine(tmp_path / "bo")
    bo.install(f"file://{repo.path}")
    bo.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    with pytest.raises(Refused, match="does not have the commit"):
        bo.contribute(to=f"file://{stranger.path}")


def test_without_git_a_patch_of_texts_is_written_all_the_same(
    tmp_path: Path, repo: Repo, bo: Machine
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    bo.env["PATH"] = str(tools)
    assert shutil.which("git", path=bo.env["PATH"]) is None
    bo.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    patch = tmp_path / "x.patch"
    bo.contribute(out=patch)
    subprocess.run(
        [GIT, "-C", str(cloned(repo, tmp_path / "work")), "apply", "--check", str(patch)],
        check=True,
    )
    bo.write("logo.png", b"\x89PNG\0\4\5\6")
    with pytest.raises(DistError, match="needs git"):
        bo.contribute(out=tmp_path / "y.patch")
    assert not (tmp_path / "y.patch").exists()


def test_secrets_and_memories_stop_a_contribution(tmp_path: Path, bo: Machine) -> None:
    bo.write(".env", "SOME_TOKEN=Qz7xW9kV3mB5nR8tY2pL\n")
    bo.edit("SOUL.md", "Rule 1 stands", "Rule 1 is Qz7xW9kV3mB5nR8tY2pL")
    with pytest.raises(Refused, match=r"SOUL\.md:2: a secret of this machine"):
        bo.contribute(out=tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("flag", ["message", "branch"])
def test_a_secret_in_the_words_of_a_contribution_stops_it(
    tmp_path: Path, bo: Machine, flag: str
) -> None:
    bo.write(".env", "SOME_TOKEN=Qz7xW9kV3mB5nR8tY2pL\n")
    bo.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    with pytest.raises(Refused, match=f"line 1 of --{flag}: a secret of this machine"):
        bo.contribute(out=tmp_path / "x", **{flag: "with-Qz7xW9kV3mB5nR8tY2pL"})
    assert not (tmp_path / "x").exists()


def test_troubles_have_their_sentences(tmp_path: Path, bo: Machine) -> None:
    assert not bo.contribute(out=tmp_path / "x").contribution.changes  # nothing to send
    assert not (tmp_path / "x").exists()
    bo.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    with pytest.raises(UsageError, match="choose where to send it"):
        bo.contribute()
    with pytest.raises(Cancelled):
        giving.contribute(bo.ctx, BOT, giving.Gift(out=tmp_path / "x"), lambda _made: False)
    folder = tmp_path / "folder"
    folder.mkdir()
    for path, data in PACKAGE.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data if isinstance(data, bytes) else data.encode())
    cy = Machine(tmp_path / "cy")
    cy.install(str(folder))
    with pytest.raises(DistError, match="installed from a folder"):
        cy.contribute(out=tmp_path / "x")
    assert os.listdir(tmp_path / "cy") == [".hermes"]
