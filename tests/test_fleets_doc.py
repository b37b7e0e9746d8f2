"""docs/fleets.md is a transcript: every command in it is run, through the front door, on a fleet of stand-ins."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import forked
import pytest
from fleet import Fleet

from hermes_dist.brand import HERMES, Layout
from hermes_dist.ops.front_door import launcher as front_door

PAGE = Path(__file__).parent.parent / "docs" / "fleets.md"
SERVICES = {"HERMES_DIST_SERVICES": "systemd", "STANDIN_MANAGER": "1"}


@dataclass
class Said:
    """A command of the page, what it says, and how it ends."""

    line: int
    command: str
    services: bool
    output: list[str] = field(default_factory=list)
    code: int = 0


def transcript() -> Iterator[Said]:
    inside, said = "", None
    for number, line in enumerate(PAGE.read_text("utf-8").splitlines(), 1):
        if line.startswith(("```", "$ ")) and said:
            yield said
            said = None
        if line.startswith("```"):
            inside = "" if inside else line.removeprefix("```").strip() or "text"
        elif inside.startswith("console") and line.startswith("$ "):
            said = Said(number, line[2:], services="systemd" in inside)
        elif said and line.startswith("exit "):
            said.code = int(line.removeprefix("exit "))
        elif said:
            said.output.append(line)


def matches(wanted: list[str], found: list[str]) -> bool:
    """Columns are as wide as their process ids, so spaces count as one."""
    lines = (re.sub(" +", " ", line) for line in wanted)
    pattern = "\n".join(
        ".*?" if line == "…" else re.escape(line).replace("…", ".*?") for line in lines
    )
    return re.fullmatch(pattern, re.sub(" +", " ", "\n".join(found)), re.DOTALL) is not None


@pytest.fixture
def machine(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    fleet = Fleet(home, agent_folder="agent")
    fleet.profile("coder", TELEGRAM_BOT_TOKEN="67890:of-the-coder")
    fleet.profile("personal-bot", TELEGRAM_BOT_TOKEN="12345:of-the-personal-bot")
    fleet.profile("research", DISCORD_BOT_TOKEN="of-the-researcher")
    python = forked.programs(home / "programs")
    monkeypatch.setattr(sys, "executable", str(python))  # what the front door starts
    front_door.install(Layout(HERMES, fleet.root, home))
    fleet.env["PATH"] = f"{home}/.local/bin:{python.parent}:/usr/bin:/bin"
    try:
        yield fleet
    finally:
        fleet.end()


def test_every_command_of_the_page_says_what_is_written(machine: Fleet) -> None:
    played = 0
    for said in transcript():
        done = subprocess.run(
            ["bash", "-c", f"{{ {said.command}\n}} 2>&1"],
            env={**machine.env, **(SERVICES if said.services else {})},
            cwd=machine.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
        found = done.stdout.replace(str(machine.home), "/home/ada").splitlines()
        assert matches(said.output, found), (said.line, said.command, found)
        assert done.returncode == said.code, (said.line, said.command, done.returncode)
        played += 1
    assert played >= 15
    assert machine.processes() == []


def test_the_page_says_all_that_the_shell_script_of_the_agents_guide_did() -> None:
    text = PAGE.read_text("utf-8")
    for verb in (
        "start",
        "stop",
        "restart",
        "status",
        "list",
        "logs",
        "check",
        "enable",
        "disable",
    ):
        assert f"hermes gateways {verb}" in text, verb
    for words in (
        "hermes-gateway-NAME.service",
        "ai.hermes.gateway-NAME.plist",
        "enable-linger",
        "caffeinate",
        "supervisord",
    ):
        assert words in text, words
