"""The commands that install and upgrade programs as this one was installed: by pipx, by uv, or by pip.

Somebody who uses pipx often has no ``pip``, or one that refuses, or one of another environment.
"""

from __future__ import annotations

import sys

PROGRAM = "hermes-dist"
_INSTALLS = {"pipx": "pipx install", "uv": "uv tool install"}
_ADDS = {"pipx": f"pipx inject {PROGRAM}", "uv": "uv tool install"}
_UPGRADES = {"pipx": f"pipx upgrade {PROGRAM}", "uv": f"uv tool upgrade {PROGRAM}"}


def installs(package: str) -> str:
    """Return the command that installs another program, such as the agent."""
    return f"{_INSTALLS.get(_tool(), 'pip install')} {package}"


def adds(extra: str) -> str:
    """Return the command that adds the libraries of one of our extras to this installation."""
    return f"{_ADDS.get(_tool()) or f'{_pip()} install'} '{PROGRAM}[{extra}]'"


def upgrades(least: str = "") -> str:
    """Return the command that upgrades this program, to ``least`` this version if one is given."""
    wanted = f"'{PROGRAM}>={least}'" if least else PROGRAM
    return _UPGRADES.get(_tool()) or f"{_pip()} install -U {wanted}"


def _tool() -> str:
    """Return the tool whose environment we run in, as its place shows: ``pipx``, ``uv``, or neither."""
    *above, folder, _ = ["", "", *sys.prefix.split("/")]
    if folder == "venvs" and "pipx" in above:
        return "pipx"
    return "uv" if folder == "tools" and above[-1] == "uv" else ""


def _pip() -> str:
    """Return the pip of our own environment; the one on PATH may be another's."""
    return f"{sys.executable} -m pip" if sys.prefix != sys.base_prefix else "pip"
