"""What a sync brings in is undone as any other change, and the undone state goes to the other machines as an edit."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from gitrepo import Repo
from killing import changes_of, killed
from meeting_of_three import BOT, Machine, Story, again_as, two_alike, yes

from hermes_dist.errors import DistError
from hermes_dist.model.notes import NoteKind
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package.history import history
from hermes_dist.ops.package.install import install
from hermes_dist.ops.package.resolve import open_conflicts
from hermes_dist.ops.package.rollback import rollback
from hermes_dist.ops.package.undo import Last, undo
from hermes_dist.ops.package.update import update
from hermes_dist.ops.sync.begin import Options, init, join
from hermes_dist.ops.sync.machines import accept, leave

SKILL = "skills/x/SKILL.md"


def undone(machine: Machine) -> Last:
    said: list[Last] = []
    undo(machine.ctx, BOT, Request(), yes, said.append)
    (last,) = said
    return last


def back(machine: Machine, number: int | None = None, *, exact: bool = False) -> None:
    rollback(machine.ctx, BOT, Request(), yes, to=number, exact=exact)


@pytest.fixture
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Machine, Machine]:
    first, second, _ = again_as(two_alike, tmp_path_factory).machines
    return first, second


@pytest.fixture
def lost(two: tuple[Machine, Machine]) -> tuple[Machine, Machine, str]:
    """Weeks of work, which the second machine deleted, and the first took in."""
    first, second = two
    work = first.read(SKILL)
    shutil.rmtree(second.home / "skills/x")
    second.sync()
    first.sync()
    assert not (first.home / SKILL).exists()
    return first, second, work


def test_a_deletion_is_undone_and_does_not_come_back(lost: tuple[Machine, Machine, str]) -> None:
    first, second, work = lost
    first.write("SOUL.md", first.read("SOUL.md") + "later\n")
    last = undone(first)
    assert (last.verb, last.lock) == ("sync", None)
    assert first.read(SKILL) == work
    assert first.read("SOUL.md").endswith("later\n")
    done = first.sync()
    assert done
    assert not done.outcomes
    assert f"{SKILL}" in map(str, done.sent)
    assert first.read(SKILL) == work
    second.sync()
    assert second.read(SKILL) == work
    assert second.read("SOUL.md").endswith("later\n")
    first.sync()
    assert first.read(SKILL) == work


def test_a_third_machine_that_was_off_meanwhile_keeps_it(tmp_path: Path) -> None:
    story = Story(tmp_path, 1)
    story.begin()
    for machine in story.machines[1:]:
        story.join(machine)
    first, second, third = story.machines
    for machine in story.machines:
        machine.sync()
    work = first.read(SKILL)
    shutil.rmtree(second.home / "skills/x")
    second.sync()
    first.sync()
    undone(first)
    third.write(SKILL, work + "from the third\n")
    for _ in range(2):
        for machine in (third, first, second):
            machine.sync()
    assert {machine.read(SKILL) for machine in story.machines} == {work + "from the third\n"}


def test_what_comes_back_weaker_or_can_run_again_is_said_before_the_question(
    two: tuple[Machine, Machine],
) -> None:
    first, second = two
    before = "approvals:\n  mode: 'off'\nmcp_servers:\n  w:\n    command: w\n"
    for machine in (first, second):
        machine.write("config.yaml", before)
        machine.sync()
    second.write("config.yaml", "approvals:\n  mode: manual\n")
    second.sync()
    first.sync()
    assert "manual" in first.read("config.yaml")
    shown: list[Proposal] = []

    def look(proposal: Proposal) -> bool:
        shown.append(proposal)
        return True

    undo(first.ctx, BOT, Request(), look, lambda last: None)
    assert first.read("config.yaml") == before
    [proposal] = shown
    assert {(note.kind, note.where) for note in proposal.notes} == {
        (NoteKind.WEAKER_AGAIN, "approvals.mode"),
        (NoteKind.RUNS_AGAIN, "mcp_servers.w"),
    }


def test_an_edit_that_came_in_is_taken_back_around_later_edits(
    two: tuple[Machine, Machine],
) -> None:
    first, second = two
    before = first.read("SOUL.md")
    second.write("SOUL.md", before.replace("line", "theirs", 1))
    second.sync()
    first.sync()
    first.write("SOUL.md", first.read("SOUL.md") + "mine\n")
    undone(first)
    assert first.read("SOUL.md") == before + "mine\n"
    first.sync()
    second.sync()
    assert second.read("SOUL.md") == before + "mine\n"


def test_an_undone_sync_is_undone_by_going_back_to_its_number(
    lost: tuple[Machine, Machine, str],
) -> None:
    first, _, work = lost
    number = history(first.ctx, BOT)[-1].number
    undone(first)
    with pytest.raises(DistError, match="undone already") as caught:
        undone(first)
    assert "rollback bot NUMBER" in caught.value.hint
    back(first, number)
    assert not (first.home / SKILL).exists()
    assert undone(first).verb == "rollback"
    assert first.read(SKILL) == work


@pytest.mark.parametrize("exact", [False, True])
def test_a_number_goes_back_behind_several_syncs(
    lost: tuple[Machine, Machine, str], *, exact: bool
) -> None:
    first, second, work = lost
    number = history(first.ctx, BOT)[-1].number
    second.write("skills/new/SKILL.md", "---\nname: new\n---\nNew.\n")
    second.sync()
    first.sync()
    first.write("skills/mine/SKILL.md", "---\nname: mine\n---\nMine.\n")
    back(first, number - 1, exact=exact)
    assert first.read(SKILL) == work
    assert not (first.home / "skills/new").exists()
    assert (first.home / "skills/mine/SKILL.md").exists()
    back(first, number - 1, exact=exact)
    assert first.read(SKILL) == work


def test_without_a_number_the_commands_that_serve_are_named(
    lost: tuple[Machine, Machine, str],
) -> None:
    first, _, _ = lost
    with pytest.raises(DistError, match="never held a package") as caught:
        back(first)
    assert "undo bot" in caught.value.hint
    assert "rollback bot NUMBER" in caught.value.hint


def test_joining_is_not_taken_back_from_all_machines(two: tuple[Machine, Machine]) -> None:
    first, second = two
    before = second.text()
    row = next(row for row in history(second.ctx, BOT) if row.verb == "sync join")
    for way in (undone, lambda one: back(one, row.number - 1)):
        with pytest.raises(DistError, match="was not in sync") as caught:
            way(second)
        assert "sync leave bot" in caught.value.hint
        assert second.text() == before
    leave(second.ctx, BOT, yes)
    with pytest.raises(DistError, match="undo can't take that back") as caught:
        undone(second)
    assert f"rollback bot {row.number - 1}" in caught.value.hint
    back(second, row.number - 1)
    assert not (second.home / "SOUL.md").exists()
    assert (first.home / "SOUL.md").exists()


def test_killed_at_any_change_a_sync_is_undone_wholly_or_not_at_all(
    lost: tuple[Machine, Machine, str],
) -> None:
    first, second, _ = lost
    after = {path: path.read_bytes() for path in first.home.rglob("*") if path.is_file()}
    kept = first.user.with_name("kept")
    shutil.copytree(first.user, kept, symlinks=True)
    count = changes_of(lambda: undone(first))
    assert count
    for at in range(1, count + 1, max(1, count // 12)):
        shutil.rmtree(first.user)
        shutil.copytree(kept, first.user, symlinks=True)
        killed(lambda: undone(first), at)
        rows = history(first.ctx, BOT)
        assert (first.home / SKILL).exists() == (rows[-1].verb == "undo")
        first.sync()
        assert (first.home / SKILL).exists() == (rows[-1].verb == "undo")
    assert after
    second.sync()
    assert second.text() == first.text()


class Packaged(Story):
    """Two machines with one package and a skill of their user's."""

    def __init__(self, tmp: Path) -> None:
        super().__init__(tmp, 1)
        self.source = Repo(tmp / "source", bare=True)
        self.source.commit(
            {"distribution.yaml": "name: bot\nversion: 1.0.0\n", "SOUL.md": "One.\n"}
        )
        first, second, _ = self.machines
        install(first.ctx, f"file://{self.source.path}", Request(), yes, name="bot")
        first.write("skills/mine/SKILL.md", "---\nname: mine\n---\nWeeks of work.\n")
        init(first.ctx, BOT, self.url, Options(machine="a"), yes, dry_run=False)
        join(second.ctx, BOT, self.url, Options(machine="b"), Request(), yes)
        accept(first.ctx, BOT, "b")
        first.sync()
        second.sync()


