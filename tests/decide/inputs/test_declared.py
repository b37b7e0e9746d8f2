"""What a manifest may say about inputs, and which answers fit."""

from __future__ import annotations

import re

import pytest

from hermes_dist.decide.environment.names import is_harmless
from hermes_dist.decide.inputs.declared import Input, accepted, declared_by, fits, rules_of
from hermes_dist.errors import Invalid
from hermes_dist.model.manifest import parse_manifest


def declared(inputs: object) -> tuple[Input, ...]:
    return declared_by(parse_manifest({"name": "bot", "inputs": inputs}))


def one(**row: object) -> Input:
    [item] = declared({"it": row})
    return item


def test_a_manifest_without_inputs_has_none() -> None:
    assert declared_by(parse_manifest({"name": "bot"})) == ()
    assert declared({}) == ()


def test_a_bare_name_is_a_text_that_has_to_be_given() -> None:
    [item] = declared({"team": None})
    assert item == Input(name="team")
    assert rules_of(item) == "text on one line"


@pytest.mark.parametrize(
    ("row", "text", "value"),
    [
        ({}, " as typed ", " as typed "),
        ({"type": "integer"}, " 7 ", 7),
        ({"type": "number"}, "1.5", 1.5),
        ({"type": "number"}, "2", 2),
        ({"type": "boolean"}, "Yes", True),
        ({"type": "boolean"}, "off", False),
        ({"enum": ["a", "b"]}, "b", "b"),
        ({"type": "integer", "enum": [1, 2]}, "2", 2),
        ({"pattern": "^[a-z]+$"}, "abc", "abc"),
        ({"pattern": "b"}, "abc", "abc"),
        ({"minLength": 2, "maxLength": 3}, "abc", "abc"),
        ({"env": "DESK_CITY"}, "Paris", "Paris"),
        ({"secret": True, "env": "DESK_TOKEN"}, "abc", "abc"),
    ],
)
def test_an_answer_that_fits_is_taken(row: dict[str, object], text: str, value: object) -> None:
    found = accepted(one(**row), text)
    assert (type(found), found) == (type(value), value)
    assert fits(one(**row), found)


@pytest.mark.parametrize(
    ("row", "text", "why"),
    [
        ({}, "a\nb", "line break"),
        ({}, "a\u2028b", "line break"),
        ({}, "x" * 1001, "more than 1000"),
        ({"type": "integer"}, "7.5", "not an integer"),
        ({"type": "integer"}, "9" * 16, "not an integer"),
        ({"type": "integer", "minimum": 3}, "2", "less than 3"),
        ({"type": "number", "maximum": 3.5}, "4", "more than 3.5"),
        ({"type": "boolean"}, "maybe", "not a boolean"),
        ({"enum": ["a"]}, "A", "not one of the choices"),
        ({"pattern": "^[a-z]+$"}, "abc1", "does not match"),
        ({"pattern": "a*"}, "a" * 300, "more than 200"),
        ({"minLength": 2}, "a", "1 characters"),
        ({"env": "DESK_CITY"}, "http://evil/$(x)", "may not set DESK_CITY"),
        ({"secret": True, "env": "DESK_TOKEN"}, "", "empty"),
    ],
)
def test_an_answer_that_does_not_fit_says_why(row: dict[str, object], text: str, why: str) -> None:
    with pytest.raises(Invalid, match=why) as found:
        accepted(one(**row), text)
    assert "--set it=VALUE" in found.value.hint


@pytest.mark.parametrize(
    ("inputs", "where", "why"),
    [
        (["team"], "inputs", "not a map"),
        ({"1st": {}}, "inputs.1st", "begin with a letter"),
        ({"it": "text"}, "inputs.it", "not a map"),
        ({"it": {"typ": "string"}}, "inputs.it", "'typ' is not known"),
        ({"it": {"type": "array"}}, "inputs.it.type", "not one of string, integer"),
        ({"it": {"default": 5}}, "inputs.it.default", "not a string"),
        ({"it": {"type": "integer", "default": True}}, "inputs.it.default", "not an integer"),
        ({"it": {"type": "boolean", "enum": [True, 1]}}, "inputs.it.enum", "1 does not fit"),
        ({"it": {"minimum": 1}}, "inputs.it.minimum", "nothing about the type string"),
        ({"it": {"type": "integer", "maxLength": 1}}, "inputs.it.maxLength", "nothing about"),
        ({"it": {"type": "integer", "pattern": "a"}}, "inputs.it.pattern", "nothing about"),
        ({"it": {"pattern": "("}}, "inputs.it.pattern", "not a pattern"),
        ({"it": {"secret": True}}, "inputs.it", "needs `env`"),
        (
            {"it": {"secret": True, "env": "A_KEY", "default": "x"}},
            "inputs.it.default",
            "no default",
        ),
        ({"it": {"env": "MY_API_KEY"}}, "inputs.it.env", "secret: true"),
        ({"it": {"env": "LD_PRELOAD"}}, "inputs.it.env", "which code programs load"),
        ({"it": {"env": "ALLOW_ALL_USERS"}}, "inputs.it.env", "who may command"),
        ({"it": {"env": "lower"}}, "inputs.it.env", "no name of a variable"),
    ],
)
def test_a_field_that_is_odd_is_an_error_at_its_place(inputs: object, where: str, why: str) -> None:
    with pytest.raises(Invalid, match=re.escape(why)) as found:
        declared(inputs)
    assert found.value.where == f"distribution.yaml: {where}"


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(a|b)*c", "a*b*c*d*e*", r"(a)\1", "(?=a)", "a{1,}{2}"]
)
def test_a_pattern_that_could_run_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(Invalid, match="too complicated"):
        one(pattern=pattern)


def test_variables_of_inputs_are_variables_of_the_package() -> None:
    manifest = parse_manifest({"name": "bot", "inputs": {"city": {"env": "DESK_CITY"}}})
    assert [var.name for var in manifest.env] == ["DESK_CITY"]
    assert not manifest.warnings


POWER = [
    name
    for stem in (
        "PATH",
        "HOME",
        "ENV",
        "URL",
        "PROXY",
        "ALLOW",
        "ADMIN",
        "PRELOAD",
        "PLUGIN",
        "HOST",
    )
    for name in (f"DESK_{stem}", f"{stem}_DESK", f"HERMES_{stem}", f"TELEGRAM_{stem}", f"LD_{stem}")
]


@pytest.mark.parametrize("name", [*POWER, "PATH", "HOME", "IFS", "SHELL", "EDITOR", "HERMES_HOME"])
def test_no_input_sets_a_name_that_may_have_no_default(name: str) -> None:
    assert not is_harmless(name, "5")
    for row in ({"env": name}, {"env": name, "default": "5"}, {"env": name, "secret": True}):
        with pytest.raises(Invalid, match=r"no input may set|secret: true"):
            declared({"it": row})
