"""The file of a team is read strictly: an error names the line and what was meant, and never shows a value."""

from __future__ import annotations

import json
import tomllib

import pytest
from jsonschema import Draft202012Validator

from hermes_dist.decide.team.file import (
    FIELDS,
    TOP,
    dump_team,
    line_of,
    load_team,
)
from hermes_dist.decide.team.wanted import Team, WantedProfile
from hermes_dist.errors import Invalid
from hermes_dist.model.paths import ProfileName
from hermes_dist.world.load import data_folder

DIGEST = "ab" * 32
WHOLE = f"""
format = 1
multiplex = true

[[registries]]
name = "team"
place = "https://example.org/index"
fingerprint = "{"cd" * 32}"

[[profiles]]
name = "writer"
source = "github.com/team/agents//writer#^1"
except = ["skills"]
include = ["notes"]
keep = ["SOUL.md", "config.yaml: model.default"]
held = false
aliases = ["w"]
gateway = true
variables = {{ KEY = "op://Team/Bots/key", OTHER = "" }}
layers = [{{ source = "./tools", only = ["skills", "mcp"] }}]
approve = [{{ at = "config.yaml: mcp_servers.web.command", digest = "{DIGEST}" }}]

[[profiles]]
name = "lab"

[[routes]]
profile = "writer"
channel = "123"
"""


def read(text: str) -> object:
    return load_team(text.encode(), "team.toml", "/home/ada/teams")


def test_a_whole_file_is_read_and_written_back_the_same() -> None:
    team = load_team(WHOLE.encode(), "team.toml", "/home/ada/teams")
    writer = team.profiles[0]
    assert writer.source == "https://github.com/team/agents//writer#^1"
    assert [one.source for one in writer.layers] == ["/home/ada/teams/tools"]
    assert writer.layers[0].only == ("mcp", "skills")
    assert (writer.held, writer.gateway, writer.without) == (False, True, ("skills",))
    assert writer.digests == {DIGEST}
    assert load_team(dump_team(team), "again", "/elsewhere") == team


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("./index", "/home/ada/teams/index"),
        ("../index", "/home/ada/index"),
        (".", "/home/ada/teams"),
        ("../index#main", "/home/ada/index#main"),
        ("/srv/index", "/srv/index"),
        ("~/index", "~/index"),
        ("file:///srv/index", "file:///srv/index"),
        ("github.com/team/index", "github.com/team/index"),
        ("https://example.org/index/", "https://example.org/index/"),
    ],
)
def test_the_place_of_a_registry_begins_at_the_file(written: str, place: str) -> None:
    text = f'format = 1\n[[registries]]\nname = "r"\nplace = "{written}"\n'
    team = load_team(text.encode(), "team.toml", "/home/ada/teams")
    assert [one.place for one in team.registries] == [place]


def test_the_schema_and_the_reader_know_the_same_fields() -> None:
    schema = json.loads((data_folder("schema") / "team.schema.json").read_text("utf-8"))
    assert set(schema["properties"]) == set(TOP)
    assert {name: set(each["properties"]) for name, each in schema["$defs"].items()} == {
        name: set(fields) for name, fields in FIELDS.items()
    }
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(tomllib.loads(WHOLE))
    Draft202012Validator(schema).validate(
        tomllib.loads(dump_team(load_team(WHOLE.encode(), "", "/")).decode())
    )