def test_with_a_package_the_users_own_file_comes_back(tmp_path: Path) -> None:
    story = Packaged(tmp_path)
    first, second, _ = story.machines
    shutil.rmtree(second.home / "skills/mine")
    second.sync()
    first.sync()
    last = undone(first)
    assert last.lock
    assert "Weeks of work." in first.read("skills/mine/SKILL.md")
    for machine in (first, second, first):
        machine.sync()
        assert "Weeks of work." in machine.read("skills/mine/SKILL.md")


def test_a_version_that_another_machine_took_is_undone_on_all(tmp_path: Path) -> None:
    story = Packaged(tmp_path)
    first, second, _ = story.machines
    story.source.commit({"distribution.yaml": "name: bot\nversion: 2.0.0\n", "SOUL.md": "Two.\n"})
    update(second.ctx, BOT, Request(), yes)
    second.sync()
    first.sync()
    assert (first.read("SOUL.md"), history(first.ctx, BOT)[-1].verb) == ("Two.\n", "sync")
    undone(first)
    for machine in (first, second, first):
        machine.sync()
        row = history(machine.ctx, BOT)[-1]
        assert machine.read("SOUL.md") == "One.\n"
        assert row.lock
        assert row.lock.pin.version == "1.0.0"
    assert update(second.ctx, BOT, Request(), yes).done
    second.sync()
    first.sync()
    assert first.read("SOUL.md") == "Two.\n"


def test_a_package_that_came_from_another_machine_goes_again(
    two: tuple[Machine, Machine], tmp_path: Path
) -> None:
    first, second = two
    source = Repo(tmp_path / "source", bare=True)
    source.commit(
        {
            "distribution.yaml": "name: bot\nversion: 1.0.0\n",
            "skills/p/SKILL.md": "---\nname: p\n---\nP.\n",
        }
    )
    install(second.ctx, f"file://{source.path}", Request(), yes, name="bot", force=True)
    second.sync()
    first.sync()
    assert (first.home / "distribution.lock").exists()
    last = undone(first)
    assert last.lock is None
    assert not (first.home / "distribution.lock").exists()
    assert not (first.home / "skills/p").exists()
    for machine in (first, second, first):
        machine.sync()
    assert not (first.home / "skills/p").exists()
    assert not (second.home / "skills/p").exists()


def test_with_no_conflict_nothing_is_open(two: tuple[Machine, Machine]) -> None:
    first, _ = two
    assert open_conflicts(first.ctx, BOT) == ()
    with pytest.raises(DistError, match="there is no open conflict"):
        open_conflicts(first.ctx, BOT, "SOUL.md")
