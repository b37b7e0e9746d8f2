"""The last net under every reply: short secrets go from free texts, and nothing that the page itself reads changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from story import BOT, Story

from hermes_dist.page.veil import veiled

LONG = "Qz7xW9kV3mB5nR8tY2pL"


@pytest.fixture
def story(tmp_path: Path) -> Story:
    story = Story(tmp_path, {"distribution.yaml": "name: bot\nversion: 1.0.0\n"})
    story.home.mkdir(parents=True)
    story.write(".env", f"IMAP_PW=vx3q\nDB_PIN=4711\nAPI_TOKEN={LONG}\nCARD_PIN=123\n")
    return story


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("My mail: vx3q", "My mail: ${IMAP_PW}"),
        ("vx3q\n4711", "${IMAP_PW}\n${DB_PIN}"),
        ("The PIN is 4711.", "The PIN is ${DB_PIN}."),
        ("run: mail -pvx3q now", "run: mail -p${IMAP_PW} now"),
        ("part 94711 of avx3qb", "part 94711 of avx3qb"),
        ("grün: 4711", "grün: ${DB_PIN}"),
        ("too short: 123", "too short: 123"),
        (f"The key: {LONG}", "The key: ${API_TOKEN}"),
        (f"a{LONG}b", "a${API_TOKEN}b"),
    ],
)
def test_a_short_secret_goes_from_a_free_text(story: Story, text: str, shown: str) -> None:
    for name in (BOT, None):
        assert veiled(story.ctx, name, {"data": [{"description": text}]}) == {
            "data": [{"description": shown}]
        }


@pytest.mark.parametrize("word", ["vx3q", "skills/vx3q/SKILL.md", "2026-4711", "4711"])
def test_a_word_of_the_body_that_is_spelled_like_one_stays(story: Story, word: str) -> None:
    body = {word: word, f"{word} x": [word, 4711]}
    assert veiled(story.ctx, BOT, {**body, "said": "of vx3q"}) == {**body, "said": "of ${IMAP_PW}"}


def test_a_long_one_goes_from_a_key_too(story: Story) -> None:
    assert veiled(story.ctx, BOT, {LONG: 1, "n": None}) == {"${API_TOKEN}": 1, "n": None}
