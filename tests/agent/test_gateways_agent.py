"""Gateways of the real agent, started, seen and stopped by ours; and the table of what keeps services."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from partners import Generation

PROGRAM = Path(sys.executable).parent / "hermes-dist"
Gateways = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def gateways(home: Path, agent_venv: Path, run: Gateways) -> Iterator[Gateways]:
    for name in ("coder", "research"):
        (home / ".hermes" / "profiles" / name).mkdir(parents=True)
        (home / ".hermes" / "profiles" / name / "SOUL.md").write_text("I am.\n")

    def go(*words: str, ok: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        return run(
            PROGRAM,
            "gateways",
            *words,
            ok=ok,
            HERMES_AGENT_BIN=str(agent_venv / "bin" / "hermes"),
            **{"HERMES_DIST_SERVICES": "none", "HERMES_STATE_DB_GUARD_BYPASS": "1", **env},
        )

    yield go
    go("stop", "--all", ok=False)


def rows(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    return {row["profile"]: row for row in json.loads(done.stdout)["gateways"]}


def test_real_gateways_of_each_profile_start_are_told_as_the_agent_tells_them_and_stop(
    gateways: Gateways, agent_venv: Path, run: Gateways, home: Path
) -> None:
    (home / ".hermes" / "active_profile").write_text("research\n")
    started = rows(gateways("start", "default", "coder", "--jobs", "2", "--json"))
    assert {name: row["outcome"] for name, row in started.items()} == {
        "default": "started",
        "coder": "started",
    }
    listed = run(agent_venv / "bin" / "hermes", "gateway", "list").stdout
    for name, row in started.items():
        (line,) = (line for line in listed.splitlines() if f" {name} " in line)
        assert "✓" in line
        assert f"PID {row['pid']}" in line
    assert "✗ research" in listed
    assert (
        "Gateway is running"
        in run(agent_venv / "bin" / "hermes", "-p", "coder", "gateway", "status").stdout
    )
    ours = rows(gateways("list", "--json"))
    assert {name: row["state"] for name, row in ours.items()} == {
        "default": "running",
        "coder": "running",
        "research": "stopped",
    }
    assert rows(gateways("start", "coder", "--json"))["coder"]["outcome"] == "running already"

    again = rows(gateways("restart", "coder", "--json"))["coder"]
    assert again["outcome"] == "restarted"
    assert again["pid"] != started["coder"]["pid"]
    assert "gateway.run" in gateways("logs", "coder").stdout

    stopped = rows(gateways("stop", "--all", "--json"))
    assert {name: row["outcome"] for name, row in stopped.items()} == {
        "default": "stopped",
        "coder": "stopped",
        "research": "not running",
    }
    assert all(not row["note"] for row in stopped.values()), "the agent stopped them itself"
    assert "✓" not in run(agent_venv / "bin" / "hermes", "gateway", "list").stdout


def test_a_real_gateway_that_was_killed_is_stale_and_comes_up_again(
    gateways: Gateways, generation: Generation
) -> None:
    name = "default" if generation.multiplexed else "coder"
    pid = rows(gateways("start", name, "--json"))[name]["pid"]
    os.kill(pid, signal.SIGKILL)
    assert rows(gateways("status", name, "--json"))[name]["state"] == "stale"
    row = rows(gateways("start", name, "--json"))[name]
    assert (row["outcome"], row["note"]) == ("started", "a stale pid was removed")


def test_services_are_named_and_run_as_the_agent_does_it(
    agent_venv: Path, run: Gateways, home: Path
) -> None:
    from hermes_dist.brand import HERMES, Layout
    from hermes_dist.model.paths import ProfileName

    (home / ".hermes" / "profiles" / "coder").mkdir(parents=True)
    code = (
        "import hermes_cli.gateway as g; print(g.get_systemd_unit_path()); print(g.get_launchd_plist_path());"
        "print(g.generate_systemd_unit())"
    )
    layout = Layout(HERMES, home / ".hermes", home)
    for name, profile in (("default", ""), ("coder", "--profile coder ")):
        where = home / ".hermes" / ("" if name == "default" else f"profiles/{name}")
        said = run(
            agent_venv / "bin" / "python", "-c", code, HERMES_HOME=str(where)
        ).stdout.splitlines()
        unit, plist = layout.service_files(ProfileName(name))
        assert said[0] == str(unit)
        assert said[1].endswith(
            f"/Library/LaunchAgents/{plist.name}"
        )  # below the home of the user database
        (start,) = (line for line in said if line.startswith("ExecStart="))
        words = [word for word in start.replace('"', " ").split() if word != "hermes_cli.main"]
        assert " ".join(words).endswith(f"{profile}gateway run")
        assert "hermes_cli.main" in start


def test_the_ports_and_locks_are_the_agents(agent_venv: Path) -> None:
    from hermes_dist.decide.fleet.exclusive import GatewaySettings, claims

    package = next(agent_venv.glob("lib/python*/site-packages"))

    def port(platform: str, name: str) -> str:
        """A constant of an adapter; not imported, because not every agent brings what all of them need."""
        found = re.search(
            rf"^{name} = (\d+)$",
            (package / f"gateway/platforms/{platform}.py").read_text(),
            re.MULTILINE,
        )
        assert found, (platform, name)
        return found[1]

    ports = [
        port("api_server", "DEFAULT_PORT"),
        port("webhook", "DEFAULT_PORT"),
        port("msgraph_webhook", "DEFAULT_PORT"),
        port("bluebubbles", "DEFAULT_WEBHOOK_PORT"),
        port("whatsapp_cloud", "DEFAULT_WEBHOOK_PORT"),
    ]
    on = {
        "API_SERVER_ENABLED": "1",
        "WEBHOOK_ENABLED": "1",
        "MSGRAPH_WEBHOOK_ENABLED": "1",
        "BLUEBUBBLES_SERVER_URL": "x",
        "WHATSAPP_CLOUD_PHONE_NUMBER_ID": "1",
    }
    found = {
        claim.channel: claim.key
        for claim in claims(GatewaySettings(profile="a", variables=on), {}, b"s")
        if claim.kind == "port"
    }
    assert [
        found[name]
        for name in ("API server", "Webhook", "Microsoft Graph", "BlueBubbles", "WhatsApp Cloud")
    ] == ports


def test_one_real_gateway_serves_all_profiles_but_those_kept_apart(
    gateways: Gateways, agent: Path, run: Gateways, home: Path
) -> None:
    root = home / ".hermes"
    for name in ("coder", "research"):
        (root / "profiles" / name / ".env").touch()
    apart = root / "profiles" / "apart"
    apart.mkdir()
    (apart / "config.yaml").write_text("gateway:\n  standalone: true\n")
    started = rows(gateways("start", "--all", "--json"))
    assert {name: row["outcome"] for name, row in started.items()} == {
        "default": "started",
        "apart": "started",
        "coder": "served by default",
        "research": "served by default",
    }
    told = run(agent, "gateway", "list").stdout
    assert told.count("served by the default multiplexer") == 2
    assert rows(gateways("start", "coder", "--json"))["coder"]["outcome"] == "served by default"
    states = {name: row["state"] for name, row in rows(gateways("list", "--json")).items()}
    assert states == {
        "default": "running",
        "apart": "running",
        "coder": "served",
        "research": "served",
    }

    restarted = rows(gateways("restart", "coder", "--json"))
    assert {name: row["outcome"] for name, row in restarted.items()} == {
        "default": "restarted",
        "coder": "served by default",
    }
    stopped = rows(gateways("stop", "--all", "--json"))
    assert {name: row["outcome"] for name, row in stopped.items()} == dict.fromkeys(
        started, "stopped"
    )
    assert "✓" not in run(agent, "gateway", "list").stdout
