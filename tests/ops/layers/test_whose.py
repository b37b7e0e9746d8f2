"""``why`` and ``owns`` follow the same order as the composition, and show no secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from gitrepo import Repo
from stacked import Stack, manifest
from story import BOT, yes

from hermes_dist.errors import DistError
from hermes_dist.model.documents.api import ABSENT
from hermes_dist.model.notes import NoteKind
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.change.review import groups_of, origin_in
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.layers.whose import Why, origins, owns, why
from hermes_dist.ops.package.install import install
from hermes_dist.ops.package.resolve import approve
from hermes_dist.voice.layers.data import why_data
from hermes_dist.voice.layers.lines import why_lines


def counted(story: Stack, place: str) -> list[str]:
    return [one.package.name for one in why(story.ctx, BOT, place).says if one.counts]


def told(found: Why) -> list[str]:
    return ["".join(piece.text for piece in one) for one in why_lines(found, 80, "CMD")]


def test_a_pack_that_overrides_another_counts_whatever_their_order(tmp_path: Path) -> None:
    for number, one in enumerate(("aaa", "zzz")):
        place = tmp_path / str(number)
        place.mkdir()
        other = Repo(place / one, bare=True)
        Stack.release(
            other,
            "1.0.0",
            {
                "distribution.yaml": manifest(one, overrides=["config.yaml: agent.max_turns"]),
                "config.yaml": "agent: {max_turns: 5}\n",
            },
        )
        story = Stack(place)
        packs = [f"{story.url_of(story.tools)}#^1", f"{story.url_of(other)}#^1"]
        story.ship({"distribution.yaml": manifest("bot", dependencies=packs)})
        story.install()
        assert story.config["agent"] == {"max_turns": 5}
        found = why(story.ctx, BOT, "agent.max_turns")
        assert not found.own
        assert counted(story, "agent.max_turns") == [one]
        assert [said.package.name for said in found.says if said.on_purpose] == [one]
        assert "config.yaml: agent.max_turns" in owns(story.ctx, BOT, one)
        assert "config.yaml: agent.max_turns" not in owns(story.ctx, BOT, "tools")


def test_what_the_package_is_without_is_nobodys_and_not_the_users(tmp_path: Path) -> None:
    gone = ["skills/hello", "config.yaml: model.default", "mcp.json: mcpServers.web"]
    story = Stack(tmp_path, without=gone)
    story.install()
    assert not (story.home / "skills/hello").exists()
    assert "mcp_servers" not in story.config
    for place in ("skills/hello/SKILL.md", "config.yaml: model.default"):
        assert not why(story.ctx, BOT, place).own
        assert counted(story, place) == []
    assert counted(story, "config.yaml: mcp_servers.web.command") == []
    assert not any("hello" in place for place in owns(story.ctx, BOT, "base"))
    assert not any("mcp_servers" in place for place in owns(story.ctx, BOT, "tools"))


def test_a_map_that_several_packages_fill_is_not_the_users(tmp_path: Path) -> None:
    story = Stack(tmp_path, {"config.yaml": "agent: {name: me}\n"})
    story.install()
    assert not why(story.ctx, BOT, "config.yaml: agent").own
    story.edit("config.yaml", "max_turns: 20", "max_turns: 21")
    assert why(story.ctx, BOT, "config.yaml: agent").own


def test_a_secret_of_the_users_is_not_shown(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    story.install()
    key = "sk-ant-api03-kQ7vXm2LrT9wZp4NcB8sYd6HfJ1gEa5UoR3iVtK0xMqSnWlPbCzDyGhFjAeQuI7O"
    story.write("config.yaml", story.read("config.yaml") + f"extra: {{api_key: {key}}}\n")
    for place in ("config.yaml: extra.api_key", "config.yaml: extra"):
        found = why(story.ctx, BOT, place)
        assert found.own
        assert key not in repr(found)


def test_a_server_in_settings_counts_before_one_in_a_file_of_servers(tmp_path: Path) -> None:
    story = Stack(tmp_path, {"SOUL.md": "# Bot\n"})
    own = "mcp_servers: {web: {command: mine}}\n"
    story.release(story.base, "1.1.0", {"config.yaml": own})
    shown = story.install().proposal
    groups = groups_of(shown.plan.effects)
    for origin in (origin_in(shown), origins(story.ctx, open_home(story.ctx, BOT))):
        assert {origin(group).layers for group in groups} == {("base",)}
    notes = [note for note in shown.notes if note.where]
    assert [(note.kind, note.where) for note in notes] == [
        (NoteKind.SERVER_OVERRULED, "tools: mcp.json")
    ]
    web = "config.yaml: mcp_servers.web"
    assert story.config["mcp_servers"]["web"]["command"] == "mine"
    assert counted(story, f"{web}.command") == ["base"]
    assert counted(story, f"{web}.args") == []
    assert f"{web}.command" in owns(story.ctx, BOT, "base")
    assert not any(place.startswith(web) for place in owns(story.ctx, BOT, "tools"))


def test_a_server_whose_settings_are_taken_out_counts_in_the_file_of_servers(
    tmp_path: Path,
) -> None:
    gone = ["config.yaml: mcp_servers"]
    story = Stack(tmp_path, without=gone)
    own = "mcp_servers: {web: {command: mine}}\n"
    story.release(story.base, "1.1.0", {"config.yaml": own})
    story.install()
    assert story.config["mcp_servers"]["web"]["command"] == "npx"
    assert counted(story, "config.yaml: mcp_servers.web.command") == ["tools"]


def test_what_waits_for_approval_is_not_there_yet(tmp_path: Path) -> None:
    story = Stack(tmp_path, {"config.yaml": "approvals: {mode: off}\n"})
    install(story.ctx, story.url, Request(), yes, name="bot")
    found = why(story.ctx, BOT, "approvals.mode")
    assert found.value is ABSENT
    assert (found.own, found.waits, found.joined) == (False, True, False)
    assert told(found) == [
        "config.yaml: approvals.mode = (nothing)",
        "  bot 1.0.0: false  (counts)",
        "  waits for your approval: CMD",
    ]
    assert why_data(found)["value"] is None
    approve(story.ctx, BOT, Request(), yes)
    found = why(story.ctx, BOT, "approvals.mode")
    assert found.value is False
    assert not found.waits


@pytest.mark.parametrize("typed", ["agent", "config.yaml: agent", " agent "])
def test_a_key_around_others_is_named_with_and_without_its_file(tmp_path: Path, typed: str) -> None:
    story = Stack(tmp_path, {"config.yaml": "agent: {name: me, mood: calm}\n"})
    story.install()
    found = why(story.ctx, BOT, typed)
    assert (found.path, found.key) == ("config.yaml", "agent")


@pytest.mark.parametrize("typed", ["config.yaml", "./config.yaml", "config.yaml/"])
def test_a_file_that_several_packages_fill_is_a_place(tmp_path: Path, typed: str) -> None:
    story = Stack(tmp_path, {"config.yaml": "agent: {name: me}\n"})
    story.install()
    found = why(story.ctx, BOT, typed)
    assert (found.path, found.key) == ("config.yaml", "")
    assert found.joined
    assert len(found.says) > 1
    assert not found.own
    assert all("(a part)" in one for one in told(found)[1:-1])


def test_a_folder_is_no_place_of_one_package(tmp_path: Path) -> None:
    story = Stack(tmp_path, {"skills/a/SKILL.md": "# A\n", "skills/b/SKILL.md": "# B\n"})
    story.install()
    with pytest.raises(DistError, match="is not clear"):
        why(story.ctx, BOT, "skills")
