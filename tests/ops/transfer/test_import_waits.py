"""What waits after an import: the archive's content, listed where it waits, and nothing that is not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from story import BOT, GO, Story, yes

from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.approvals import revoke
from hermes_dist.ops.package.resolve import approve, to_approve
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.update import update
from hermes_dist.ops.transfer.export import Packing, export
from hermes_dist.ops.transfer.import_archive import import_

OTHER = ProfileName("other")
FILES = {
    "distribution.yaml": "name: bot\nversion: 1.0.0\n",
    "SOUL.md": "Soul.\n",
    "plugins/p/plugin.yaml": "name: p\n",
    "plugins/p/__init__.py": "LIMIT = 5\nMORE = 1\n",
    "hooks/h/HOOK.yaml": "name: h\nevents: [x]\n",
    "hooks/h/handler.py": "WAIT = 5\n",
}
JOB: dict[str, Any] = {
    "schedule": {"kind": "interval", "minutes": 60, "display": "every 60m"},
    "schedule_display": "every 60m",
    "next_run_at": None,
}
ON = {**JOB, "id": "b" * 12, "name": "on", "prompt": "mine", "enabled": True, "state": "scheduled"}
OFF = {
    **JOB,
    "id": "c" * 12,
    "name": "off",
    "prompt": "mine too",
    "enabled": False,
    "state": "paused",
    "paused_reason": "user",
}


def brought(story: Story, tmp_path: Path, request: Request, name: str = "other") -> Outcome:
    file = tmp_path / f"{name}.tar.gz"
    export(story.ctx, BOT, Packing(), file)
    return import_(story.ctx, file, request, yes, passphrase=lambda: "", name=name)


def lock_of(story: Story) -> Lock:
    lock = open_home(story.ctx, OTHER).lock
    assert lock is not None
    return lock


def at(story: Story, path: str) -> str:
    return (story.root / "profiles" / "other" / path).read_text()


@pytest.fixture
def edited(tmp_path: Path) -> Story:
    story = Story(tmp_path / "story", FILES)
    story.install()
    story.edit("plugins/p/__init__.py", "LIMIT = 5", "LIMIT = 500")
    story.edit("hooks/h/handler.py", "5", "500")
    brought(story, tmp_path, Request())
    return story


def test_the_edit_of_a_plugin_and_a_hook_waits_and_not_their_authors_version(edited: Story) -> None:
    assert {e.place for e in lock_of(edited).parked} == {"hooks/h", "plugins/p"}
    approve(edited.ctx, OTHER, Request(), yes)
    assert at(edited, "hooks/h/handler.py") == "WAIT = 500\n"
    assert at(edited, "plugins/p/__init__.py") == "LIMIT = 500\nMORE = 1\n"
    # It is the user's edit of what the author ships, as it was where it came from.
    found = status(edited.ctx, OTHER)
    assert {str(c.path) for c in found.edited} == {"hooks/h/handler.py", "plugins/p/__init__.py"}
    assert not found.parked
    edited.ship({"plugins/p/__init__.py": "LIMIT = 5\nMORE = 2\n", "SOUL.md": "New.\n"})
    update(edited.ctx, OTHER, GO, yes)
    assert "LIMIT = 500" in at(edited, "plugins/p/__init__.py")
    assert at(edited, "hooks/h/handler.py") == "WAIT = 500\n"


def test_an_edit_still_waits_after_an_update_that_leaves_its_file_alone(edited: Story) -> None:
    edited.ship({"SOUL.md": "New.\n"})
    update(edited.ctx, OTHER, Request(), yes)
    assert at(edited, "SOUL.md") == "New.\n"
    approve(edited.ctx, OTHER, Request(), yes, wanted=("hooks/h",))
    assert at(edited, "hooks/h/handler.py") == "WAIT = 500\n"
    assert {e.place for e in lock_of(edited).parked} == {"plugins/p"}
    approve(edited.ctx, OTHER, Request(), yes)
    assert "LIMIT = 500" in at(edited, "plugins/p/__init__.py")
    assert not lock_of(edited).upstream
    assert not lock_of(edited).authored


def with_own(tmp_path: Path) -> Story:
    story = Story(tmp_path / "story", FILES)
    story.install()
    story.write("cron/jobs.json", json.dumps({"jobs": [ON, OFF]}))
    servers = {"mine": {"command": "npx"}, "idle": {"command": "npx", "enabled": False}}
    story.write("config.yaml", yaml.safe_dump({"mcp_servers": servers}))
    return story


def own(story: Story) -> dict[str, bool]:
    jobs = json.loads(at(story, "cron/jobs.json"))["jobs"]
    servers = yaml.safe_load(at(story, "config.yaml"))["mcp_servers"]
    return {job["name"]: job["enabled"] for job in jobs} | {
        name: server.get("enabled", True) for name, server in servers.items()
    }


def test_ones_own_job_and_server_wait_listed_and_what_was_off_stays_off(tmp_path: Path) -> None:
    story = with_own(tmp_path)
    outcome = brought(story, tmp_path, Request())
    assert outcome.proposal is not None
    assert own(story) == {"on": False, "off": False, "mine": False, "idle": False}
    assert "from package" not in at(story, "cron/jobs.json")
    keys = {
        e.key for e in lock_of(story).parked if str(e.path) in ("config.yaml", "cron/jobs.json")
    }
    assert keys == {f"jobs[id={ON['id']}]", "mcp_servers.mine.command"}
    # What is announced is what can be approved.
    assert set(outcome.proposal.plan.parked) == set(lock_of(story).parked)
    # It still waits after an update.
    story.ship({"SOUL.md": "New.\n"})
    update(story.ctx, OTHER, Request(), yes)
    assert keys <= {e.key for e in to_approve(story.ctx, OTHER).effects}
    approve(story.ctx, OTHER, Request(), yes)
    assert own(story) == {"on": True, "off": False, "mine": True, "idle": False}
    assert not lock_of(story).parked


def test_at_once_only_what_was_on_is_on(tmp_path: Path) -> None:
    story = with_own(tmp_path)
    brought(story, tmp_path, GO)
    assert own(story) == {"on": True, "off": False, "mine": True, "idle": False}
    assert not lock_of(story).parked


def test_into_a_profile_of_the_same_package_they_wait_listed_too(tmp_path: Path) -> None:
    story = with_own(tmp_path)

    installing.install(story.ctx, story.url, GO, yes, name="other")
    brought(story, tmp_path, Request())
    assert own(story) == {"on": False, "off": False, "mine": False, "idle": False}
    keys = {e.key for e in lock_of(story).parked}
    assert keys == {f"jobs[id={ON['id']}]", "mcp_servers.mine.command"}
    approve(story.ctx, OTHER, Request(), yes)
    assert own(story) == {"on": True, "off": False, "mine": True, "idle": False}


def test_what_was_revoked_waits_and_is_not_said_to_be_off_by_its_author(tmp_path: Path) -> None:
    servers = {
        "a": {"command": "a"},
        "b": {"command": "b"},
        "spare": {"command": "c", "disabled": True},
    }
    files = {**FILES, "mcp.json": json.dumps({"mcpServers": servers})}
    story = Story(tmp_path / "story", files)
    story.install()
    file = tmp_path / "on.tar.gz"
    export(story.ctx, BOT, Packing(), file)
    revoke(story.ctx, BOT, ("a",), Request(), yes)
    waits = set(story.lock.parked)
    assert {e.key for e in waits} == {"mcp_servers.a.command"}
    off = tmp_path / "off.tar.gz"
    export(story.ctx, BOT, Packing(), off)
    for archive in (file, off):
        outcome = import_(
            story.ctx, archive, Request(dry_run=True), yes, passphrase=lambda: "", name="bot"
        )
        assert outcome.proposal is not None
        assert set(outcome.proposal.plan.parked) == waits, archive.name
        assert outcome.proposal.plan.off == (), archive.name
    # What waits in the archive alone does not run here either, and needs no word about its author.
    approve(story.ctx, BOT, Request(), yes)
    outcome = import_(story.ctx, off, Request(), yes, passphrase=lambda: "", name="bot")
    assert not outcome.done
    assert not story.lock.parked


def test_where_yours_stays_nothing_is_open_afterwards(tmp_path: Path) -> None:
    story = with_own(tmp_path)
    brought(story, tmp_path, GO)
    story.write("SOUL.md", "Mine.\n")
    (story.root / "profiles" / "other" / "SOUL.md").write_text("Theirs.\n")
    file = tmp_path / "again.tar.gz"
    export(story.ctx, BOT, Packing(), file)
    outcome = import_(story.ctx, file, GO, yes, passphrase=lambda: "", name="other")
    assert at(story, "SOUL.md") == "Theirs.\n"
    assert outcome.open_conflicts == 0
    assert lock_of(story).conflicts == ()


CONFIG = "model:\n  max: 1\n  other: x\nagent:\n  max_turns: 60\n"


@pytest.fixture
def settings(tmp_path: Path) -> Story:
    """An approved setting edited by the user, and one of the user's own: both wait on the new machine."""
    story = Story(tmp_path / "story", {**FILES, "config.yaml": CONFIG})
    story.install()
    approve(story.ctx, BOT, Request(), yes)
    story.edit("config.yaml", "max: 1", "max: 2")
    story.write("config.yaml", story.read("config.yaml") + "own: 1\n")
    brought(story, tmp_path, Request())
    return story


