"""What a list tells of profiles: what the agent calls them, and whose gateway serves them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hermes_dist.brand import HERMES, Layout
from hermes_dist.cli.profile_list import called
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles import list as profiles
from hermes_dist.world.agent.find import GatewayState

NAMES = ("ada", "ben", "cy")


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    layout = Layout(HERMES, tmp_path / ".hermes", tmp_path)
    for name in NAMES:
        layout.home(ProfileName(name)).mkdir(parents=True)
    return Context(HERMES, layout, {"HOME": str(tmp_path), "PATH": ""})


def gateway(home: Path, *, alive: bool = True, **state: object) -> None:
    """Write what a gateway writes; the process is this one, or one that is gone."""
    stat = Path("/proc/self/stat")
    began = int(stat.read_text().split()[21]) if stat.exists() else None
    record = {"pid": os.getpid() if alive else 2**22 + 1, "start_time": began}
    (home / "gateway.pid").write_text(json.dumps(record))
    (home / "gateway_state.json").write_text(
        json.dumps({**record, "gateway_state": "running", **state})
    )


def states(ctx: Context) -> dict[str, GatewayState]:
    listed = {str(row.name): row.gateway for row in profiles.list_profiles(ctx)}
    assert {name: profiles.show(ctx, ProfileName(name)).gateway for name in listed} == listed
    return listed


def test_a_profile_that_the_gateway_of_all_serves_is_told_as_served(ctx: Context) -> None:
    gateway(ctx.layout.root, served_profiles=["default", "ada", "ben"])
    gateway(ctx.layout.home(ProfileName("ben")))
    assert states(ctx) == {
        DEFAULT_PROFILE: GatewayState.RUNNING,
        "ada": GatewayState.SERVED,
        "ben": GatewayState.RUNNING,
        "cy": GatewayState.STOPPED,
    }


def test_a_gateway_of_all_that_is_gone_serves_nobody(ctx: Context) -> None:
    gateway(ctx.layout.root, alive=False, served_profiles=["default", *NAMES])
    assert {states(ctx)[name] for name in NAMES} == {GatewayState.STOPPED}


def test_a_gateway_that_says_nothing_of_others_serves_nobody_else(ctx: Context) -> None:
    gateway(ctx.layout.root)
    assert {states(ctx)[name] for name in NAMES} == {GatewayState.STOPPED}


@pytest.mark.parametrize(
    ("about", "shown"),
    [
        ("display_name: Ada the First\n", "ada (Ada the First)"),
        ("display_name: ada\n", "ada"),
        ("display_name: '  '\n", "ada"),
        ("description: d\n", "ada"),
        ("display_name: [\n", "ada"),
    ],
)
def test_a_profile_is_shown_with_what_the_agent_calls_it(
    ctx: Context, about: str, shown: str
) -> None:
    ada = ProfileName("ada")
    assert profiles.show(ctx, ada).shown_as == ""
    profiles.list_profiles(ctx)
    (ctx.layout.home(ada) / "profile.yaml").write_text(about)
    assert called(profiles.show(ctx, ada)) == shown
    assert [called(row) for row in profiles.list_profiles(ctx) if row.name == ada] == [shown]
