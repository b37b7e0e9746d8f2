"""What is said about a layer names it: its user has never seen its files."""

from __future__ import annotations

from pathlib import Path

import pytest
from stacked import Stack, manifest

from hermes_dist.errors import Invalid
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.ops.layers.named import named

BROKEN = "prompt: [\n"


def _said(story: Stack) -> list[str]:
    """The places of all notes of an install."""
    return [note.where for note in story.install().proposal.notes if note.where]


def test_notes_about_files_of_layers_name_them_and_those_of_the_package_do_not(
    tmp_path: Path,
) -> None:
    story = Stack(tmp_path, {"cron/own.yaml": BROKEN})
    story.release(story.base, "1.1.0", {"cron/x.yaml": BROKEN})
    story.release(story.tools, "1.1.0", {"cron/z.yaml": BROKEN})
    places = [where.partition(".yaml")[0] for where in _said(story)]
    assert places == ["cron/own", "base: cron/x", "tools: cron/z"]


def test_what_two_layers_have_in_common_is_said_once(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    for repo, name in ((story.base, "base"), (story.tools, "tools")):
        odd = manifest(name, odd_key=1).replace("1.0.0", "1.1.0")
        story.release(repo, "1.1.0", {"distribution.yaml": odd})
    (place,) = _said(story)
    assert place.startswith("base, tools: distribution.yaml")


def test_a_file_that_several_ship_belongs_to_the_layer_that_counts(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    story.release(story.base, "1.1.0", {"cron/x.yaml": BROKEN})
    story.release(story.tools, "1.1.0", {"cron/x.yaml": f"{BROKEN}\n"})
    assert all(where.startswith("tools: ") for where in _said(story))


@pytest.mark.parametrize("text", ["model: [\n", "- small\n", "mcp_servers: [web]\n"])
def test_settings_without_room_for_the_servers_of_another_layer_are_named(
    tmp_path: Path, text: str
) -> None:
    story = Stack(tmp_path)
    story.release(story.base, "1.1.0", {"config.yaml": text})
    story.release(story.tools, "1.1.0", {"config.yaml": None})
    (place,) = _said(story)
    assert place.startswith("base: config.yaml")


def test_what_stays_because_a_file_of_a_layer_is_broken_is_named(tmp_path: Path) -> None:
    story = Stack(tmp_path)
    story.release(story.base, "1.1.0", {"cron/hello.yaml": "prompt: Hi.\nschedule: 1h\n"})
    story.release(story.tools, "1.1.0", {"cron/find.yaml": "prompt: Find.\nschedule: 2h\n"})
    story.install()
    story.release(story.base, "1.2.0", {"cron/hello.yaml": BROKEN})
    story.release(story.tools, "1.2.0", {"mcp.json": "{"})
    notes = story.update().proposal.notes
    stays = [note.where for note in notes if note.kind is NoteKind.STAYS_AS_BEFORE]
    assert sorted(stays) == ["base: cron/jobs.json", "tools: mcp.json"]


def test_remarks_on_files_name_the_layer_that_brings_them(tmp_path: Path) -> None:
    odd = "---\nname: [\n---\nDo.\n"
    story = Stack(tmp_path, {"skills/mine/SKILL.md": odd, "skills/over/SKILL.md": odd})
    hidden = "agent: {note: a\u200bb}\n"
    story.release(story.base, "1.1.0", {"skills/hello/SKILL.md": odd, "SOUL.md": "a\u200bb\n"})
    story.release(story.tools, "1.1.0", {"skills/over/SKILL.md": odd, "config.yaml": hidden})
    places = [where.partition("SKILL.md")[0] for where in _said(story)]
    assert places[2:] == ["base: skills/hello/", "skills/mine/", "skills/over/"]
    assert places[0].startswith("base: SOUL.md")
    assert places[1].startswith("config.yaml")  # base and tools have settings, which came together


@pytest.mark.parametrize("path", ["config.yaml", "mcp.json", "distribution.yaml"])
def test_a_file_that_can_not_be_read_is_named_with_its_layer(tmp_path: Path, path: str) -> None:
    story = Stack(tmp_path)
    story.release(story.base, "1.1.0", {path: "{a: [\n"})
    with pytest.raises(Invalid) as caught:
        story.install()
    assert "base" in caught.value.where
    assert path in caught.value.where


def test_many_layers_are_counted() -> None:
    note = Note.of(NoteKind.UNKNOWN_FIELDS, "distribution.yaml", fields="odd")
    (one,) = named((f"layer{number}", note) for number in range(5))
    assert one.where == "layer0, layer1, layer2 and 2 more: distribution.yaml"
    assert named([("a", note._replace(where=""))])[0].where == "a"
