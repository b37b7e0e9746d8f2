"""A profile on a disk that keeps no permission bits: whether a file is executable is what is recorded of it."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest
from flatdisk import flatten
from gitrepo import Repo
from machines import LIVE, Machine
from story import BOT, FIRST, GO, Story, yes

from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY
from hermes_dist.ops.change.observe import observe
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package.adopt import adopt
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.uninstall import uninstall
from hermes_dist.ops.package.upkeep import verify
from hermes_dist.ops.transfer import export as exporting
from hermes_dist.ops.transfer.export import Packing, export

RUN, LATER, SOUL = map(RelPath, ("skills/hello/run.sh", "skills/hello/later.sh", "SOUL.md"))
FILES = {**FIRST, RUN: "#!/bin/sh\n", LATER: "#!/bin/sh\necho later\n"}
SECOND = {
    "distribution.yaml": "name: bot\nversion: 1.1.0\n",
    "SOUL.md": FIRST["SOUL.md"].replace("Rule 3 stands", "Rule 3 is new"),
    "skills/bye/SKILL.md": None,
    "skills/more/SKILL.md": "---\nname: more\n---\nMore.\n",
    LATER: FILES[LATER],
}


@pytest.fixture(
    params=[(0o777, False), (0o755, True), (0o644, False)], ids=["777", "755, refuses", "644"]
)
def story(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Story:
    bits, refuses = request.param
    found = Story(home, {})
    found.commits = [found.repo.commit(FILES, executable=(RUN,))]
    flatten(monkeypatch, bits, refuses=refuses)
    found.install()
    return found


def ship(story: Story) -> None:
    story.commits.append(story.repo.commit(SECOND, executable=(LATER,)))


def test_nothing_counts_as_edited_after_an_install(story: Story) -> None:
    found = status(story.ctx, BOT)
    assert (found.edited, found.own, found.clean) == ((), (), True)
    assert verify(story.ctx, BOT).edited == ()
    assert story.lock.base[RUN].executable
    assert not story.lock.base[SOUL].executable


def test_an_update_brings_merges_and_removes(story: Story) -> None:
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is mine")
    ship(story)
    story.update()
    assert story.lock.conflicts == ()
    soul = story.read("SOUL.md")
    assert "Rule 3 is new" in soul
    assert "Rule 20 is mine" in soul
    assert not (story.home / "skills/bye").exists()
    assert [change.path for change in status(story.ctx, BOT).edited] == [SOUL]
    assert story.lock.base[LATER].executable, "the change of a mode alone counts as received"


def test_going_back_finds_no_conflict(story: Story) -> None:
    before = story.files()
    ship(story)
    story.update()
    story.rollback()
    assert story.lock.conflicts == ()
    assert story.files() == before
    assert not story.lock.base[LATER].executable
    assert status(story.ctx, BOT).edited == ()
    story.rollback(exact=True, to=2)
    assert story.lock.conflicts == ()
    assert status(story.ctx, BOT).edited == ()


def test_uninstall_leaves_nothing_behind(story: Story) -> None:
    uninstall(story.ctx, BOT, GO, yes)
    assert not [path for path in FILES if (story.home / path).exists()]
    story.rollback()
    assert {path: (story.home / path).read_text() for path in FILES} == dict(FILES)
    assert status(story.ctx, BOT).edited == ()


def test_a_copied_home_is_adopted_as_it_is(story: Story) -> None:
    ship(story)
    for path in ("distribution.lock", ".dist"):
        os.rename(story.home / path, story.home.parent / f"away{path}")
    adopt(story.ctx, BOT, GO, yes, source=story.url)
    assert status(story.ctx, BOT).edited == ()


def test_where_nothing_is_recorded_a_file_is_not_executable(story: Story) -> None:
    story.write("skills/mine/run.sh", "#!/bin/sh\n")
    seen = observe(story.ctx, open_home(story.ctx, BOT), EMPTY, received=EMPTY)
    assert len(seen.found) > 5
    assert not any(entry.executable for entry in seen.found.values())


def modes_in(archive: Path) -> dict[str, bool]:
    with tarfile.open(archive) as tar:
        return {
            name.partition("/")[2]: bool(member.mode & 0o100)
            for member in tar
            if member.isfile() and not (name := member.name).startswith("bot/.dist/")
        }


def test_an_archive_says_what_is_recorded(story: Story) -> None:
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is mine")
    story.write("skills/mine/SKILL.md", "---\nname: mine\n---\nMine.\n")
    path = story.root.parent / "bot.tar.gz"
    export(story.ctx, BOT, Packing(), path)
    found = modes_in(path)
    assert {"SOUL.md", "skills/mine/SKILL.md", RUN} <= found.keys()
    assert [name for name, runs in found.items() if runs] == [RUN]


def test_a_whole_backup_says_it_of_the_packages_files(story: Story) -> None:
    path = story.root.parent / "bot.tar.gz"
    exporting.export_sealed(story.ctx, BOT, Packing(full=True), path, lambda out: out)
    found = modes_in(path)
    assert {name: found[name] for name in FILES} == {name: name == RUN for name in FILES}


def test_what_is_published_says_it_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = Repo(home / "bot.git", bare=True)
    ada = Machine(home / "ada")
    ada.fill()
    ada.write(RUN, "#!/bin/sh\n")
    (ada.home / RUN).chmod(0o755)
    ada.init()
    ada.publish(f"file://{repo.path}")
    flatten(monkeypatch)
    ada.edit("SOUL.md", "Rule 1 ", "Rule one ")
    ada.write("skills/new/SKILL.md", "---\nname: new\ndescription: d\n---\nNew.\n")
    ada.publish(bump="patch")
    rows = [line.split() for line in repo.git("ls-tree", "-r", "main").splitlines()]
    assert {row[3]: row[0] for row in rows} == {
        **dict.fromkeys((*LIVE, "distribution.yaml", "skills/new/SKILL.md"), "100644"),
        RUN: "100755",
    }


# On a disk that keeps modes, they count.


def test_a_mode_that_a_user_changed_is_an_edit(home: Path) -> None:
    story = Story(home)
    story.install()
    (story.home / SOUL).chmod(0o755)
    [change] = status(story.ctx, BOT).edited
    assert (change.path, change.after.executable) == (SOUL, True)  # type: ignore[union-attr]
    for path in FIRST:
        (story.home / path).chmod(0o777)
    assert len(status(story.ctx, BOT).edited) == len(FIRST) - 1, "the manifest is never one"


def test_programs_of_the_users_own_cost_no_trial(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(home)
    story.install()
    story.write("skills/mine/run.sh", "#!/bin/sh\n")
    (story.home / "skills/mine/run.sh").chmod(0o755)

    def tried(_folder: int) -> None:
        pytest.fail("the disk was tried")

    monkeypatch.setattr("hermes_dist.world.disk.modes.kept_in", tried)
    assert status(story.ctx, BOT).own == (RelPath("skills/mine/run.sh"),)
    ship(story)
    story.update()
