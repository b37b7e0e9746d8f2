"""Completion offers what this machine knows of a profile and of the registries, and asks no server."""

from __future__ import annotations

from pathlib import Path

import pytest
from story import Story

from hermes_dist.decide.profiles.completion import Kind
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.profiles import local_values

BOT = ProfileName("bot")
SERVER = '{"mcpServers": {"web": {"command": "npx"}}}'


@pytest.fixture
def story(home: Path) -> Story:
    return Story(home)


def words(story: Story, kind: Kind) -> dict[str, str]:
    return {each.word: each.about for each in local_values.of_profile(story.ctx, kind, BOT)}


def test_what_is_open_in_a_profile_is_offered(story: Story) -> None:
    story.install()
    story.ship({"SOUL.md": "Theirs.\n", "mcp.json": SERVER})
    (story.home / "SOUL.md").write_text("Mine.\n")
    story.update(Request())
    assert words(story, Kind.CONFLICT) == {"SOUL.md": "conflict"}
    assert words(story, Kind.THING)["mcp_servers.web"].startswith("runs, waits")
    assert "SOUL.md" in words(story, Kind.PATH)
    assert list(words(story, Kind.GENERATION))[:2] == ["2", "1"]
    assert words(story, Kind.GENERATION)["1"].startswith("install ")
    assert "2.." in words(story, Kind.GENERATIONS)
    assert "main" in words(story, Kind.REF)
    for kind in (Kind.KEPT, Kind.LINK, Kind.INCLUDED):
        assert words(story, kind) == {}


@pytest.mark.parametrize("kind", [Kind.PACKAGE, Kind.CATEGORY, Kind.AWAY, Kind.KEY, Kind.ROUTE])
def test_what_nobody_has_read_yet_is_not_asked_for(story: Story, kind: Kind) -> None:
    assert list(local_values.of_machine(story.ctx, kind)) == []


def test_every_kind_has_its_source() -> None:
    told = {kind for kind in Kind if local_values.is_of_profile(kind)}
    machine = set(local_values.of_machine.__globals__["_OF_MACHINE"])
    elsewhere = {Kind.FILE, Kind.PROFILE, Kind.SOURCE}  # the shell completes files
    assert told | machine == set(Kind) - elsewhere
