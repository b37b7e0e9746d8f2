"""TOML: what is read fast is what the standard library reads, and nothing that it refuses."""

from __future__ import annotations

import tomllib

import pytest
from budget import examples
from hypothesis import event, given, settings
from hypothesis import strategies as st

from hermes_dist.model.documents.toml import load_toml, read_plain

WRITTEN = """\
# Written by hermes-dist.
format = 2
empty = []
kept = [
    "SOUL.md",
    "config.yaml: model",
]
parked = [
    { kind = "runs", path = "config.yaml", facts = [["command", "[\\"uvx\\", \\"a = b\\"]"], ["", "\\\\"]], off = true },
    { kind = "loosens", path = "ä, { b = ", facts = [], off = false },
]

[[packages]]
name = "one"

[[packages]]
name = "two\\n"

[base]
"SOUL.md" = "644 00"
plain = "755 00"
"""
TOKENS = (
    *("a = ", '"b" = ', "a.b = ", "a=", "= ", "[", "]", "{ ", " }", "{}", "[]", ", ", ",", " "),
    *('"x"', '"\\\\"', '"\\""', '"\\u0041"', '"\\/"', '"\\', '"', "'x'", '"""', "\t", "\r\n"),
    *("1", "-0", "01", "1_0", "1e5", "1.0", "nan", "NaN", "null", "true", "false", "2026-01-01"),
    *("\n", ",\n    ", "[\n    ", ",\n]", "[t]\n", "[[t]]\n", "[a]\n", "# c\n", "{ a = 1 },\n    "),
    *('a = [\n    { b = "x", c = [["", 1]] },\n    ', "a = 1\n", 'b = "x"\n', "\x7f", "\xa0"),
)


def test_what_is_written_is_plain() -> None:
    assert read_plain(WRITTEN) == tomllib.loads(WRITTEN)


@pytest.mark.parametrize(
    "text",
    [
        *("a = 1\na = 1\n", "a = { b = 1, b = 2 }\n", "[a]\n[a]\n", "[[a]]\n[a]\n", "[a]\n[[a]]\n"),
        *("a = [\n    { b = 1,\n    c = 2 },\n]\n", "a = []\n[[a]]\n", "a = null\n", "a = NaN\n"),
        *("a = { b = 1, }\n", 'a = "\\/"\n', 'a = "\\uD800"\n', "a = 01\n", '"\\u00" = 1\n', "a\n"),
    ],
)
def test_what_is_wrong_is_left_to_the_library(text: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError):
        load_toml(text)
    assert read_plain(text) is None


def test_what_is_not_plain_is_read_by_the_library() -> None:
    assert load_toml("a.b = 0x10 # sixteen\n") == {"a": {"b": 16}}


WORDS = st.lists(st.sampled_from(TOKENS), max_size=4).map("".join)
VALUES = st.one_of(
    st.sampled_from(
        ('"x"', "1", "true", "[]", '["x", 1]', '[["x", "="], []]', "{ a = 1, b = [] }")
    ),
    WORDS,
)
LINES = st.one_of(
    st.builds("{} = {}\n".format, st.sampled_from("abcdefgh"), VALUES),
    st.builds("{} = [\n    {},\n    {},\n]\n".format, st.sampled_from("abcdefgh"), VALUES, VALUES),
    st.sampled_from(("[t]\n", "[u]\n", "[[v]]\n", "[[w]]\n", "\n", "# c\n", '"a/b" = "x"\n')),
)


@settings(max_examples=examples(2000))
@given(st.lists(LINES, max_size=5).map("".join))
def test_any_text_is_read_as_the_library_does_or_not_at_all(text: str) -> None:
    found = read_plain(text)
    event("read" if found is not None else "left")
    if found is not None:
        assert found == tomllib.loads(text)


@settings(max_examples=examples(500))
@given(st.data())
def test_an_accident_is_never_read_as_something_else(data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(WRITTEN)))
    last = data.draw(st.integers(first, min(first + 20, len(WRITTEN))))
    text = WRITTEN[:first] + data.draw(st.sampled_from(["", *TOKENS])) + WRITTEN[last:]
    if (found := read_plain(text)) is not None:
        assert found == tomllib.loads(text)
