"""Undoing the last change of a profile, and what serves where that is not it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from story import BOT, FIRST, GO, Story, yes

from hermes_dist.errors import DistError
from hermes_dist.model.lock import ANY
from hermes_dist.model.lock_head import Demand
from hermes_dist.model.notes import NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.side import Side
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.request import Choices, Confirm, Request
from hermes_dist.ops.conflicts.conflict_diff import Sides, sides_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.history import hold
from hermes_dist.ops.package.keep import keep
from hermes_dist.ops.package.rollback import abort, rollback
from hermes_dist.ops.package.undo import Last, undo
from hermes_dist.ops.package.uninstall import uninstall
from hermes_dist.ops.package.update import update
from hermes_dist.ops.profiles import trash_and_archive
from hermes_dist.ops.trust.demands import require
from hermes_dist.voice.words import package_words

NEW = FIRST["SOUL.md"].replace("Rule 3 stands", "Rule 3 is new")


@pytest.fixture
def story(home: Path) -> Story:
    found = Story(home)
    installing.install(found.ctx, found.url, GO, yes, name="bot")
    found.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    found.ship({"SOUL.md": NEW, "skills/more/SKILL.md": "---\nname: more\n---\nMore.\n"})
    update(found.ctx, BOT, Request(), yes)
    return found


def undone(story: Story) -> Last:
    said: list[Last] = []
    undo(story.ctx, BOT, Request(), yes, said.append)
    [last] = said
    return last


def test_an_update_is_undone_and_later_edits_stay(story: Story) -> None:
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is later")
    last = undone(story)
    assert (last.verb, package_words(last.lock).split(" @ ")[0]) == ("update", "bot 1.0.0")
    assert not (story.home / "skills/more/SKILL.md").exists()
    assert "Rule 20 is later" in story.read("SOUL.md")
    assert story.lock.conflicts == ()
    # What was undone is new again, and undo goes no further by itself.
    with pytest.raises(DistError) as caught:
        undone(story)
    assert caught.value.hint.startswith(
        "to update again: hermes-dist update bot; to go further back: "
    )
    assert "rollback bot NUMBER (see: hermes-dist history bot)" in caught.value.hint
    update(story.ctx, BOT, Request(), yes)
    assert (story.home / "skills/more/SKILL.md").exists()


def test_a_settled_conflict_is_open_again(story: Story) -> None:
    before = story.read("SOUL.md")
    story.resolve(Side.THEIRS)
    assert story.read("SOUL.md") == NEW
    last = undone(story)
    assert (last.verb, last.part_of_update) == ("resolve", True)
    assert story.read("SOUL.md") == before
    assert [c.place for c in story.lock.conflicts] == ["SOUL.md"]


def test_an_update_can_be_aborted_after_a_settled_conflict_was_undone(story: Story) -> None:
    story.resolve(Side.THEIRS)
    undone(story)
    abort(story.ctx, BOT, Request(), yes)
    assert "Rule 3 is mine" in story.read("SOUL.md")
    assert not (story.home / "skills/more/SKILL.md").exists()
    # An update that was undone can't be aborted any more.
    update(story.ctx, BOT, Request(), yes)
    undone(story)
    with pytest.raises(DistError, match="no update to abort"):
        abort(story.ctx, BOT, Request(), yes)


def test_keeping_and_going_back_are_undone(story: Story) -> None:
    keep(story.ctx, BOT, ["SOUL.md"], Request())
    undone(story)
    assert story.lock.kept == frozenset()
    assert story.lock.conflicts


def test_a_rollback_is_undone(story: Story) -> None:
    story.rollback()
    assert not (story.home / "skills/more/SKILL.md").exists()
    undone(story)
    assert (story.home / "skills/more/SKILL.md").exists()
    assert story.lock.held == ""


def test_what_changes_nothing_in_the_home_is_passed_over_and_stays(story: Story) -> None:
    require(story.ctx, BOT, Demand.COMMITS, lambda _: True)
    hold(story.ctx, BOT, on=True)
    last = undone(story)
    assert (last.verb, last.held) == ("update", True)
    assert not (story.home / "skills/more/SKILL.md").exists()
    assert (story.lock.held, story.lock.demands) == (ANY, Demand.COMMITS)
    # What is undone stays so, whatever is held since.
    hold(story.ctx, BOT, on=False)
    with pytest.raises(DistError, match="undone already") as caught:
        undone(story)
    assert caught.value.hint.startswith("to update again: ")


def test_a_rollback_is_undone_after_its_hold_was_released(story: Story) -> None:
    story.rollback()
    hold(story.ctx, BOT, on=False)
    last = undone(story)
    assert (last.verb, last.held, story.lock.held) == ("rollback", False, "")
    assert (story.home / "skills/more/SKILL.md").exists()


def test_the_verb_that_serves_is_named(story: Story) -> None:
    uninstall(story.ctx, BOT, GO, yes)
    before = story.files()
    with pytest.raises(DistError) as caught:
        undone(story)
    assert "rollback bot" in caught.value.hint
    assert story.files() == before


def test_an_installation_is_undone_by_uninstalling(home: Path) -> None:
    story = Story(home)
    installing.install(story.ctx, story.url, GO, yes, name="bot")
    with pytest.raises(DistError) as caught:
        undone(story)
    assert "uninstall bot" in caught.value.hint


def test_a_deleted_profile_names_how_it_comes_back(story: Story) -> None:
    trash_and_archive.put_away(story.ctx, BOT, "trash")
    with pytest.raises(DistError, match="was deleted") as caught:
        story.ctx.profile("bot")
    assert caught.value.command == "restore bot"


def test_a_conflict_that_opens_again_shows_its_sides(story: Story) -> None:
    story.edit("config.yaml", "default: small", "default: mine")
    story.ship({"config.yaml": FIRST["config.yaml"].replace("small", "big")})
    update(story.ctx, BOT, Request(), yes)
    story.resolve(Side.THEIRS)
    seen: list[Sides] = []

    def look(proposal: Proposal) -> bool:
        conflicts = [c for c in proposal.plan.conflicts if c.key == "model.default"]
        seen.extend(sides_of(story.ctx, proposal, each) for each in conflicts)
        return True

    undo(story.ctx, BOT, Request(), look, lambda _: None)
    assert [(s.was, s.yours, s.theirs) for s in seen] == [("small", "mine", "big")]


def test_a_profile_without_a_recorded_change_has_nothing_to_undo(home: Path) -> None:
    story = Story(home)
    (story.ctx.layout.home(BOT)).mkdir(parents=True)
    with pytest.raises(DistError, match="there is nothing to undo"):
        undone(story)


@pytest.mark.parametrize("back", [abort, partial(rollback, to=1, exact=True)])
def test_every_way_back_says_what_comes_back_weaker(
    story: Story, back: Callable[[Context, ProfileName, Request, Confirm], Outcome]
) -> None:
    config = story.home / "config.yaml"
    had = config.read_text() if config.exists() else ""
    config.write_text(f"{had}approvals:\n  mode: 'off'\n")
    ours, theirs = (
        {"config.yaml": had + "approvals:\n  mode: manual\n"},
        Choices(default=Side.THEIRS),
    )
    story.ship(ours)
    update(story.ctx, BOT, Request(choices=theirs), yes)
    assert "manual" in config.read_text()
    shown: list[Proposal] = []

    def look(proposal: Proposal) -> bool:
        shown.append(proposal)
        return True

    back(story.ctx, BOT, Request(), look)
    assert "off" in config.read_text()
    said = [note.where for note in shown[0].notes if note.kind is NoteKind.WEAKER_AGAIN]
    assert said == ["approvals.mode"]
