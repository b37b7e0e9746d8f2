"""The real agents. A test that asks for ``generation``, ``agent_venv`` or ``agent`` runs once on each (see ``partners``)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from partners import Generation, parameters

Runs = Callable[..., subprocess.CompletedProcess[str]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "generation" in metafunc.fixturenames:
        metafunc.parametrize("generation", parameters(metafunc.function.__name__), scope="session")


@pytest.fixture(scope="session")
def agent_venv(generation: Generation) -> Path:
    """The virtual environment in which the agent is installed."""
    return generation.venv


@pytest.fixture(scope="session")
def agent(agent_venv: Path) -> Path:
    """The agent's program."""
    return agent_venv / "bin" / "hermes"


@pytest.fixture
def run(home: Path) -> Runs:
    """Run a program in a small environment of its own, without a terminal."""

    def run(
        program: Path | str, *args: str, path: tuple[Path, ...] = (), ok: bool = True, **env: str
    ) -> subprocess.CompletedProcess[str]:
        folders = os.pathsep.join([*map(str, path), "/usr/bin", "/bin"])
        done = subprocess.run(
            [str(program), *args],
            env={"HOME": str(home), "PATH": folders, "LANG": "C.UTF-8", "NO_COLOR": "1", **env},
            cwd=home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        told = f"{program} {args} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert not ok or done.returncode == 0, told
        return done

    return run