def config_of(story: Story) -> Any:
    return yaml.safe_load(at(story, "config.yaml"))


def edits_of(story: Story) -> set[str]:
    return {row.key for _, rows in status(story.ctx, OTHER).keys for row in rows}


def test_edited_settings_wait_as_the_archive_held_them_and_stay_the_users(settings: Story) -> None:
    waiting = [e.place for e in lock_of(settings).parked if e.path == "config.yaml"]
    assert {"config.yaml: model.max", "config.yaml: own"} <= {*waiting}
    approve(settings.ctx, OTHER, Request(), yes)
    assert config_of(settings)["model"] == {"max": 2, "other": "x"}
    assert config_of(settings)["own"] == 1
    assert edits_of(settings) == {"model.max", "own"}
    assert not lock_of(settings).authored
    settings.ship({"config.yaml": CONFIG.replace("max: 1", "max: 3").replace("60", "70")})
    update(settings.ctx, OTHER, GO, yes)
    assert config_of(settings)["model"]["max"] == 2
    assert {c.place for c in lock_of(settings).conflicts} == {"config.yaml: model.max"}


def test_edited_settings_still_wait_after_an_update_beside_them(settings: Story) -> None:
    settings.ship({"config.yaml": CONFIG.replace("60", "70")})
    update(settings.ctx, OTHER, Request(), yes)
    approve(settings.ctx, OTHER, Request(), yes, wanted=("own",))
    assert config_of(settings)["own"] == 1
    assert "model" not in config_of(settings)
    approve(settings.ctx, OTHER, Request(), yes)
    assert config_of(settings)["model"] == {"max": 2, "other": "x"}
    assert config_of(settings)["agent"] == {"max_turns": 70}
    assert edits_of(settings) == {"model.max", "own"}
    assert not lock_of(settings).authored


def test_settings_wait_where_the_package_ships_none(tmp_path: Path) -> None:
    story = Story(tmp_path / "story", FILES)
    story.install()
    story.write("config.yaml", "own: 1\n")
    brought(story, tmp_path, Request())
    assert {e.place for e in lock_of(story).parked} >= {"config.yaml: own"}
    approve(story.ctx, OTHER, Request(), yes)
    assert config_of(story) == {"own": 1}
    assert "config.yaml" not in lock_of(story).base
    story.ship({"SOUL.md": "New.\n"})
    update(story.ctx, OTHER, GO, yes)
    assert config_of(story) == {"own": 1}
