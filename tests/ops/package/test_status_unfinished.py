"""Commands that only read, while the disk lets an interrupted change be neither finished nor taken back."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from story import BOT, Story

from hermes_dist.errors import Unfinished
from hermes_dist.model.notes import NoteKind
from hermes_dist.ops.homes import half_changed
from hermes_dist.ops.package.approvals import consents
from hermes_dist.ops.package.diff import diff
from hermes_dist.ops.package.history import history
from hermes_dist.ops.package.inspect import info
from hermes_dist.ops.package.outdated import outdated
from hermes_dist.ops.package.resolve import open_conflicts
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.upkeep import verify
from hermes_dist.ops.profiles.list import list_profiles
from hermes_dist.ops.transfer.export import Packing, export
from hermes_dist.voice.notes import sentences
from hermes_dist.world.disk.fs import RealFs


def test_status_and_export_read_what_is_there_and_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(tmp_path)
    story.install()
    story_lock = story.lock
    story.ship({"SOUL.md": "other\n", "skills/hello/SKILL.md": "---\nname: hello\n---\nOther.\n"})
    exchange, calls = RealFs.exchange, []

    def failing(fs: RealFs, one: str, other: str) -> None:
        calls.append(one)
        if len(calls) > 1:
            raise OSError(errno.EIO, "Input/output error")
        exchange(fs, one, other)

    with monkeypatch.context() as fault:
        fault.setattr(RealFs, "exchange", failing)
        for _ in range(2):  # no command that writes goes on
            with pytest.raises(Unfinished, match="Input/output error"):
                story.update()
        assert [note.kind for note in half_changed(story.ctx, BOT)] == [NoteKind.HALF_CHANGED]
        diff(story.ctx, BOT)
        assert info(story.ctx, BOT).lock == story_lock
        assert outdated(story.ctx, BOT).state == "behind"
        assert [row.number for row in history(story.ctx, BOT)] == [0, 1]
        assert [row.name for row in list_profiles(story.ctx) if row.managed] == [BOT]
        assert verify(story.ctx, BOT).lost == ()
        assert open_conflicts(story.ctx, BOT) == ()
        assert consents(story.ctx, BOT).waiting == ()
        notes = status(story.ctx, BOT).notes
        assert notes[0].kind is NoteKind.HALF_CHANGED
        assert "doctor --fix" in next(iter(sentences(notes)))
        done = export(story.ctx, BOT, Packing(), tmp_path / "bot.tar.gz")
        assert NoteKind.HALF_CHANGED in {note.kind for note in done.notes}
    assert NoteKind.HALF_CHANGED not in {note.kind for note in status(story.ctx, BOT).notes}
    story.update()
    assert story.read("SOUL.md") == "other\n"
