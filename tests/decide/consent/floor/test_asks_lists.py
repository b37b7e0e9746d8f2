"""Lists of the floor that get shorter, empty, or go away: what the agent (0.19 and 0.22) then does.

The facts are written by hand from the agent's code, not taken from the table.
"""

from __future__ import annotations

from enum import Enum

import pytest

from hermes_dist.decide.consent.floor.asks import asks
from hermes_dist.decide.consent.floor.rows import FloorRow, Rule, every_row
from hermes_dist.model.documents.api import ABSENT
from hermes_dist.model.keypath import KeyPath, parse_key


class Means(Enum):
    """What the agent does with a list that it finds empty, or does not find."""

    NONE = "nothing is let through"
    MORE = "all, or what another place says: a variable, the list for groups, the agent's own list"


LISTS = (Rule.SHRINKS, Rule.NARROWS, Rule.FEWER, Rule.SOME)
"""The rules of lists of what is let through, by name."""
ID = "U0AAAAAAA"

# Each with what an empty list means, and what a missing one means.
FACTS = {
    "allow_admin_from": (Means.MORE, Means.MORE),  # no admins: every user may use every command
    "allow_from": (Means.MORE, Means.MORE),
    "allowed_channels": (Means.MORE, Means.MORE),  # everywhere
    "allowed_chats": (Means.MORE, Means.MORE),
    "allowed_groups": (Means.MORE, Means.MORE),
    "allowed_roles": (Means.MORE, Means.MORE),
    "allowed_rooms": (Means.MORE, Means.MORE),
    "allowed_users": (Means.MORE, Means.MORE),
    "command_allowlist": (Means.NONE, Means.NONE),
    "docker_forward_env": (Means.NONE, Means.MORE),  # TERMINAL_DOCKER_FORWARD_ENV
    "docker_volumes": (Means.NONE, Means.MORE),  # TERMINAL_DOCKER_VOLUMES
    "env_passthrough": (Means.NONE, Means.NONE),
    "external_dirs": (Means.NONE, Means.NONE),
    "acked_advisories": (Means.NONE, Means.NONE),
    "free_response_channels": (Means.NONE, Means.MORE),  # DISCORD_FREE_RESPONSE_CHANNELS, also 0.22
    "free_response_chats": (Means.MORE, Means.MORE),  # WhatsApp: empty is as missing
    "free_response_rooms": (Means.NONE, Means.MORE),  # MATRIX_FREE_RESPONSE_ROOMS
    "granted_capabilities": (Means.NONE, Means.NONE),
    "group_allow_admin_from": (Means.MORE, Means.MORE),
    "group_allow_from": (Means.MORE, Means.MORE),
    "group_allowed_chats": (Means.MORE, Means.MORE),
    "group_allowed_users": (Means.MORE, Means.MORE),
    "group_user_allowed_commands": (Means.NONE, Means.MORE),  # the same list in another section
    "include": (Means.MORE, Means.MORE),  # all tools of the server
    "media_delivery_allow_dirs": (Means.MORE, Means.MORE),  # HERMES_MEDIA_ALLOW_DIRS
    "platform_toolsets": (Means.NONE, Means.MORE),  # the platform's own toolset
    "plugins.enabled": (Means.NONE, Means.NONE),
    "shell_init_files": (Means.MORE, Means.MORE),  # ~/.profile and ~/.bashrc
    "toolsets": (Means.NONE, Means.MORE),  # the agent's own
    "user_allowed_commands": (Means.MORE, Means.MORE),  # group_user_allowed_commands
}


def rows(*rules: Rule) -> pytest.MarkDecorator:
    """Walk all rows of the table with one of these rules."""
    found = [row for row in every_row() if row.rule in rules]
    return pytest.mark.parametrize("row", found, ids=lambda row: row.pattern)


def fact(row: FloorRow) -> tuple[Means, Means]:
    last = row.pattern.rpartition(".")[2]
    for name in (row.pattern, last, row.pattern.partition(".")[0]):
        if name in FACTS:
            return FACTS[name]
    raise AssertionError(f"{row.pattern}: look up what the agent does with it empty and missing")


def key_of(row: FloorRow) -> KeyPath:
    return parse_key(row.pattern.replace("*", "some"))


def asked(row: FloorRow, ours: object, new: object) -> bool:
    return asks(key_of(row), ours, new, thing_stays=True) is not None


def names(row: FloorRow) -> list[object]:
    """Two names that nothing lets through by itself."""
    return ["111", ID] if row.rule is Rule.NARROWS else ["one-more", ID]


@rows(*LISTS)
def test_a_list_asks_wherever_the_agent_may_then_let_more_through(row: FloorRow) -> None:
    empty, missing = fact(row)
    both = names(row)
    assert not asked(row, both, both[1:])
    assert asked(row, both[1:], both)
    assert asked(row, ABSENT, both)
    assert asked(row, both, []) == (empty is Means.MORE)
    assert asked(row, both, [""]) or empty is Means.NONE
    assert asked(row, both, ABSENT) == (missing is Means.MORE)
    assert asked(row, both, None) or missing is Means.NONE


@rows(*LISTS)
def test_a_list_that_goes_from_nothing_to_nothing_needs_no_word(row: FloorRow) -> None:
    if row.defaults and row.defaults[-1] in ("", []):
        assert not asked(row, ABSENT, [])
        assert not asked(row, [], ABSENT)


@rows(Rule.GROWS)
def test_every_list_of_what_is_held_back_asks_before_it_gets_shorter(row: FloorRow) -> None:
    for new in (ABSENT, None, [], ["b"], "a"):
        assert asked(row, ["a", "b"], new), new
    assert not asked(row, ["a"], ["a", "b"])


EXPERTS = [
    {"provider": "openai-codex", "model": "gpt-5.5"},
    {"provider": "openrouter", "model": "deepseek/deepseek-v4-pro"},
]
MINE = [{"provider": "local", "model": "small"}]


@rows(Rule.ITEMS)
def test_a_list_of_maps_that_is_emptied_is_what_the_agent_has_without_it(row: FloorRow) -> None:
    # The agent asks models of its own where a preset names none; without providers it has none.
    more = row.pattern.endswith("reference_models")
    for new in ([], None, ABSENT):
        assert asked(row, MINE, new) == more, new
        assert not asked(row, [*MINE, *EXPERTS], new)
    assert asks(key_of(row), MINE, ABSENT) is None  # the whole preset goes
