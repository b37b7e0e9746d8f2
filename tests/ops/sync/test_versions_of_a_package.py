"""Two machines took different versions of one package: the newer one counts on both, and no edit is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from gitrepo import Repo
from meeting_of_three import BOT, Machine, Story, yes

from hermes_dist.brand import LOCKFILE
from hermes_dist.errors import Cancelled
from hermes_dist.model.lock import dump_lock, load_lock
from hermes_dist.model.lock_head import Demand
from hermes_dist.model.notes import NoteKind
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.request import Confirm, Request
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package.install import install
from hermes_dist.ops.package.update import update
from hermes_dist.ops.sync.begin import Options, init, join
from hermes_dist.ops.sync.counted import Unsigned
from hermes_dist.ops.sync.machines import accept
from hermes_dist.ops.sync.now import sync_now


def released(package: Repo, version: int) -> None:
    manners = ["kind", "kind and quick", "kind, quick and calm", "kind, quick, calm and brave"]
    package.commit(
        {
            "distribution.yaml": f"name: bot\nversion: {version}.0.0\n",
            "SOUL.md": f"You are a bot.\n\nBe {manners[version - 1]}.\n\nTell all.\n",
            f"skills/s{version}/SKILL.md": f"---\nname: s{version}\n---\nDo {version}.\n",
        }
    )


@pytest.fixture
def package(tmp_path: Path) -> Repo:
    package = Repo(tmp_path / "package")
    released(package, 1)
    return package


@pytest.fixture
def two(tmp_path: Path, package: Repo) -> tuple[Machine, Machine]:
    story = Story(tmp_path, 1)
    first, second, _ = story.machines
    install(first.ctx, f"file://{package.path}", Request(), yes, name="bot")
    init(first.ctx, BOT, story.url, Options(machine="a"), yes, dry_run=False)
    join(second.ctx, BOT, story.url, Options(machine="b"), Request(), yes)
    accept(first.ctx, BOT, "b")
    return first, second


def version_at(machine: Machine) -> str:
    lock = open_home(machine.ctx, BOT).lock
    assert lock is not None
    return lock.pin.version


def settled(*machines: Machine) -> None:
    """Sync in turn; nobody may see a conflict in what the author alone changed."""
    for _ in range(2):
        for machine in machines:
            assert sync_now(machine.ctx, BOT, Request(), yes).conflicts == ()
    assert not any(sync_now(each.ctx, BOT, Request(), yes).pushed for each in machines)


@pytest.mark.parametrize("newer_first", [True, False])
def test_the_newer_version_counts_on_both(
    two: tuple[Machine, Machine], package: Repo, *, newer_first: bool
) -> None:
    older, newer = two
    older.write("SOUL.md", "You are a bot of mine.\n\nBe kind.\n\nTell all.\n")
    newer.write("SOUL.md", "You are a bot.\n\nBe kind.\n\nTell all, briefly.\n")
    for version, machine in ((2, older), (3, newer)):
        released(package, version)
        update(machine.ctx, BOT, Request(), yes)
    settled(*((newer, older) if newer_first else (older, newer)))
    for machine in two:
        assert version_at(machine) == "3.0.0"
        text = "You are a bot of mine.\n\nBe kind, quick and calm.\n\nTell all, briefly.\n"
        assert machine.read("SOUL.md") == text
        assert [machine.read(f"skills/s{n}/SKILL.md")[-3:-1] for n in (1, 2, 3)] == [
            "1.",
            "2.",
            "3.",
        ]
    # The author's next version merges cleanly on the machine that never took the one before it.
    released(package, 4)
    outcome = update(older.ctx, BOT, Request(), yes)
    assert not outcome.open_conflicts
    settled(older, newer)
    for machine in two:
        assert version_at(machine) == "4.0.0"
        assert "of mine" in machine.read("SOUL.md")
        assert "calm and brave.\n\nTell all, briefly." in machine.read("SOUL.md")


def test_two_profiles_at_two_versions_join(tmp_path: Path, package: Repo) -> None:
    story = Story(tmp_path, 1)
    first, second, _ = story.machines
    install(first.ctx, f"file://{package.path}", Request(), yes, name="bot")
    first.write("SOUL.md", "You are a bot of mine.\n\nBe kind.\n\nTell all.\n")
    released(package, 2)
    install(second.ctx, f"file://{package.path}", Request(), yes, name="bot")
    init(first.ctx, BOT, story.url, Options(machine="a"), yes, dry_run=False)
    done = join(second.ctx, BOT, story.url, Options(machine="b"), Request(), yes)
    assert done.conflicts == ()
    accept(first.ctx, BOT, "b")
    settled(first, second)
    for machine in (first, second):
        assert version_at(machine) == "2.0.0"
        assert machine.read("SOUL.md").startswith("You are a bot of mine.\n\nBe kind and quick.")


def test_another_source_is_said_and_takes_no_demand_back(tmp_path: Path, package: Repo) -> None:
    story = Story(tmp_path, 1)
    first = story.machines[0]
    install(first.ctx, f"file://{package.path}", Request(), yes, name="bot")
    init(first.ctx, BOT, story.url, Options(machine="a"), yes, dry_run=False)
    lockfile = first.home / LOCKFILE
    lock = load_lock(lockfile.read_bytes()).with_top(demands=Demand.COMMITS)
    lockfile.write_bytes(dump_lock(lock))
    text = story.repo.git("show", "main:package/distribution.lock")
    story.push_by_hand({"package/distribution.lock": text.replace(str(package.path), "/elsewhere")})
    waits = sync_now(first.ctx, BOT, Request(), yes)
    assert waits.unvouched == ("package/distribution.lock",)
    assert load_lock(lockfile.read_bytes()) == lock
    asked: list[Proposal] = []

    def sync_taking_it(confirm: Confirm) -> None:
        sync_now(first.ctx, BOT, Request(), confirm, unsigned=Unsigned.THEIRS)

    with pytest.raises(Cancelled):
        sync_taking_it(lambda proposal: asked.append(proposal) or False)  # type: ignore[func-returns-value]
    [note] = [note for note in asked[0].notes if note.kind is NoteKind.ANOTHER_SOURCE]
    assert note.datum("now") == "file:///elsewhere"
    assert load_lock(lockfile.read_bytes()) == lock
    sync_taking_it(yes)
    after = load_lock(lockfile.read_bytes())
    assert (after.source, after.demands) == ("file:///elsewhere", Demand.COMMITS)
