"""Install: what is done when a last step fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from gitrepo import PACKAGE, Repo
from machines import Machine
from servers import LOGIN, GitHttp
from story import GO, Story, yes

from hermes_dist.brand import HERMES
from hermes_dist.errors import DistError, NoRepository
from hermes_dist.model.notes import NoteKind
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.package.install import install
from hermes_dist.voice.notes import sentence, words_of
from hermes_dist.voice.summary import done_lines


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


@pytest.mark.parametrize("known", [True, False])
def test_a_command_that_the_shell_does_not_find_is_no_way_to_start_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    story = Story(tmp_path, {"distribution.yaml": "name: bot\n", "SOUL.md": "Soul.\n"})
    folder = str(story.ctx.layout.commands)
    monkeypatch.setenv("PATH", os.pathsep.join([folder] * known + ["/usr/bin"]))
    outcome = install(story.ctx, story.url, GO, yes, name="bot", alias="")
    assert outcome.alias == "bot"
    assert outcome.proposal is not None
    said = lines(outcome, outcome.proposal)
    notes = [words_of(note) for note in outcome.notes if note.kind is NoteKind.COMMAND_OFF_PATH]
    if known:
        assert "start it with: bot chat" in said
        assert notes == []
    else:
        assert "start it with: hermes -p bot chat" in said
        assert folder in notes[0]
        assert "not on PATH" in notes[0]


def lines(outcome: Outcome, proposal: Proposal) -> str:
    said = done_lines(outcome, proposal, str, HERMES, lambda: "hermes")
    return "\n".join("".join(piece.text for piece in line) for line in said)


def test_who_types_a_login_into_an_address_is_told_that_it_is_not_kept(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "srv" / "bot.git", bare=True)
    repo.commit(PACKAGE)
    with GitHttp(repo.path.parent) as server:
        server.login = True
        typed = server.url.replace("://", f"://{LOGIN[0]}:{LOGIN[1]}@") + "/bot.git"
        ada = Machine(tmp_path / "ada")
        outcome = ada.install(typed)
        with pytest.raises(NoRepository) as caught:
            ada.update()
    assert "a login in the address is used once and not kept" in caught.value.hint
    assert outcome.proposal is not None
    told = [note for note in outcome.proposal.notes if note.kind is NoteKind.LOGIN_NOT_KEPT]
    assert len(told) == 1
    assert "credential helper" in sentence(told[0])
    assert LOGIN[1] not in repr(outcome.proposal.notes)
