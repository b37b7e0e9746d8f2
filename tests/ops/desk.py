"""A package that asks for a team, some numbers and a key, and the profile that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from story import Story, yes

from hermes_dist.ops.change.request import Choices, Request
from hermes_dist.ops.package import install as installing

INPUTS: Mapping[str, Any] = {
    "team": {"description": "The team it works for"},
    "turns": {"type": "integer", "default": 40, "maximum": 90},
    "hour": {"type": "integer", "default": 8, "minimum": 0, "maximum": 23},
    "city": {"env": "DESK_CITY", "default": "Paris"},
    "token": {"secret": True, "env": "DESK_TOKEN", "description": "The key"},
}
SOUL = "# Desk\n\nYou work for ${input:team}.\nBe kind to ${input:nobody}.\n\nMore.\n"
CONFIG = "# top\nmodel:\n  default: small # best\nagent:\n  max_turns: ${input:turns}\n"
FILES: Mapping[str, str] = {
    "SOUL.md": SOUL,
    "config.yaml": CONFIG,
    "skills/sort/SKILL.md": "---\nname: sort\ndescription: Sorts for ${input:team}\n---\nSort for ${input:team}.\n",
    "cron/jobs.json": '{"jobs": [{"name": "Report", "prompt": "Report to ${input:team}", "schedule": "0 ${input:hour} * * *"}]}\n',
    "mcp.json": '{"mcpServers": {"web": {"command": "npx", "args": ["web", "--for=${input:team}"]}}}\n',
    "scripts/run.sh": "echo ${input:team}\n",
}


def manifest(inputs: Mapping[str, Any] = INPUTS, version: str = "1.0.0") -> str:
    return yaml.safe_dump(
        {"name": "bot", "version": version, "inputs": dict(inputs)}, sort_keys=False
    )


def given(**answers: str) -> Request:
    return Request(choices=Choices(allow_effects=True, inputs=answers))


class Desk(Story):
    """A profile whose package asks for a team, some numbers and a key."""

    def __init__(self, tmp: Path, files: Mapping[str, str] = FILES) -> None:
        super().__init__(tmp, {"distribution.yaml": manifest(), **files})

    def answer(self, **answers: str) -> None:
        answers = {"team": "sea search", "token": "s3cret-abcdef", **answers}
        installing.install(self.ctx, self.url, given(**answers), yes, name="bot")

    @property
    def answers(self) -> dict[str, object]:
        return {one.name: one.value for one in self.lock.inputs}

    @property
    def env(self) -> str:
        return self.read(".env")

    @property
    def config(self) -> Any:
        return yaml.safe_load(self.read("config.yaml"))
