"""A stricter setting arrives with the update; a looser one waits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from story import Story

from hermes_dist.ops.change.request import Request


def files(config: str, args: list[str]) -> dict[str, str]:
    server = {"command": "npx", "args": args}
    return {
        "distribution.yaml": "name: bot\nversion: 1.0.0\n",
        "config.yaml": config,
        "mcp.json": json.dumps({"mcpServers": {"files": server}}),
    }


LOOSE = files(
    "telegram:\n  allow_admin_from: ['111', '222']\nplugins:\n  entries:\n    p: {allow_tool_override: true}\n",
    ["-y", "server-files", "/data"],
)
STRICT = files(
    "telegram:\n  allow_admin_from: ['111']\nplugins:\n  entries:\n    p: {allow_tool_override: false}\n",
    ["-y", "server-files", "/data", "--read-only"],
)


def live(story: Story) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(story.read("config.yaml"))
    return found


@pytest.mark.parametrize("tighter", [True, False])
def test_only_the_looser_direction_waits(tighter: bool, tmp_path: Path) -> None:
    first, second = (LOOSE, STRICT) if tighter else (STRICT, LOOSE)
    story = Story(tmp_path, first)
    story.install()
    before = live(story)
    story.ship(second)
    story.update(Request())
    after = live(story)
    waiting = {effect.key for effect in story.lock.parked}
    if tighter:
        assert waiting == set()
        assert after["telegram"]["allow_admin_from"] == ["111"]
        assert after["plugins"]["entries"]["p"] == {"allow_tool_override": False}
        assert after["mcp_servers"]["files"]["args"][-1] == "--read-only"
        assert after["mcp_servers"]["files"]["enabled"] is True
    else:
        assert waiting == {
            "telegram.allow_admin_from",
            "plugins.entries.p.allow_tool_override",
            "mcp_servers.files.args",
        }
        assert after == before
