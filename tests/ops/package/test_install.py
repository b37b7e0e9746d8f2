"""Install: what is done when a last step fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from story import GO, Story, yes

from hermes_dist.errors import DistError
from hermes_dist.model.notes import NoteKind
from hermes_dist.ops.package.install import install
from hermes_dist.voice.notes import words_of


def test_a_command_that_can_not_be_written_is_a_note_because_the_profile_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(tmp_path, {"distribution.yaml": "name: bot\n", "SOUL.md": "Soul.\n"})

    def refused(*_: object) -> None:
        raise DistError("can't write the command", where="~/.local/bin/bot")

    monkeypatch.setattr("hermes_dist.ops.profiles.aliases.write", refused)
    outcome = install(story.ctx, story.url, GO, yes, name="bot", alias="")
    assert outcome.done
    assert outcome.alias == ""
    assert outcome.notes[-1].kind is NoteKind.COMMAND_NOT_WRITTEN
    assert words_of(outcome.notes[-1]).startswith("the command bot was not made: ")
