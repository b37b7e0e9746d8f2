"""The agent's list of plugins: read, extended, and put back as it was."""

from __future__ import annotations

from typing import Any

import pytest

from hermes_dist.decide.plugins.enabled import (
    Enabled,
    enabled_in,
    with_plugin,
    without_plugin,
)
from hermes_dist.errors import Invalid

NAME = "hermes-dist-packages"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, Enabled.NO),
        ({"plugins": None}, Enabled.NO),
        ({"plugins": []}, Enabled.NO),
        ({"plugins": {"enabled": NAME}}, Enabled.NO),
        ({"plugins": {"enabled": [NAME]}}, Enabled.YES),
        ({"plugins": {"enabled": [NAME], "disabled": [NAME]}}, Enabled.OFF),
        ({"plugins": {"disabled": [NAME]}}, Enabled.OFF),
    ],
)
def test_it_reads_the_lists_as_the_agent_does(config: dict[Any, Any], expected: Enabled) -> None:
    assert enabled_in(config, NAME) is expected


@pytest.mark.parametrize(
    ("config", "made"),
    [
        ({}, "plugins"),
        ({"model": "x"}, "plugins"),
        ({"plugins": None}, "plugins"),
        ({"plugins": {}}, "enabled"),
        ({"plugins": {"isolation": "host"}}, "enabled"),
        ({"plugins": {"enabled": None}}, "enabled"),
        ({"plugins": {"enabled": []}}, ""),
        ({"plugins": {"enabled": ["other"], "entries": {"x": 1}}}, ""),
    ],
)
def test_what_was_enabled_is_taken_back_with_the_keys_that_were_made(
    config: dict[Any, Any], made: str
) -> None:
    on, told = with_plugin(config, NAME)
    assert told == made
    assert enabled_in(on, NAME) is Enabled.YES
    back = without_plugin(on, NAME, made)
    assert enabled_in(back, NAME) is Enabled.NO

    def without_empty(value: Any) -> Any:
        """``plugins:`` with nothing behind it says the same as no such key."""
        if isinstance(value, dict):
            return {k: v for k, each in value.items() if (v := without_empty(each)) is not None}
        return value

    assert without_empty(back) == without_empty(config)


def test_enabling_ends_a_no_of_the_user_and_names_it_once() -> None:
    on, _ = with_plugin({"plugins": {"enabled": [NAME], "disabled": ["x", NAME]}}, NAME)
    assert on == {"plugins": {"enabled": [NAME], "disabled": ["x"]}}


def test_a_list_that_others_use_by_now_stays() -> None:
    on, made = with_plugin({}, NAME)
    later = {**on, "plugins": {"enabled": [NAME, "other"], "isolation": "host"}}
    assert without_plugin(later, NAME, made) == {
        "plugins": {"enabled": ["other"], "isolation": "host"}
    }


@pytest.mark.parametrize(
    "config", [{"plugins": []}, {"plugins": {"enabled": NAME}}, {"plugins": {"disabled": {"a": 1}}}]
)
def test_something_else_in_its_place_is_refused_and_not_overwritten(config: dict[Any, Any]) -> None:
    with pytest.raises(Invalid, match="plugins"):
        with_plugin(config, NAME)


def test_taking_out_what_is_not_there_changes_nothing() -> None:
    for config in ({}, {"plugins": None}, {"plugins": {"enabled": ["other"]}}, {"plugins": []}):
        assert without_plugin(config, NAME, "plugins") == config
