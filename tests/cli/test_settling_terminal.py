"""On a terminal: adoption offered by update, and effects approved one by one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from story import FIRST, Story, agent_installs, yes
from terminal import Terminal

from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.update import update

SERVERS = {"mcpServers": {"web": {"command": "web-server"}, "mail": {"command": "mail-server"}}}


@pytest.fixture
def story(home: Path) -> Story:
    return Story(home, {**FIRST, "mcp.json": json.dumps(SERVERS)})


def test_update_offers_to_adopt_and_goes_on(story: Story) -> None:
    agent_installs(story, FIRST)
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is mine")
    story.ship({"SOUL.md": FIRST["SOUL.md"].replace("Rule 3 stands", "Rule 3 is new")})
    terminal = Terminal("update", "bot")
    terminal.answer("Adopt it first? [y/N] ", "y")
    terminal.answer("Apply it? [y/N] ", "y")
    assert terminal.end() == 0, terminal.text
    assert "Rule 3 is new" in story.read("SOUL.md")
    assert "Rule 20 is mine" in story.read("SOUL.md")


def test_a_declined_offer_changes_nothing(story: Story) -> None:
    agent_installs(story, FIRST)
    terminal = Terminal("update", "bot")
    terminal.answer("Adopt it first? [y/N] ", "n")
    assert terminal.end() == 1
    assert not (story.home / "distribution.lock").exists()


def test_effects_are_approved_one_by_one(story: Story) -> None:
    installing.install(story.ctx, story.url, Request(), yes, name="bot")
    terminal = Terminal("approve", "bot")
    terminal.answer("[N]o: ", "e")
    terminal.answer("Approve mcp_servers.mail? [y/N] ", "n")
    terminal.answer("Approve mcp_servers.web? [y/N] ", "y")
    assert terminal.end() == 0, terminal.text
    servers = yaml.safe_load(story.read("config.yaml"))["mcp_servers"]
    assert (servers["web"]["enabled"], servers["mail"]["enabled"]) == (True, False)
    assert [effect.key for effect in story.lock.parked] == ["mcp_servers.mail.command"]
    # What was shown and declined is told once, not again as something else that waits.
    assert terminal.text.count("needs approval") == 1


def test_a_job_is_approved_by_its_name(story: Story) -> None:
    jobs = '{"jobs": [{"id": "aa11bb22cc33", "name": "tides", "schedule": "every 1d", "prompt": "Read."}]}'
    story.ship({"cron/jobs.json": jobs})
    installing.install(story.ctx, story.url, Request(), yes, name="bot")
    terminal = Terminal("approve", "bot")
    terminal.answer("[N]o: ", "e")
    terminal.answer("Approve mcp_servers.mail? [y/N] ", "n")
    terminal.answer("Approve mcp_servers.web? [y/N] ", "n")
    terminal.answer("Approve tides? [y/N] ", "y")
    assert terminal.end() == 0, terminal.text


def test_no_to_all_cancels(story: Story) -> None:
    installing.install(story.ctx, story.url, Request(), yes, name="bot")
    before = story.files()
    terminal = Terminal("approve", "bot")
    terminal.answer("[N]o: ", "")
    assert terminal.end() == 1
    assert story.files() == before


def test_the_difference_at_a_conflict_belongs_to_the_question(story: Story, home: Path) -> None:
    installing.install(story.ctx, story.url, Request(), yes, name="bot")
    story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    story.ship({"SOUL.md": FIRST["SOUL.md"].replace("Rule 3 stands", "Rule 3 is new")})
    update(story.ctx, ProfileName("bot"), Request(), yes)
    result = home / "result.json"
    terminal = Terminal("resolve", "bot", "--json", stdout=result)
    terminal.answer("[later]: ", "d")
    terminal.answer("[later]: ", "t")
    assert terminal.end() == 0, terminal.text
    assert "Rule 3 is new" in terminal.text
    assert json.loads(result.read_text())["schema"] == "hermes-dist/outcome/1"
