"""Reading YAML: what a plain word is taken for, without asking the library's patterns where a look is enough."""

from __future__ import annotations

import pytest
import yaml
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from yaml.resolver import Resolver

from hermes_dist.model.documents import yaml_parse

_WORDS = "yes Yes YES yEs no on ON off true TRUE tRue false null NULL ~ << = ! & * .inf -.INF .nan +.Inf - . -- -y .5 5."
_SPELT = " ".join(
    f"{word} {word.capitalize()} {word.upper()}"
    for word in ("yes", "no", "on", "off", "true", "false", "null", "y", "n")
)
_NUMBERS = "0 00 07 0b1 0x1F 0o7 1_000 -1 +2 1.5 1e5 1.5e+3 -.5 1:30 1:30.5 1.2.3 1.2.3-rc1 ٣ 2020-01-02 2020-1-2"
_DATES = "2020-01-02T03:04:05Z 2020-01-02 03:04:05.5 +01:00 2020-13 2020- 1.2.-3 20.1-02"
_PIECES = st.sampled_from(
    [*_WORDS.split(), *_NUMBERS.split(), *_DATES.split(), *"0123456789.-+_:eEnaTZ "]
)


@settings(max_examples=examples(20_000), deadline=None)
@given(st.lists(_PIECES, max_size=5).map("".join) | st.text(max_size=6))
def test_a_word_is_taken_for_what_the_library_takes_it_for(text: str) -> None:
    text = text.strip("\n")  # a plain scalar ends before its line does
    assert yaml_parse._tag_of(text) == Resolver().resolve(yaml.ScalarNode, text, (True, False))


@pytest.mark.parametrize(
    "text", [*_WORDS.split(), *_SPELT.split(), *_NUMBERS.split(), *_DATES.split(), ""]
)
def test_each_of_these_words_is(text: str) -> None:
    assert yaml_parse._tag_of(text) == Resolver().resolve(yaml.ScalarNode, text, (True, False))


def test_common_words_need_no_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_parse, "_resolver", None)
    yaml_parse.scalar_value.cache_clear()
    words = ("7", "yes", "tool-1", "1.2.3", "-y", "--from", "~", "0")
    found = [yaml_parse.scalar_value(word)[1] for word in words]
    assert found == [7, True, "tool-1", "1.2.3", "-y", "--from", None, 0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (str(-(1 << 63)), -(1 << 63)),
        (str((1 << 64) - 1), (1 << 64) - 1),
        (f"1.{'0' * 98}", 1.0),
        ("x" * 101, "x" * 101),
    ],
)
def test_the_largest_numbers_are_read(text: str, value: object) -> None:
    assert yaml_parse.scalar_value(text)[1] == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (str(-(1 << 63) - 1), "more than 64 bits"),
        (str(1 << 64), "more than 64 bits"),
        (f"1.{'0' * 99}", "too long"),
        ("1" * 101, "too long"),
    ],
)
def test_larger_numbers_are_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        yaml_parse.scalar_value(text)
