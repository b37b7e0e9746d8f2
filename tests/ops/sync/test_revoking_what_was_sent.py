"""Taking back a yes to what another machine sent, in a profile without a package: it waits again, here only."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from meeting_of_three import BOT, Machine, two_alike, yes

from hermes_dist.decide.consent.review import titled
from hermes_dist.errors import DistError
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package.approvals import consents, revoke
from hermes_dist.ops.package.resolve import approve
from hermes_dist.ops.package.undo import undo
from hermes_dist.ops.sync.machines import leave

HOOK = "hooks/log/handler.py"
CONFIG = yaml.safe_dump({"mcp_servers": {"web": {"command": "npx", "args": ["web"]}}})
THINGS = ["hooks/log", "mcp_servers.web"]


@pytest.fixture
def two(tmp_path: Path) -> tuple[Machine, Machine]:
    first, second, _ = two_alike(tmp_path).machines
    first.write("config.yaml", CONFIG)
    first.write("hooks/log/HOOK.yaml", "name: log\nevents: [agent:start]\n")
    first.write(HOOK, "print(1)\n")
    first.sync()
    second.sync()
    approve(second.ctx, BOT, Request(), yes)
    assert lists(second) == ([], THINGS)
    return first, second


def lists(machine: Machine) -> tuple[list[str], list[str]]:
    """What waits, and what is approved."""
    found = consents(machine.ctx, BOT)
    live = (one.group for one in found.approved)
    return sorted(map(titled, found.waiting)), sorted(map(titled, live))


def runs(machine: Machine) -> tuple[bool, bool]:
    """Whether the server is on, and whether the hook is there."""
    servers = yaml.safe_load(machine.read("config.yaml"))["mcp_servers"]
    return servers["web"].get("enabled", True), (machine.home / HOOK).exists()


def test_it_waits_again_here_only_and_comes_back_with_a_yes(two: tuple[Machine, Machine]) -> None:
    first, second = two
    for word in ("web", "hooks/log"):
        revoke(second.ctx, BOT, (word,), Request(), yes)
    for _ in range(2):
        assert runs(second) == (False, False)
        assert lists(second) == (THINGS, [])
        done = second.sync()
        assert done
        assert not done.sent
        first.sync()
        assert runs(first) == (True, True)
    with pytest.raises(DistError, match="nothing to revoke"):
        revoke(second.ctx, BOT, ("web",), Request(), yes)
    approve(second.ctx, BOT, Request(), yes)
    assert runs(second) == (True, True)
    assert lists(second) == ([], THINGS)


def test_it_is_not_taken_back_by_an_undo(two: tuple[Machine, Machine]) -> None:
    _, second = two
    revoke(second.ctx, BOT, ("web",), Request(), yes)
    with pytest.raises(DistError, match="revoke"):
        undo(second.ctx, BOT, Request(), yes, yes)
    assert runs(second) == (False, True)


def test_a_profile_that_is_not_synced_has_nothing_to_revoke(two: tuple[Machine, Machine]) -> None:
    _, second = two
    leave(second.ctx, BOT, yes)
    with pytest.raises(DistError, match="no package"):
        revoke(second.ctx, BOT, ("web",), Request(), yes)
