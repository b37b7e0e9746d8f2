"""Profiles that the agent's own installer made are taken over as they are."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import yaml
from partners import Generation
from story import BOT, FIRST, GO, Story, contents, yes

from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.package.adopt import Adopting, adopt
from hermes_dist.ops.package.resolve import approve
from hermes_dist.ops.package.status import status

FILES = {
    **FIRST,
    "distribution.yaml": "# By hand.\nname: bot\nversion: 1.0.0\nauthor: Ada\nhomepage: https://example.org\n"
    "env_requires:\n  - name: BOT_KEY\n    description: A key\n",
    "mcp.json": json.dumps({"mcpServers": {"web": {"command": "web-server"}}}),
    "README.md": "For readers.\n",
}


def test_an_install_by_the_agent_is_found_adopted_and_updated(
    home: Path, agent_venv: Path, run: Callable[..., CompletedProcess[str]]
) -> None:
    story = Story(home, FILES)
    for n in range(4):
        story.ship({"SOUL.md": FIRST["SOUL.md"].replace("Rule 3 stands", f"Rule 3 is {n}")})
    checkout = home / "checkout"
    run("git", "clone", "-q", story.url, str(checkout))
    run("git", "-C", str(checkout), "checkout", "-q", story.commits[2])
    run(agent_venv / "bin" / "hermes", "profile", "install", str(checkout), "--name", "bot", "-y")
    assert "installed_at" in story.read("distribution.yaml")
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is mine")
    before = contents(story.home)
    shown: list[Proposal] = []
    adopt(story.ctx, BOT, GO, lambda p: shown.append(p) is None, source=story.url)
    assert contents(story.home) == before
    assert isinstance(shown[0], Adopting)
    assert shown[0].guess.sure
    assert story.lock.pin.commit == story.commits[2]
    assert [change.path for change in status(story.ctx, BOT).edited] == ["SOUL.md"]
    story.update()
    assert "Rule 3 is 3" in story.read("SOUL.md")
    assert "Rule 20 is mine" in story.read("SOUL.md")
    assert story.read("distribution.yaml") == FILES["distribution.yaml"]
    approve(story.ctx, BOT, GO, yes)
    assert yaml.safe_load(story.read("config.yaml"))["mcp_servers"]["web"]["enabled"] is True
    listed = run(agent_venv / "bin" / "hermes", "profile", "list").stdout
    assert "bot@1.0.0" in listed


JOBS = {
    "jobs": [
        {
            "id": "0123456789ab",
            "name": "daily",
            "prompt": "Look.",
            "schedule": {"kind": "interval", "minutes": 60},
        }
    ]
}


def test_what_the_agents_installer_copied_is_the_packages_and_what_runs_already_is_told(
    home: Path, agent_venv: Path, run: Callable[..., CompletedProcess[str]], generation: Generation
) -> None:
    """Jobs stay as their author wrote them, whatever the agent adds to them; copies that it does not read are no own files."""
    agent, ours = agent_venv / "bin" / "hermes", Path(sys.executable).with_name("hermes-dist")
    weekly = "schedule: '0 9 * * 1'\nprompt: Weekly.\n"
    story = Story(home, {**FILES, "cron/jobs.json": json.dumps(JOBS), "cron/weekly.yaml": weekly})
    checkout = home / "checkout"
    run("git", "clone", "-q", story.url, str(checkout))
    run(agent, "profile", "install", str(checkout), "--name", "bot", "-y")
    assert (story.home / "mcp.json").is_file()
    adopted = run(ours, "adopt", "bot", story.url, "-y").stdout
    assert ("already active, and stays so: jobs[id=" in adopted) == generation.installs_live
    assert ("pause a job with: hermes -p bot cron pause ID" in adopted) == generation.installs_live

    def told() -> list[str]:
        found = status(story.ctx, BOT)
        assert found.own == ()
        return [f"{path}: {key.key}" for path, keys in found.keys for key in keys]

    # What the installer paused waits for approval, like what we pause: nobody switched it off.
    waiting = {effect.key.partition(".")[0] for effect in story.lock.parked}
    assert ("jobs[id=0123456789ab]" in waiting) != generation.installs_live
    assert told() == []
    run(agent, "-p", "bot", "cron", "pause", "0123456789ab")
    assert told() == []
    run(agent, "-p", "bot", "cron", "resume", "0123456789ab")
    assert "skills" in story.read("cron/jobs.json")
    assert told() == []
    run(ours, "update", "bot", "-y")
    assert told() == []
    assert not (story.home / "mcp.json").exists()
    assert not (story.home / "cron/weekly.yaml").exists()
    jobs = {job["name"]: job for job in json.loads(story.read("cron/jobs.json"))["jobs"]}
    assert (jobs["daily"]["enabled"], jobs["weekly"]["enabled"]) == (True, False)
    assert {
        effect.key.partition(".")[0]
        for effect in story.lock.parked
        if effect.path == "cron/jobs.json"
    } == {f"jobs[id={jobs['weekly']['id']}]"}
    twice = [{**JOBS["jobs"][0], "prompt": "Look twice."}, *JOBS["jobs"][1:]]
    story.ship({"cron/jobs.json": json.dumps({**JOBS, "jobs": twice})})
    run(ours, "update", "bot", "-y")
    assert json.loads(story.read("cron/jobs.json"))["jobs"][0]["prompt"] == "Look."
    approve(story.ctx, BOT, GO, yes)
    assert json.loads(story.read("cron/jobs.json"))["jobs"][0]["prompt"] == "Look twice."
    assert told() == []


def test_a_list_of_files_misleads_nobody_whichever_way_the_installer_copies(
    home: Path, agent_venv: Path, run: Callable[..., CompletedProcess[str]]
) -> None:
    agent, ours = agent_venv / "bin" / "hermes", Path(sys.executable).with_name("hermes-dist")
    lists = ["[SOUL.md]", "[SOUL.md, skills]", "[SOUL.md, skills, docs]", "[SOUL.md, config.yaml]"]
    story = Story(home, {**FIRST, "docs/guide.md": "Guide.\n"})
    for n, named in enumerate(lists):
        story.ship(
            {
                "distribution.yaml": f"name: bot\nversion: 1.0.0\ndistribution_owned: {named}\n",
                "SOUL.md": FIRST["SOUL.md"].replace("Rule 3 stands", f"Rule 3 is {n}"),
                "skills/bye/SKILL.md": f"Bye {n}.\n",
                "docs/guide.md": f"Guide {n}.\n",
            }
        )
    checkout = home / "checkout"
    run("git", "clone", "-q", story.url, str(checkout))
    for n in range(len(lists)):
        commit = story.commits[n + 1]
        run("git", "-C", str(checkout), "checkout", "-q", commit)
        run(agent, "profile", "install", str(checkout), "--name", f"bot{n}", "-y")
        there = contents(home / f".hermes/profiles/bot{n}")
        assert "✓ Adopted" in run(ours, "adopt", f"bot{n}", story.url, "--no-input").stdout
        assert contents(home / f".hermes/profiles/bot{n}") == there
        lock = json.loads(run(ours, "status", f"bot{n}", "--json").stdout)
        assert (lock["pin"]["commit"], lock["edited"], lock["own"]) == (commit, [], [])
