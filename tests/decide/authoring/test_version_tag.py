"""Tags of the packages in a repository, of which each has its own versions."""

from __future__ import annotations

import pytest

from hermes_dist.decide.authoring.version_tag import can_begin_with, newer_tag, tag_of
from hermes_dist.decide.versions import choose_tag, newer_tags
from hermes_dist.world.ports import Refs

TAGS = ["v9.9", "a/v1.0", "a/v1.2", "a/b/v3.0", "a/nightly", "c/nightly", "v1.0"]


@pytest.mark.parametrize(
    ("folder", "tags"),
    [
        (None, ["v9.9", "v1.0"]),
        ("a", ["a/v1.0", "a/v1.2"]),
        ("a/b", ["a/b/v3.0"]),
        ("c", ["v9.9", "v1.0"]),
        ("d", ["v9.9", "v1.0"]),
    ],
)
def test_a_package_has_the_tags_of_its_folder_or_else_those_of_the_repository(
    folder: str | None, tags: list[str]
) -> None:
    assert Refs({}, dict.fromkeys(TAGS, "x")).tags_for(folder) == tags


def test_the_last_part_of_a_tag_is_its_version() -> None:
    own = ["a/v1.0", "a/v1.2"]
    assert choose_tag("^1.0", own) == "a/v1.2"
    assert newer_tags("a/v1.0", own) == ["a/v1.2"]


@pytest.mark.parametrize(
    ("folder", "can"),
    [
        ("a", True),
        ("a/b-c/d_1", True),
        ("a b", False),
        ("a..b", False),
        ("a/b.lock", False),
        ("a.", False),
        (".a", False),
        ("-a", False),
        ("v1.0", False),
        ("v1.0/x", False),
    ],
)
def test_a_folder_begins_tags_if_git_takes_it_and_nothing_is_in_the_way(
    folder: str, *, can: bool
) -> None:
    assert can_begin_with(folder, TAGS) is can


def test_a_version_has_a_tag_with_or_without_v_and_newer_ones_count_beside_it_alone() -> None:
    assert tag_of("", "9.9", TAGS) == "v9.9"
    assert tag_of("a/", "1.2", TAGS) == "a/v1.2"
    assert tag_of("", "1.2", ["1.2"]) == "1.2"
    assert tag_of("a/", "9.9", TAGS) == ""
    assert newer_tag("a/", "1.1", TAGS) == "a/v1.2"
    assert newer_tag("a/", "1.2", TAGS) == ""
    assert newer_tag("", "2.0", TAGS) == "v9.9"
