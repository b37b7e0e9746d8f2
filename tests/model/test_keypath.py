"""Places as people see them, and as they type them back."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from budget import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hermes_dist.errors import Invalid
from hermes_dist.model import keypath
from hermes_dist.model.keypath import (
    BODY,
    format_key,
    named_places,
    names_place,
    parse_key,
    place_words,
)
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Conflict

SKILL = f"skills/a/SKILL.md: {format_key(BODY)}"


def test_the_body_of_a_skill_is_shown_in_words() -> None:
    assert place_words(SKILL) == "skills/a/SKILL.md: text below the front matter"
    assert Conflict(RelPath("skills/a/SKILL.md"), format_key(BODY)).words == place_words(SKILL)


KEYS = st.one_of(
    st.text(max_size=6),
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.none(),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([None, UTC])),
)


@settings(max_examples=examples(200))
@given(st.lists(KEYS, max_size=4).map(tuple))
@example((datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC), "x.y", None, -1.5))
def test_whatever_yaml_has_for_keys_is_read_as_it_was_written(key: keypath.KeyPath) -> None:
    again = parse_key(format_key(key))
    assert [(step, type(step)) for step in again] == [(step, type(step)) for step in key]


@pytest.mark.parametrize("text", ["(2026-13-01)", "(2026-1)", "(2026-01-01T)", "(20x)"])
def test_what_is_no_key_is_told_as_that(text: str) -> None:
    with pytest.raises(Invalid, match="is not a key"):
        parse_key(text)


@pytest.mark.parametrize("place", ["SOUL.md", "config.yaml: model.default", 'x.yaml: a."b: c"'])
def test_every_other_place_is_shown_as_it_is_written(place: str) -> None:
    assert place_words(place) == place


@pytest.mark.parametrize(
    "word",
    [SKILL, "skills/a/SKILL.md", "[part=body]", "text below the front matter", place_words(SKILL)],
)
def test_a_place_is_named_as_shown_and_as_written(word: str) -> None:
    assert names_place(word, SKILL)
    assert not names_place(word, "skills/b/SKILL.md: name")


def test_a_key_of_front_matter_with_these_very_words_is_another_place() -> None:
    key = format_key(("text below the front matter",))
    assert place_words(f"a.md: {key}") == f"a.md: {key}"
    assert not names_place("text below the front matter", f"a.md: {key}")


PLACES = (
    "SOUL.md",
    "config.yaml: agent.max_turns",
    "config.yaml: agent.name",
    "config.yaml: agents",
    "cron/jobs.json: jobs[id=ab12].prompt",
    "other.yaml: agent.name",
    "skills/x-ray/SKILL.md",
    "skills/x/SKILL.md",
    "skills/x/data.yaml: title",
)


@pytest.mark.parametrize(
    ("word", "places"),
    [
        ("skills/x", PLACES[7:9]),
        ("./skills/x/", PLACES[7:9]),
        ("skills", PLACES[6:9]),
        ("agent.max_turns", PLACES[1:2]),
        ("config.yaml: agent", PLACES[1:3]),
        ("config.yaml", PLACES[1:4]),
        ("jobs", PLACES[4:5]),
        ("max_turns", PLACES[1:2]),
        ("x/SKILL.md", PLACES[7:8]),
        ("data.yaml", PLACES[8:9]),
    ],
)
def test_a_word_means_the_most_exact_places(word: str, places: tuple[str, ...]) -> None:
    assert named_places(word, PLACES).places == places


@pytest.mark.parametrize(
    ("word", "candidates"),
    [
        ("agent.name", (PLACES[2], PLACES[5])),
        ("agent", (PLACES[1], PLACES[2], PLACES[5])),
        ("SKILL.md", PLACES[6:8]),
        ("name", (PLACES[2], PLACES[5])),
    ],
)
def test_a_word_that_is_not_clear_names_what_it_could_mean(
    word: str, candidates: tuple[str, ...]
) -> None:
    found = named_places(word, PLACES)
    assert (found.places, found.candidates) == ((), candidates)


@pytest.mark.parametrize("word", ["", "/", "nothing", "urns", "kills/x", "skills/x/SKILL"])
def test_a_word_that_ends_in_the_middle_means_nothing(word: str) -> None:
    found = named_places(word, PLACES)
    assert (found.places, found.candidates) == ((), ())


@example("a\u200db")
@example("a\ufe0f")
@given(
    st.text(st.sampled_from("aé0_-. [=\"'\\\u200d\ufe0f\u2028ª\x7f") | st.characters(), max_size=4)
)
@settings(max_examples=examples(2_000))
def test_a_word_is_quoted_exactly_if_it_is_not_plain(text: str) -> None:
    is_plain = re.fullmatch(keypath._PLAIN, text) is not None and text.isprintable()
    assert (format_key((text,)) == text) == is_plain
