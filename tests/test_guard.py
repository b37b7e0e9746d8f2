"""The guard of the real home sees what the tests do, and nothing that a neighbour does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

GUARD = Path(__file__).parent / "guard"

REACHES = {
    "write": "open(f'{home}/.hermes/x', 'w')",
    "append": "open(f'{home}/.aigenlabs/x', 'a')",
    "read": "open(f'{home}/.hermes/config.yaml')",
    "list": "os.listdir(f'{home}/.hermes')",
    "folder": "os.mkdir(f'{home}/.hermes/profiles')",
    "rename": "os.rename(f'{home}/other', f'{home}/.hermes/config.yaml')",
    "delete": "os.remove(f'{home}/.hermes/config.yaml')",
    "mode": "os.chmod(f'{home}/.gitconfig', 0o600)",
    "command": "open(f'{home}/.local/bin/hermes', 'w')",
    "database": "__import__('sqlite3').connect(f'{home}/.hermes/state.db')",
    "by way of ..": "open(f'{home}/x/../.hermes/config.yaml')",
    "in a child of a child": "__import__('subprocess').run([sys.executable, '-c', f'open({home!r} + \"/.hermes/x\", \"w\")'], check=True)",
}


def child(home: Path, code: str) -> tuple[int, str]:
    """Run a line in a guarded Python; its exit code and what the guard wrote down."""
    log = home / "log"
    env = {
        "PYTHONPATH": str(GUARD),
        "HERMES_TEST_REAL_HOME": str(home),
        "HERMES_TEST_GUARD_LOG": str(log),
        "PATH": os.environ["PATH"],
    }
    words = [sys.executable, "-c", f"import os, sys\nhome = {str(home)!r}\n{code}"]
    done = subprocess.run(words, env=env, capture_output=True, check=False)
    return done.returncode, log.read_text() if log.exists() else ""


@pytest.fixture
def real(tmp_path: Path) -> Path:
    for folder in (".hermes", ".aigenlabs", ".local/bin"):
        (tmp_path / folder).mkdir(parents=True)
    for file in (".hermes/config.yaml", ".gitconfig", "other"):
        (tmp_path / file).touch()
    return tmp_path


@pytest.mark.parametrize("how", REACHES)
def test_whoever_reaches_into_the_real_home_is_stopped_and_written_down(
    real: Path, how: str
) -> None:
    code, log = child(real, REACHES[how])
    assert code == 1
    assert str(real) in log
    assert (real / ".hermes/config.yaml").read_bytes() == b""


@pytest.mark.parametrize(
    "line",
    [
        "open(f'{home}/.gitconfig')",
        "open(f'{home}/other', 'w')",
        "os.listdir(f'{home}/.local/bin')",
    ],
)
def test_what_is_not_the_agents_is_left_in_peace(real: Path, line: str) -> None:
    assert child(real, line) == (0, "")


def test_a_neighbour_that_works_there_meanwhile_trips_nothing(real: Path) -> None:
    line = f"import subprocess; subprocess.run(['sh', '-c', 'echo busy > {real}/.hermes/gateway.pid; touch {real}/.hermes'], check=True)"
    assert child(real, line) == (0, "")
    assert (real / ".hermes/gateway.pid").exists()


def test_the_process_of_the_tests_is_guarded_itself() -> None:
    with pytest.raises(AssertionError, match="real home"):
        Path(os.environ["HERMES_TEST_REAL_HOME"], ".hermes", "no-such-file").read_bytes()
    Path(os.environ["HERMES_TEST_GUARD_LOG"]).unlink()
