"""Gateway routes by the agent's own rules."""

from __future__ import annotations

import pytest

from hermes_dist.decide.routing import (
    Message,
    entry,
    faults,
    matching,
    multiplexes,
    old_routes,
    profile_for,
    routes_of,
    with_routes,
)
from hermes_dist.errors import Invalid


def config(*routes: dict[str, object], on: object = True) -> dict[str, object]:
    return {"gateway": {"multiplex_profiles": on, "profile_routes": list(routes)}}


GUILD = {"name": "g", "platform": "discord", "guild_id": "1", "profile": "guild"}
CHANNEL = {"name": "c", "platform": "discord", "guild_id": "1", "chat_id": "10", "profile": "channel"}
THREAD = {"name": "t", "platform": "discord", "chat_id": "10", "thread_id": "100", "profile": "thread"}


@pytest.mark.parametrize(
    ("guild", "channel", "thread", "profile"),
    [
        ("1", "10", "100", "thread"),
        ("1", "10", "", "channel"),
        ("1", "10", "101", "channel"),
        ("1", "11", "", "guild"),
        ("2", "10", "", None),
        ("2", "10", "100", "thread"),
        ("", "", "", None),
    ],
)
def test_the_most_specific_route_wins_and_threads_inherit(guild: str, channel: str, thread: str, profile: str | None) -> None:
    found = matching(routes_of(config(GUILD, CHANNEL, THREAD)), Message.typed("discord", guild, channel, thread))
    assert (found.profile if found else None) == profile


def test_of_equal_routes_the_first_wins() -> None:
    second = {**GUILD, "profile": "other"}
    found = matching(routes_of(config(GUILD, second)), Message.typed("discord", "1", "", ""))
    assert found
    assert found.profile == "guild"


def test_without_multiplexing_nobody_is_routed() -> None:
    assert profile_for(config(GUILD), "discord", guild_id="1") == "guild"
    assert profile_for(config(GUILD, on=False), "discord", guild_id="1") is None
    assert multiplexes({"multiplex_profiles": False, "gateway": {"multiplex_profiles": True}}) is False


def test_routes_at_the_top_level_win() -> None:
    both = {**config(GUILD), "profile_routes": [{**GUILD, "profile": "top"}]}
    assert [r.profile for r in routes_of(both)] == ["top"]


def test_what_the_agent_leaves_out_has_a_fault_and_never_matches() -> None:
    odd = routes_of(config({"platform": "discord"}, {**GUILD, "profile": "../x"}, {**GUILD, "profile": "Guild"}))
    assert [bool(r.fault) for r in odd] == [True, True, False]
    assert odd[2].profile == "guild"
    assert matching(odd, Message.typed("discord", "1", "", "")) is odd[2]


def test_faults_name_numbers_missing_profiles_twins_and_the_switch() -> None:
    routes = config(GUILD, {**GUILD, "guild_id": 1}, {**GUILD, "profile": "nobody"}, on=False)
    told = dict(faults(routes, ["guild"]))
    assert "never matches: put it in quotes" in told["route 2 (g)"]
    texts = [text for place, text in faults(routes, ["guild"]) if place == "route 3 (g)"]
    assert any("no profile 'nobody'" in text for text in texts)
    assert any("the same as route 1" in text for text in texts)
    assert "ignores every route" in told["gateway.multiplex_profiles"]


def test_the_older_proposal_is_read_as_routes() -> None:
    old = {"discord": {"profile_routing": {"enabled": True, "default_profile": "ops", "channels": {123: "coder"}}}}
    rows = old_routes(old)
    assert rows[0] == {"name": "coder-123", "platform": "discord", "chat_id": "123", "profile": "coder"}
    found = routes_of(with_routes({"gateway": {}}, rows))
    assert matching(found, Message.typed("discord", "1", "123", "7")) is found[0]
    assert matching(found, Message.typed("discord", "1", "9", "")) is found[1]
    assert found[1].profile == "ops"
    switched_off = {"discord": {"profile_routing": {"channels": {"1": "a"}}}}
    assert old_routes(switched_off)[0]["enabled"] is False


def test_a_route_has_to_be_about_something() -> None:
    with pytest.raises(Invalid, match="guild, channel or thread"):
        entry(profile="a", platform="discord", guild="", channel="", thread="", name="")
