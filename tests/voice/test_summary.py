"""The last lines of a summary: how a new profile is started, and what is missing for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_dist.brand import HERMES
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.plan import Plan
from hermes_dist.ops.change.proposal import NewHome, Outcome, Proposal
from hermes_dist.ops.homes import Home
from hermes_dist.voice import summary
from hermes_dist.world.agent.find import Agent

BOT = ProfileName("bot")


def _said(*, alias: str = "", agent: str) -> list[str]:
    home = Home(BOT, Path("/home/ada/.hermes/profiles/bot"), None, None)
    proposal = Proposal(
        verb="install", home=home, new=NewHome(), plan=Plan(), lock=None, read=bytes
    )
    outcome = Outcome(verb="install", profile=BOT, proposal=proposal, done=True, alias=alias)
    lines = summary.done_lines(outcome, proposal, "x {}".format, HERMES, lambda: agent)
    return ["".join(piece.text for piece in each) for each in lines][1:]


@pytest.mark.parametrize(
    ("alias", "agent", "said"),
    [
        ("", "hermes", ["  start it with: hermes -p bot chat"]),
        ("bot", "hermes", ["  start it with: bot chat"]),
        ("", "/opt/bin/hermes", ["  start it with: /opt/bin/hermes -p bot chat"]),
        (
            "bot",
            "",
            [
                "  Hermes Agent is not installed; get it with: pip install hermes-agent",
                "  then start it with: bot chat",
            ],
        ),
    ],
)
def test_what_is_missing_to_start_a_profile_is_named(
    alias: str, agent: str, said: list[str]
) -> None:
    assert _said(alias=alias, agent=agent) == said


def test_an_agent_that_no_path_leads_to_is_started_by_its_launcher(tmp_path: Path) -> None:
    agent = Agent((f"{tmp_path}/my agent/hermes",), "installation")
    assert agent.typed(HERMES, {"PATH": str(tmp_path)}) == f"'{tmp_path}/my agent/hermes'"
    command = tmp_path / "hermes"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    assert agent.typed(HERMES, {"PATH": str(tmp_path)}) == "hermes"
