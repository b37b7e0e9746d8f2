"""Publishing to another branch than the one that the profile follows, and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from gitrepo import Repo
from machines import BOT, Machine, agreed

from hermes_dist.errors import Refused
from hermes_dist.model.notes import NoteKind
from hermes_dist.ops.authoring import publish as publishing
from hermes_dist.ops.authoring.publication import PublishOptions
from hermes_dist.ops.package.status import status
from hermes_dist.voice.notes import sentences


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "srv" / "bot.git", bare=True)


@pytest.fixture
def ada(tmp_path: Path, repo: Repo) -> Machine:
    """A profile that was published to main and then, with an edit, to dev."""
    machine = Machine(tmp_path / "ada")
    machine.fill()
    machine.init()
    machine.publish(f"file://{repo.path}")
    machine.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    machine.publish(branch="dev", bump="patch")
    return machine


def shown(repo: Repo, path: str, at: str = "main") -> str:
    return repo.git("cat-file", "blob", f"{at}:{path}")


def test_it_is_said_beforehand_which_branch_is_followed(tmp_path: Path, repo: Repo) -> None:
    ada = Machine(tmp_path / "ada")
    ada.fill()
    ada.init()
    ada.publish(f"file://{repo.path}")
    for branch, said in (("dev", True), ("main", False), ("", False)):
        made = publishing.publish(
            ada.ctx, BOT, PublishOptions(branch=branch), agreed, dry_run=True
        ).publication
        notes = [note for note in made.notes if note.kind is NoteKind.FOLLOWS_BRANCH]
        assert bool(notes) is said
        if said:
            (line,) = sentences(notes)
            assert "follows dev from then on, not main" in line
            assert line.endswith("hermes-dist update bot --to main")


def test_what_was_tried_on_a_branch_goes_to_main(repo: Repo, ada: Machine) -> None:
    before = repo.git("rev-parse", "main")
    ada.edit("SOUL.md", "Rule 30 stands", "Rule 30 is last")
    done = ada.publish(branch="main", bump="minor")
    assert done.publication.tag == "v0.2.0"
    assert done.publication.taken_in == ()
    assert repo.git("rev-parse", "main^") == before
    soul = shown(repo, "SOUL.md")
    assert "Rule 1 is first" in soul
    assert "Rule 30 is last" in soul
    assert ada.lock.pin.ref == "refs/heads/main"
    assert status(ada.ctx, BOT).clean


def test_what_others_did_on_main_meanwhile_stays(repo: Repo, ada: Machine) -> None:
    repo.commit({"skills/theirs/SKILL.md": "---\nname: theirs\ndescription: T.\n---\nT.\n"})
    done = ada.publish(branch="main", bump="minor")
    assert done.publication.taken_in == ("skills/theirs/SKILL.md",)
    assert "Rule 1 is first" in shown(repo, "SOUL.md")
    assert shown(repo, "skills/theirs/SKILL.md")
    assert ada.read("skills/theirs/SKILL.md")
    assert "Rule 1 is first" in ada.read("SOUL.md")
    assert ada.publish().publication.is_new is False


def test_what_both_changed_is_to_be_merged_where_both_are(repo: Repo, ada: Machine) -> None:
    soul = shown(repo, "SOUL.md").replace("Rule 1 stands", "Rule 1 is theirs")
    repo.commit({"SOUL.md": f"{soul}\n"})
    before = repo.git("for-each-ref")
    with pytest.raises(Refused, match=r"changed what you changed: SOUL\.md") as told:
        ada.publish(branch="main", bump="minor")
    assert told.value.hint.startswith("merge main with dev in a clone, push that, and follow it: ")
    assert repo.git("for-each-ref") == before


def test_a_branch_of_another_history_is_not_published_to(repo: Repo, ada: Machine) -> None:
    repo.git("update-ref", "-d", "refs/heads/main")
    repo.commit({"distribution.yaml": "name: bot\nversion: 0.1.0\n", "SOUL.md": "Anew.\n"})
    with pytest.raises(Refused, match="main has no commit in common with dev") as told:
        ada.publish(branch="main", bump="minor")
    assert told.value.hint.endswith("hermes-dist update bot --to main")
    assert ada.publish(branch="dev", bump="patch").publication.is_new is False


def test_a_branch_that_nobody_named_is_not_written_over(repo: Repo, ada: Machine) -> None:
    repo.git("update-ref", "-d", "refs/heads/dev")
    ada.edit("SOUL.md", "Rule 30 stands", "Rule 30 is last")
    with pytest.raises(Refused, match="dev, which bot follows, is gone") as told:
        ada.publish(bump="minor")
    assert told.value.hint.endswith("hermes-dist publish bot --branch main")
