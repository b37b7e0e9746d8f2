"""Finding the agent, its version, its gateways, and becoming it."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from hermes_dist.brand import AIGENLABS, HERMES, Layout
from hermes_dist.errors import DistError
from hermes_dist.world.agent import find as agents
from hermes_dist.world.agent.find import (
    Agent,
    GatewayState,
    find_agent,
    gateway,
    gateway_state,
    names_us,
    version,
)
from hermes_dist.world.agent.front_door import Former, write_doors


@pytest.fixture
def layout(home: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """Places in which no agent is installed, whatever this environment holds."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    return Layout(HERMES, home / ".hermes", home)


def program(path: Path, text: str = "#!/bin/sh\nexit 0\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def found(layout: Layout, **env: str) -> Agent | None:
    return find_agent(layout, {"PATH": "", **env})


def test_without_an_agent_none_is_found(layout: Layout) -> None:
    assert found(layout) is None


def test_the_named_launcher_comes_first(layout: Layout, tmp_path: Path) -> None:
    named = program(tmp_path / "my-agent")
    program(layout.agent_venvs()[0])
    assert found(layout, HERMES_AGENT_BIN=str(named)) == Agent((str(named),), "HERMES_AGENT_BIN")


def test_the_named_launcher_may_be_a_word_of_path(layout: Layout, tmp_path: Path) -> None:
    named = program(tmp_path / "bin" / "my-agent")
    agent = found(layout, HERMES_AGENT_BIN="my-agent", PATH=str(named.parent))
    assert agent == Agent((str(named),), "HERMES_AGENT_BIN")


def test_a_named_launcher_that_is_missing_or_ours_is_passed_over(
    layout: Layout, tmp_path: Path
) -> None:
    installed = program(layout.agent_venvs()[0])
    ours = program(tmp_path / "ours", "#!/bin/sh\nexec python -m hermes_dist\n")
    for named in (tmp_path / "missing", ours):
        assert found(layout, HERMES_AGENT_BIN=str(named)) == Agent(
            (str(installed),), "installation"
        )


def test_the_module_in_the_same_environment_is_found_without_importing_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "aigenlabs_cli"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(str(package.parent))
    layout = Layout(AIGENLABS, home / ".aigenlabs", home)
    program(layout.agent_venvs()[0])
    agent = found(layout)
    assert agent == Agent((sys.executable, "-P", "-m", "aigenlabs_cli.main"), "same environment")
    (package.parent / "aigenlabs_agent-1.2.3.dist-info").mkdir()
    assert version(agent, AIGENLABS, {}) == "1.2.3"
    assert "aigenlabs_cli" not in sys.modules


def test_the_agents_own_installation_comes_before_path(layout: Layout, tmp_path: Path) -> None:
    other = program(tmp_path / "bin" / "hermes")
    second = program(layout.agent_venvs()[1])
    assert found(layout, PATH=str(other.parent)) == Agent((str(second),), "installation")
    first = program(layout.agent_venvs()[0])
    assert found(layout, PATH=str(other.parent)) == Agent((str(first),), "installation")


def test_on_path_launchers_of_our_own_folders_and_plain_files_are_skipped(
    layout: Layout, tmp_path: Path
) -> None:
    (tmp_path / "a" / "hermes").mkdir(parents=True)
    program(tmp_path / "b" / "hermes").chmod(0o644)
    program(tmp_path / "c" / "hermes", "#!/bin/sh\nexec /x/python -m hermes_dist --front-door\n")
    program(
        tmp_path / "d" / "hermes",
        "#!/usr/bin/python\nfrom hermes_dist.cli.entry.main import hermes\n",
    )
    real = program(tmp_path / "e" / "hermes")
    path = os.pathsep.join(["", *(str(tmp_path / name) for name in "abcdef")])
    assert found(layout, PATH=path) == Agent((str(real),), "PATH")


def test_what_a_front_door_replaced_is_found_behind_it(layout: Layout, tmp_path: Path) -> None:
    program(layout.launcher, "#!/bin/sh\nexec /x/python -m hermes_dist\n")
    other = program(tmp_path / "bin" / "hermes")
    path = f"{layout.commands}:{other.parent}"
    real = program(tmp_path / "opt" / "hermes")
    for former in (Former("link", str(real)), Former("file", str(real))):
        write_doors(layout, {layout.launcher: former})
        assert found(layout, PATH=path) == Agent((str(real),), "behind the front door")
        assert found(layout) == Agent((str(real),), "behind the front door")
    layout.front_door_state.write_text("{broken")
    assert found(layout, PATH=path) == Agent((str(other),), "PATH")


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("#!/bin/sh\n# hermes_dist\n", True),
        ("#!/x/bin/python\nfrom hermes_dist.cli import main\n", True),
        ("exec '/a b/bin/python' -P -m hermes_dist --front-door", True),
        ("#!/home/u/hermes_dist/.venv/bin/python3.11\nfrom hermes_cli.main import main\n", False),
        ('#!/bin/sh\nexec /home/u/hermes_dist/venv/bin/hermes "$@"\n', False),
        ("#!/x/bin/python\nfrom hermes_cli.main import main\n", False),
        ("import my_hermes_dist\nimport hermes_distance\n", False),
    ],
)
def test_a_launcher_is_ours_when_its_text_says_so_and_not_by_its_folder(
    text: str, ours: bool
) -> None:
    assert names_us(text) is ours


