"""The real agent: an environment that holds it, named by HERMES_TEST_AGENT."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Runs = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def agent_venv() -> Path:
    """The virtual environment in which hermes-agent is installed."""
    venv = Path(os.environ["HERMES_TEST_AGENT"])
    assert (venv / "bin" / "hermes").is_file(), f"{venv} holds no agent"
    return venv


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
            cwd=home, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert not ok or done.returncode == 0, (program, args, done.returncode, done.stdout, done.stderr)
        return done

    return run
