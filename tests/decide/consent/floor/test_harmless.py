"""What is called harmless is a key that a release of the agent has or reads; nothing is harmless by its looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hermes_dist.decide.consent.floor.harmless import HARMLESS, PROVIDERS, patterns

KEYS = Path(__file__).parents[3] / "data" / "agent-config-keys.tsv"

MAPS = {
    "agent.personalities": "a personality goes by the user's name for it; it is text, or a map of texts",
    "agent.reasoning_overrides": "by the name of a model",
    "compression.model_thresholds": "by the name of a model",
    "credential_pool_strategies": "by the name of a provider; a word says which of its keys is next",
    "custom_providers": "a list; a place is described with names of the user's own",
    "custom_providers.*.models": "by the name of a model",
    "discord.channel_prompts": "by the number of a channel; the value is a prompt",
    "display.platforms": "by the name of a platform; what is shown there",
    "display.tool_progress_overrides": "by the name of a platform; a word says how much is told",
    "fallback_providers": "a list of models",
    "lsp.servers": "by the name of a language server",
    "mattermost.channel_prompts": "by the number of a channel; the value is a prompt",
    "mcp_servers": "by the user's name for a server",
    "moa.presets": "by the user's name for a choice of models",
    "moa.presets.*.reference_models": "a list of models",
    "onboarding.seen": "by the name of a hint that was shown",
    "personalities": "a personality goes by the user's name for it",
    "platform_hints": "by the name of a platform; the value is a prompt",
    "platforms.slack.extra.suggested_prompts.prompts": "a list of prompts",
    "providers": "by the user's name for a provider",
    "providers.*.models": "by the name of a model",
    "skills.platform_disabled": "by the name of a platform; the value lists skills that are off there",
    "slack.channel_prompts": "by the number of a channel; the value is a prompt",
    "telegram.channel_prompts": "by the number of a chat; the value is a prompt",
}
"""Maps whose names users choose, and lists: the only places of a ``*``, and why there is one."""


def known_keys() -> Iterator[str]:
    lines = [line for line in KEYS.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert lines[0].split("\t") == ["key", "0.19", "0.22"]
    yield from (line.split("\t")[0] for line in lines[1:])


KNOWN = frozenset(known_keys())
TABLES = {"harmless": HARMLESS, "providers": PROVIDERS}


def absent(table: str) -> list[str]:
    """The patterns of a table that are no key of any release."""
    return [
        pattern for pattern in patterns(table) if pattern not in KNOWN and not in_a_map(pattern)
    ]


def in_a_map(pattern: str) -> bool:
    """Whether a pattern is one entry of a map that users fill, and that the agent knows."""
    section, _, last = pattern.rpartition(".")
    return last == "*" and section in MAPS and section in KNOWN


@pytest.mark.parametrize("table", TABLES)
def test_what_is_called_harmless_is_a_key_of_a_release(table: str) -> None:
    assert absent(TABLES[table]) == []


@pytest.mark.parametrize(
    "table",
    ["display: glow", "agent: *.max_turns", "nothing.*", "display.*", "model: *", "providers: *"],
)
def test_a_key_of_no_release_is_found(table: str) -> None:
    assert (absent(table) == []) == (table == "providers: *")


@pytest.mark.parametrize("table", TABLES)
def test_a_star_stands_only_in_maps_that_users_fill(table: str) -> None:
    starred = [
        pattern.split(".") for pattern in patterns(TABLES[table]) if "*" in pattern.split(".")
    ]
    before = {
        ".".join(steps[:at]) for steps in starred for at, step in enumerate(steps) if step == "*"
    }
    assert before - MAPS.keys() == set()


def test_every_map_that_is_listed_is_used() -> None:
    found = [pattern.split(".") for table in TABLES.values() for pattern in patterns(table)]
    used = {".".join(steps[:at]) for steps in found for at, step in enumerate(steps) if step == "*"}
    assert set(MAPS) == used


def test_no_key_is_named_twice() -> None:
    names = [pattern for table in TABLES.values() for pattern in patterns(table)]
    assert sorted(names) == sorted(set(names))