def test_the_version_is_read_beside_the_launcher_without_running_it(layout: Layout) -> None:
    launcher = program(layout.agent_venvs()[0], "#!/bin/sh\nexit 9\n")
    (launcher.parent.parent / "lib/python3.11/site-packages/hermes_agent-0.19.0.dist-info").mkdir(
        parents=True
    )
    assert version(Agent((str(launcher),), "installation"), HERMES, {}) == "0.19.0"


def test_the_version_is_read_beside_the_interpreter_that_a_launcher_names(
    layout: Layout, tmp_path: Path
) -> None:
    (tmp_path / "venv/lib/python3.12/site-packages/hermes_agent-0.20.1rc1.dist-info").mkdir(
        parents=True
    )
    launcher = program(tmp_path / "bin" / "hermes", f"#!{tmp_path}/venv/bin/python3\n")
    assert version(Agent((str(launcher),), "PATH"), HERMES, {}) == "0.20.1rc1"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo 'Hermes Agent v0.19.0 (2026.7.20)'", "0.19.0"),
        ("echo 1.2.3", "1.2.3"),
        ("echo nothing to see", None),
        ("echo v1.0; exit 3", None),
    ],
)
def test_without_metadata_the_agent_is_asked(
    layout: Layout, tmp_path: Path, script: str, expected: str | None
) -> None:
    launcher = program(tmp_path / "hermes", f"#!/bin/sh\n{script}\n")
    assert version(Agent((str(launcher),), "PATH"), HERMES, dict(os.environ)) == expected


def test_an_agent_that_hangs_is_given_up_on(tmp_path: Path) -> None:
    launcher = program(tmp_path / "hermes", "#!/bin/sh\nexec sleep 30\n")
    with pytest.raises(DistError, match="did not answer within"):
        agents.run(
            Agent((str(launcher),), "PATH"), ["--version"], env=dict(os.environ), timeout=0.2
        )


# Gateways


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(["sh", "-c", "sleep 60 & wait", "hermes gateway run"])
    yield child
    child.kill()
    child.wait()


