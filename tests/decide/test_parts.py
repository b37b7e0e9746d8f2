"""The parts of a package that people name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelf import Shelf

from hermes_dist.decide.parts import (
    PARTS,
    count_parts,
    excluded_places,
    named,
    parse_parts,
    part_at,
    part_of,
)
from hermes_dist.errors import UsageError
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY

FILES: dict[str, object] = {
    "SOUL.md": "",
    "config.yaml": "",
    "distribution.yaml": "",
    "skills/a/SKILL.md": "",
    "skills/a/x.md": "",
    "hooks/h/HOOK.yaml": "",
    "cron/jobs.json": "",
    "assets/x": "",
}


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("SOUL.md", "soul"),
        ("config.yaml", "config"),
        ("mcp.json", "mcp"),
        ("skills/a/SKILL.md", "skills"),
        ("cron/jobs.json", "cron"),
        ("plugins/p/x", "plugins"),
        ("hooks/h/x", "hooks"),
        ("scripts/a.py", "files"),
        ("a/SOUL.md", "files"),
        ("skills", "files"),
        ("soul/x", "soul"),
    ],
)
def test_a_file_belongs_to_a_part(path: str, part: str) -> None:
    assert part_of(RelPath(path)) == part


@pytest.mark.parametrize("path", FILES)
def test_the_part_of_something_in_the_way_is_one_that_the_options_take(path: str) -> None:
    assert parse_parts(part_at(path), "--except") == {part_of(RelPath(path))}


def test_the_folder_of_a_part_belongs_to_it() -> None:
    assert part_at("skills") == "skills"
    assert part_at("scripts") == "files"


def test_only_an_update_says_a_word_about_layers() -> None:
    for updating in (True, False):
        with pytest.raises(UsageError) as caught:
            parse_parts("skils", "--only", updating=updating)
        assert "did you mean skills" in caught.value.hint
        assert ("all layers are updated together" in caught.value.hint) == updating


def test_parts_are_read_as_they_are_typed() -> None:
    assert parse_parts(" soul, mcp,,files ", "--only") == {"soul", "mcp", "files"}
    assert parse_parts("", "--only") == frozenset()
    with pytest.raises(UsageError, match="--only does not know Soul, sole") as caught:
        parse_parts("sole,Soul,soul", "--only")
    assert all(part in caught.value.hint for part in (*PARTS, "files"))


def places(only: set[str], without: set[str]) -> set[tuple[str, str]]:
    return {
        (str(path), key)
        for path, key in excluded_places(
            Shelf().tree(FILES), EMPTY, frozenset(only), frozenset(without)
        )
    }


def test_what_was_left_out_is_put_back_and_never_the_manifest() -> None:
    assert places(set(), set()) == set()
    assert places(set(), {"skills"}) == {("skills/a/SKILL.md", ""), ("skills/a/x.md", "")}
    assert places({"soul", "skills"}, {"skills"}) == {
        (path, "") for path in FILES if path not in ("SOUL.md", "distribution.yaml")
    }


def test_servers_are_left_out_inside_the_settings_or_with_them() -> None:
    assert places(set(), {"mcp"}) == {("config.yaml", "mcp_servers")}
    assert places({"config"}, set()) >= {("config.yaml", "mcp_servers")}
    assert ("config.yaml", "") not in places({"config"}, set())
    assert places(set(), {"mcp", "config"}) == {("config.yaml", "")}


def test_what_only_base_has_is_left_out_too() -> None:
    assert excluded_places(
        EMPTY, Shelf().tree({"SOUL.md": "x"}), frozenset(), frozenset(["soul"])
    ) == [("SOUL.md", "")]


@given(
    st.sets(st.sampled_from([*PARTS, "files"]), min_size=1),
    st.sets(st.sampled_from([*PARTS, "files"])),
)
def test_law_leaving_parts_out_is_taking_only_the_others(only: set[str], without: set[str]) -> None:
    everything = {*PARTS, "files"}
    assert places(only, without) == places(set(), everything - (only - without))


def test_skills_hooks_and_plugins_are_counted_as_such_and_other_parts_by_files() -> None:
    more = {
        **FILES,
        "skills/b/c/SKILL.md": "",
        "hooks/h/handler.py": "",
        "plugins/p/a": "",
        "plugins/q/a": "",
        "logo.png": "",
    }
    assert count_parts(Shelf().tree(more)) == {
        "soul": 1,
        "config": 1,
        "skills": 2,
        "hooks": 1,
        "plugins": 2,
        "cron": 1,
        "files": 2,
    }


def test_parts_are_named_in_the_order_people_know() -> None:
    assert named(["files", "mcp", "soul", "soul"]) == "soul, mcp, files"
    assert named([]) == ""
