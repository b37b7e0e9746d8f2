"""A home that the agent's own migration rewrote holds no edit of the user's, and an update does not undo it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from gitrepo import Repo
from partners import Generation

Runs = Callable[..., subprocess.CompletedProcess[str]]
PROGRAM = Path(sys.executable).parent / "hermes-dist"
CONFIG = """\
# the author's words
{stamp}model:
  default: anthropic/claude   # the best one
agent: {{max_turns: 90, verify_on_stop: auto}}
delegation:
  max_iterations: 50
  max_concurrent_children: 3
display:
  personality: kawaii
  background_process_notifications: all
  skin: default
model_catalog: {{ttl_hours: 1}}
curator: {{stale_after_days: 30, archive_after_days: 90}}
cron: {{model_drift_guard: true}}
gateway: {{multiplex_profile_allowlist: [a]}}
compression: {{threshold_tokens: 256000, enabled: true}}
terminal:
  docker_image: nikolaik/python-nodejs:python3.11-nodejs20
  vercel_runtime: node24
  timeout: 180
security: {{tirith_enabled: true, redact_secrets: true}}
mcp_servers:
  a: {{command: echo, disabled: true}}
  b: {{command: echo, args: [x]}}
platform_toolsets:
  cli: [web, bfl, file]
plugins: {{enabled: [observability/nemo_relay, mine]}}
own: {{flag: y, other: n, number: 1e3, on: on}}
"""
SOUL = "You are a bot.\n\n## Messaging other agents\nold words\n\n## Rules\nbe kind\n"
MANIFEST = "name: bot\nversion: {}\n"


@pytest.fixture(params=["_config_version: 33\n", ""], ids=["stamped", "unstamped"])
def config(request: pytest.FixtureRequest) -> str:
    return CONFIG.format(stamp=request.param)


def test_what_the_agents_migration_did_is_no_edit_and_stays(
    home: Path, tmp_path: Path, agent_venv: Path, run: Runs, generation: Generation, config: str
) -> None:
    repo = Repo(tmp_path / "bot")
    repo.commit(
        {"distribution.yaml": MANIFEST.format("1.0.0"), "config.yaml": config, "SOUL.md": SOUL}
    )
    folder = home / ".hermes" / "profiles" / "bot"
    placed = folder / "config.yaml"

    def ours(*words: str) -> dict[str, object]:
        done = run(PROGRAM, *words, "--json", HERMES_AGENT_BIN=str(agent_venv / "bin" / "hermes"))
        return dict(json.loads(done.stdout))

    def migrate() -> None:
        code = (
            "from hermes_cli.config import migrate_config as go; go(interactive=False, quiet=True)"
        )
        run(agent_venv / "bin" / "python", "-W", "ignore", "-c", code, HERMES_HOME=str(folder))

    run(PROGRAM, "install", f"file://{repo.path}", "-y", "--allow-effects")
    received = placed.read_bytes()
    migrate()
    assert placed.read_bytes() != received or generation.config_version == 33
    assert yaml.safe_load(placed.read_text())["_config_version"] == generation.config_version
    status = ours("status", "bot")
    assert (status["edited"], status["conflicts"]) == ([], [])
    assert "as its author ships it" in run(PROGRAM, "status", "bot").stdout
    assert run(PROGRAM, "diff", "bot").stdout.strip() == ""

    text = placed.read_text()
    placed.write_text(text.replace("max_turns: 90", "max_turns: 91"))
    said = run(PROGRAM, "diff", "bot").stdout
    named = [
        line for line in said.splitlines() if line.startswith(("config.yaml: ", "SOUL.md", "--- "))
    ]
    assert named == ["config.yaml: agent.max_turns  90 → 91", "--- received/config.yaml"], (
        "the user's edit alone"
    )

    newer = config.replace("skin: default", "skin: mono").replace("timeout: 180", "timeout: 60")
    repo.commit({"distribution.yaml": MANIFEST.format("1.1.0"), "config.yaml": newer})
    before = yaml.safe_load(placed.read_text())
    run(PROGRAM, "update", "bot", "-y", "--allow-effects")
    after = yaml.safe_load(placed.read_text())
    before["display"]["skin"], before["terminal"]["timeout"] = "mono", 60
    assert after == before
    assert after["_config_version"] == generation.config_version
    assert after["agent"]["max_turns"] == 91
    bytes_then = placed.read_bytes()
    migrate()
    assert placed.read_bytes() == bytes_then, "the agent has nothing left to migrate"

    louder = newer.replace("personality: kawaii", "personality: pirate")
    repo.commit({"distribution.yaml": MANIFEST.format("1.2.0"), "config.yaml": louder})
    run(PROGRAM, "update", "bot", "-y", "--allow-effects")
    assert yaml.safe_load(placed.read_text())["display"]["personality"] == "pirate", (
        "what an author newly says arrives"
    )
