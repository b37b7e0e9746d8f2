"""Publishing from profiles that wait for a yes, hold only some parts, are held, or have no git beside them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gitrepo import Repo
from machines import BOT, SOUL, Machine, agreed
from story import yes

from hermes_dist.errors import Refused
from hermes_dist.ops.authoring import author
from hermes_dist.ops.authoring import publish as publishing
from hermes_dist.ops.authoring.publication import PublishOptions
from hermes_dist.ops.change.request import Choices, Request
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.history import hold
from hermes_dist.ops.package.status import status

PACKAGE = {
    "README.md": "Read me.\n",
    "distribution.yaml": "name: bot\nversion: 1.0.0\ndescription: A bot.\nlicense: MIT\nenv_requires:\n  - {name: WEB_TOKEN, description: For the web.}\n",
    "SOUL.md": SOUL,
    "config.yaml": "model:\n  default: small\napprovals:\n  mode: 'off'\n",
    "mcp.json": '{"mcpServers": {"web": {"command": "npx", "args": ["-y", "web"], "env": {"WEB_TOKEN": "${WEB_TOKEN}"}}}}\n',
    "cron/daily.yaml": "prompt: look\nschedule: every 2h\n",
    "hooks/x/HOOK.yaml": "name: x\nevents: [a]\n",
    "hooks/x/handler.py": "def handle(*_):\n    pass\n",
    "skills/hello/SKILL.md": "---\nname: hello\ndescription: Hi.\n---\nSay hello.\n",
}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "bot.git", bare=True)
    repo.commit(PACKAGE)
    return repo


def installed(tmp_path: Path, repo: Repo, **choices: object) -> Machine:
    machine = Machine(tmp_path / "ada")
    request = Request(choices=Choices(**choices))  # type: ignore[arg-type]
    installing.install(machine.ctx, f"file://{repo.path}", request, yes, name="bot")
    return machine


def texts(repo: Repo) -> dict[str, str]:
    names = repo.git("ls-tree", "-r", "--name-only", "main").split()
    return {path: repo.git("cat-file", "blob", f"main:{path}") + "\n" for path in names}


def without(files: dict[str, str], *paths: str) -> dict[str, str]:
    return {path: text for path, text in files.items() if path not in paths}


def test_what_waits_for_a_yes_here_is_published_as_it_was_and_goes_on_waiting(
    tmp_path: Path, repo: Repo
) -> None:
    ada = installed(tmp_path, repo)
    waiting = {(e.place, e.kind) for e in ada.lock.parked}
    assert len(waiting) > 4
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    done = ada.publish(bump="minor")
    assert set(done.publication.changes) == {"SOUL.md", "distribution.yaml"}
    assert without(texts(repo), "SOUL.md", "distribution.yaml") == without(
        PACKAGE, "SOUL.md", "distribution.yaml"
    )
    assert {(e.place, e.kind) for e in ada.lock.parked} == waiting
    assert not (ada.home / "hooks").exists()
    assert "approvals" not in ada.read("config.yaml")
    assert status(ada.ctx, BOT).edited == ()


def test_a_new_power_that_another_author_published_waits_for_a_yes_here(
    tmp_path: Path, repo: Repo
) -> None:
    ada = installed(tmp_path, repo, allow_effects=True)
    repo.commit({"hooks/y/HOOK.yaml": "name: y\n", "hooks/y/handler.py": "x = 1\n"})
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    ada.publish(bump="minor")
    assert (ada.home / "hooks/x/handler.py").exists()
    assert not (ada.home / "hooks/y").exists()
    assert {"hooks/y/handler.py", "hooks/x/handler.py"} <= set(texts(repo))
    assert any("hooks/y" in e.path for e in ada.lock.parked)


def test_parts_that_were_left_out_stay_in_the_repository(tmp_path: Path, repo: Repo) -> None:
    ada = installed(tmp_path, repo, only=frozenset(["soul"]))
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    ada.publish(bump="minor")
    assert without(texts(repo), "SOUL.md", "distribution.yaml") == without(
        PACKAGE, "SOUL.md", "distribution.yaml"
    )
    ada.write("skills/hello/SKILL.md", "---\nname: hello\ndescription: Mine.\n---\nMine.\n")
    with pytest.raises(Refused, match="left out when it was installed"):
        ada.publish(bump="minor")


def test_what_was_filled_in_or_kept_here_stays_here(tmp_path: Path, repo: Repo) -> None:
    ada = installed(tmp_path, repo, allow_effects=True)
    ada.edit("config.yaml", "${WEB_TOKEN}", "my own token, in plain words")
    assert not ada.publish().publication.changes
    ada.edit("config.yaml", "default: small", "default: large")
    done = ada.publish(bump="patch")
    assert set(done.publication.changes) == {"config.yaml", "distribution.yaml"}
    assert "plain words" not in "".join(texts(repo).values())
    assert "plain words" in ada.read("config.yaml")
    assert json.loads(texts(repo)["mcp.json"])["mcpServers"]["web"]["env"] == {
        "WEB_TOKEN": "${WEB_TOKEN}"
    }


def test_a_held_profile_takes_nothing_in(tmp_path: Path, repo: Repo) -> None:
    ada = installed(tmp_path, repo)
    hold(ada.ctx, BOT, on=True)
    repo.commit({"SOUL.md": SOUL + "More.\n"})
    with pytest.raises(Refused, match="held at"):
        ada.publish(bump="minor")


def test_all_of_it_without_git(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    repo = Repo(tmp_path / "bot.git", bare=True)
    ada, bo = Machine(tmp_path / "ada", PATH=str(tools)), Machine(tmp_path / "bo", PATH=str(tools))
    ada.fill()
    ada.init()
    ada.publish(f"file://{repo.path}")
    bo.install(f"file://{repo.path}")
    bo.edit("SOUL.md", "Rule 30 stands", "Rule 30 is last")
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    ada.publish(bump="minor")
    bo.publish(bump="minor")
    soul = texts(repo)["SOUL.md"]
    assert "Rule 1 is first" in soul
    assert "Rule 30 is last" in soul
    assert repo.git("tag").split() == ["v0.1.0", "v0.2.0", "v0.3.0"]
    repo.git("fsck", "--strict", "--full")


def test_the_default_profile_can_be_published_too(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "bot.git", bare=True)
    ada = Machine(tmp_path / "ada")
    (ada.root / "SOUL.md").write_text(SOUL)
    (ada.root / "profiles" / "other").mkdir(parents=True)
    ctx, name = ada.ctx, ada.ctx.profile("default")
    author.write_manifest(
        ctx, name, author.draft(ctx, name, author.Draft(name="", description="x", license="MIT"))
    )
    publishing.publish(ctx, name, PublishOptions(to=f"file://{repo.path}"), agreed)
    assert set(texts(repo)) == {"SOUL.md", "distribution.yaml"}
    assert "name: my-agent" in texts(repo)["distribution.yaml"]