@contextlib.contextmanager
def ended(child: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def started(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().split()[21])


def record(path: Path, **fields: object) -> None:
    path.write_text(json.dumps(fields))


def test_a_home_without_files_has_a_stopped_gateway(tmp_path: Path) -> None:
    assert gateway_state(tmp_path) is GatewayState.STOPPED


def test_a_live_process_with_the_recorded_start_runs(
    tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    record(
        tmp_path / "gateway.pid",
        pid=process.pid,
        kind="hermes-gateway",
        start_time=started(process.pid),
    )
    record(
        tmp_path / "gateway_state.json",
        pid=process.pid,
        gateway_state="running",
        updated_at="2026-01-01",
    )
    found = gateway(tmp_path)
    assert (found.state, found.pid, found.phase) == (GatewayState.RUNNING, process.pid, "running")


def test_a_bare_process_id_counts_when_that_process_is_a_gateway(
    tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    (tmp_path / "gateway.pid").write_text(f"{process.pid}\n")
    assert gateway_state(tmp_path) is GatewayState.RUNNING
    with ended(subprocess.Popen(["sleep", "60"])) as other:
        (tmp_path / "gateway.pid").write_text(f"{other.pid}\n")
        until = time.monotonic() + 10  # right after the fork it is still a copy of this process
        while gateway_state(tmp_path) is GatewayState.RUNNING and time.monotonic() < until:
            time.sleep(0.02)
        assert gateway_state(tmp_path) is GatewayState.STALE


def test_a_number_that_was_given_to_another_process_is_stale(
    tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    record(tmp_path / "gateway.pid", pid=process.pid, start_time=started(process.pid) - 1)
    assert gateway_state(tmp_path) is GatewayState.STALE


def test_a_dead_process_and_a_zombie_are_stale(tmp_path: Path) -> None:
    child = subprocess.Popen(["sh", "-c", "exit 0", "hermes gateway run"])
    began = started(child.pid)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    record(tmp_path / "gateway.pid", pid=child.pid, start_time=began)
    assert gateway_state(tmp_path) is GatewayState.STALE
    child.wait()
    assert gateway_state(tmp_path) is GatewayState.STALE


def test_the_state_file_alone_tells_too(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    state = tmp_path / "gateway_state.json"
    record(state, pid=process.pid, start_time=started(process.pid), gateway_state="running")
    assert gateway_state(tmp_path) is GatewayState.RUNNING
    for rest in ("stopped", "startup_failed", None):
        record(state, pid=process.pid, start_time=started(process.pid), gateway_state=rest)
        assert gateway_state(tmp_path) is GatewayState.STOPPED
    record(state, pid=2**22 + 5, gateway_state="draining")
    assert gateway_state(tmp_path) is GatewayState.STALE


def test_a_name_with_a_space_shifts_the_start_that_the_agent_writes(tmp_path: Path) -> None:
    program = tmp_path / "my sleep"
    shutil.copy(shutil.which("sleep") or "", program)
    with ended(subprocess.Popen([str(program), "60"])) as other:
        record(tmp_path / "gateway.pid", pid=other.pid, start_time=0)
        assert gateway_state(tmp_path) is GatewayState.STALE
    with ended(subprocess.Popen(["hermes gateway", "60"], executable=str(program))) as gone_wrong:
        record(tmp_path / "gateway.pid", pid=gone_wrong.pid, start_time=0)
        end = time.monotonic() + 20  # until it is no longer a copy of us
        while gateway_state(tmp_path) is not GatewayState.RUNNING and time.monotonic() < end:
            time.sleep(0.02)
        assert gateway_state(tmp_path) is GatewayState.RUNNING


def test_a_process_that_we_may_not_look_at_counts_as_running(
    tmp_path: Path, process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def hidden(pid: int) -> psutil.Process:
        raise psutil.AccessDenied(pid)

    monkeypatch.setattr(psutil, "Process", hidden)
    for fields in ({"start_time": 1}, {}):
        record(tmp_path / "gateway.pid", pid=process.pid, **fields)
        assert gateway_state(tmp_path) is GatewayState.RUNNING


@pytest.mark.parametrize(
    "text", ["", "garbage", "[1]", '{"pid": "x", "kind": 3}', '{"pid": -1}', "true", "\x00"]
)
def test_broken_files_never_raise(tmp_path: Path, text: str) -> None:
    (tmp_path / "gateway.pid").write_text(text)
    (tmp_path / "gateway_state.json").write_text(text)
    assert gateway_state(tmp_path) in {GatewayState.STOPPED, GatewayState.STALE}


# Becoming the agent

BECOME = """
import os, sys
from hermes_dist.brand import HERMES
from hermes_dist.errors import DistError
from hermes_dist.world.agent.find import Agent, hand_over
try:
    hand_over(Agent((sys.argv[1],), "PATH"), sys.argv[2:], os.environ, HERMES)
except DistError as error:
    print(error.code, error)
"""


def become(launcher: Path, *args: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", BECOME, str(launcher), *args],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_becoming_the_agent_keeps_the_process_and_the_words(tmp_path: Path) -> None:
    launcher = program(
        tmp_path / "hermes", '#!/bin/sh\n[ "$HERMES_DIST_EXEC" = $$ ] && printf "%s|" "$@"\n'
    )
    assert become(launcher, "chat", "two words", "", "--", "-p") == "chat|two words||--|-p|"


def test_a_script_without_an_interpreter_line_runs_as_in_a_shell(tmp_path: Path) -> None:
    assert become(program(tmp_path / "hermes", "echo plain $1\n"), "x") == "plain x\n"


def test_a_launcher_that_cannot_start_is_a_sentence_with_127(tmp_path: Path) -> None:
    for text in ("#!/no/such/interpreter\n", "\x00\x01\x02"):
        said = become(program(tmp_path / "hermes", text))
        assert said.startswith("127 ")
        assert "can't be started" in said
