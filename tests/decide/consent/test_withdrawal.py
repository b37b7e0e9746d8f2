"""Which approvals go when effects lose theirs."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hermes_dist.decide.consent.granted import approvals_after
from hermes_dist.decide.consent.withdrawal import approvals_for
from hermes_dist.model.lock_package import Approval
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.source import Pin, PinKind
from hermes_dist.model.tree import EMPTY, Digest

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


PIN = Pin(url="/srv/x", kind=PinKind.FOLDER, tree=EMPTY.digest, version="2")


def test_an_approval_of_an_older_lock_gains_the_place_of_its_effect_once_it_is_seen() -> None:
    bare = [Approval("", "", ONE), Approval("", "", TWO)]
    after = approvals_after(bare, [SERVER], frozenset(), PIN)
    assert after == (
        Approval("", "", TWO),
        Approval("config.yaml", "mcp_servers.s", ONE, "", SERVER.facts),
    )
    # Once it is known, asking again changes nothing.
    assert approvals_after(after, [SERVER], frozenset([ONE]), PIN) == after


def test_a_new_approval_tells_the_version_and_comes_last_of_its_place() -> None:
    older = Approval("config.yaml", "mcp_servers.s", TWO, "1")
    after = approvals_after([older], [SERVER], frozenset([ONE]), PIN)
    assert [(a.digest, a.version.split()[:1]) for a in after] == [(TWO, ["1"]), (ONE, ["2"])]
    back = approvals_after(after, [replace(SERVER, digest=TWO)], frozenset([TWO]), PIN)
    assert [a.digest for a in back] == [ONE, TWO]
    three = Digest.of(b"three")
    seen = approvals_after([], [], frozenset([three]), PIN)
    assert [(a.path, a.digest) for a in seen] == [("", three)]
