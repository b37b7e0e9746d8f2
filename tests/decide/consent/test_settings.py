"""Which settings and servers have effects."""

from __future__ import annotations

import pytest

from hermes_dist.decide.consent.contents import digest_of
from hermes_dist.decide.consent.settings import setting_effects
from hermes_dist.decide.consent.switches import Judge, Memory, is_unit, job_unit, server_unit
from hermes_dist.model.paths import RelPath

CONFIG = RelPath("config.yaml")


def keys(
    ours: object, merged: object, shipped: object = None, judge: Judge | None = None
) -> set[str]:
    return {e.key for e in setting_effects(ours, merged, shipped, judge or Judge())}


def test_to_take_away_what_protects_is_an_effect() -> None:
    deny = {"approvals": {"deny": ["rm"], "mode": "manual"}}
    assert keys(deny, {}) == {"approvals.deny", "approvals.mode"}
    assert keys(deny, {"approvals": {"mode": "manual"}}) == {"approvals.deny"}


def test_to_take_away_a_server_is_none_and_to_take_away_a_part_of_it_is_one() -> None:
    server = {"command": "npx", "ssl_verify": True}
    ours = {"mcp_servers": {"s": server}}
    assert keys(ours, {}) == keys(ours, {"mcp_servers": {}}) == set()
    assert keys(ours, {"mcp_servers": {"s": {"command": "sh", "ssl_verify": True}}}) == {
        "mcp_servers.s.command"
    }


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("env", {"READ_ONLY": "1"}),
        ("args", ["--sandbox"]),
        ("cwd", "/srv/safe"),
        ("tools", {"exclude": ["delete"]}),
        ("tools", {"include": ["read"]}),
        ("sampling", {"enabled": False}),
        ("unheard_of", True),
    ],
)
def test_a_server_that_stays_asks_before_it_loses_what_may_hold_it_back(
    part: str, value: object
) -> None:
    ours = {"mcp_servers": {"s": {"command": "npx", part: value}}}
    (key,) = keys(ours, {"mcp_servers": {"s": {"command": "npx"}}})
    assert key.startswith(f"mcp_servers.s.{part}")
    assert keys(ours, {"mcp_servers": {"t": {}}}) == set()


def test_a_command_that_goes_is_no_effect_and_one_that_loses_its_condition_is() -> None:
    ours = {"quick_commands": {"q": {"type": "exec", "confirm": True}, "r": {"type": "exec"}}}
    assert keys(ours, {}) == keys(ours, {"quick_commands": {"r": {"type": "exec"}}}) == set()
    loose = {"quick_commands": {"q": {"type": "exec"}, "r": {"type": "exec"}}}
    assert keys(ours, loose) == {"quick_commands.q.confirm"}
    hook = {"name": "a", "command": "x", "matcher": "only this"}
    changed = {"hooks": {"pre_tool": [{"name": "a", "command": "x"}]}}
    assert keys({"hooks": {"pre_tool": [hook]}}, changed)
    assert keys({"hooks": {"pre_tool": [hook]}}, {}) == set()


@pytest.mark.parametrize("shipped", [True, False])
def test_a_server_that_is_off_is_an_effect_in_every_part_if_the_package_ships_it(
    shipped: bool,
) -> None:
    server = {"mcp_servers": {"s": {"command": "npx", "args": ["x"], "enabled": False}}}
    found = list(setting_effects(server, server, server if shipped else {}, Judge()))
    assert {e.key for e in found} == (
        {"mcp_servers.s.command", "mcp_servers.s.args"} if shipped else set()
    )
    assert all(e.off for e in found)


def test_a_server_that_its_author_ships_off_has_none_and_one_that_the_user_switched_off_is_guarded() -> (
    None
):
    unit = frozenset([server_unit("s")])
    old = {"mcp_servers": {"s": {"command": "npx", "enabled": False}}}
    new = {"mcp_servers": {"s": {"command": "sh", "enabled": False}}}
    assert keys(old, new, new, Judge(by_author=unit, here=unit)) == set()
    guarded = list(setting_effects(old, new, new, Judge(Memory(granted=unit), here=unit)))
    assert [(e.key, e.off) for e in guarded] == [("mcp_servers.s.command", False)]


@pytest.mark.parametrize(
    ("unit", "is_one"),
    [
        (server_unit("s"), True),
        (job_unit("a"), True),
        ((CONFIG, ("mcp_servers",)), False),
        ((CONFIG, ("approvals", "mode")), False),
        ((CONFIG, ("jobs", "x")), False),
        ((RelPath("cron/jobs.json"), ("mcp_servers", "s")), False),
        ((RelPath("other.yaml"), ("mcp_servers", "s")), False),
        ((RelPath("hooks/x"), ()), False),
    ],
)
def test_only_servers_and_jobs_can_be_switched_off_in_place(
    unit: tuple[RelPath, tuple[str, ...]], is_one: bool
) -> None:
    assert is_unit(unit) is is_one


def test_what_an_approval_is_bound_to_does_not_depend_on_the_order_of_keys_at_any_depth() -> None:
    one = {"a": [{"x": 1, "y": [1, {"p": 1, "q": 2}]}], "b": None}
    two = {"b": None, "a": [{"y": [1, {"q": 2, "p": 1}], "x": 1}]}
    assert digest_of(one) == digest_of(two)
    others = [
        {**one, "b": ""},
        {"a": [{"y": [{"q": 2, "p": 1}, 1], "x": 1}], "b": None},
        ["a", "b"],
    ]
    assert len({digest_of(value) for value in [one, *others, "ab", ["ab"]]}) == 6
