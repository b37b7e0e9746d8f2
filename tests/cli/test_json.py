"""``--json``: one object on stdout, as its schema in ``schema/`` says, with no secret in it."""

from __future__ import annotations

import ast
import itertools
import json
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from every_command import ONE_OBJECT, Evil, assert_nothing_raw
from json_schemas import checked, schema_of

from hermes_dist import cli
from hermes_dist.page.requests.table import REQUESTS
from hermes_dist.world.load import data_folder

CLI = Path(next(iter(cli.__path__)))
SECRET = "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"


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Evil:
    with pytest.MonkeyPatch.context() as patch:
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "Mallory")
            patch.setenv(f"GIT_{who}_EMAIL", "mallory@example.org")
        return Evil(tmp_path_factory.mktemp("evil"))


@cache
def schemas_in_use() -> frozenset[str]:
    """The names of all objects that commands write."""
    found = set()
    for path in CLI.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "emit"
            ):
                name = node.args[0]
                assert isinstance(name, ast.Constant), (
                    f"{path.name}:{node.lineno}: the name is not written out"
                )
                found.add(str(name.value))
    return frozenset(found)


def test_each_object_has_its_schema_and_each_schema_its_object() -> None:
    files = {
        path.name.removeprefix("output-").removesuffix(".schema.json")
        for path in data_folder("schema").glob("output-*")
    }
    assert schemas_in_use() - files == set(), "schema/output-NAME.schema.json is missing"
    of_the_page = {row.schema for row in REQUESTS.values()}
    assert of_the_page - files == set()
    assert files - schemas_in_use() - of_the_page == set(), "a schema that nothing writes"


@pytest.mark.parametrize("name", sorted(schemas_in_use()))
def test_every_schema_is_sound_and_says_what_it_is(name: str) -> None:
    schema = schema_of(name)
    assert schema["properties"]["schema"] == {"const": f"hermes-dist/{name}/1"}
    assert schema["description"].endswith(".")
    assert "schema" in schema["required"]


@pytest.mark.parametrize("name", ONE_OBJECT)
def test_every_command_writes_one_object_as_its_schema_says_and_nothing_raw(
    evil: Evil, name: str, tmp_path: Path
) -> None:
    home = evil.fresh(tmp_path / "home")
    done = evil.run(home, *evil.words(name, home), "--json")
    assert_nothing_raw(name, done)
    found = checked(done)
    is_error = found["schema"] == "hermes-dist/error/1"
    if is_error:
        assert found["error"]["code"] == done.returncode
        assert found["error"]["message"]
    else:
        assert done.returncode in {0, 1, 3, 7, 10}


def test_the_conflicts_of_status_are_paths_and_keys(evil: Evil, tmp_path: Path) -> None:
    found = checked(evil.run(evil.fresh(tmp_path / "home"), "status", "evil", "--json"))
    assert {"path": "SOUL.md", "key": ""} in found["conflicts"]
    assert all(set(conflict) == {"path", "key"} for conflict in found["conflicts"])


def test_no_secret_of_the_machine_is_in_any_of_them(evil: Evil, tmp_path: Path) -> None:
    template = evil.fresh(tmp_path / "template")
    bot = template / ".hermes" / "profiles" / "evil"
    (bot / ".env").write_text(f"KEY={SECRET}\n")
    (bot / "config.yaml").write_text(f"model: x\napi_key: {SECRET}\n")
    (bot / "SOUL.md").write_text(f"The key is {SECRET}.\n")
    for name in (
        "status",
        "diff",
        "diff (upstream)",
        "info",
        "update",
        "update (dry run)",
        "verify",
        "doctor",
        "list",
        "history",
    ):
        home = Path(shutil.copytree(template, tmp_path / name, symlinks=True))
        done = evil.run(home, *evil.words(name, home), "--json")
        assert SECRET not in (done.stdout + done.stderr).decode(), name
    done = evil.run(
        template,
        "update",
        "evil",
        "-y",
        "--json",
        "--env",
        f"EXTRA={SECRET}",
        "--env",
        f"{SECRET}=x",
    )
    assert checked(done)["written_env"] == ["EXTRA"]
    assert SECRET not in (done.stdout + done.stderr).decode()


def test_what_was_contributed_is_told_as_its_schema_says_also_when_it_was_nothing(
    evil: Evil, tmp_path: Path
) -> None:
    home = evil.fresh(tmp_path / "home")
    assert evil.run(home, "resolve", "evil", "--theirs").returncode == 0
    data = checked(
        evil.run(
            home,
            "contribute",
            "evil",
            "-o",
            str(tmp_path / "none.patch"),
            "--only",
            "plugins",
            "--json",
        )
    )
    assert (data["schema"], data["changes"], data["pushed"]) == (
        "hermes-dist/contributed/1",
        [],
        "",
    )


def _objects(schema: Any, place: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each object that a schema describes, with where: its fields but for the name of the whole."""
    if isinstance(schema, list):
        schema = dict(enumerate(schema))
    if not isinstance(schema, dict):
        return
    fields = schema.get("properties", {})
    yield place, {k: json.dumps(v, sort_keys=True) for k, v in fields.items() if k != "schema"}
    for key, value in schema.items():
        yield from _objects(value, f"{place}/{key}")


def test_no_object_is_described_twice() -> None:
    folder = data_folder("schema")
    large = [
        found
        for path in [*folder.glob("output-*.json"), folder / "common.schema.json"]
        for found in _objects(json.loads(path.read_text("utf-8")), path.name)
        if len(found[1]) >= 8
    ]
    assert len(large) > 20
    twice = [
        (one, other)
        for (one, some), (other, more) in itertools.permutations(large, 2)
        if some.items() <= more.items()
    ]
    assert twice == []
