"""Gateway routes by the agent's own rules."""

from __future__ import annotations

import pytest

from hermes_dist.agents.generation import V0_19, V0_22
from hermes_dist.decide.fleet.routes import (
    Message,
    Where,
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

OLD, NEW = V0_19.routes, V0_22.routes


def config(*routes: dict[str, object], on: object = True) -> dict[str, object]:
    return {"gateway": {"multiplex_profiles": on, "profile_routes": list(routes)}}


GUILD = {"name": "g", "platform": "discord", "guild_id": "1", "profile": "guild"}
CHANNEL = {
    "name": "c",
    "platform": "discord",
    "guild_id": "1",
    "chat_id": "10",
    "profile": "channel",
}
THREAD = {
    "name": "t",
    "platform": "discord",
    "chat_id": "10",
    "thread_id": "100",
    "profile": "thread",
}


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
def test_the_most_specific_route_wins_and_threads_inherit(
    guild: str, channel: str, thread: str, profile: str | None
) -> None:
    found = matching(
        routes_of(config(GUILD, CHANNEL, THREAD), OLD),
        Message.typed(Where(platform="discord", guild=guild, channel=channel, thread=thread)),
    )
    assert (found.profile if found else None) == profile


def test_of_equal_routes_the_first_wins() -> None:
    second = {**GUILD, "profile": "other"}
    found = matching(
        routes_of(config(GUILD, second), OLD),
        Message.typed(Where(platform="discord", guild="1", channel="", thread="")),
    )
    assert found
    assert found.profile == "guild"


def test_without_multiplexing_nobody_is_routed() -> None:
    assert profile_for(config(GUILD), "discord", grammar=OLD, guild_id="1") == "guild"
    assert profile_for(config(GUILD, on=False), "discord", grammar=OLD, guild_id="1") is None
    assert (
        multiplexes({"multiplex_profiles": False, "gateway": {"multiplex_profiles": True}}, OLD)
        is False
    )
    assert multiplexes({"multiplex_profiles": False}, NEW), "it is retired there, and on"


def test_routes_at_the_top_level_win() -> None:
    both = {**config(GUILD), "profile_routes": [{**GUILD, "profile": "top"}]}
    assert [r.profile for r in routes_of(both, OLD)] == ["top"]


def test_what_the_agent_leaves_out_has_a_fault_and_never_matches() -> None:
    odd = routes_of(
        config(
            {"platform": "discord"}, {**GUILD, "profile": "../x"}, {**GUILD, "profile": "Guild"}
        ),
        OLD,
    )
    assert [bool(r.fault) for r in odd] == [True, True, False]
    assert odd[2].profile == "guild"
    assert (
        matching(odd, Message.typed(Where(platform="discord", guild="1", channel="", thread="")))
        is odd[2]
    )


def test_faults_name_numbers_missing_profiles_twins_and_the_switch() -> None:
    routes = config(GUILD, {**GUILD, "guild_id": 1}, {**GUILD, "profile": "nobody"}, on=False)
    told = dict(faults(routes, ["guild"], ["guild"], OLD))
    assert "never matches: put it in quotes" in told["route 2 (g)"]
    texts = [
        text for place, text in faults(routes, ["guild"], ["guild"], OLD) if place == "route 3 (g)"
    ]
    assert any("no profile 'nobody'" in text for text in texts)
    assert any("the same as route 1" in text for text in texts)
    assert "ignores every route" in told["gateway.multiplex_profiles"]


def test_the_older_proposal_is_read_as_routes() -> None:
    old = {
        "discord": {
            "profile_routing": {
                "enabled": True,
                "default_profile": "ops",
                "channels": {123: "coder"},
            }
        }
    }
    rows = old_routes(old)
    assert rows[0] == {
        "name": "coder-123",
        "platform": "discord",
        "chat_id": "123",
        "profile": "coder",
    }
    found = routes_of(with_routes({"gateway": {}}, rows), OLD)
    assert (
        matching(
            found, Message.typed(Where(platform="discord", guild="1", channel="123", thread="7"))
        )
        is found[0]
    )
    assert (
        matching(found, Message.typed(Where(platform="discord", guild="1", channel="9", thread="")))
        is found[1]
    )
    assert found[1].profile == "ops"
    switched_off = {"discord": {"profile_routing": {"channels": {"1": "a"}}}}
    assert old_routes(switched_off)[0]["enabled"] is False


def test_a_route_has_to_be_about_something() -> None:
    with pytest.raises(Invalid, match="guild, channel, thread or user"):
        entry(NEW, "a", Where(platform="discord"), "")


def test_what_only_newer_agents_know_is_not_written_for_older_ones() -> None:
    where = Where(platform="telegram", user="7", bot="sales")
    assert entry(NEW, "a", where, "n") == {
        "name": "n",
        "platform": "telegram",
        "user_id": "7",
        "bot_profile": "sales",
        "profile": "a",
    }
    for old in (
        where,
        Where(platform="telegram", channel="1", bot="sales"),
        Where(platform="telegram", user="7"),
    ):
        with pytest.raises(Invalid, match="does not know"):
            entry(OLD, "a", old, "")
    assert (
        entry(OLD, "a", Where(platform="telegram", channel="1", bot="default"), "n")["chat_id"]
        == "1"
    )


USER = {"name": "u", "platform": "telegram", "user_id": 7, "profile": "vip"}
CHAT = {"name": "c", "platform": "telegram", "chat_id": "10", "profile": "chat"}
BOTS = {
    "name": "b",
    "platform": "telegram",
    "chat_id": "10",
    "bot_profile": "sales",
    "profile": "sales",
}


@pytest.mark.parametrize(
    ("where", "profile"),
    [
        (Where(platform="telegram", channel="10", user="7"), "vip"),
        (Where(platform="telegram", channel="10", user="8"), "chat"),
        (Where(platform="telegram", channel="10", user="8", bot="sales"), "sales"),
        (Where(platform="telegram", channel="10", user="7", bot="sales"), "sales"),
        (Where(platform="telegram", channel="10", user="7", bot="default"), "vip"),
        (Where(platform="telegram", channel="11", bot="other"), None),
    ],
)
def test_a_user_outweighs_a_chat_and_each_bot_has_its_routes(
    where: Where, profile: str | None
) -> None:
    found = matching(routes_of(config(CHAT, BOTS, USER), NEW), Message.typed(where))
    assert (found.profile if found else None) == profile


def test_one_person_with_several_ids_is_one_person() -> None:
    routes = routes_of(
        config({"platform": "whatsapp", "chat_id": "+49170@s.whatsapp.net", "profile": "a"}), NEW
    )
    known = {"49170": frozenset(["49170", "999"]), "999": frozenset(["999", "49170"])}
    for chat, there in (
        ("49170:3@s.whatsapp.net", True),
        ("999@lid", True),
        ("998@lid", False),
        ("49170@g.us", False),
    ):
        assert (
            bool(matching(routes, Message.typed(Where(platform="whatsapp", channel=chat), known)))
            is there
        ), chat


def test_faults_on_newer_agents() -> None:
    odd = [
        {"platform": "discord-platform", "chat_id": "1", "profile": "a"},
        {"platform": "discord", "chat_id": 1.5, "profile": "a"},
        {"platform": "discord", "chat_id": 1, "profile": "apart"},
        {"platform": "discord", "user_id": "", "profile": "a"},
    ]
    told = [text for _, text in faults(config(*odd), ["a", "apart"], ["a"], NEW)]
    assert told == [
        "messages say discord, not discord-platform, so it never matches",
        "chat_id 1.5 is a number, and never matches: put it in quotes",
        "the gateway does not serve 'apart'; such messages get no answer",
        "the agent ignores it: user_id has no value",
    ]
    narrower = [
        text
        for _, text in faults(config({**CHAT, "user_id": "7", "profile": "a"}), ["a"], ["a"], OLD)
    ]
    assert narrower == [
        "this agent does not know user_id, so the route matches more than it seems to"
    ]


IDS = [
    (Where(platform="discord", channel="general"), "channel 'general'", "112233"),
    (Where(platform="discord", guild="My server"), "guild 'My server'", "112233"),
    (Where(platform="slack", channel="#general"), "channel '#general'", "C0123ABCD"),
    (Where(platform="slack", channel="C01", thread="9"), "thread '9'", "1712345678"),
    (Where(platform="telegram", channel="@news"), "channel '@news'", "-100"),
    (Where(platform="matrix", channel="#room:example.org"), "channel '#room", "!room:"),
    (Where(platform="irc", channel="two words"), "channel 'two words'", ""),
]


@pytest.mark.parametrize(("where", "said", "like"), IDS)
def test_an_id_that_no_message_of_its_platform_has_is_not_written(
    where: Where, said: str, like: str
) -> None:
    with pytest.raises(Invalid, match=f"no message of {where.platform} has the") as told:
        entry(NEW, "a", where, "")
    assert said in told.value.what
    assert like in told.value.hint
    written = {"platform": where.platform, **where.ids, "profile": "a"}
    [*_, (_, fault)] = faults({"profile_routes": [written]}, ["a"], ["a"], NEW)
    assert fault.startswith(f"no message of {where.platform} has the")


@pytest.mark.parametrize(
    "where",
    [
        Where(platform="telegram", channel="-1001234567890", thread="42"),
        Where(platform="slack", guild="T012AB", channel="C012AB", thread="1712345678.123456"),
        Where(platform="matrix", channel="!r:example.org", user="@ada:example.org"),
        Where(platform="signal", channel="group:AbC/d+e="),
        Where(platform="whatsapp", channel="4915112345678-16000@g.us"),
        Where(platform="irc", channel="#hermes"),
        Where(platform="unheard-of", channel="any:thing"),
    ],
)
def test_ids_as_the_agent_spells_them_are_written(where: Where) -> None:
    made = entry(NEW, "a", where, "")
    assert faults({"profile_routes": [made]}, ["a"], ["a"], NEW) == []
