"""Read the settings of the user's own git."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hermes_dist.errors import DistError
from hermes_dist.world.agent.programs import find_command
from hermes_dist.world.child import Bounds, Command, run
from hermes_dist.world.git.errors import OLDEST, too_old, wrong_setting

_BOUNDS = Bounds(seconds=10, output=1 << 16)


def setting(env: Mapping[str, str], name: str) -> str:
    """Return a setting for all repositories, such as ``merge.tool``; empty without it, or without git."""
    git = find_command("git", env)
    if git is None:
        return ""
    # Run in /, so that no repository that the user happens to be in can name a program to run.
    done = run(Command((str(git), "config", "--get", name), env), _BOUNDS)
    if not done.ok:
        return ""
    return done.out.decode("utf-8", "replace").strip()


def fault(env: Mapping[str, str]) -> DistError | None:
    """Return why git can't be used: it is too old, or can't read its settings; None if it can, or is not installed."""
    git = find_command("git", env)
    if git is None:
        return None
    version = run(Command((str(git), "--version"), env), _BOUNDS).out
    found = re.match(rb"git version (\d+)\.(\d+)", version)
    if found and (int(found[1]), int(found[2])) < OLDEST:
        return too_old()
    done = run(Command((str(git), "config", "--list"), env), _BOUNDS)
    return None if done.ok else wrong_setting(done)
