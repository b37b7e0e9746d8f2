"""The front door, aliases and gateway files with the real agent."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from partners import Generation

from hermes_dist.brand import HERMES, Layout
from hermes_dist.decide.profiles.aliases import Owner, owner_of, profile_of
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.front_door import launcher as front_door
from hermes_dist.ops.profiles import aliases
from hermes_dist.world.agent.find import GatewayState, find_agent, gateway, version

Runs = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def layout(home: Path) -> Layout:
    layout = Layout(HERMES, home / ".hermes", home)
    for name in ("coder", "writer"):
        layout.home(ProfileName(name)).mkdir(parents=True)
        (layout.home(ProfileName(name)) / "SOUL.md").write_text(
            "I am.\n"
        )  # 0.22 knows no profile by its folder alone
    front_door.install(layout)
    return layout


@pytest.mark.parametrize(
    ("words", "where"),
    [
        ("", {}),
        ("-p coder", {}),
        ("--profile=coder", {"sticky": "writer"}),
        ("", {"sticky": "writer"}),
        ("", {"home": "profiles/coder", "sticky": "writer"}),
        ("-p writer", {"home": "profiles/coder"}),
        ("", {"home": ".", "sticky": "writer"}),
        ("-p nobody", {}),
    ],
)
def test_through_the_front_door_the_agent_chooses_the_same_home_as_without_it(
    layout: Layout, agent_venv: Path, run: Runs, words: str, where: dict[str, str]
) -> None:
    if "sticky" in where:
        layout.sticky.write_text(f"{where['sticky']}\n")
    env = {"HERMES_HOME": str(layout.root / where["home"])} if "home" in where else {}
    agent = agent_venv / "bin" / "hermes"
    path = (layout.commands, agent.parent)
    direct = run(agent, *words.split(), "config", "path", path=path, ok=False, **env)
    through = run(layout.launcher, *words.split(), "config", "path", path=path, ok=False, **env)
    assert (through.returncode, through.stdout, through.stderr) == (
        direct.returncode,
        direct.stdout,
        direct.stderr,
    )
    if "nobody" not in words:
        assert through.stdout.strip().endswith("config.yaml")


def test_the_agent_is_found_on_path_and_its_version_read_without_running_it(
    layout: Layout, agent_venv: Path, generation: Generation
) -> None:
    agent = find_agent(layout, {"PATH": f"{layout.commands}:{agent_venv / 'bin'}"})
    assert agent is not None
    assert agent.launcher == agent_venv / "bin" / "hermes"
    assert version(agent, HERMES, {"PATH": ""}) == generation.version


def test_the_installed_agent_behind_a_link_is_found_and_tells_its_version(
    layout: Layout, agent_venv: Path, tmp_path: Path, run: Runs, generation: Generation
) -> None:
    link = tmp_path / "bin" / "hermes"
    link.parent.mkdir()
    link.symlink_to(agent_venv / "bin" / "hermes")
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(f'#!/bin/sh\nexec {link} "$@"\n')
    wrapper.chmod(0o755)
    for named in (link, wrapper):
        agent = find_agent(layout, {"HERMES_AGENT_BIN": str(named)})
        assert agent is not None
        assert (
            version(agent, HERMES, {"PATH": "/usr/bin:/bin", "HOME": str(layout.user_home)})
            == generation.version
        )
    done = run(layout.launcher, "--version", HERMES_AGENT_BIN=str(wrapper))
    assert generation.version in done.stdout


def test_an_alias_of_ours_starts_the_right_profile_and_the_agent_lists_it(
    layout: Layout, agent_venv: Path, run: Runs
) -> None:
    path = (layout.commands, agent_venv / "bin")
    env = {"PATH": os.pathsep.join([*map(str, path), "/usr/bin", "/bin"])}
    made = aliases.write(layout, aliases.plan(layout, ProfileName("coder"), "my-bot", env=env))
    layout.sticky.write_text("writer\n")
    for folders in (path, (path[1],), ()):
        done = run(
            made.path,
            "config",
            "path",
            path=folders,
            HERMES_AGENT_BIN=str(agent_venv / "bin" / "hermes"),
        )
        assert done.stdout.strip() == str(layout.home(ProfileName("coder")) / "config.yaml")
    shown = run(agent_venv / "bin" / "hermes", "profile", "show", "coder", path=path)
    assert "my-bot" in shown.stdout
    run(
        agent_venv / "bin" / "hermes",
        "profile",
        "alias",
        "coder",
        "--name",
        "my-bot",
        "--remove",
        path=path,
    )
    assert not made.path.exists()


@pytest.mark.parametrize("through_us", [False, True])
def test_the_agents_own_wrapper_is_known_listed_and_removable(
    layout: Layout, agent_venv: Path, run: Runs, through_us: bool
) -> None:
    path = (
        (layout.commands, agent_venv / "bin")
        if through_us
        else (agent_venv / "bin", layout.commands)
    )
    run(
        agent_venv / "bin" / "hermes", "profile", "alias", "coder", "--name", "their-bot", path=path
    )
    text = layout.alias("their-bot").read_text()
    assert (owner_of(HERMES, text), profile_of(HERMES, text)) == (Owner.AGENT, "coder")
    done = run(layout.alias("their-bot"), "config", "path", path=path)
    assert done.stdout.strip() == str(layout.home(ProfileName("coder")) / "config.yaml")
    (alias,) = aliases.of_profile(layout, ProfileName("coder"))
    assert (alias.name, alias.ours) == ("their-bot", False)
    assert aliases.remove(layout, "their-bot") == alias
    assert aliases.listed(layout) == ()


WRITE_STATE = """
import json, os, sys
from pathlib import Path
from gateway import status
assert status.acquire_gateway_runtime_lock()
status.write_pid_file()
status.write_runtime_status(gateway_state="running")
print("ready", flush=True)
sys.stdin.read()
status.write_runtime_status(gateway_state="stopped")
"""


def test_gateway_files_that_the_agent_wrote_are_read_as_it_means_them(
    layout: Layout, agent_venv: Path, home: Path
) -> None:
    at = layout.home(ProfileName("coder"))
    child = subprocess.Popen(
        [
            str(agent_venv / "bin" / "python"),
            "-c",
            WRITE_STATE,
            "hermes_cli.main",
            "gateway",
            "run",
        ],
        env={"HOME": str(home), "HERMES_HOME": str(at), "PATH": "/usr/bin:/bin"},
        cwd=home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    found = gateway(at)
    assert (found.state, found.pid, found.phase) == (GatewayState.RUNNING, child.pid, "running")
    assert json.loads((at / "gateway.pid").read_text())["pid"] == child.pid
    child.communicate("", timeout=60)
    assert gateway(at).state is GatewayState.STALE
    (at / "gateway.pid").unlink()
    assert gateway(at).state is GatewayState.STOPPED
