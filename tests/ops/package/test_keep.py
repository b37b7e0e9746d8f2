"""Keeping places yours at any time: the record of ``resolve --always``, without a conflict."""

from __future__ import annotations

from pathlib import Path

import pytest
from story import BOT, FIRST, GO, Story, yes

from hermes_dist.errors import DistError, UsageError
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package import resolve as settling
from hermes_dist.ops.package import rollback as going_back
from hermes_dist.ops.package.keep import keep, kept, unkeep
from hermes_dist.ops.package.resolve import near_places
from hermes_dist.ops.package.update import update

NEW = FIRST["SOUL.md"].replace("Rule 3 stands", "Rule 3 is new")


@pytest.fixture
def story(home: Path) -> Story:
    found = Story(home)
    installing.install(found.ctx, found.url, GO, yes, name="bot")
    return found


def kept_after(story: Story, *words: str) -> tuple[str, ...]:
    return keep(story.ctx, BOT, words, Request()).kept


def test_a_kept_file_stays_as_it_is_without_a_conflict(story: Story) -> None:
    assert kept_after(story, "SOUL.md") == ("SOUL.md",)
    story.ship({"SOUL.md": NEW})
    update(story.ctx, BOT, Request(), yes)
    assert story.read("SOUL.md") == FIRST["SOUL.md"]
    assert not story.lock.conflicts
    assert kept(story.ctx, BOT).kept == ("SOUL.md",)


def test_a_kept_folder_keeps_what_is_in_it_and_what_comes_later(story: Story) -> None:
    kept_after(story, "skills/hello/")
    story.edit("skills/hello/SKILL.md", "Be kind.", "Be mine.")
    story.ship(
        {
            "skills/hello/SKILL.md": "---\nname: hello\n---\nNew.\n",
            "skills/hello/more.md": "More.\n",
        }
    )
    update(story.ctx, BOT, Request(), yes)
    assert "Be mine." in story.read("skills/hello/SKILL.md")
    assert not (story.home / "skills/hello/more.md").exists()


@pytest.mark.parametrize(
    "word", ["model.max_tokens", "max_tokens", "config.yaml: model.max_tokens"]
)
def test_a_key_is_kept_alone(story: Story, word: str) -> None:
    assert kept_after(story, word) == ("config.yaml: model.max_tokens",)
    story.ship(
        {"config.yaml": "# ours\nmodel:\n  default: large\n  max_tokens: 9\ntoolsets: [web]\n"}
    )
    update(story.ctx, BOT, Request(), yes)
    text = story.read("config.yaml")
    assert "default: large" in text
    assert "max_tokens: 1" in text


def test_an_outer_key_keeps_all_below_it(story: Story) -> None:
    assert kept_after(story, "model") == ("config.yaml: model",)
    # What is inside needs no record of its own.
    assert kept_after(story, "model.default") == ("config.yaml: model",)


def test_keeping_settles_a_conflict_as_yours(story: Story) -> None:
    story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    story.ship({"SOUL.md": NEW})
    update(story.ctx, BOT, Request(), yes)
    found = keep(story.ctx, BOT, ["SOUL.md"], Request())
    assert found.settled == 1
    assert "Rule 3 is mine" in story.read("SOUL.md")
    assert not story.lock.conflicts


def test_a_dry_run_keeps_nothing(story: Story) -> None:
    before = story.files()
    keep(story.ctx, BOT, ["SOUL.md"], Request(dry_run=True))
    assert story.files() == before


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (".env", "belongs to this machine"),
        ("memories/MEMORY.md", "belongs to this machine"),
        ("mine.md", "is yours already"),
        ("skills/none", "holds no"),
        ("SKILL.md", "could mean several"),
        ("config.yaml: none.such", "no key"),
        ("skills/hello/SKILL.md: name", "only a key of a YAML or JSON file"),
    ],
)
def test_what_can_not_be_kept_is_told(story: Story, word: str, said: str) -> None:
    (story.home / "mine.md").write_text("Mine.\n")
    before = story.files()
    with pytest.raises(DistError, match=said):
        keep(story.ctx, BOT, ["SOUL.md", word], Request())
    assert story.files() == before


def test_unkeep_makes_the_next_change_a_conflict_again(story: Story) -> None:
    story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    kept_after(story, "SOUL.md", "skills")
    assert unkeep(story.ctx, BOT, ["SOUL.md"], Request()).kept == ("skills",)
    story.ship({"SOUL.md": NEW})
    update(story.ctx, BOT, Request(), yes)
    assert [c.place for c in story.lock.conflicts] == ["SOUL.md"]


def test_unkeep_names_what_is_kept(story: Story) -> None:
    kept_after(story, "skills")
    with pytest.raises(DistError) as caught:
        unkeep(story.ctx, BOT, ["skills/hello"], Request())
    assert "a part of skills" in caught.value.hint
    with pytest.raises(UsageError):
        unkeep(story.ctx, BOT, [], Request())
    assert unkeep(story.ctx, BOT, [], Request(), all_=True).removed == ("skills",)


@pytest.mark.parametrize("exact", [False, True])
def test_going_back_forgets_nothing_that_is_kept(story: Story, exact: bool) -> None:
    story.ship({"SOUL.md": NEW})
    update(story.ctx, BOT, Request(), yes)
    kept_after(story, "skills")
    going_back.rollback(story.ctx, BOT, Request(), yes, exact=exact)
    assert story.lock.kept == {"skills"}


def test_aborting_an_update_forgets_nothing_that_is_kept(story: Story) -> None:
    story.ship({"SOUL.md": NEW})
    update(story.ctx, BOT, Request(), yes)
    kept_after(story, "skills")
    going_back.abort(story.ctx, BOT, Request(), yes)
    assert story.read("SOUL.md") == FIRST["SOUL.md"]
    assert story.lock.kept == {"skills"}


def test_a_folder_settles_every_conflict_in_it(story: Story) -> None:
    for name, line in (("hello", "Be kind."), ("bye", "Say bye.")):
        story.edit(f"skills/{name}/SKILL.md", line, "Mine.")
    story.ship(
        {
            f"skills/{name}/SKILL.md": f"---\nname: {name}\n---\nTheirs.\n"
            for name in ("hello", "bye")
        }
    )
    update(story.ctx, BOT, Request(), yes)
    assert len(settling.open_conflicts(story.ctx, BOT, "skills/")) == 2
    with pytest.raises(DistError, match="could mean several"):
        settling.open_conflicts(story.ctx, BOT, "SKILL.md")
    [one] = settling.open_conflicts(story.ctx, BOT, "bye/SKILL.md")
    assert one.path == "skills/bye/SKILL.md"


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("soul.md", ("SOUL.md",)),
        ("max_turn", ("config.yaml: agent.max_turns",)),
        ("agent.max_turn", ("config.yaml: agent.max_turns",)),
        ("skil.md", ("skills/x/SKILL.md", "skills/y/SKILL.md")),
        ("other", ()),
    ],
)
def test_a_misspelled_word_is_told_with_what_is_near_it(word: str, near: tuple[str, ...]) -> None:
    places = ["SOUL.md", "config.yaml: agent.max_turns", "skills/x/SKILL.md", "skills/y/SKILL.md"]
    assert near_places(word, places) == near
