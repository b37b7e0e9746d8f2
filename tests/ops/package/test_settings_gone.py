"""A package that ships no settings any more leaves a user's own settings as they were."""

from __future__ import annotations

from pathlib import Path

from story import FIRST, Story


def test_no_word_of_ours_comes_into_the_users_settings(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.install()
    story.write("config.yaml", story.read("config.yaml") + "mine: 1  # my own\n")
    story.ship({"config.yaml": None})
    story.update()
    assert story.read("config.yaml") == "mine: 1  # my own\n"
    story.ship({"config.yaml": FIRST["config.yaml"]})
    story.update()
    assert "max_tokens: 1" in story.read("config.yaml")
    assert "mine: 1  # my own" in story.read("config.yaml")
