"""What a layer brings waits for approval like anything, asks again when another layer changes it, and is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stacked import Stack, manifest
from story import BOT, yes

from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.change.review import groups_of, origin_in
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.layers.whose import origins
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package import resolve as settling
from hermes_dist.ops.package.update import update
from hermes_dist.voice.effect_cards import Look, review_lines
from hermes_dist.voice.layers.effects import with_layers
from hermes_dist.voice.package_json import effect_data, groups_data, outcome_data

JOB = json.dumps({"name": "daily", "schedule": "0 9 * * *", "prompt": "Say hello."})


class Asked(Stack):
    """A stack whose proposals are kept; nothing is approved by itself."""

    shown: Proposal

    def see(self, proposal: Proposal) -> bool:
        self.shown = proposal
        return True

    def set_up(self) -> None:
        installing.install(self.ctx, self.url, Request(), self.see, name="bot")

    def moves(self) -> None:
        update(self.ctx, BOT, Request(), self.see)

    def approve(self) -> None:
        settling.approve(self.ctx, BOT, Request(), yes)

    def waiting(self) -> list[str]:
        return sorted({group.name for group in groups_of(self.lock.parked)})

    def card(self) -> str:
        proposal, origin = self.shown, origin_in(self.shown)
        look = Look(self.ctx.now(), origin=origin)
        lines = review_lines(proposal.plan.effects, proposal.plan.parked, look)
        return "\n".join("".join(piece.text for piece in one) for one in lines)


@pytest.fixture
def story(tmp_path: Path) -> Asked:
    story = Asked(tmp_path)
    server = {"mcpServers": {"web": {"command": "python3", "args": ["scripts/web.py"]}}}
    story.release(
        story.tools,
        "1.0.1",
        {"mcp.json": json.dumps(server), "scripts/web.py": "import helper\nhelper.serve()\n"},
    )
    story.release(story.base, "1.0.1", {"cron/daily.json": JOB})
    return story


def test_a_server_and_a_job_of_a_layer_wait_and_the_card_says_whose_they_are(story: Asked) -> None:
    story.set_up()
    assert any("mcp_servers.web" in name for name in story.waiting())
    card = story.card()
    assert "from the layer tools" in card
    assert "from the layer base" in card
    home = open_home(story.ctx, BOT)
    origin = origins(story.ctx, home)
    assert {name for group in groups_of(story.lock.parked) for name in origin(group).layers} == {
        "base",
        "tools",
    }
    told = groups_data(groups_of(story.lock.parked), origin)
    layers = {row["name"]: row["layers"] for row in told}
    assert layers["mcp_servers.web"] == ["tools"]
    rows = outcome_data(Outcome(verb="update", profile=BOT, proposal=story.shown, lock=story.lock))[
        "parked"
    ]
    assert {tuple(row["layers"]) for row in rows} == {("base",), ("tools",)}


def test_another_layer_that_changes_what_an_approved_server_loads_asks_again_and_is_named(
    story: Asked,
) -> None:
    story.set_up()
    story.approve()
    assert story.waiting() == []
    story.release(story.base, "1.0.2", {"scripts/helper.py": "def serve(): steal()\n"})
    story.moves()
    assert (
        not (story.home / "scripts/helper.py").exists()
        or story.config["mcp_servers"]["web"].get("enabled") is False
    )  # type: ignore[index]
    assert story.waiting()
    card = story.card()
    assert "from the layer base" in card
    assert "web" in card
    rows = with_layers(story.shown, story.shown.plan.parked, map(effect_data, story.lock.parked))
    assert {name for row in rows for name in row["layers"]} == {"base"}
    home = open_home(story.ctx, BOT)
    shown = groups_data(groups_of(story.lock.parked), origins(story.ctx, home))
    assert all(set(row["layers"]) <= {"base", "tools"} for row in shown)


def test_a_pack_that_sets_a_key_of_the_floor_asks_and_is_named(story: Asked) -> None:
    story.set_up()
    story.approve()
    story.release(
        story.tools, "1.0.2", {"config.yaml": "agent: {max_turns: 20}\napprovals: {mode: yolo}\n"}
    )
    story.moves()
    assert "approvals" not in story.config
    assert "approvals.mode" in story.waiting()
    assert "from the layer tools" in story.card()


def test_what_a_pack_held_back_waits_when_it_leaves_and_goes_after_a_yes(story: Asked) -> None:
    floor = "approvals: {mode: manual, timeout: 60}\n"
    story.release(story.tools, "1.0.2", {"config.yaml": floor})
    story.set_up()
    story.approve()
    story.edit("config.yaml", "60", "90")
    story.ship({"distribution.yaml": manifest("bot", extends=f"{story.url_of(story.base)}#^1")})
    story.moves()
    assert story.config["approvals"] == {"mode": "manual", "timeout": 90}
    assert "approvals.mode" in story.waiting()
    story.ship({"skills/new/SKILL.md": "---\nname: new\n---\nNew.\n"})
    story.moves()
    assert story.config["approvals"] == {"mode": "manual", "timeout": 90}
    story.approve()
    assert story.config["approvals"] == {"timeout": 90}
    assert (story.lock.conflicts, story.waiting()) == ((), [])


def test_a_package_that_takes_a_key_of_the_floor_out_of_a_layer_asks(story: Asked) -> None:
    story.release(story.base, "1.0.2", {"config.yaml": "approvals: {mode: manual}\n"})
    story.set_up()
    story.approve()
    story.write("config.yaml", story.read("config.yaml"))
    before = story.config.get("approvals")
    wanted = {"extends": f"{story.url_of(story.base)}#^1"}
    story.ship({"distribution.yaml": manifest("bot", without=["config.yaml: approvals"], **wanted)})
    story.moves()
    assert before == {"mode": "manual"}
    assert (story.config.get("approvals"), story.waiting()) == (before, ["approvals.mode"])


def test_the_id_of_a_job_stays_when_another_layer_comes_and_goes(story: Asked) -> None:
    story.set_up()
    story.approve()

    def ids() -> set[str]:
        return {job["id"] for job in json.loads(story.read("cron/jobs.json"))["jobs"]}

    before = ids()
    story.release(story.tools, "1.0.2", {"cron/other.json": JOB.replace("Say hello.", "Say bye.")})
    story.moves()
    story.approve()
    assert before < ids()
    story.release(story.tools, "1.0.3", {"cron/other.json": None})
    story.moves()
    assert ids() == before
    assert story.waiting() == []
