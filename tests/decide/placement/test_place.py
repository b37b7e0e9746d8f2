from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf import Shelf

from hermes_dist.decide.consent.effects import find_effects
from hermes_dist.decide.placement.place import NO_CONFIG, package_of
from hermes_dist.decide.placement.servers import is_off
from hermes_dist.errors import Invalid
from hermes_dist.merge.data import same_document
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.keypath import parse_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Tree
from hermes_dist.voice.notes import sentences

CONFIG = RelPath("config.yaml")
JOBS = RelPath("cron/jobs.json")
EXAMPLES = Path(__file__).parents[3] / "examples"
SERVER = {"command": "npx", "args": ["-y", "p@1"]}


def config_of(shelf: Shelf, tree: Tree) -> dict[str, object]:
    data = load_data(shelf.bytes_of(tree, "config.yaml"), Kind.YAML)
    assert isinstance(data, dict)
    return data


@pytest.mark.parametrize(
    "shape",
    [
        {"mcpServers": {"a": SERVER}},
        {"mcp_servers": {"a": SERVER}},
        {"servers": {"a": SERVER}, "inputs": []},
        {"mcp": {"servers": {"a": SERVER}}},
        {"a": SERVER},
        [{"name": "a", **SERVER}],
        {"mcpServers": [{"name": "a", **SERVER}]},
        {"$schema": "x", "mcpServers": {"a": SERVER}},
    ],
)
def test_servers_of_every_shape_of_mcp_json_come_switched_off_into_the_config(
    shape: object,
) -> None:
    shelf = Shelf()
    placed = shelf.place({"mcp.json": shape})
    assert config_of(shelf, placed.tree) == {"mcp_servers": {"a": {**SERVER, "enabled": False}}}
    assert "mcp.json" not in placed.tree
    assert set(placed.shipped) == {"mcp.json"}
    assert placed.notes == ()


@pytest.mark.parametrize(
    "content", ["{}", "[]", "null", '{"mcpServers": {}}', '{"mcp_servers": []}']
)
def test_an_mcp_json_without_servers_makes_no_config(content: str) -> None:
    placed = Shelf().place({"mcp.json": content})
    assert set(placed.tree) == set()
    assert placed.notes == ()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "// a comment\n{}",
        "7",
        '"text"',
        '{"a": 1}',
        '{"mcpServers": {"a": 7}}',
        '{"mcpServers": {"a": {}}}',
        '[{"command": "x"}]',
        "[1]",
        '{"a": {"command": "x"}, "a": {"command": "y"}}',
        b"\xff\xfe",
        b"\0",
    ],
)
def test_an_mcp_json_that_is_none_is_a_note_that_names_it(content: str | bytes) -> None:
    placed = Shelf().place({"mcp.json": content, "SOUL.md": "x"})
    assert set(placed.tree) == {"SOUL.md"}
    assert len(sentences(placed.notes)) == 1
    assert sentences(placed.notes)[0].startswith("mcp.json:")


def test_a_server_named_like_a_collection_is_a_server() -> None:
    shelf = Shelf()
    placed = shelf.place(
        {"mcp.json": {"mcp": {"command": "x"}, "servers": {"url": "https://h/mcp"}}}
    )
    assert config_of(shelf, placed.tree)["mcp_servers"] == {
        "mcp": {"command": "x", "enabled": False},
        "servers": {"url": "https://h/mcp", "enabled": False},
    }


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"type": "stdio", "command": "x", "disabled": True}, {"command": "x"}),
        ({"type": "sse", "url": "https://h/sse"}, {"url": "https://h/sse", "transport": "sse"}),
        ({"type": "streamable-http", "url": "https://h"}, {"url": "https://h"}),
        ({"transport": "sse", "url": "https://h"}, {"url": "https://h", "transport": "sse"}),
        ({"serverUrl": "https://h"}, {"url": "https://h"}),
        (
            {"httpUrl": "https://h", "headers": {"A": "${A}"}},
            {"url": "https://h", "headers": {"A": "${A}"}},
        ),
        ({"command": ["npx", "-y", "p"], "enabled": True}, {"command": "npx", "args": ["-y", "p"]}),
        (
            {"command": "x", "env": {"A": "${env:A}"}, "later": 1},
            {"command": "x", "env": {"A": "${env:A}"}, "later": 1},
        ),
    ],
)
def test_spellings_of_other_clients_become_what_the_agent_reads(
    written: object, read: dict[str, object]
) -> None:
    shelf = Shelf()
    placed = shelf.place({"mcp.json": {"mcpServers": {"a": written}}})
    assert config_of(shelf, placed.tree)["mcp_servers"] == {"a": {**read, "enabled": False}}


