"""Carrying out a proposal."""

from __future__ import annotations

import pytest

from hermes_dist.ops.change.proposal import _way_around
from hermes_dist.world.disk.obstacles import Obstacle


@pytest.mark.parametrize(
    ("verb", "part", "hint"),
    [
        ("update", "skills", "unmount it, or update without it: --except skills"),
        ("install", "soul", "unmount it, or install without it: --except soul"),
        ("update", "", "unmount it"),
        ("uninstall", "skills", "unmount it"),
        ("approve", "config", "unmount it"),
        ("rollback", "config", "unmount it"),
    ],
)
def test_only_a_verb_that_takes_parts_names_the_way_around_an_obstacle(
    verb: str, part: str, hint: str
) -> None:
    with pytest.raises(Obstacle) as told, _way_around(verb):
        raise Obstacle("it is mounted", where="skills", hint="unmount it", part=part)
    assert told.value.hint == hint
