"""Names that only change their spelling, on a disk that takes both for one: those of most users of macOS."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from caseless import Caseless
from story import BOT, FIRST, GO, LINES, Story, yes

from hermes_dist.decide.changes import How
from hermes_dist.errors import Refused
from hermes_dist.model.notes import NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.uninstall import uninstall
from hermes_dist.ops.package.update import update

pytestmark = pytest.mark.needs("linux")

SKILL = "---\nname: research\ndescription: d\n---\n" + LINES
NEWER = SKILL.replace("Rule 3 stands", "Rule 3 is new")
OLD = {
    "skills/Research/SKILL.md": SKILL,
    "skills/Research/lib/Data.txt": "data\n" * 9,
    "notes/readme.md": "read\n" * 9,
}
NEW = {
    "skills/research/SKILL.md": NEWER,
    "skills/research/Lib/data.txt": OLD["skills/Research/lib/Data.txt"],
    "notes/README.md": OLD["notes/readme.md"] + "more\n",
}
OWNED = "distribution_owned: [SOUL.md, config.yaml, skills, notes]\n"
MANIFEST = "name: bot\nversion: 1.{}.0\n" + OWNED
THERE = {**OLD, "distribution.yaml": MANIFEST.format(0)}
RENAMED = {**dict.fromkeys(OLD), **NEW, "distribution.yaml": MANIFEST.format(1)}
BACK = {**dict.fromkeys(NEW), **OLD, "distribution.yaml": MANIFEST.format(2)}


@pytest.fixture(params=[True, False], ids=["renames", "renames to the same name"])
def story(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Story:
    found = Story(home, {**FIRST, **THERE})
    Caseless(monkeypatch, found.root, renames=request.param)
    found.install()
    return found


def package(story: Story) -> dict[str, str]:
    """The files that change their spelling, and what else is beside them."""
    return {
        path: data.decode()
        for path, data in story.files().items()
        if path.lower().startswith(("skills/research/", "notes/"))
    }


def edits(story: Story) -> list[tuple[How, str]]:
    return [(change.how, str(change.path)) for change in status(story.ctx, BOT).edited]


def test_an_update_brings_the_new_spelling_and_all_is_clean(story: Story) -> None:
    story.ship(RENAMED)
    assert story.update().skipped == ()
    assert package(story) == NEW
    assert edits(story) == []
    assert status(story.ctx, BOT).own == ()
    assert set(NEW) <= {str(path) for path in story.lock.base}
    assert not set(OLD) & {str(path) for path in story.lock.base}
    assert not update(story.ctx, BOT, GO, yes).done, "there is nothing left to do"


def test_edits_and_own_files_come_along_and_go_back(story: Story) -> None:
    story.edit("skills/Research/SKILL.md", "Rule 20 stands", "Rule 20 is mine")
    story.write("skills/Research/mine.md", "mine\n")
    story.write("skills/Research/__pycache__/x.pyc", "cache")
    before = story.files()
    story.ship(RENAMED)
    story.update()
    assert package(story) == {
        **NEW,
        "skills/research/SKILL.md": NEWER.replace("Rule 20 stands", "Rule 20 is mine"),
        "skills/research/mine.md": "mine\n",
        "skills/research/__pycache__/x.pyc": "cache",
    }
    assert edits(story) == [(How.CHANGED, "skills/research/SKILL.md")]
    after = story.files()
    story.rollback()
    assert story.files() == before
    assert edits(story) == [(How.CHANGED, "skills/Research/SKILL.md")]
    story.rollback(to=2)
    assert story.files() == after


def test_a_later_version_may_swap_back(story: Story) -> None:
    story.ship(RENAMED)
    story.update()
    story.ship(BACK)
    story.update()
    assert package(story) == OLD
    assert edits(story) == []


def test_a_conflict_stays_open_under_the_new_spelling_and_abort_goes_back(story: Story) -> None:
    story.edit("skills/Research/SKILL.md", "Rule 3 stands", "Rule 3 is mine")
    before = story.files()
    story.ship(RENAMED)
    story.update()
    assert [conflict.path for conflict in story.lock.conflicts] == ["skills/research/SKILL.md"]
    assert "Rule 3 is mine" in package(story)["skills/research/SKILL.md"]
    story.abort()
    assert story.files() == before
    story.update()
    story.resolve(Side.THEIRS)
    assert package(story) == NEW
    assert edits(story) == []


def test_a_file_that_upstream_removed_with_the_old_spelling_stays_if_it_was_edited(
    story: Story,
) -> None:
    story.edit("skills/Research/lib/Data.txt", "data\n", "mine\n")
    story.ship({**RENAMED, "skills/research/Lib/data.txt": None})
    story.update()
    [conflict] = story.lock.conflicts
    assert conflict.path == "skills/research/lib/Data.txt"
    assert package(story)[conflict.path] == "mine\n" * 9
    story.resolve(Side.THEIRS)
    assert sorted(package(story)) == ["notes/README.md", "skills/research/SKILL.md"]
    assert edits(story) == []


def rename(story: Story, one: str, other: str) -> None:
    """Rename something in the home by way of a third name, which works on every disk."""
    (story.home / one).rename(story.home / "third")
    (story.home / "third").rename(story.home / other)


def test_the_users_own_spelling_is_an_edit_and_stays(story: Story) -> None:
    rename(story, "skills/Research", "skills/RESEARCH")
    rename(story, "notes/readme.md", "notes/ReadMe.md")
    story.edit("skills/RESEARCH/SKILL.md", "Rule 20 stands", "Rule 20 is mine")
    renamed = [
        (How.RENAMED, "notes/ReadMe.md"),
        (How.RENAMED, "skills/RESEARCH/SKILL.md"),
        (How.RENAMED, "skills/RESEARCH/lib/Data.txt"),
    ]
    assert edits(story) == renamed
    story.ship({"skills/Research/SKILL.md": NEWER, "notes/readme.md": NEW["notes/README.md"]})
    story.ship({"skills/Research/new.txt": "new\n"})
    story.update()
    assert package(story) == {
        "skills/RESEARCH/SKILL.md": NEWER.replace("Rule 20 stands", "Rule 20 is mine"),
        "skills/RESEARCH/lib/Data.txt": OLD["skills/Research/lib/Data.txt"],
        "skills/RESEARCH/new.txt": "new\n",
        "notes/ReadMe.md": NEW["notes/README.md"],
    }
    assert edits(story) == sorted([*renamed, (How.RENAMED, "skills/RESEARCH/new.txt")])
    assert story.lock.conflicts == ()


def test_the_same_spelling_on_both_sides_is_no_edit_any_more(story: Story) -> None:
    rename(story, "skills/Research", "skills/research")
    rename(story, "skills/research/lib", "skills/research/Lib")
    rename(story, "skills/research/Lib/Data.txt", "skills/research/Lib/data.txt")
    rename(story, "notes/readme.md", "notes/README.md")
    story.ship(RENAMED)
    story.update()
    assert package(story) == NEW
    assert edits(story) == []


def test_of_two_new_spellings_the_users_stays(story: Story) -> None:
    rename(story, "notes/readme.md", "notes/ReadMe.md")
    story.ship(RENAMED)
    story.update()
    assert package(story)["notes/ReadMe.md"] == NEW["notes/README.md"]
    assert edits(story) == [(How.RENAMED, "notes/ReadMe.md")]
    rename(story, "notes/ReadMe.md", "notes/README.md")
    assert edits(story) == []


def test_an_accent_may_be_composed_otherwise(story: Story) -> None:
    nfc, nfd = (unicodedata.normalize(form, "skills/café/SKILL.md") for form in ("NFC", "NFD"))
    story.ship({nfd: SKILL})
    story.update()
    assert edits(story) == []
    story.edit(nfd, "Rule 20 stands", "Rule 20 is mine")
    story.ship({nfd: None, nfc: NEWER})
    story.update()
    assert story.files()[nfc].decode() == NEWER.replace("Rule 20 stands", "Rule 20 is mine")
    assert nfd not in story.files()
    assert edits(story) == [(How.CHANGED, nfc)]
    story.rollback()
    assert nfd in story.files()
    rename(story, nfd, nfc)
    assert edits(story) == [(How.CHANGED, nfd)], "some disks list each name in a form of their own"


def test_a_folder_of_the_user_takes_new_files_in(story: Story) -> None:
    story.write("skills/Productivity/mine/SKILL.md", SKILL)
    story.ship({"skills/productivity/notes/SKILL.md": NEWER})
    done = update(story.ctx, BOT, Request(dry_run=True), yes)
    assert done.proposal is not None
    [note] = done.proposal.notes
    assert (note.kind, note.where) == (NoteKind.FOLDER_RESPELLED, "skills/productivity")
    story.update()
    assert {"skills/productivity/mine/SKILL.md", "skills/productivity/notes/SKILL.md"} <= {
        *story.files()
    }
    assert edits(story) == []
    assert status(story.ctx, BOT).own == (RelPath("skills/productivity/mine/SKILL.md"),)


def test_another_file_of_the_user_is_refused_before_anything_is_asked(story: Story) -> None:
    story.write("skills/mine/Notes.md", "mine\n")
    before = story.files()
    story.ship({"skills/mine/notes.md": "theirs\n"})
    with pytest.raises(Refused, match="is there, and for this disk") as caught:
        update(story.ctx, BOT, Request(dry_run=True), lambda _: pytest.fail("it was asked"))
    assert "'skills/mine/Notes.md'" in caught.value.hint
    assert story.files() == before
    rename(story, "skills/mine/Notes.md", "skills/mine/my notes.md")
    story.update()
    assert story.read("skills/mine/notes.md") == "theirs\n"


def test_uninstall_takes_what_the_user_spelled_otherwise(story: Story) -> None:
    rename(story, "notes/readme.md", "notes/README.md")
    uninstall(story.ctx, BOT, GO, yes)
    assert package(story) == {"notes/README.md": OLD["notes/readme.md"]} or not package(story)


def test_where_both_have_room_a_twin_of_the_user_is_left_alone(home: Path) -> None:
    story = Story(home, {**FIRST, **THERE})
    story.install()
    story.write("skills/research/mine.md", "mine\n")
    story.ship(RENAMED)
    story.update()
    assert package(story) == {**NEW, "skills/research/mine.md": "mine\n"}
    assert edits(story) == []