def test_the_authors_config_keeps_its_bytes_around_the_switches() -> None:
    shelf = Shelf()
    authors = "# mine\nmodel: {default: m}  # why\n\nmcp_servers:\n  # first\n  a:\n    command: x  # c\n# end\n"
    placed = shelf.place({"config.yaml": authors, "mcp.json": {"b": {"command": "run"}}})
    text = shelf.text(placed.tree, "config.yaml")
    rest = [
        line
        for line in text.splitlines()
        if line not in ("    enabled: false", "  b:", "    command: run")
    ]
    assert rest == authors.splitlines()
    assert config_of(shelf, placed.tree)["mcp_servers"] == {
        "a": {"command": "x", "enabled": False},
        "b": {"command": "run", "enabled": False},
    }
    assert set(placed.shipped) == {"config.yaml", "mcp.json"}


def test_a_config_whose_servers_are_off_already_is_placed_as_it_is() -> None:
    shelf = Shelf()
    files = {"config.yaml": "mcp_servers:\n  a: {command: x, enabled: false}\nmodel: m\n"}
    placed = shelf.place(files)
    assert shelf.files(placed.tree) == files
    assert not placed.shipped


@pytest.mark.parametrize("switch", ["true", "yes", "'false'", "null"])
def test_an_author_can_not_switch_a_server_on(switch: str) -> None:
    shelf = Shelf()
    placed = shelf.place(
        {"config.yaml": f"mcp_servers:\n  a:\n    command: x\n    enabled: {switch}\n"}
    )
    assert config_of(shelf, placed.tree)["mcp_servers"] == {"a": {"command": "x", "enabled": False}}


def test_where_both_files_name_a_server_the_config_counts_and_it_is_said() -> None:
    shelf = Shelf()
    placed = shelf.place(
        {"config.yaml": "mcp_servers: {a: {command: x}}\n", "mcp.json": {"a": {"command": "y"}}}
    )
    assert config_of(shelf, placed.tree)["mcp_servers"] == {"a": {"command": "x", "enabled": False}}
    assert sentences(placed.notes) == (
        "mcp.json: a: config.yaml has other values, and those count",
    )


@pytest.mark.parametrize(
    "config", ["***\n", "a: 1\na: 2\n", "- a\n", "mcp_servers: [x]\n", "a: [\n", b"\xff"]
)
def test_a_config_that_can_not_be_edited_stays_and_is_named(config: str | bytes) -> None:
    shelf = Shelf()
    placed = shelf.place({"config.yaml": config, "mcp.json": {"b": {"command": "run"}}})
    assert shelf.bytes_of(placed.tree, "config.yaml") == (
        config if isinstance(config, bytes) else config.encode()
    )
    assert len(sentences(placed.notes)) == 1
    assert sentences(placed.notes)[0].startswith("config.yaml:")
    assert "b" in sentences(placed.notes)[0]


def test_servers_tied_by_anchors_stay_as_they_are_and_are_named() -> None:
    shelf = Shelf()
    config = "x: &x {command: c}\nmcp_servers:\n  a: *x\n"
    placed = shelf.place({"config.yaml": config})
    assert shelf.text(placed.tree, "config.yaml") == config
    assert sentences(placed.notes)[0].startswith("config.yaml: its servers can't be switched off")


def test_containers_that_the_package_dropped_stay_emptied() -> None:
    shelf = Shelf()
    old = shelf.place(
        {
            "mcp.json": {"a": SERVER},
            "cron/jobs.json": {"jobs": [{"prompt": "x", "schedule": "every 2h"}]},
        }
    )
    placed = shelf.place({"SOUL.md": "x"}, keep_containers=old.tree)
    assert shelf.bytes_of(placed.tree, "config.yaml") == NO_CONFIG
    assert shelf.jobs(placed.tree) == []
    assert not placed.shipped
    assert package_of(placed.tree, placed.shipped, shelf.read) == shelf.tree({"SOUL.md": "x"})


DAILY = {"id": "a1", "name": "daily", "prompt": "x", "schedule": "every 2h"}
WEEKLY = "name: weekly\nprompt: y\nschedule: every 7d\n"
WHOLE = {
    "cron/jobs.json": {"jobs": [DAILY]},
    "cron/weekly.yaml": WEEKLY,
    "mcp.json": {"mcpServers": {"a": SERVER, "b": SERVER}},
    "config.yaml": "model: m\nmcp_servers:\n  c: {command: x}\n",
}


