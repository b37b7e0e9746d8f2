"""Consents over whole verbs: no secret in what is remembered, and going back to what had its yes asks nothing."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
import yaml
from story import BOT, Story, yes

from hermes_dist.errors import Refused
from hermes_dist.model.lock import dump_lock
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package import approvals
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.resolve import approve, to_approve
from hermes_dist.ops.package.rollback import rollback
from hermes_dist.ops.transfer.export import Packing, export

TOKEN = "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"
WORD = "correct-horse-battery-staple-77"
SERVER = {
    "mcpServers": {
        "web": {
            "command": "python",
            "args": ["scripts/web.py"],
            "env": {"API_KEY": "${API_KEY}", "NOTE": "x"},
        }
    }
}
FILES = {
    "distribution.yaml": "name: bot\nversion: 1.0.0\n",
    "mcp.json": json.dumps(SERVER),
    "scripts/web.py": "print(1)\n",
    "hooks/greet/HOOK.yaml": "name: greet\nevents: [session:start]\n",
    "hooks/greet/handler.py": "x = 1\n",
    "cron/daily.yaml": "name: daily\nprompt: ''\nscript: daily.py\nschedule: every 2h\n",
    "scripts/daily.py": "print(2)\n",
}


@pytest.fixture
def story(tmp_path: Path) -> Story:
    story = Story(tmp_path, FILES)
    installing.install(story.ctx, story.url, Request(), yes, name="bot")
    return story


def test_a_secret_that_the_user_filled_in_is_in_no_card_lock_or_export(story: Story) -> None:
    story.write(".env", f"MY_PASSWORD={WORD}\n")
    config = yaml.safe_load(story.read("config.yaml"))
    config["mcp_servers"]["web"]["env"] = {"API_KEY": TOKEN, "NOTE": WORD}
    story.write("config.yaml", yaml.safe_dump(config))
    story.ship({"SOUL.md": "Soul.\n"})
    story.update(Request())
    effects = to_approve(story.ctx, BOT).effects
    assert any(effect.key == "mcp_servers.web.env.API_KEY" for effect in effects)
    approve(story.ctx, BOT, Request(), yes, wanted=("hooks/greet",))
    waiting = repr(to_approve(story.ctx, BOT)) + dump_lock(story.lock).decode()
    approve(story.ctx, BOT, Request(), yes)
    said = waiting + repr(approvals.consents(story.ctx, BOT)) + dump_lock(story.lock).decode()
    assert TOKEN not in said
    assert WORD not in said
    assert "[secret " in said
    assert not story.lock.parked
    path = story.root.parent / "bot.tar.gz"
    with pytest.raises(Refused):
        export(story.ctx, BOT, Packing(), path)
    export(story.ctx, BOT, Packing(redact=True), path)
    with tarfile.open(path) as archive:
        locks = [
            archive.extractfile(m).read() for m in archive if m.name.endswith("distribution.lock")
        ]  # type: ignore[union-attr]  # files
    assert locks
    assert not any(secret.encode() in lock for lock in locks for secret in (TOKEN, WORD))


def test_going_back_to_code_that_had_its_yes_asks_nothing_and_to_none_that_had_none(
    story: Story,
) -> None:
    approve(story.ctx, BOT, Request(), yes)
    assert not story.lock.parked
    worse = {"mcpServers": {"web": {"command": "python", "args": ["scripts/web.py", "--fast"]}}}
    story.ship(
        {
            "scripts/web.py": "print(3)\n",
            "scripts/daily.py": "print(4)\n",
            "scripts/json.py": "x = 2\n",
            "hooks/greet/handler.py": "x = 2\n",
            "mcp.json": json.dumps(worse),
            "skills/x/SKILL.md": "X.\n",
        }
    )
    story.update(Request())
    assert {str(e.path) for e in story.lock.parked} >= {
        "scripts/web.py",
        "scripts/daily.py",
        "hooks/greet",
        "config.yaml",
    }
    approve(story.ctx, BOT, Request(), yes)
    assert not story.lock.parked
    assert story.read("scripts/web.py") == "print(3)\n"
    outcome = rollback(story.ctx, BOT, Request(), yes)
    assert outcome.proposal is not None
    assert [effect.place for effect in outcome.proposal.plan.parked] == []
    assert story.read("scripts/web.py") == "print(1)\n"
    assert story.read("hooks/greet/handler.py") == "x = 1\n"
    assert not (story.home / "scripts/json.py").exists()
    story.ship({"scripts/web.py": "print('never seen')\n"})
    story.update(Request())
    assert {str(e.path) for e in story.lock.parked} >= {"scripts/web.py"}


def test_what_the_user_switched_off_stays_off_when_upstream_drops_it_and_brings_it_back(
    story: Story,
) -> None:
    """Nothing happened between switching it off and the release that drops it, so no lock knew of it."""
    approve(story.ctx, BOT, Request(), yes)
    config = yaml.safe_load(story.read("config.yaml"))
    config["mcp_servers"]["web"]["enabled"] = False
    story.write("config.yaml", yaml.safe_dump(config))
    jobs = json.loads(story.read("cron/jobs.json"))
    jobs["jobs"][0] |= {"enabled": False, "state": "paused", "paused_reason": "too chatty"}
    story.write("cron/jobs.json", json.dumps(jobs))
    story.ship({"mcp.json": None, "cron/daily.yaml": None})
    story.update(Request())
    assert not json.loads(story.read("cron/jobs.json"))["jobs"]
    story.ship({"mcp.json": FILES["mcp.json"], "cron/daily.yaml": FILES["cron/daily.yaml"]})
    story.update()
    assert yaml.safe_load(story.read("config.yaml"))["mcp_servers"]["web"]["enabled"] is False
    (job,) = json.loads(story.read("cron/jobs.json"))["jobs"]
    assert (job["name"], job["enabled"]) == ("daily", False)
    listed = {
        off.key.split("[")[0]: str(off.cause) for off in approvals.consents(story.ctx, BOT).off
    }
    assert listed == {"jobs": "user", "mcp_servers.web": "user"}


def test_what_the_agents_own_command_paused_is_listed_at_once_and_switched_on_by_name(
    story: Story,
) -> None:
    def off() -> dict[str, str]:
        found = approvals.consents(story.ctx, BOT).off
        return {each.key.split("[")[0]: str(each.cause) for each in found}

    approve(story.ctx, BOT, Request(), yes)
    assert off() == {}
    running = story.read("cron/jobs.json")
    jobs = json.loads(running)
    jobs["jobs"][0] |= {"enabled": False, "state": "paused", "paused_reason": None}
    story.write("cron/jobs.json", json.dumps(jobs))
    assert off() == {"jobs": "user"}
    chosen = to_approve(story.ctx, BOT, ("daily",))
    approve(story.ctx, BOT, Request(), yes, chosen=chosen)
    assert off() == {}
    assert json.loads(story.read("cron/jobs.json"))["jobs"][0]["enabled"] is True
    story.write("cron/jobs.json", running)
    assert off() == {}
