"""Which approvals go when effects lose theirs."""

from __future__ import annotations

import pytest

from hermes_dist.decide.consent.withdrawal import approvals_for
from hermes_dist.model.lock_package import Approval
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import Digest

CONFIG = RelPath("config.yaml")
ONE, TWO = Digest.of(b"one"), Digest.of(b"two")
SERVER = Effect(EffectKind.RUNS, CONFIG, "mcp_servers.s", (("", "npx s"),), ONE)


@pytest.mark.parametrize(
    ("approval", "goes"),
    [
        (Approval("", "", ONE), True),  # an older lock: the content alone
        (Approval("", "", TWO), False),
        (Approval(CONFIG, "mcp_servers.s", TWO), True),  # the place, whatever it said then
        (Approval(CONFIG, "mcp_servers.s.command", TWO), True),  # another part of the same server
        (Approval(CONFIG, "mcp_servers.t.command", TWO), False),
        (Approval(CONFIG, "approvals.mode", TWO), False),
    ],
)
def test_an_approval_goes_by_content_by_place_and_with_its_server(
    approval: Approval, *, goes: bool
) -> None:
    assert (approval in approvals_for([approval], [SERVER])) is goes
