"""Bots, logins and ports that two gateways would fight for; no secret leaves the comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from hermes_dist.decide.fleet.exclusive import (
    Claim,
    Clash,
    GatewaySettings,
    claims,
    clashes,
    multiplexed_only,
    multiplexes,
)
from hermes_dist.voice.gateway_words import clash_words

SALT = b"0123456789abcdef"
SECRET = "123456:AAF-a-secret-of-telegram"


def home(
    profile: str, config: Mapping[Any, Any] | None = None, login: bytes = b"", **variables: str
) -> GatewaySettings:
    return GatewaySettings(profile=profile, variables=variables, config=config or {}, login=login)


def found(*homes: GatewaySettings, **shell: str) -> list[Clash]:
    return clashes(claim for each in homes for claim in claims(each, shell, SALT))


@pytest.mark.parametrize(
    ("variable", "channel"),
    [
        ("TELEGRAM_BOT_TOKEN", "Telegram"),
        ("DISCORD_BOT_TOKEN", "Discord"),
        ("SLACK_APP_TOKEN", "Slack"),
        ("SLACK_BOT_TOKEN", "Slack"),
        ("SIGNAL_ACCOUNT", "Signal"),
        ("FEISHU_APP_ID", "Feishu"),
        ("WEIXIN_TOKEN", "Weixin"),
        ("QQ_APP_ID", "QQ"),
        ("YUANBAO_APP_ID", "Yuanbao"),
        ("MATTERMOST_TOKEN", "Mattermost"),
        ("MATRIX_ACCESS_TOKEN", "Matrix"),
        ("DINGTALK_CLIENT_ID", "DingTalk"),
        ("WECOM_BOT_ID", "WeCom"),
        ("EMAIL_ADDRESS", "Email"),
    ],
)
def test_one_bot_in_two_homes_clashes(variable: str, channel: str) -> None:
    (clash,) = found(
        home("a", **{variable: SECRET}),
        home("b", **{variable: SECRET}),
        home("c", **{variable: "other"}),
    )
    assert (clash.kind, clash.profiles, clash.channels) == ("bot", ("a", "b"), (channel,))
    assert clash.sources == (f"a: .env: {variable}", f"b: .env: {variable}")
    assert clash_words(clash) == f"a and b use the same {channel} bot"


def test_no_value_is_in_what_comes_out() -> None:
    taken = [
        *claims(home("a", TELEGRAM_BOT_TOKEN=SECRET), {}, SALT),
        *found(home("a", TELEGRAM_BOT_TOKEN=SECRET), home("b", TELEGRAM_BOT_TOKEN=SECRET)),
    ]
    assert len(taken) == 2
    assert SECRET not in repr(taken)
    assert SECRET not in repr(home("a", TELEGRAM_BOT_TOKEN=SECRET))


def test_digests_of_another_salt_tell_nothing() -> None:
    one, other = (
        claims(home("a", TELEGRAM_BOT_TOKEN=SECRET), {}, salt)[0].key for salt in (SALT, b"another")
    )
    assert one != other


def test_three_profiles_are_named_together() -> None:
    (clash,) = found(*(home(name, DISCORD_BOT_TOKEN=SECRET) for name in "cab"))
    assert clash_words(clash) == "a, b and c use the same Discord bot"


@pytest.mark.parametrize(
    "config",
    [
        {"platforms": {"telegram": {"enabled": True, "token": SECRET}}},
        {"gateway": {"platforms": {"telegram": {"enabled": True, "token": SECRET}}}},
        {"telegram": {"enabled": True, "extra": {"token": SECRET}}},
        {"platforms": {"telegram": {"enabled": True, "token": "${MY_BOT}"}}},
    ],
)
def test_a_token_in_the_configuration_is_the_same_token(config: Mapping[str, Any]) -> None:
    (clash,) = found(home("a", config, MY_BOT=SECRET), home("b", TELEGRAM_BOT_TOKEN=SECRET))
    assert clash.profiles == ("a", "b")


def test_variables_win_over_the_configuration_and_an_unset_one_is_nothing() -> None:
    config = {"platforms": {"telegram": {"enabled": True, "token": SECRET}}}
    assert not found(
        home("a", config, TELEGRAM_BOT_TOKEN="own"), home("b", TELEGRAM_BOT_TOKEN=SECRET)
    )
    unset = {"platforms": {"telegram": {"enabled": True, "token": "${NOWHERE}"}}}
    assert not found(home("a", unset), home("b", unset))


def test_a_platform_that_is_off_takes_nothing() -> None:
    off = {"platforms": {"telegram": {"enabled": False}, "api_server": {"enabled": False}}}
    assert not claims(home("a", off, TELEGRAM_BOT_TOKEN=SECRET, API_SERVER_KEY="k"), {}, SALT)


def test_a_token_of_the_shell_goes_to_every_gateway_without_its_own() -> None:
    (clash,) = found(
        home("a"), home("b"), home("c", TELEGRAM_BOT_TOKEN="own"), TELEGRAM_BOT_TOKEN=SECRET
    )
    assert clash.profiles == ("a", "b")
    assert clash.sources[0] == "a: environment: TELEGRAM_BOT_TOKEN"


def test_one_nickname_on_two_servers_is_two_people() -> None:
    nick = {"IRC_NICKNAME": "bot"}
    assert not found(home("a", IRC_SERVER="one", **nick), home("b", IRC_SERVER="two", **nick))
    assert found(home("a", IRC_SERVER="one", **nick), home("b", IRC_SERVER="one", **nick))


def test_a_copied_login_is_the_same_phone() -> None:
    creds = b'{"me": {"id": "4912345:%d@s.whatsapp.net"}}'
    pair = [
        home(
            name,
            {"platforms": {"whatsapp": {"bridge_port": 3000 + at}}},
            creds % at,
            WHATSAPP_ENABLED="true",
        )
        for at, name in enumerate("ab")
    ]
    (clash,) = found(*pair)
    assert (clash.channels, clash.kind) == (("WhatsApp",), "bot")
    assert not found(*(home(name, login=creds % 1) for name in "ab"))
    assert found(
        *(
            home(
                name,
                {"platforms": {"whatsapp": {"bridge_port": 3000 + at}}},
                b"not json",
                WHATSAPP_ENABLED="1",
            )
            for at, name in enumerate("ab")
        )
    )


@pytest.mark.parametrize(
    ("variables", "port", "channel"),
    [
        ({"API_SERVER_ENABLED": "true"}, 8642, "API server"),
        ({"API_SERVER_KEY": "k"}, 8642, "API server"),
        ({"WEBHOOK_ENABLED": "1"}, 8644, "Webhook"),
        ({"WEBHOOK_ENABLED": "1", "WEBHOOK_PORT": "9000"}, 9000, "Webhook"),
        ({"TELEGRAM_WEBHOOK_URL": "https://x"}, 8443, "Telegram webhook"),
        ({"WHATSAPP_ENABLED": "yes"}, 3000, "WhatsApp bridge"),
        ({"FEISHU_CONNECTION_MODE": "webhook"}, 8765, "Feishu webhook"),
        ({"TWILIO_ACCOUNT_SID": "s"}, 8080, "SMS"),
    ],
)
def test_two_gateways_on_one_port_clash(variables: dict[str, str], port: int, channel: str) -> None:
    (clash,) = found(home("a", **variables), home("b", **variables))
    assert (clash.kind, clash.port, clash.channels) == ("port", port, (channel,))
    assert clash_words(clash) == f"a and b would listen on the same port {port} ({channel})"


def test_ports_apart_or_switched_off_do_not_clash() -> None:
    one = {"platforms": {"api_server": {"enabled": True, "extra": {"port": 8700}}}}
    assert not found(home("a", one), home("b", API_SERVER_ENABLED="true"))
    assert not found(
        home("a", FEISHU_CONNECTION_MODE="websocket"), home("b", FEISHU_CONNECTION_MODE="websocket")
    )
    assert not found(home("a", WEBHOOK_ENABLED="false"), home("b", WEBHOOK_ENABLED="false"))


def test_two_channels_of_one_gateway_on_one_port_clash_as_well() -> None:
    (clash,) = found(home("a", WEBHOOK_ENABLED="1", WEBHOOK_PORT="8642", API_SERVER_KEY="k"))
    assert clash.profiles == ("a",)
    assert clash_words(clash) == "a would listen on the same port 8642 (API server and Webhook)"


@pytest.mark.parametrize("value", ["0", "70000", "http", "", "²", "-1"])
def test_what_is_no_port_leaves_the_usual_one(value: str) -> None:
    (claim,) = claims(home("a", WEBHOOK_ENABLED="1", WEBHOOK_PORT=value), {}, SALT)
    assert claim == Claim(
        kind="port", profile="a", channel="Webhook", key="8644", source="the usual port"
    )


@pytest.mark.parametrize(
    ("config", "shell", "is_on"),
    [
        ({"multiplex_profiles": True}, {}, True),
        ({"gateway": {"multiplex_profiles": True}}, {}, True),
        ({"multiplex_profiles": False, "gateway": {"multiplex_profiles": True}}, {}, False),
        ({}, {}, False),
        ({}, {"GATEWAY_MULTIPLEX_PROFILES": "true"}, True),
        ({"multiplex_profiles": True}, {"GATEWAY_MULTIPLEX_PROFILES": "0"}, False),
        ({"gateway": "odd"}, {"GATEWAY_MULTIPLEX_PROFILES": "maybe"}, False),
    ],
)
def test_whether_one_gateway_serves_all(
    config: dict[str, Any], shell: dict[str, str], is_on: bool
) -> None:
    assert multiplexes(home("default", config), shell) is is_on


@pytest.mark.parametrize(
    ("config", "only"),
    [
        ({}, None),
        ({"only": None}, None),
        ({"only": [" Coder ", 3, "research"]}, {"coder", "research"}),
        ({"gateway": {"only": ["coder"]}}, {"coder"}),
        ({"only": [], "gateway": {"only": ["coder"]}}, set()),
        ({"only": "coder"}, set()),
    ],
)
def test_which_profiles_one_gateway_serves(config: dict[str, Any], only: set[str] | None) -> None:
    assert multiplexed_only(home("default", config), "only") == only
