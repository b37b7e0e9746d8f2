"""Servers of ``mcp.json`` as the agent reads them, and edits to them in the author's spelling."""

from __future__ import annotations

import json

import pytest

from hermes_dist.decide.placement.servers import (
    ShippedServer,
    as_agent_reads,
    is_off,
    read_servers,
    respelled,
    switched_off,
)
from hermes_dist.voice.notes import sentences


def shipped(written: dict[object, object]) -> ShippedServer:
    return ShippedServer("s", ("s",), written, as_agent_reads(written))


def edited(written: dict[object, object], **changes: object) -> dict[object, object]:
    one = shipped(written)
    return respelled(one, one.placed, {**one.placed, **changes})


@pytest.mark.parametrize("value", [False, 0, "false", " OFF ", "no", "0"])
def test_a_server_is_off_however_that_is_spelled(value: object) -> None:
    assert is_off({"enabled": value})


@pytest.mark.parametrize(
    "server",
    [{}, {"enabled": True}, {"enabled": "yes"}, {"enabled": None}, {"disabled": True}, "x", None],
)
def test_any_other_server_is_on(server: object) -> None:
    assert not is_off(server)


def test_what_is_no_server_is_told_by_name_and_the_first_of_twins_counts() -> None:
    rows = [
        {"name": "a", "command": "x"},
        {"name": "a", "command": "y"},
        {"command": "z"},
        {"name": "b"},
        7,
    ]
    servers, notes = read_servers(json.dumps({"servers": rows}).encode())
    assert [(one.name, one.steps, one.written["command"]) for one in servers] == [
        ("a", ("servers", 0), "x")
    ]
    assert list(sentences(notes)) == [
        "mcp.json: a appears twice; the first one counts",
        "mcp.json: a server has no name; left out",
        "mcp.json: b has neither command nor url; left out",
        "mcp.json: a server without a name has neither command nor url; left out",
    ]


def test_switches_names_and_kinds_of_other_clients_never_come_in() -> None:
    read = as_agent_reads(
        {
            "name": "s",
            "type": "SSE",
            "enabled": True,
            "disabled": False,
            "endpoint": "https://h",
            "headers": {"a": 1},
        }
    )
    assert read == {"url": "https://h", "headers": {"a": 1}, "transport": "sse", "enabled": False}


@pytest.mark.parametrize(
    "written",
    [
        {"command": "npx", "args": ["a"]},
        {"command": ["npx", "a"]},
        {"serverUrl": "https://h", "type": "sse"},
        {"url": "https://h", "disabled": True},
    ],
)
def test_what_was_not_edited_stays_as_its_author_wrote_it(written: dict[object, object]) -> None:
    assert edited(written, enabled=True) == written


def test_edits_take_the_authors_spelling() -> None:
    assert edited({"command": ["npx", "a"]}, args=["b"]) == {"command": ["npx", "b"]}
    assert edited({"command": ["npx", "a"], "args": ["b"]}, command="uvx") == {
        "command": ["uvx", "a", "b"]
    }
    assert edited({"serverUrl": "https://h"}, url="https://i") == {"serverUrl": "https://i"}
    assert edited({"url": "https://h", "type": "sse"}, transport="http") == {
        "url": "https://h",
        "type": "http",
    }
    assert edited({"command": "x"}, env={"A": "1"}) == {"command": "x", "env": {"A": "1"}}


def test_what_was_taken_out_goes() -> None:
    one = shipped({"command": "x", "env": {"A": "1"}})
    now = {key: value for key, value in one.placed.items() if key != "env"}
    assert respelled(one, one.placed, now) == {"command": "x"}
    sse = shipped({"url": "https://h", "type": "sse"})
    assert respelled(sse, sse.placed, {"url": "https://h"})["type"] == "http"


def test_all_servers_of_a_config_are_switched_off_and_nothing_else_changes() -> None:
    config: dict[object, object] = {
        "a": 1,
        "mcp_servers": {
            "on": {"command": "x"},
            "off": {"enabled": False},
            "words": {"enabled": "false"},
            "odd": 7,
        },
    }
    assert switched_off(config) == {
        "a": 1,
        "mcp_servers": {
            "on": {"command": "x", "enabled": False},
            "off": {"enabled": False},
            "words": {"enabled": False},
            "odd": 7,
        },
    }
    assert switched_off({"mcp_servers": [1]}) == {"mcp_servers": [1]}
