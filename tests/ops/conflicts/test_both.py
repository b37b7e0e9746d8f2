"""Both sides are refused where one of them would be dropped: the conflict stays open, and what to do is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from story import BOT, FIRST, GO, Story, yes

from hermes_dist.errors import DistError
from hermes_dist.model.side import Side
from hermes_dist.ops.conflicts.each import resolve_each
from hermes_dist.ops.package.resolve import still_open

TURNS = "agent:\n  max_turns: 60\nkeep: 1\n"


def conflicted(tmp: Path, ours: str, theirs: str, path: str = "config.yaml") -> Story:
    story = Story(tmp, {**FIRST, path: TURNS})
    story.install()
    story.write(path, ours)
    story.ship({path: theirs})
    story.update()
    assert story.lock.conflicts
    return story


def test_a_document_with_a_slip_is_not_merged_and_its_conflict_stays_open(home: Path) -> None:
    story = conflicted(home, "agent:\n  max_turns: [60\n", TURNS.replace("60", "70"))
    before = story.lock, story.files()
    for place in ("config.yaml", ""):
        with pytest.raises(DistError, match=r"line 2, column 14") as caught:
            story.resolve(Side.BOTH, place)
        assert "can't be read" in str(caught.value)
        assert "resolve bot config.yaml" in caught.value.hint
        assert "mend" in caught.value.hint
    with pytest.raises(DistError, match="can't be read"):
        resolve_each(story.ctx, BOT, {"config.yaml": Side.BOTH}, GO, yes)
    assert (story.lock, story.files()) == before


def test_once_it_is_mended_the_change_of_the_author_arrives(home: Path) -> None:
    story = conflicted(home, "agent:\n  max_turns: [60\n", TURNS.replace("60", "70"))
    assert still_open(story.ctx, BOT)
    story.write("config.yaml", TURNS)
    assert not still_open(story.ctx, BOT, "config.yaml")
    story.resolve(Side.BOTH, "config.yaml")
    assert "max_turns: 70" in story.read("config.yaml")
    assert not story.lock.conflicts


def test_mended_to_another_value_it_is_a_conflict_at_that_key(home: Path) -> None:
    story = conflicted(home, "agent:\n  max_turns: [60\n", TURNS.replace("60", "70"))
    story.edit("config.yaml", "[60", "65")
    with pytest.raises(DistError, match=r"max_turns is a single value"):
        story.resolve(Side.BOTH, "config.yaml")
    (left,) = still_open(story.ctx, BOT, "config.yaml")
    assert left.key == "agent.max_turns"


def test_upstreams_slip_is_the_authors_to_mend(home: Path) -> None:
    slip = "- agent: [70\n"
    story = conflicted(home, "mine: 1\n", slip, path="notes/x.yaml")
    with pytest.raises(DistError, match=r"upstream can't be read.*line 1") as caught:
        story.resolve(Side.BOTH)
    assert "tell the author" in caught.value.hint


def test_a_file_that_is_no_text_is_said_to_be_none(home: Path) -> None:
    story = conflicted(home, "mine\0", "theirs\0", path="skills/hello/a.bin")
    with pytest.raises(DistError, match=r"a\.bin is no text.*it can't be"):
        story.resolve(Side.BOTH)
    assert story.lock.conflicts
