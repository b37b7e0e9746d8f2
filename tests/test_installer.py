"""The commands that a user is told to run fit the way this program was installed."""

from __future__ import annotations

import sys

import pytest

from hermes_dist.installer import adds, installs, upgrades

PIPX = "/home/ada/.local/share/pipx/venvs/hermes-dist"
FOR_ALL = "/opt/pipx/venvs/hermes-dist"
UV = "/home/ada/.local/share/uv/tools/hermes-dist"
VENV = "/home/ada/venvs/agent"
SYSTEM = "/usr"


@pytest.mark.parametrize(
    ("prefix", "agent", "extra", "upgrade"),
    [
        (PIPX, "pipx install", "pipx inject hermes-dist", "pipx upgrade hermes-dist"),
        (FOR_ALL, "pipx install", "pipx inject hermes-dist", "pipx upgrade hermes-dist"),
        (UV, "uv tool install", "uv tool install", "uv tool upgrade hermes-dist"),
        (
            VENV,
            "pip install",
            f"{VENV}/bin/python -m pip install",
            f"{VENV}/bin/python -m pip install -U 'hermes-dist>=9.1'",
        ),
        (SYSTEM, "pip install", "pip install", "pip install -U 'hermes-dist>=9.1'"),
    ],
)
def test_each_way_to_install_has_its_command(
    monkeypatch: pytest.MonkeyPatch, prefix: str, agent: str, extra: str, upgrade: str
) -> None:
    monkeypatch.setattr(sys, "prefix", prefix)
    monkeypatch.setattr(sys, "base_prefix", SYSTEM)
    monkeypatch.setattr(sys, "executable", f"{prefix}/bin/python")
    assert installs("hermes-agent") == f"{agent} hermes-agent"
    assert adds("ui") == f"{extra} 'hermes-dist[ui]'"
    assert upgrades("9.1") == upgrade
    assert upgrades() == upgrade.replace("'hermes-dist>=9.1'", "hermes-dist")


@pytest.mark.parametrize(
    "prefix",
    ["", "/", "/venvs", "/tools", "/uv/venvs/x", "/srv/pipx", "/srv/pipx/x/y", "/srv/tools/x"],
)
def test_other_places_are_nobodys(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    monkeypatch.setattr(sys, "prefix", prefix)
    assert installs("x") == "pip install x"
