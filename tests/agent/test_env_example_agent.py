"""A placed example, copied to ``.env`` as people do, and loaded by the real agent: nothing of the author's steers it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from env_matrix import DANGEROUS, HARMLESS

from hermes_dist.decide.environment import dotenv
from hermes_dist.decide.environment.example import place_example

LOADS = (
    "import json, os, sys; from hermes_cli.env_loader import load_hermes_dotenv\n"
    "before = dict(os.environ); load_hermes_dotenv()\n"
    "print(json.dumps({name: value for name, value in os.environ.items() if before.get(name) != value}))"
)
SHAPES = (
    "{}=planted",
    "export {}=planted",
    "{}='planted'",
    " {} = planted",
    "X='\n{}=planted\n'",
    "# a\r{}=planted",
    "CITY=x\x85{}=planted",
)


def steered(agent_venv: Path, home: Path, data: bytes) -> dict[str, str]:
    """What the agent sets in its own environment when it starts with such a file."""
    root = home / ".hermes"
    root.mkdir(exist_ok=True)
    (root / ".env").write_bytes(data)
    done = subprocess.run(
        [str(agent_venv / "bin" / "python"), "-c", LOADS],
        env={
            "HOME": str(home),
            "PATH": "/usr/bin:/bin",
            "HERMES_HOME": str(root),
            "LANG": "C.UTF-8",
        },
        cwd=home,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_no_planted_value_reaches_the_agents_environment(agent_venv: Path, home: Path) -> None:
    names = [name for name in DANGEROUS if not name.startswith(("HERMES_HOME", "PYTHON"))]
    authors = "".join(
        f"{SHAPES[at % len(SHAPES)].format(name)}\n" for at, name in enumerate(names)
    ).encode()
    assert sum(value == "planted" for value in steered(agent_venv, home, authors).values()) > 80
    assert "planted" not in str(steered(agent_venv, home, place_example(authors).content))


def test_harmless_values_do(agent_venv: Path, home: Path) -> None:
    authors = "".join(
        f"{name}={dotenv.quote(value)}\n" for name, value in HARMLESS.items()
    ).encode()
    found = steered(agent_venv, home, place_example(authors).content)
    assert {
        name: found.get(name) for name in HARMLESS if name.startswith(("NEWS_", "HERMES_MAX"))
    } == {
        name: value for name, value in HARMLESS.items() if name.startswith(("NEWS_", "HERMES_MAX"))
    }
