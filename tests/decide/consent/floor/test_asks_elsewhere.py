"""Keys without which another place decides: a variable of ``.env``, or another section of the settings.

The facts are written by hand from the agents' code (0.19 and 0.22), not taken from the table.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_dist.decide.consent.floor.asks import asks, row_for
from hermes_dist.decide.consent.floor.rows import FloorRow, Rule
from hermes_dist.decide.consent.settings import setting_effects
from hermes_dist.decide.consent.switches import Judge
from hermes_dist.model.documents.api import ABSENT, Kind, load_data
from hermes_dist.model.keypath import parse_key

KEYS = Path(__file__).parents[3] / "data" / "agent-config-keys.tsv"

# A key, its variable, a strict value and the loosest one.
FACTS = [
    ("discord.allowed_channels", "DISCORD_ALLOWED_CHANNELS", "111", ""),
    ("mattermost.allowed_channels", "MATTERMOST_ALLOWED_CHANNELS", "111", []),
    ("slack.allowed_channels", "SLACK_ALLOWED_CHANNELS", "C0AAAAAAA", ""),
    ("telegram.allowed_chats", "TELEGRAM_ALLOWED_CHATS", ["-100200"], []),
    ("matrix.allowed_rooms", "MATRIX_ALLOWED_ROOMS", "!a:b.org", ""),
    ("discord.require_mention", "DISCORD_REQUIRE_MENTION", True, False),
    ("mattermost.require_mention", "MATTERMOST_REQUIRE_MENTION", True, False),
    ("slack.require_mention", "SLACK_REQUIRE_MENTION", True, False),
    ("matrix.require_mention", "MATRIX_REQUIRE_MENTION", True, False),
    ("telegram.require_mention", "TELEGRAM_REQUIRE_MENTION", True, False),
    ("require_mention", "TELEGRAM_REQUIRE_MENTION", True, False),
    ("discord.thread_require_mention", "DISCORD_THREAD_REQUIRE_MENTION", True, False),
    ("slack.thread_require_mention", "SLACK_THREAD_REQUIRE_MENTION", True, False),
    ("discord.history_backfill", "DISCORD_HISTORY_BACKFILL", False, True),
    ("security.redact_secrets", "HERMES_REDACT_SECRETS", True, False),
    ("gateway.strict", "HERMES_MEDIA_DELIVERY_STRICT", True, False),
    ("gateway.trust_recent_files", "HERMES_MEDIA_TRUST_RECENT_FILES", False, True),
    ("terminal.docker_network", "TERMINAL_DOCKER_NETWORK", False, True),
    ("terminal.docker_run_as_host_user", "TERMINAL_DOCKER_RUN_AS_HOST_USER", False, True),
    ("terminal.backend", "TERMINAL_ENV", "docker", "local"),
    ("discord.free_response_channels", "DISCORD_FREE_RESPONSE_CHANNELS", "", "111"),
    ("slack.free_response_channels", "SLACK_FREE_RESPONSE_CHANNELS", [], ["C0AAAAAAA"]),
    ("terminal.docker_volumes", "TERMINAL_DOCKER_VOLUMES", [], ["/srv:/srv"]),
]
facts = pytest.mark.parametrize(
    ("key", "variable", "strict", "loose"), FACTS, ids=[fact[0] for fact in FACTS]
)


@facts
def test_a_strict_value_that_goes_asks_as_the_variable_then_decides(
    key: str, variable: str, strict: object, loose: object
) -> None:
    assert asks(parse_key(key), strict, ABSENT)


@facts
def test_the_loosest_value_asks_where_the_machine_sets_the_variable(
    key: str, variable: str, strict: object, loose: object
) -> None:
    assert asks(parse_key(key), ABSENT, loose, lambda: frozenset([variable]))
    elsewhere = "another section of the settings"
    assert asks(parse_key(key), ABSENT, loose, set_elsewhere=True), elsewhere


@facts
def test_a_switch_that_arrives_strict_is_free_whatever_the_variable_says(
    key: str, variable: str, strict: object, loose: object
) -> None:
    if row_for(parse_key(key)).rule in (Rule.ORDER, Rule.FEWER):
        assert asks(parse_key(key), ABSENT, strict, lambda: frozenset([variable])) is None


def table_keys() -> list[str]:
    lines = KEYS.read_text("utf-8").splitlines()
    return [line.split("\t")[0] for line in lines if not line.startswith(("#", "key\t"))]


def limits(row: FloorRow) -> list[object]:
    """Values that hold more back than what the agent does without the key."""
    if row.rule is Rule.ORDER:
        return [row.order[0]] if row.variable or row.order[0] not in row.defaults else []
    return {Rule.GROWS: [["x"]], Rule.NARROWS: [["111"]], Rule.FEWER: [[], ""]}.get(row.rule, [])


def test_no_key_of_an_agent_that_limits_anything_goes_without_a_word() -> None:
    walked = [
        (key, value)
        for key in table_keys()
        for value in limits(row_for(parse_key(key)))
        if not asks(parse_key(key), value, ABSENT, thing_stays=True)
    ]
    assert walked == []
    assert sum(bool(limits(row_for(parse_key(key)))) for key in table_keys()) > 30


def keys(ours: str, merged: str) -> set[str]:
    before, after = (load_data(text.encode(), Kind.YAML) for text in (ours, merged))
    return {e.key for e in setting_effects(before, after, after, Judge())}


LIMIT = "{allowed_channels: [C0AAAAAAA]}"
NESTED = [
    f"platforms: {{slack: {LIMIT}}}",
    f"platforms: {{slack: {{extra: {LIMIT}}}}}",
    f"gateway: {{platforms: {{slack: {LIMIT}}}}}",
    f"gateway: {{platforms: {{slack: {{extra: {LIMIT}}}}}}}",
]


@pytest.mark.parametrize("ours", NESTED)
def test_an_emptied_limit_asks_where_another_section_has_the_limit(ours: str) -> None:
    there = f"{ours}\nslack: {{reply_prefix: x}}"
    assert keys(there, f"{ours}\nslack: {{reply_prefix: x, allowed_channels: ''}}") == {
        "slack.allowed_channels"
    }
    other = ours.replace("slack", "mattermost")
    there = f"{other}\nslack: {{reply_prefix: x}}"
    assert keys(there, f"{other}\nslack: {{reply_prefix: x, allowed_channels: ''}}") == set()


@pytest.mark.parametrize(
    "place", ["platforms: {{slack: {}}}", "gateway: {{platforms: {{slack: {}}}}}"]
)
def test_a_platforms_first_key_at_the_top_asks_as_it_hides_what_another_section_says(
    place: str,
) -> None:
    ours = place.format("{allowed_channels: [C0AAAAAAA]}")
    assert keys(ours, f"{ours}\nslack: {{channel_prompts: {{}}}}") == {"slack.channel_prompts"}
    there = f"{ours}\nslack: {{reply_prefix: x}}"
    assert keys(there, f"{there[:-1]}, channel_prompts: {{C1: be kind}}}}") == set()
    bare = place.format("{enabled: true, extra: {rich_blocks: true}}")
    assert keys(bare, f"{bare}\nslack: {{channel_prompts: {{C1: be kind}}}}") == set()
