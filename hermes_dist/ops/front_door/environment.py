"""The environment of this process, for the hand-over to the agent; it loads as little as possible."""

from __future__ import annotations

import os
from pathlib import Path

from hermes_dist.agents.places import PROFILES
from hermes_dist.brand import Brand, Layout


def environment() -> dict[str, str]:
    """Return the environment as this process received it.

    In the C locale Python adds an ``LC_CTYPE`` of its own, which the agent must not see.
    """
    env = dict(os.environ)
    try:
        given = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return env  # this system can't tell
    if not any(pair.startswith(b"LC_CTYPE=") for pair in given):
        env.pop("LC_CTYPE", None)
    return env


def locate(brand: Brand, env: dict[str, str]) -> Layout:
    """Find the layout of a brand; a profile name in the environment is not checked here."""
    override = env.get(brand.home_variable, "")
    user_home = Path(os.path.expanduser("~"))  # unlike Path.home(), it never raises
    root = Path(os.path.expanduser(override)) if override else user_home / brand.root_name
    return Layout(brand, root.parent.parent if root.parent.name == PROFILES else root, user_home)
