"""What is the user's own in a home, and what is a change of the package's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from story import BOT, Story

from hermes_dist.ops.change import variables
from hermes_dist.ops.package import status as looking
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.upkeep import verify

JOB = {"id": "a" * 12, "name": "theirs", "prompt": "p", "schedule": "every 2h"}
OWN = {
    "id": "b" * 12,
    "name": "mail",
    "prompt": "check",
    "schedule": {"kind": "interval", "minutes": 60, "display": "every 60m"},
    "enabled": True,
}
FILES = {
    "distribution.yaml": "name: bot\nversion: 1.0.0\n",
    "config.yaml": "model:\n  default: x\n",
    "cron/jobs.json": json.dumps({"jobs": [JOB]}),
}


def add_job(story: Story) -> None:
    data = json.loads(story.read("cron/jobs.json"))
    data["jobs"].append(OWN)
    story.write("cron/jobs.json", json.dumps(data, indent=2))


@pytest.mark.parametrize(
    "more",
    [{}, {"mcp.json": json.dumps({"mcpServers": {"web": {"command": "npx"}}})}],
    ids=["no servers of theirs", "servers of theirs"],
)
def test_a_job_and_a_server_of_ones_own_are_no_changes_of_the_package(
    more: dict[str, str], tmp_path: Path
) -> None:
    story = Story(tmp_path, {**FILES, **more})
    story.install()
    add_job(story)
    config = story.read("config.yaml")
    head = "" if "mcp_servers" in config else "mcp_servers:\n"
    story.write("config.yaml", f"{config}{head}  mine:\n    command: npx\n")
    found = status(story.ctx, BOT)
    assert [(u.path, u.key, u.name) for u in found.units] == [
        ("config.yaml", "mcp_servers.mine", "mine"),
        ("cron/jobs.json", f"jobs[id={OWN['id']}]", "mail"),
    ]
    assert found.edited == ()
    assert found.clean
    assert verify(story.ctx, BOT).edited == ()


def test_an_edit_beside_ones_own_job_is_shown_without_it(tmp_path: Path) -> None:
    story = Story(tmp_path, FILES)
    story.install()
    add_job(story)
    story.edit("cron/jobs.json", '"prompt": "p"', '"prompt": "mine"')
    found = status(story.ctx, BOT)
    assert [change.path for change in found.edited] == ["cron/jobs.json"]
    assert [k.key for _, keys in found.keys for k in keys] == [f"jobs[id={JOB['id']}].prompt"]
    assert [unit.name for unit in found.units] == ["mail"]


def test_a_file_of_jobs_that_the_package_has_not_is_the_users_as_a_whole(tmp_path: Path) -> None:
    story = Story(tmp_path, {"distribution.yaml": "name: bot\nversion: 1.0.0\n"})
    story.install()
    story.write("cron/jobs.json", json.dumps({"jobs": [OWN]}))
    found = status(story.ctx, BOT)
    assert (found.own, found.units, found.edited) == (("cron/jobs.json",), (), ())


def test_a_job_of_the_package_that_waits_is_not_the_users(tmp_path: Path) -> None:
    story = Story(tmp_path, {**FILES, "cron/jobs.json": '{"jobs": []}'})
    story.install()
    story.ship({"cron/jobs.json": json.dumps({"jobs": [JOB]})})
    story.update()
    assert status(story.ctx, BOT).units == ()


def test_what_a_large_package_asks_for_is_remembered_until_its_manifest_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = "name: bot\nversion: 1.{}.0\nenv_requires:\n  - name: {}\n"
    story = Story(tmp_path, {**FILES, "distribution.yaml": ask.format(0, "BOT_KEY")})
    story.install()

    def missing() -> list[str]:
        return [wanted.var.name for wanted in status(story.ctx, BOT).missing]

    assert missing() == ["BOT_KEY"]
    assert not (story.home / ".dist/seen-manifest").exists(), "small ones are read as fast"
    monkeypatch.setattr(looking, "MANY", 1)
    assert missing() == ["BOT_KEY"]
    read: list[bytes] = []
    with monkeypatch.context() as patch:
        patch.setattr(variables, "load_manifest", read.append)
        assert missing() == ["BOT_KEY"]
    assert read == []
    (story.home / ".env").write_text("BOT_KEY=x\n")
    assert missing() == []
    story.ship({"distribution.yaml": ask.format(1, "OTHER_KEY")})
    story.update()
    assert missing() == ["OTHER_KEY"]
