"""Carrying out a proposal."""

from __future__ import annotations

from pathlib import Path

import pytest
from story import BOT, GO, Story

from hermes_dist.errors import DistError, Renamed
from hermes_dist.ops.change.proposal import _way_around
from hermes_dist.ops.package.update import update
from hermes_dist.ops.profiles import lifecycle, trash_and_archive
from hermes_dist.world.disk.obstacles import Obstacle


@pytest.mark.parametrize(
    ("verb", "path", "hint"),
    [
        ("update", "skills/a", "unmount it, or update without it: --except skills"),
        ("install", "SOUL.md", "unmount it, or install without it: --except soul"),
        ("update", "", "unmount it"),
        ("uninstall", "skills/a", "unmount it"),
        ("approve", "config.yaml", "unmount it"),
        ("rollback", "config.yaml", "unmount it"),
    ],
)
def test_only_a_verb_that_takes_parts_names_the_way_around_an_obstacle(
    verb: str, path: str, hint: str
) -> None:
    with pytest.raises(Obstacle) as told, _way_around(verb):
        raise Obstacle("it is mounted", where="skills", hint="unmount it", path=path)
    assert told.value.hint == hint


def test_a_profile_that_goes_while_the_preview_is_shown_is_told_with_where_it_went(
    home: Path,
) -> None:
    story = Story(home)
    story.install()
    story.ship({"SOUL.md": "# Bot\nNew.\n"})

    def renames(_: object) -> bool:
        lifecycle.rename(story.ctx, "bot", "newer")
        return True

    with pytest.raises(Renamed, match="is called 'newer' now"):
        update(story.ctx, BOT, GO, renames)
    lifecycle.rename(story.ctx, "newer", "bot")

    def deletes(_: object) -> bool:
        trash_and_archive.put_away(story.ctx, BOT, "trash")
        return True

    with pytest.raises(DistError, match="was deleted") as caught:
        update(story.ctx, BOT, GO, deletes)
    assert caught.value.command == "restore bot"
    assert not story.home.exists()
