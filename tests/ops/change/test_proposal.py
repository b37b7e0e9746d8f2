"""Carrying out a proposal."""

from __future__ import annotations

import pytest

from hermes_dist.ops.change.proposal import _way_around
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
