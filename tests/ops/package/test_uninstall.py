"""Uninstall: what is the package's goes, what was edited, the user's or the machine's stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from story import BOT, FIRST, GO, Story, contents, yes

from hermes_dist.decide.profiles.lifecycle import NEW_ENV
from hermes_dist.errors import Cancelled, DistError
from hermes_dist.model.tree import Digest
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package.uninstall import Removing, uninstall

JOB = {"id": "aaaabbbbcccc", "name": "daily", "prompt": "Report.", "schedule": "every 2h"}
OWN_JOB = {
    "id": "0123456789ab",
    "name": "mine",
    "prompt": "Mine.",
    "enabled": True,
    "schedule": {"kind": "interval", "minutes": 60, "display": "every 60m"},
    "schedule_display": "every 60m",
}
RICH = {
    **FIRST,
    "cron/jobs.json": json.dumps({"jobs": [JOB]}),
    "mcp.json": json.dumps({"mcpServers": {"web": {"command": "web-server"}}}),
    "distribution.yaml": "name: bot\nversion: 1.0.0\nenv_requires:\n  - name: BOT_KEY\n",
}


def _uninstall(story: Story, **more: bool) -> Outcome:
    return uninstall(story.ctx, BOT, GO, yes, **more)


def test_an_untouched_package_goes_without_a_trace_and_the_machines_files_stay(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path, RICH)
    story.install()
    story.write(".env", "BOT_KEY=1\n")
    story.write("memories/MEMORY.md", "years\n")
    story.write("sessions/a.json", "{}")
    outcome = _uninstall(story)
    assert story.files() == {
        ".env": b"BOT_KEY=1\n",
        "memories/MEMORY.md": b"years\n",
        "sessions/a.json": b"{}",
    }
    assert not (story.home / "distribution.lock").exists()
    assert isinstance(outcome.proposal, Removing)
    assert outcome.proposal.staying.machine == (".env", "memories/", "sessions/")
    assert not (story.home / "skills/hello").exists()


def test_edited_and_own_files_stay_and_are_named(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.install()
    story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    story.write("skills/mine/SKILL.md", "mine\n")
    (story.home / "skills/bye/SKILL.md").rename(story.home / "skills/moved.md")
    mine = {p: story.files()[p] for p in ("SOUL.md", "skills/mine/SKILL.md", "skills/moved.md")}
    outcome = _uninstall(story)
    assert story.files() == {**mine, ".env": NEW_ENV.encode()}
    assert isinstance(outcome.proposal, Removing)
    assert outcome.proposal.staying.edited == ("SOUL.md",)
    assert outcome.proposal.staying.own == ("skills/mine/SKILL.md", "skills/moved.md")


def test_the_packages_jobs_and_servers_leave_and_the_users_own_stay(tmp_path: Path) -> None:
    story = Story(tmp_path, RICH)
    story.install()
    jobs = json.loads(story.read("cron/jobs.json"))
    jobs["jobs"][0]["last_run_at"] = "2026-01-01T00:00:00"
    story.write(
        "cron/jobs.json",
        json.dumps({"jobs": [*jobs["jobs"], OWN_JOB], "updated_at": "x"}, indent=2),
    )
    text = story.read("config.yaml").replace(
        "mcp_servers:", "mcp_servers:\n  own: {command: mine}  # my own", 1
    )
    story.write("config.yaml", text + "display: compact\n")
    _uninstall(story)
    left = json.loads(story.read("cron/jobs.json"))
    assert left["jobs"] == [OWN_JOB]
    config = story.read("config.yaml")
    assert "own: {command: mine}  # my own" in config
    assert "display: compact" in config
    assert "web-server" not in config
    assert "model" not in config


def test_a_job_that_the_agent_only_ran_goes_with_the_file(tmp_path: Path) -> None:
    story = Story(tmp_path, RICH)
    story.install()
    jobs = json.loads(story.read("cron/jobs.json"))
    jobs["jobs"][0] |= {"last_run_at": "2026-01-01T00:00:00", "last_status": "ok", "enabled": False}
    story.write("cron/jobs.json", json.dumps({**jobs, "updated_at": "x"}))
    _uninstall(story)
    assert story.files() == {".env": NEW_ENV.encode()}


def test_keep_files_drops_only_the_lock(tmp_path: Path) -> None:
    story = Story(tmp_path, RICH)
    story.install()
    before = story.files()
    _uninstall(story, keep_files=True)
    assert story.files() == before
    assert not (story.home / "distribution.lock").exists()


def test_a_dry_run_and_a_no_change_nothing(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.install()
    before = contents(story.root)
    shown: list[Proposal] = []
    uninstall(story.ctx, BOT, Request(dry_run=True), yes)
    with pytest.raises(Cancelled):
        uninstall(story.ctx, BOT, GO, lambda p: bool(shown.append(p)))
    assert contents(story.root) == before
    assert {step.path for step in shown[0].steps} == set(FIRST)


def test_a_profile_without_a_package_is_left_alone(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.home.mkdir(parents=True)
    with pytest.raises(DistError, match="holds no package"):
        _uninstall(story)


def test_install_then_uninstall_over_a_home_of_ones_own_gives_it_back(tmp_path: Path) -> None:
    story = Story(tmp_path, RICH)
    story.write("config.yaml", "model: mine  # why\ntoolsets: [files]\n")
    story.write("skills/own/SKILL.md", "own\n")
    story.write("memories/MEMORY.md", "years\n")
    before = story.files()
    story.install(force=True)
    assert "web-server" in story.read("config.yaml")
    _uninstall(story)
    left = story.files()
    assert left.pop("config.yaml").splitlines()[0] == before.pop("config.yaml").splitlines()[0]
    assert left == {**before, ".env": NEW_ENV.encode()}


@pytest.mark.parametrize("verb", ["update", "uninstall", "rollback"])
def test_a_lock_that_speaks_of_the_machines_files_costs_it_none(tmp_path: Path, verb: str) -> None:
    story = Story(tmp_path)
    story.install()
    story.ship({"SOUL.md": "# Newer\n"})
    story.update()
    mine = {"auth.json": "{}", "memories/MEMORY.md": "years\n", "kanban/boards/x": "todo\n"}
    for path, text in mine.items():
        story.write(path, text)
    lines = "".join(f'"{path}" = "644 {Digest.of(text.encode())}"\n' for path, text in mine.items())
    story.edit("distribution.lock", "[base]\n", f"[base]\n{lines}")
    story.ctx.store.put_many(text.encode() for text in mine.values())
    story.ship({"SOUL.md": "# Newest\n"})
    {"update": story.update, "uninstall": lambda: _uninstall(story), "rollback": story.rollback}[
        verb
    ]()
    assert {path: story.read(path) for path in mine} == mine
