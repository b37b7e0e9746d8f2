"""The manifests for Kubernetes: its schema takes them, and their init container does what the page says."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from fleet import PROGRAM
from leftout import ANSIBLE

FOLDER = Path(__file__).parent.parent.parent / "integrations" / "kubernetes"
SECRET = "sk-very-secret"


def manifests() -> list[dict[str, Any]]:
    texts = [path.read_text("utf-8") for path in sorted(FOLDER.glob("*.yaml"))]
    return [one for text in texts for one in yaml.safe_load_all(text)]


def pod() -> dict[str, Any]:
    (found,) = (one for one in manifests() if one["kind"] == "StatefulSet")
    spec: dict[str, Any] = found["spec"]["template"]["spec"]
    return spec


def checked(*files: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ANSIBLE / "kubernetes-validate"), "--strict", *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.needs("ansible")
def test_kubernetes_takes_the_manifests(tmp_path: Path) -> None:
    files = sorted(FOLDER.glob("*.yaml"))
    good = checked(*files)
    assert good.returncode == 0, good.stdout + good.stderr
    # The schema is a strict one: a word that it does not know is an error.
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text((FOLDER / "agents.yaml").read_text().replace("fsGroup:", "fsGruop:"))
    assert checked(wrong).returncode != 0


def test_no_container_may_do_more_than_it_has_to() -> None:
    spec = pod()
    assert spec["automountServiceAccountToken"] is False
    assert {
        key: spec["securityContext"][key] for key in ("runAsNonRoot", "runAsUser", "fsGroup")
    } == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "fsGroup": 10001,
    }
    claims = {"data"}
    for container in (*spec["initContainers"], *spec["containers"]):
        limits = container["securityContext"]
        assert limits["readOnlyRootFilesystem"] is True
        assert limits["allowPrivilegeEscalation"] is False
        assert limits["capabilities"] == {"drop": ["ALL"]}
        mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
        # What it writes goes to the volume that survives, or to /tmp.
        assert (mounts["data"], mounts["tmp"]) == ("/data", "/tmp")
        assert set(mounts) <= claims | {one["name"] for one in spec["volumes"]}
        values = {one["name"]: one.get("value") for one in container["env"]}
        assert values["HERMES_HOME"] == "/data/.hermes"
        # Only these are written down; all others come from a Secret.
        assert [name for name, value in values.items() if value] == ["HOME", "HERMES_HOME"]
    # The agent itself gets no secret by its environment: they are in its .env.
    assert len(spec["containers"][0]["env"]) == 2


class Pod:
    """What the init container does, on this machine: its command, its variables, and its volume as a folder."""

    def __init__(self, folder: Path, package: Path) -> None:
        self.data = folder / "data"
        self.data.mkdir()
        self._team = folder / "team.toml"
        (config,) = (one for one in manifests() if one["kind"] == "ConfigMap")
        text = config["data"]["team.toml"]
        assert '"github.com/you/bots//desk#^1"' in text
        self._team.write_text(text.replace('"github.com/you/bots//desk#^1"', f'"{package}"'))
        self._container = pod()["initContainers"][0]

    def start(self, secret: str = SECRET) -> subprocess.CompletedProcess[str]:
        shell, option, script = self._container["command"]
        env = {
            one["name"]: one["value"].replace("/data", str(self.data)) if "value" in one else secret
            for one in self._container["env"]
        }
        guard = {
            key: os.environ[key] for key in os.environ if key.startswith(("PYTHON", "HERMES_TEST"))
        }
        return subprocess.run(
            [shell, option, script.replace("/etc/hermes/team.toml", str(self._team))],
            env={
                "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}",
                "LANG": "C.UTF-8",
                **guard,
                **env,
            },
            capture_output=True,
            text=True,
            check=False,
        )


def test_a_pod_starts_again_with_what_its_agent_learned(tmp_path: Path) -> None:
    package = tmp_path / "desk"
    package.mkdir()
    (package / "distribution.yaml").write_text("name: desk\nversion: 1.0.0\n")
    (package / "SOUL.md").write_text("# Desk\nBe kind.\nBe brief.\nBe right.\n")
    one = Pod(tmp_path, package)
    first = one.start()
    assert first.returncode == 0, first.stderr
    home = one.data / ".hermes/profiles/desk"
    soul = home / "SOUL.md"
    assert f"OPENROUTER_API_KEY={SECRET}\n" in (home / ".env").read_text()

    # The same again does nothing; another secret and a new version arrive, and what was learned stays.
    again = one.start()
    assert (again.returncode, re.findall("Nothing to do", again.stdout)) == (0, ["Nothing to do"])
    soul.write_text(soul.read_text() + "I learned to ask first.\n")
    (package / "SOUL.md").write_text("# Desk\nBe very kind.\nBe brief.\nBe right.\n")
    assert one.start(f"{SECRET}-2").returncode == 0
    assert (
        soul.read_text() == "# Desk\nBe very kind.\nBe brief.\nBe right.\nI learned to ask first.\n"
    )
    assert f"OPENROUTER_API_KEY={SECRET}-2\n" in (home / ".env").read_text()

    # An open conflict does not keep the agent from its work, and neither does a source that can't be reached.
    soul.write_text(soul.read_text().replace("brief", "terse"))
    (package / "SOUL.md").write_text("# Desk\nBe very kind.\nBe short.\nBe right.\n")
    conflict = one.start(f"{SECRET}-2")
    assert (conflict.returncode, "resolve desk --list" in conflict.stdout) == (0, True), (
        conflict.stderr
    )
    assert "Be terse." in soul.read_text()
    assert SECRET not in first.stdout + first.stderr + conflict.stdout + conflict.stderr


@pytest.mark.parametrize(("there", "code"), [(True, 0), (False, 7)])
def test_a_source_out_of_reach_stops_only_an_agent_that_is_not_there(
    tmp_path: Path, there: bool, code: int
) -> None:
    one = Pod(tmp_path, tmp_path)
    said = tmp_path / "bin" / "hermes-dist"
    said.parent.mkdir()
    said.write_text("#!/bin/sh\nexit 7\n")
    said.chmod(0o755)
    if there:
        (one.data / ".hermes/profiles/desk").mkdir(parents=True)
    shell, option, script = pod()["initContainers"][0]["command"]
    env = {"PATH": f"{said.parent}:{os.environ['PATH']}", "HERMES_HOME": str(one.data / ".hermes")}
    assert subprocess.run([shell, option, script], env=env, check=False).returncode == code
