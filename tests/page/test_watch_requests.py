"""The page lists what owners asked for in a chat, and shows the code for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from asking import Page
from story import Story

from hermes_dist.decide.watch.asking import Wish
from hermes_dist.decide.watch.owners import Speaker
from hermes_dist.ops.change.proposal import plan_digest
from hermes_dist.ops.watch import chat
from hermes_dist.ops.watch.owners import add_owner
from hermes_dist.ops.watch.plans import plan_of

ADA = Speaker(platform="telegram", person="7", chat="7", kind="dm", profile="bot", is_typed=True)
UPDATE = Wish(verb="update")
NEW = {"distribution.yaml": "name: bot\nversion: 1.1.0\n"}


@pytest.fixture
def story(tmp_path: Path) -> Story:
    made = Story(tmp_path)
    made.install()
    add_owner(made.ctx, "telegram", "7")
    return made


@pytest.fixture
def page(story: Story) -> Page:
    return Page(story)


def test_a_code_from_the_page_carries_a_plan_out_once(page: Page, story: Story) -> None:
    assert page.data("asked", profile="")["asked"] == []
    story.ship(NEW)
    name = chat.profile_of(story.ctx, ADA, UPDATE)
    chat.propose(story.ctx, ADA, name, UPDATE)
    (row,) = page.data("asked", profile="")["asked"]
    assert (row["profile"], row["verb"], row["by"]) == ("bot", "update", "telegram:7")
    shown = page.ask("code", profile="", asked=row["id"])
    assert shown.status == 200
    proposal = plan_of(story.ctx, name, "update", ()).proposal
    assert proposal is not None
    assert shown.body["plan"] == row["plan"] == plan_digest(proposal)
    asked = chat.asked_for(story.ctx, ADA, name, UPDATE)
    assert chat.carry_out(story.ctx, asked, shown.body["data"]["code"]).done
    assert story.lock.pin.version == "1.1.0"


def test_a_plan_that_is_another_one_by_now_gets_no_code(page: Page, story: Story) -> None:
    story.ship(NEW)
    name = chat.profile_of(story.ctx, ADA, UPDATE)
    chat.propose(story.ctx, ADA, name, UPDATE)
    (row,) = page.data("asked", profile="")["asked"]
    story.ship({"SOUL.md": "Another.\n"})
    reply = page.ask("code", profile="", asked=row["id"])
    assert reply.status == 422
    assert "the plan has changed since" in reply.body["error"]["error"]["message"]
    assert page.ask("code", profile="", asked="nothing").status == 422


def test_what_the_agent_serves_shows_no_code(
    page: Page, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.ship(NEW)
    name = chat.profile_of(story.ctx, ADA, UPDATE)
    chat.propose(story.ctx, ADA, name, UPDATE)
    (row,) = page.data("asked", profile="")["asked"]
    monkeypatch.setattr("hermes_dist.ops.watch.codes.is_inside_agent", lambda *_: True)
    reply = page.ask("code", profile="", asked=row["id"])
    assert reply.status == 422
    assert "started from inside" in reply.body["error"]["error"]["message"]
