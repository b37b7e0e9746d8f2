"""Keys of channels that one gateway at a time can serve."""

from __future__ import annotations

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.decide.environment import dotenv
from hermes_dist.decide.fleet.channels import (
    CHANNEL_VARIABLES,
    CHANNELS,
    is_login,
    without_tokens,
)
from hermes_dist.errors import DistError

ENV = b"""\
# keys
OPENAI_API_KEY=sk-1
export TELEGRAM_BOT_TOKEN='12:secret'  # mine\r
# DISCORD_BOT_TOKEN=old-secret
DISCORD_BOT_TOKEN="new
secret"
NOTE="two
lines"
SIGNAL_ACCOUNT=+491"""


def test_tokens_become_commented_names_and_every_other_byte_stays() -> None:
    edited, gone = without_tokens(".env", ENV)
    assert edited == (
        b"# keys\nOPENAI_API_KEY=sk-1\n# TELEGRAM_BOT_TOKEN=\r\n# DISCORD_BOT_TOKEN=\n# DISCORD_BOT_TOKEN=\n"
        b'NOTE="two\nlines"\n# SIGNAL_ACCOUNT='
    )
    assert gone == ("DISCORD_BOT_TOKEN", "SIGNAL_ACCOUNT", "TELEGRAM_BOT_TOKEN")
    assert without_tokens(".env", edited) == (edited, ())


def test_backups_of_the_environment_are_cleaned_and_other_files_are_not() -> None:
    assert b"secret" not in without_tokens(".env.bak", ENV)[0]
    assert without_tokens("skills/x/.env", ENV) == (ENV, ())
    assert without_tokens("notes.md", ENV) == (ENV, ())


def test_a_quote_that_is_not_closed_stops_the_edit() -> None:
    with pytest.raises(DistError):
        without_tokens(".env", b"TELEGRAM_BOT_TOKEN='1\nA=2' b\n")


def test_keys_written_into_the_settings_go_and_references_stay() -> None:
    config = (
        b"# mine\nmodel: x  # best\nplatforms:\n  telegram:\n    enabled: true\n    token: '123'  # secret\n"
        b"    extra:\n      app_id: 5\n  discord:\n    token: ${DISCORD_BOT_TOKEN}\ngateway:\n  platforms:\n"
        b"    slack:\n      extra:\n        app_token: xapp\ntelegram:\n  require_mention: true\n  bot_token: abc\n"
        b"auxiliary:\n  api_key: k\n"
    )
    edited, gone = without_tokens("config.yaml", config)
    assert gone == (
        "config.yaml: platforms.telegram.token",
        "config.yaml: platforms.telegram.extra.app_id",
        "config.yaml: gateway.platforms.slack.extra.app_token",
        "config.yaml: telegram.bot_token",
    )
    for secret in (b"123", b"app_id", b"xapp", b"abc"):
        assert secret not in edited
    for kept in (
        b"model: x  # best",
        b"enabled: true",
        b"${DISCORD_BOT_TOKEN}",
        b"require_mention",
        b"api_key: k",
    ):
        assert kept in edited
    assert without_tokens("config.yaml", b"a: [unclosed") == (b"a: [unclosed", ())


def test_every_variable_belongs_to_one_channel() -> None:
    assert len(CHANNEL_VARIABLES) == sum(len(channel.variables) for channel in CHANNELS)
    for channel in CHANNELS:
        assert channel.identity in channel.variables or channel.logins
    assert {channel.platform for channel in CHANNELS if channel.locked} >= {"slack", "telegram"}


def test_logins_are_folders_of_their_channel_only() -> None:
    assert is_login("platforms/whatsapp/session")
    assert is_login("platforms/whatsapp/session/creds.json")
    assert not is_login("platforms/whatsapp/session2")
    assert not is_login("platforms/whatsapp")


_VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)
_LINES = st.one_of(
    st.tuples(st.sampled_from(["TELEGRAM_BOT_TOKEN", "SLACK_APP_TOKEN", "A", "B_2"]), _VALUES).map(
        "=".join
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=10).map("# ".__add__),
)


@settings(max_examples=examples(2000), deadline=None)
@given(st.lists(_LINES, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_after_cleaning_no_token_can_be_read_and_all_else_reads_the_same(
    lines: list[str], end: str
) -> None:
    data = end.join(lines).encode()
    try:
        edited, gone = dotenv.blank(data, CHANNEL_VARIABLES)
    except DistError:
        return
    before, after = dotenv.read(data), dotenv.read(edited)
    assert after == {name: value for name, value in before.items() if name not in CHANNEL_VARIABLES}
    assert set(gone) >= set(before) & CHANNEL_VARIABLES