@pytest.mark.parametrize(
    ("path", "broken", "stays"),
    [
        ("cron/jobs.json", "{,", ["cron/jobs.json: what came before", "daily"]),
        ("cron/jobs.json", {"jobs": ["daily"]}, ["cron/jobs.json: what came before", "daily"]),
        ("cron/weekly.yaml", "{,", ["cron/jobs.json: what came before", "weekly"]),
        ("mcp.json", "{,", ["mcp.json: what came before", "a, b"]),
        ("mcp.json", {"mcpServers": {"a": SERVER, "b": 3}}, ["mcp.json: what came before", "b"]),
    ],
)
def test_what_an_author_breaks_stays_as_it_came_before(
    path: str, broken: object, stays: list[str]
) -> None:
    shelf = Shelf()
    old = shelf.place(WHOLE)
    package = shelf.tree({**WHOLE, path: broken})
    placed = shelf.place(package, keep_containers=old.tree)
    assert sorted(j["name"] for j in shelf.jobs(placed.tree)) == ["daily", "weekly"]
    for job in shelf.jobs(old.tree):
        assert job in shelf.jobs(placed.tree)
    assert config_of(shelf, placed.tree) == config_of(shelf, old.tree)
    said = sentences(placed.notes)
    (told,) = [line for line in said if line.startswith(stays[0])]
    assert told.endswith(f": {stays[1]}")
    assert len(said) == 2, "and what is wrong with the file"
    again = shelf.place(package, keep_containers=placed.tree)
    assert again.tree == placed.tree, "what was received is found again"
    assert package_of(placed.tree, placed.shipped, shelf.read) == package
    assert shelf.place(WHOLE, keep_containers=placed.tree).tree == old.tree


def test_what_was_broken_goes_with_the_version_that_leaves_it_out() -> None:
    shelf = Shelf()
    broken = {"cron/jobs.json": "{,", "mcp.json": "{,"}
    placed = shelf.place(broken, keep_containers=shelf.place(WHOLE).tree)
    assert len(shelf.jobs(placed.tree)) == 2
    assert set(config_of(shelf, placed.tree)) == {"mcp_servers"}
    gone = shelf.place({"SOUL.md": "x"}, keep_containers=placed.tree)
    assert shelf.jobs(gone.tree) == []
    assert shelf.bytes_of(gone.tree, "config.yaml") == NO_CONFIG


def test_of_what_is_broken_from_the_start_nothing_is_placed() -> None:
    shelf = Shelf()
    placed = shelf.place({"cron/jobs.json": "{,", "mcp.json": "{,"})
    assert shelf.jobs(placed.tree) == []
    assert "config.yaml" not in placed.tree
    assert len(placed.notes) == 2


def test_a_server_that_the_config_names_anew_is_the_configs_though_the_other_file_is_broken() -> (
    None
):
    shelf = Shelf()
    old = shelf.place({"mcp.json": {"a": SERVER, "b": SERVER}})
    new = {"mcp.json": "{,", "config.yaml": "mcp_servers:\n  a: {command: new}\n"}
    placed = shelf.place(new, keep_containers=old.tree)
    servers = config_of(shelf, placed.tree)["mcp_servers"]
    assert servers == {
        "a": {"command": "new", "enabled": False},
        "b": {**SERVER, "enabled": False},
    }


