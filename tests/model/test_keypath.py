"""Places as people see them, and as they type them back."""

from __future__ import annotations

import pytest

from hermes_dist.model.keypath import BODY, format_key, names_place, place_words
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Conflict

SKILL = f"skills/a/SKILL.md: {format_key(BODY)}"


def test_the_body_of_a_skill_is_shown_in_words() -> None:
    assert place_words(SKILL) == "skills/a/SKILL.md: text below the front matter"
    assert Conflict(RelPath("skills/a/SKILL.md"), format_key(BODY)).words == place_words(SKILL)


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
