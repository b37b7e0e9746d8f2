"""What only the installed agent can add to a new home: its bundled skills, SOUL.md, and memory service."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from hermes_dist.agents.places import HONCHO, HONCHO_OF_USER
from hermes_dist.brand import Brand
from hermes_dist.errors import DistError
from hermes_dist.light import read_json
from hermes_dist.world.agent.find import Agent, head_of
from hermes_dist.world.child import Bounds, Command, run

_SEED = """
import json
from tools.skills_sync import sync_skills
from {module}.default_soul import DEFAULT_SOUL_MD
found = sync_skills(quiet=True)
print(json.dumps({{"skills": len(found.get("copied") or []), "soul": DEFAULT_SOUL_MD}}))
"""
_PEER = """
import sys
from plugins.memory.honcho.cli import clone_honcho_for_profile
print("peer" if clone_honcho_for_profile(sys.argv[1]) else "")
"""


class Seeded(Struct, frozen=True):
    """What the agent added: the number of skills, and the text of its SOUL.md."""

    skills: int
    soul: str


def interpreter(agent: Agent) -> Path | None:
    """Return the interpreter that the agent's launcher runs on; None if it is unknown."""
    if "-m" in agent.argv:
        return Path(sys.executable)
    program = agent.launcher
    for _ in range(4):
        text = head_of(program)
        first = text.partition("\n")[0]
        if first.startswith("#!") and "python" in first:
            found = Path(first.removeprefix("#!").split()[0])
            return found if found.is_file() else None
        if "exec" in text and (python := re.search(r"(/\S*/python[\d.]*)", text)):
            return Path(python[1]) if Path(python[1]).is_file() else None
        named = re.search(r"""^\s*exec\s+["']?(/[^\s"']+)""", text, re.MULTILINE)
        if named is None:
            return None
        program = Path(named[1])
    return None


def seed(agent: Agent, brand: Brand, home: Path, env: Mapping[str, str]) -> Seeded:
    """Let the agent put its bundled skills into a home.

    Args:
        agent: The agent.
        brand: Its brand.
        home: The home, which may still be under construction.
        env: The environment.

    Raises:
        DistError: The agent fails.
    """
    python = interpreter(agent)
    if python is None:
        raise DistError(
            "the agent's interpreter can't be found from its launcher", where=str(agent.launcher)
        )
    code = _SEED.format(module=brand.agent_module)
    done = run(
        Command((str(python), "-P", "-c", code), {**env, brand.home_variable: str(home)}),
        Bounds(seconds=120, memory=2 << 30),
    )
    try:
        answer = read_json(done.out.decode("utf-8", "replace").strip().splitlines()[-1])
        return Seeded(int(answer["skills"]), str(answer["soul"]))
    except (ValueError, IndexError, KeyError, TypeError) as error:
        reason = (done.err.strip().splitlines() or [done.stopped or f"code {done.code}"])[-1]
        raise DistError(
            f"the agent did not provide its skills: {reason}", where=str(agent.launcher)
        ) from error


def make_peer(agent: Agent, brand: Brand, name: str, env: Mapping[str, str]) -> bool:
    """Let the agent make a peer of its memory service for a clone, where that service is set up.

    Returns:
        Whether one was made; a missing service is not an error.
    """
    python = interpreter(agent)
    if python is None:
        return False
    # The variable may name the profile that this command is used from: the agent would write to
    # the honcho.json of that one instead of the root's.
    clean = {key: value for key, value in env.items() if key != brand.home_variable}
    try:
        done = run(
            Command((str(python), "-P", "-c", _PEER, name), clean),
            Bounds(seconds=30, memory=2 << 30),
        )
    except DistError:
        return False
    return done.ok and done.out.strip().endswith(b"peer")


def has_peers(root: Path, user_home: Path) -> bool:
    """Whether the agent's memory service is set up on this machine."""
    return any(os.path.isfile(path) for path in (root / HONCHO, user_home / HONCHO_OF_USER))
