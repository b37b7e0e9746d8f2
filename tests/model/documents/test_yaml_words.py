"""What is wrong with a text that is not YAML, in words that name no part of a parser."""

from __future__ import annotations

import pytest
import yaml

from hermes_dist.errors import Invalid
from hermes_dist.model.documents import yaml_parse
from hermes_dist.model.documents.nodes import DEFAULT
from hermes_dist.model.documents.told import spot_in, told

CASES = [
    ('name: bot\nversion: "1.0\nx: [\n', "2:10", "a quote opens here and is never closed"),
    ("name: bot\nversion: '1.0\n", "2:10", "a quote opens here and is never closed"),
    ('name: "bot" x\n', "1:13", "more after the end of a value"),
    ("a: [x\nb: 1\n", "1:4", "a list opens here with ["),
    ("a: {b: 1\nc: 1\n", "1:4", "a map opens here with {"),
    ("a: ]\n", "1:4", "one too many"),
    ("a: [1, , 2]\n", "1:8", "one too many"),
    ("a: b: c\n", "1:5", "a colon stands where none can"),
    ("a: b\n  c: d\n", "2:4", "a colon stands where none can"),
    ("a:\n\tb: 1\n", "2:1", "indented with a tab"),
    ("a:\n  b: 1\n\tc: 1\n", "3:1", "indented with a tab"),
    ("ä: @x\n", "1:4", "a value can't begin with '@'"),
    ("a: {% x %}\n", "1:5", "a value can't begin with '%'"),
    ("%x: a\n", "1:1", "a value can't begin with '%'"),
    ("a: **b**\n", "1:4", "a value can't begin with '*'"),
    ("a: & b\n", "1:4", "a value can't begin with '&'"),
    ("a: !<x\n", "1:4", "a value can't begin with '!'"),
    ("a: !x!y z\n", "1:4", "a value can't begin with '!'"),
    ("a:\n    b: 1\n  c: 2\n", "3:3", "does not fit those above"),
    ("a: 1\n- b\n", "2:1", "does not fit those above"),
    ("- a\nb: 1\n", "2:1", "does not fit those above"),
    ("a: 1\nb\nc: 1\n", "2:1", "no colon after its key"),
    ('a: "C:\\Users"\n', "1:9", "a \\ in double quotes"),
    ("a: - b\n", "1:4", "a list can't begin behind a key"),
    ("a: |x\n  b\n", "1:5", "begins on the next line"),
    ("%YAML 3.0\n---\na: 1\n", "1:1", "another version of YAML"),
    ("<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> x\n", "1:1", "the markers of a merge"),
    ("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n", "2:1", "the markers of a merge"),
]
JARGON = ("token", "scalar", "stream", "flow", "block", "node", "indicator", "expected", "mapping")


@pytest.fixture(params=["fast", "plain"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both parsers of PyYAML: the fast one is not everywhere, and they say the same in other words."""
    if request.param == "plain":
        monkeypatch.setattr(yaml_parse, "_LOADER", yaml.SafeLoader)


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(("text", "where", "words"), CASES)
def test_what_is_wrong_is_said_in_plain_words_where_it_begins(
    text: str, where: str, words: str
) -> None:
    with pytest.raises(Invalid) as caught:
        yaml_parse.parse(text, DEFAULT)
    assert caught.value.where == where
    assert caught.value.what.startswith("not valid YAML: ")
    assert words in caught.value.what
    assert not [word for word in JARGON if word in caught.value.what]


def test_a_place_is_told_as_an_editor_shows_it() -> None:
    error = Invalid("the key 'a' appears twice", where="3:1")
    assert spot_in("config.yaml", error) == "config.yaml:3:1"
    assert told(error) == "line 3, column 1: the key 'a' appears twice"
    assert spot_in("config.yaml", Invalid("it is empty")) == "config.yaml"
    assert told(Invalid("not a map", where="hooks[1]")) == "hooks[1]: not a map"
    assert told(ValueError("no")) == "no"
