"""Somebody writes a file at the very moment of an update: it stays, and the next update merges it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from budget import moments
from killing import changes_of, killed
from story import BOT, Story

from hermes_dist.brand import HERMES
from hermes_dist.model.notes import NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change import proposal
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.package import install as ops
from hermes_dist.ops.package.history import history
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.undo import undo
from hermes_dist.ops.package.update import update
from hermes_dist.ops.package.upkeep import verify
from hermes_dist.world.ports import Fs
from hermes_dist.world.transaction import realize
from tests.gitrepo import Repo


def test_a_file_written_inside_the_window_stays_and_is_merged_by_the_next_update(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = Repo(tmp_path / "bot")
    repo.commit(
        {"distribution.yaml": "name: bot\n", "SOUL.md": "one\n\ntwo\n\nthree\n", "a.md": "a\n"}
    )
    ctx = Context.from_environment(HERMES)
    ops.install(ctx, f"file://{repo.path}", Request(), lambda _: True)
    repo.commit(
        {"distribution.yaml": "name: bot\n", "SOUL.md": "one\n\ntwo\n\nTHREE\n", "a.md": "b\n"}
    )
    soul = home / ".hermes/profiles/bot/SOUL.md"
    real, done = realize._swap, []

    def swap(fs: Fs, slot: str, path: str) -> None:
        if path == "SOUL.md" and not done:
            done.append(path)
            soul.with_suffix(".new").write_text("ONE\n\ntwo\n\nthree\n")
            soul.with_suffix(".new").replace(soul)
        real(fs, slot, path)

    monkeypatch.setattr(realize, "_swap", swap)
    outcome = update(ctx, ProfileName("bot"), Request(), lambda _: True)
    assert [str(path) for path in outcome.skipped] == ["SOUL.md"]
    assert soul.read_text() == "ONE\n\ntwo\n\nthree\n"
    assert (soul.parent / "a.md").read_text() == "b\n"
    again = update(ctx, ProfileName("bot"), Request(), lambda _: True)
    assert not again.skipped
    assert soul.read_text() == "ONE\n\ntwo\n\nTHREE\n"
    assert not update(ctx, ProfileName("bot"), Request(), lambda _: True).done


def overtaken(story: Story) -> None:
    """Update, while somebody edits SOUL.md at the moment of its exchange."""
    real, done = realize._swap, []

    def swap(fs: Fs, slot: str, path: str) -> None:
        if path == "SOUL.md" and not done:
            done.append(path)
            edited = story.home / "SOUL.new"
            edited.write_text(story.read("SOUL.md").replace("Rule 1 stands", "Rule 1 is mine"))
            edited.replace(story.home / "SOUL.md")
        real(fs, slot, path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(realize, "_swap", swap)
        story.update()


@pytest.fixture
def story(tmp_path: Path) -> Story:
    story = Story(tmp_path)
    story.install()
    story.ship(
        {
            "SOUL.md": story.read("SOUL.md").replace("Rule 30 stands", "Rule 30 is new"),
            "skills/hello/SKILL.md": "---\nname: hello\n---\nSay hello.\nBe brief.\n",
        }
    )
    return story


def test_an_update_that_leaves_a_file_alone_is_one_change(story: Story) -> None:
    overtaken(story)
    assert [(row.number, row.verb) for row in history(story.ctx, BOT)][2:] == [(2, "update")]
    assert NoteKind.PARTS_NOT_IN in [note.kind for note in status(story.ctx, BOT).notes]


def test_what_was_left_alone_is_offered_again_whenever_the_update_is_killed(
    story: Story, tmp_path: Path
) -> None:
    saved = tmp_path / "saved"
    shutil.copytree(story.root, saved, symlinks=True)

    def back() -> None:
        shutil.rmtree(story.root)
        shutil.copytree(saved, story.root, symlinks=True)

    def ends_well() -> None:
        """Twice: the first update may only finish what the killed one began."""
        status(story.ctx, BOT)
        story.update()
        story.update()
        assert "Rule 30 is new" in story.read("SOUL.md")
        assert "Be brief" in story.read("skills/hello/SKILL.md")
        assert not came or "Rule 1 is mine" in story.read("SOUL.md")
        assert not story.update().done

    came = True
    total = changes_of(lambda: overtaken(story))
    ends_well()
    for at in moments(total):
        back()
        assert killed(lambda: overtaken(story), at), at
        came = "Rule 1 is mine" in story.read("SOUL.md")
        ends_well()


def test_what_an_earlier_program_counted_in_vain_is_named_and_comes_after_an_undo(
    story: Story,
) -> None:
    """It was killed before it noted in the lockfile that a file was left alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proposal, "lock_without", lambda text, _before, _skipped: text)
        overtaken(story)
    assert not story.update().done, "it counts as received"
    found = verify(story.ctx, BOT)
    assert not found.sound
    assert [line.partition(",")[0] for line in found.damaged] == [
        "generation 2: SOUL.md was left alone"
    ]
    undo(story.ctx, BOT, Request(), lambda _: True, lambda _: None)
    story.update(Request())
    assert "Rule 30 is new" in story.read("SOUL.md")
    assert "Rule 1 is mine" in story.read("SOUL.md")
    assert verify(story.ctx, BOT).sound


def test_what_is_noted_as_left_alone_is_no_fault(story: Story) -> None:
    overtaken(story)
    assert verify(story.ctx, BOT).sound
