"""The entry of a package in a registry, and the list of registries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hermes_dist.errors import Invalid
from hermes_dist.model.registry import (
    Registry,
    RegistryKind,
    dump_package,
    dump_registries,
    entry_path,
    key_of,
    load_registries,
    parse_package,
    read_source,
    skeleton,
    yank,
)
from hermes_dist.world.load import data_folder, violations

ENTRIES = sorted((data_folder("registry") / "packages").glob("*/*.json"))
GOOD: dict[str, Any] = {
    "name": "bot",
    "source": "github.com/you/bot//agents/bot",
    "description": "A bot.",
    "env": ["KEY"],
    "runs": {"cron": 2},
    "versions": [{"version": "1.0.0", "commit": "a" * 40, "tree": "b" * 64, "date": "2026-01-31"}],
}


def parsed(**changes: Any) -> Any:
    return parse_package(json.dumps(GOOD | changes).encode(), "bot", local=False)


@pytest.mark.parametrize("path", ENTRIES, ids=lambda p: p.stem)
def test_every_entry_that_is_carried_is_of_the_form(path: Path) -> None:
    key = key_of(path.relative_to(data_folder("registry")).as_posix())
    package = parse_package(path.read_bytes(), key, local=False)
    assert dump_package(package) == path.read_bytes()
    assert violations(json.loads(path.read_bytes()), "registry-package") == []


def test_the_examples_of_this_project_are_among_them() -> None:
    assert {"coder", "research-bot"} <= {path.stem for path in ENTRIES}
    assert len(ENTRIES) > 100


def test_an_entry_is_read_and_written_back() -> None:
    package = parsed()
    assert parse_package(dump_package(package), "bot", local=False) == package
    assert package.title == "bot"
    assert str(package.source) == "https://github.com/you/bot//agents/bot"


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"name": "bat"}, "name"),
        ({"source": "bot"}, "source"),
        ({"source": "./bot"}, "source"),
        ({"source": "file:///srv/bot"}, "source"),
        ({"source": "http://127.0.0.1/you/bot"}, "source"),
        ({"source": "https://localhost/you/bot"}, "source"),
        ({"source": "http://example.org/you/bot"}, "source"),
        ({"source": "git@-oProxyCommand=x:you/bot"}, "source"),
        ({"source": "ext::sh -c id"}, "source"),
        ({"source": "--upload-pack=x"}, "source"),
        ({"source": "github.com/you/bot#main"}, "source"),
        ({"source": "github.com/you/bot@^1"}, "source"),
        ({"source": "github.com/you/bot//../x"}, "source"),
        ({"description": 3}, "description"),
        ({"env": "KEY"}, "env"),
        ({"runs": {"cron": True}}, "runs"),
        ({"runs": {"cron": -1}}, "runs"),
        ({"versions": {}}, "versions"),
        ({"versions": [3]}, "versions[0]"),
        ({"versions": [{"version": "1", "commit": "main"}]}, "versions[0]: commit"),
        ({"versions": [{"version": "x", "commit": "a" * 40}]}, "versions[0]: version"),
        ({"versions": [{"version": "1", "commit": "a" * 40, "tree": "x"}]}, "versions[0]"),
        ({"versions": [{"version": "1", "commit": "a" * 40}] * 2}, "versions[1]"),
    ],
)
def test_an_entry_that_breaks_a_rule_is_refused_with_its_place(
    changes: dict[str, Any], place: str
) -> None:
    with pytest.raises(Invalid) as caught:
        parsed(**changes)
    assert (
        caught.value.where.startswith(f"packages/bo/bot.json: {place}")
        or place in caught.value.where
    )


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"name": "bot"}', b" " * (1 << 20) + b"{}"]
)
def test_what_is_no_entry_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        parse_package(data, "bot", local=False)


def test_only_a_registry_of_this_machine_names_sources_that_lie_on_it() -> None:
    assert read_source("file:///srv/bot", local=True).location == "file:///srv/bot"
    assert read_source("http://127.0.0.1:80/you/bot", local=True)
    with pytest.raises(Invalid):
        read_source("/srv/bot", local=True)


@pytest.mark.parametrize(
    "path",
    [
        "packages/bo/bat.txt",
        "packages/xx/bot.json",
        "bot.json",
        "packages/bo/../bot.json",
        "packages/Bo/Bot.json",
    ],
)
def test_an_entry_lies_where_its_name_says(path: str) -> None:
    assert key_of(path) == ""
    assert key_of(entry_path("bot")) == "bot"
    assert key_of(entry_path("b")) == "b"


def test_names_that_look_alike_have_one_skeleton() -> None:
    assert skeleton("c0der") == skeleton("coder") == skeleton("co-der")
    assert skeleton("llama") == skeleton("l1arna") == skeleton("liama")
    assert skeleton("coder") != skeleton("codex")


def test_a_yank_is_a_reason_and_can_be_taken_back() -> None:
    package = parsed()
    gone = yank(package, "1.0.0", "it deletes files")
    assert gone.versions[0].yanked == "it deletes files"
    assert yank(gone, "1.0.0", "") == package
    with pytest.raises(Invalid, match="no version"):
        yank(package, "2.0.0", "x")


def test_the_list_of_registries_is_written_and_read() -> None:
    two = (
        Registry(name="acme", kind=RegistryKind.GIT, location="https://example.org/acme/index"),
        Registry(
            name="web", kind=RegistryKind.TUF, location="https://example.org/index", root="a" * 64
        ),
    )
    assert load_registries(dump_registries(two)) == two
    assert load_registries(b"") == ()


@pytest.mark.parametrize(
    "data",
    [
        b"[",
        b"registry = 3",
        b"[[registry]]",
        b"[[registry]]\nname = 'A b'\nkind = 'git'",
        b"\xff",
        b"[[registry]]\nname = 'a'\nkind = 'x'",
    ],
)
def test_a_damaged_list_is_told(data: bytes) -> None:
    with pytest.raises(Invalid, match="damaged"):
        load_registries(data)
