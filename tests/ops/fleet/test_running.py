"""After a change: which running gateways take it up only after a restart."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hermes_dist.brand import HERMES, Layout
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.fleet.running import running_gateways
from hermes_dist.world.agent import table

BOT = ProfileName("bot")


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    layout = Layout(HERMES, tmp_path / ".hermes", tmp_path)
    layout.home(BOT).mkdir(parents=True)
    return Context(HERMES, layout, {"HOME": str(tmp_path), "PATH": ""})


def _gateway(home: Path, *, alive: bool = True, **state: object) -> None:
    """Write what a gateway writes; its process is this one, or one that is gone."""
    stat = Path("/proc/self/stat")
    began = int(stat.read_text().split()[21]) if stat.exists() else None
    record = {"pid": os.getpid() if alive else 2**22 + 1, "start_time": began}
    (home / "gateway.pid").write_text(json.dumps(record))
    told = {**record, "gateway_state": "running", **state}
    (home / "gateway_state.json").write_text(json.dumps(told))


def test_a_running_gateway_is_named(ctx: Context) -> None:
    _gateway(ctx.layout.home(BOT))
    assert running_gateways(ctx, BOT) == (BOT,)


def test_the_gateway_that_serves_all_profiles_is_named_for_those_it_serves(ctx: Context) -> None:
    _gateway(ctx.layout.root, served_profiles=["default", "bot"])
    assert running_gateways(ctx, BOT) == (DEFAULT_PROFILE,)
    assert running_gateways(ctx, DEFAULT_PROFILE) == (DEFAULT_PROFILE,)
    assert running_gateways(ctx, ProfileName("other")) == ()


def test_a_gateway_of_another_profile_or_one_that_died_is_not(ctx: Context) -> None:
    _gateway(ctx.layout.home(BOT), alive=False)
    _gateway(ctx.layout.root)
    assert running_gateways(ctx, BOT) == ()


def test_where_none_runs_no_process_is_looked_at(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(table, "look")
    assert running_gateways(ctx, BOT) == ()
