"""Texts that one reader of YAML takes for something else."""

from __future__ import annotations

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.agents.dialects import Dialect
from hermes_dist.errors import Invalid
from hermes_dist.model.dialects import as_read, is_clear
from hermes_dist.model.documents.api import Kind, dump, load_data, put

UNCLEAR = ["y", "Y", "n", "N", "1e3", "-1.5E10", "1_0e3", "._5", "0.e1", "+_7", "+_"]


@pytest.mark.parametrize("text", UNCLEAR)
def test_an_unclear_text_is_written_with_quotes_wherever_it_stands(text: str) -> None:
    assert not is_clear(text)
    assert (
        dump({"a": text, "b": [text], text: 1}, Kind.YAML).decode()
        == f"a: '{text}'\nb:\n- '{text}'\n'{text}': 1\n"
    )
    assert (
        put(b"a: 1\nb: {c: 2}\n", Kind.YAML, {("a",): text, ("b", "c"): text}).decode()
        == f"a: '{text}'\nb: {{c: '{text}'}}\n"
    )


def test_a_plain_word_keeps_its_author_s_spelling() -> None:
    data = b"a: n  # mine\nb: 1\n"
    assert put(data, Kind.YAML, {("b",): 2}) == b"a: n  # mine\nb: 2\n"


@settings(max_examples=examples(200))
@given(st.text(st.sampled_from("-+.0179_eEyYnNx "), max_size=6))
def test_what_is_written_is_read_back(text: str) -> None:
    data = dump({"a": [text]}, Kind.YAML)
    assert load_data(data, Kind.YAML) == {"a": [text]}
    assert is_clear(text) or b"'" in data


@pytest.mark.parametrize(
    "text",
    [
        "a: -_",
        "a: [+__]",
        "-_: 1",
        "y: 1\ntrue: 2",
        "a: {no: 1, N: 2}",
        "Y: 1\ny: 2",
        "1e3: 1\n1000.0: 2",
        "+_7: 1\n7: 2",
        "y: 1\n1: 2",
    ],
)
def test_what_one_reader_refuses_is_refused(text: str) -> None:
    """An agent that can't read its settings goes on without any of them."""
    with pytest.raises(Invalid):
        load_data(text.encode(), Kind.YAML)


@pytest.mark.parametrize(
    "text", ["a: '-_'", "a: _", "a: -_a", "y: 1\nno: 2", "1e3: 1\n7: 2", "2024-01-01: 1"]
)
def test_what_all_can_read_is_read(text: str) -> None:
    assert load_data(text.encode(), Kind.YAML)


def test_parts_are_read_and_keys_are_not() -> None:
    value = {"y": ["n", {"x": "1e3"}, "no", 1, None]}
    assert as_read(value, Dialect.RUAMEL) == {"y": [False, {"x": 1000.0}, "no", 1, None]}
    assert as_read(value, Dialect.PYYAML) is value


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1e3", 1000.0),
        ("1_0e3", 10_000.0),
        ("._5", 0.5),
        ("+_7", 7),
        ("-_1_7", -17),
        ("+_010", 8),
        ("-_0_17", -15),
        ("+_", None),
        ("1.2.3", "1.2.3"),
        ("_7", "_7"),
        ("08", "08"),
        ("-.5", "-.5"),
        ("e3", "e3"),
        ("", ""),
    ],
)
def test_a_text_is_the_number_that_the_agent_s_reader_makes_of_it(text: str, read: object) -> None:
    found = as_read(text, Dialect.RUAMEL)
    assert (found, type(found)) == (read, type(read))