@pytest.mark.parametrize("name", ["research-bot", "coder"])
def test_the_examples_are_placed_without_a_note_and_found_again(name: str) -> None:
    shelf = Shelf()
    folder = EXAMPLES / name
    package = shelf.tree(
        {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    )
    placed = shelf.place(package)
    assert placed.notes == ()
    assert package_of(placed.tree, placed.shipped, shelf.read) == package
    assert all(
        not server["enabled"] for server in config_of(shelf, placed.tree)["mcp_servers"].values()
    )  # type: ignore[attr-defined]
    assert all(
        job["state"] == "paused" and job["enabled"] is False for job in shelf.jobs(placed.tree)
    )


def test_placing_is_stable_and_the_placed_files_are_told_apart_from_authored_ones() -> None:
    shelf = Shelf()
    first = shelf.place({"cron/jobs.json": {"jobs": [{"prompt": "x", "schedule": "every 2h"}]}})
    again = shelf.place({"cron/jobs.json": shelf.bytes_of(first.tree, "cron/jobs.json")})
    assert again.tree == first.tree
    assert package_of(again.tree, again.shipped, shelf.read) == first.tree
    authored = shelf.tree({"config.yaml": NO_CONFIG})
    placed = shelf.place(authored)
    assert package_of(placed.tree, placed.shipped, shelf.read) == authored


def test_a_home_rewritten_by_the_agent_does_not_look_edited() -> None:
    shelf = Shelf()
    placed = shelf.place(
        {
            "config.yaml": "# c\nmodel: {default: m}\nmcp_servers:\n  a: {command: x}\n",
            "cron/jobs.json": {"jobs": [{"prompt": "x", "schedule": "every 2h"}]},
        }
    )
    dumped = b"_config_version: 33\nmcp_servers:\n  a:\n    enabled: true\n    command: x\nmodel:\n  default: m\n"
    assert same_document(CONFIG, shelf.bytes_of(placed.tree, "config.yaml"), dumped)
    (job,) = shelf.jobs(placed.tree)
    ticked = {
        **job,
        "enabled": True,
        "state": "scheduled",
        "paused_reason": None,
        "next_run_at": "2027-01-01T00:00:00+00:00",
        "last_run_at": "2026-12-31T00:00:00+00:00",
        "last_status": "ok",
        "fire_claim": None,
        "created_at": "2026-12-01",
        "repeat": {"times": None, "completed": 7},
        "model_snapshot": "m",
    }
    stored = json.dumps({"jobs": [ticked], "updated_at": "2027-01-01T00:00:00+00:00"}).encode()
    assert same_document(JOBS, shelf.bytes_of(placed.tree, "cron/jobs.json"), stored)
    edited = json.dumps({"jobs": [{**ticked, "prompt": "y"}]}).encode()
    assert not same_document(JOBS, shelf.bytes_of(placed.tree, "cron/jobs.json"), edited)


KEYS = st.sampled_from(
    [
        "mcpServers",
        "mcp_servers",
        "servers",
        "jobs",
        "name",
        "command",
        "url",
        "args",
        "type",
        "disabled",
        "prompt",
        "schedule",
        "kind",
        "minutes",
        "expr",
        "run_at",
        "id",
        "skills",
        "repeat",
        "times",
        "script",
        "enabled",
        "a",
        "",
        "$x",
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 10**12),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(
        [
            "every 2h",
            "0 9 * * 1",
            "30m",
            "cron",
            "interval",
            "once",
            "0123456789ab",
            "sse",
            "x" * 70,
        ]
    ),
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=examples(1000), deadline=None)
@given(JUNK, JUNK, JUNK, JUNK)
def test_no_data_whatever_makes_it_crash_or_start_something(
    mcp: object, jobs: object, job: object, config: object
) -> None:
    shelf = Shelf()
    files = {
        "mcp.json": json.dumps(mcp),
        "cron/jobs.json": json.dumps(jobs),
        "cron/a.json": json.dumps(job),
        "config.yaml": yaml.safe_dump(config),
    }
    placed = shelf.place(files)
    assert package_of(placed.tree, placed.shipped, shelf.read) == shelf.tree(files)
    if JOBS in placed.tree:
        assert all(
            job["enabled"] is False and job["state"] == "paused" for job in shelf.jobs(placed.tree)
        )
    waiting = find_effects(EMPTY, placed.tree, placed.tree, shelf.read)
    try:
        data = load_data(shelf.bytes_of(placed.tree, "config.yaml"), Kind.YAML)
    except Invalid:
        assert any(e.path == CONFIG and not e.key for e in waiting)
        return
    servers = data.get("mcp_servers") if isinstance(data, dict) else None
    on = (
        {name: s for name, s in servers.items() if isinstance(s, dict) and not is_off(s)}
        if isinstance(servers, dict)
        else {}
    )
    assert not on or any("can't be switched off" in note for note in sentences(placed.notes))
    keys = {parse_key(e.key)[:2] for e in waiting if e.path == CONFIG}
    assert {
        ("mcp_servers", name)
        for name, server in on.items()
        if "command" in server or "url" in server
    } <= keys


def test_servers_in_lines_that_cannot_be_edited_are_named_and_wait() -> None:
    shelf = Shelf()
    placed = shelf.place(
        {"config.yaml": "mcp_servers:\n  ? ''\n  : null\n  maps: {command: uvx}\n"}
    )
    assert any("can't be switched off" in note for note in sentences(placed.notes))
    assert [e.key for e in find_effects(EMPTY, placed.tree, placed.tree, shelf.read)] == [
        "mcp_servers.maps.command"
    ]


@settings(max_examples=examples(500), deadline=None)
@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=80))
def test_no_bytes_whatever_make_it_crash(mcp: bytes, jobs: bytes, config: bytes) -> None:
    shelf = Shelf()
    files = {"mcp.json": mcp, "cron/x.yaml": jobs, "config.yaml": config}
    placed = shelf.place(files)
    assert package_of(placed.tree, placed.shipped, shelf.read) == shelf.tree(files)
