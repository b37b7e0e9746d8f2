"""The process's environment, for the way to the agent, which must not load more than it needs."""

from __future__ import annotations

import os
from pathlib import Path

from hermes_dist.brand import Brand, Layout


def environment() -> dict[str, str]:
    """Return a copy of the environment."""
    return dict(os.environ)


def locate(brand: Brand, env: dict[str, str]) -> Layout:
    """Find the places of a brand, whatever profile the environment names, valid or not."""
    override = env.get(brand.home_variable, "")
    root = Path(override).expanduser() if override else Path.home() / brand.root_name
    return Layout(brand, root.parent.parent if root.parent.name == "profiles" else root, Path.home())