@pytest.mark.parametrize(
    ("text", "where", "what", "hint"),
    [
        ("format = 2\n", "team.toml:1: format", "must be 1", "install -U hermes-dist"),
        ("profiles = []\n", "team.toml", "does not say its format", "the line: format = 1"),
        ("format = 1\nprofile = []\n", "team.toml:2: profile", "not known", "mean profiles"),
        (
            'format = 1\n[[profiles]]\nname = "a"\n[[profiles]]\nname = "b"\nsorce = "x/y"\n',
            "team.toml:6: profiles[1].sorce",
            "'sorce' is not known",
            "did you mean source",
        ),
        ('format = 1\n[[profiles]]\nsource = "x/y"\n', "team.toml:2: profiles[0]", "name", ""),
        ('format = 1\n[[profiles]]\nname = "A b"\n', "team.toml:3: profiles[0].name", "is not", ""),
        ('format = 1\n[[profiles]]\nname = "default"\n', "team.toml:3:", "default", "another"),
        (
            'format = 1\n[[profiles]]\nname = "a"\n[[profiles]]\nname = "a"\n',
            "team.toml:5: profiles[1].name",
            "twice",
            "",
        ),
        (
            'format = 1\n[[profiles]]\nname = "a"\nheld = true\n',
            "team.toml:4: profiles[0].held",
            "needs a package",
            "a source",
        ),
        (
            'format = 1\n[[profiles]]\nname = "a"\nsource = "x/y"\napprove = [{ digest = "1" }]\n',
            "team.toml:5: profiles[0].approve[0].digest",
            "not a digest",
            "snapshot",
        ),
        (
            'format = 1\n[[profiles]]\nname = "a"\nsource = "x/y"\nonly = ["skill"]\n',
            "team.toml:5: profiles[0].only",
            "'skill' is not a part",
            "skills",
        ),
        (
            'format = 1\n[[profiles]]\nname = "writer"\n[[routes]]\nprofile = "write"\n',
            "team.toml:5: routes[0].profile",
            "no profile 'write'",
            "mean writer",
        ),
        ("format = 1\nmultiplex = true\n", "team.toml:2: multiplex", "routes", "leave it out"),
        ("format = 1\n[[profiles\n", "team.toml", "not valid TOML", ""),
        ('format = 1\n[[profiles]]\nname = "a"\ngateway = 1\n', "team.toml:4:", "neither", ""),
        (
            'format = 1\n[[profiles]]\nname = "a"\nsource = "x/y"\nlayers = [{ base = true, source = "z/y" }]\n',
            "team.toml:5: profiles[0].layers",
            "two bases",
            "one layer",
        ),
        (
            'format = 1\n[[profiles]]\nname = "a"\nlayers = ["x/y"]\n',
            "team.toml:4: profiles[0].layers",
            "not a list of tables",
            "begin each with [[profiles.layers]]",
        ),
        (
            'format = 1\n[[profiles]]\nname = "a"\nsource = " "\n',
            "team.toml:4: profiles[0].source",
            "it is empty",
            "leave the line out",
        ),
    ],
)
def test_a_wrong_file_is_told_with_its_line(text: str, where: str, what: str, hint: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(text)
    assert caught.value.where.startswith(where)
    assert what in caught.value.what
    assert hint in caught.value.hint


@pytest.mark.parametrize("value", ["sk-very-secret-1", "env:", "pass:-rf", "vault:x", "op:/x"])
def test_a_value_in_place_of_a_reference_is_refused_and_never_shown(value: str) -> None:
    text = f'format = 1\n[[profiles]]\nname = "a"\n[profiles.variables]\nKEY = "{value}"\n'
    with pytest.raises(Invalid) as caught:
        read(text)
    said = f"{caught.value} {caught.value.hint}"
    assert "never holds a value" in said
    assert "secret" not in said
    assert caught.value.where.startswith("team.toml:5: profiles[0].variables.KEY")


def test_lines_are_found_in_inline_tables_and_nested_headers() -> None:
    text = "[[a]]\nx = 1\n[[a]]\ny = { z = 2 }\n[a.b]\nk = 1\n[[a.c]]\n[[a.c]]\nk = 2\n"
    assert line_of(text, ("a", 1, "y", "z")) == 4
    assert line_of(text, ("a", 1, "b", "k")) == 6
    assert line_of(text, ("a", 1, "c", 1, "k")) == 9


def test_what_a_terminal_obeys_is_spelled_out_and_read_back() -> None:
    evil = "a\x1b[31m\x9b\u202e\u2028b"
    team = Team(profiles=(WantedProfile(name=ProfileName("a"), source="x", keep=(evil,)),))
    data = dump_team(team)
    assert all(char == "\n" or char.isprintable() for char in data.decode())
    assert tomllib.loads(data.decode())["profiles"][0]["keep"] == [evil]
