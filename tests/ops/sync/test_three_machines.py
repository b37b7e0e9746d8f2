"""Three machines and one agent: whatever each does, they become the same, nothing is lost, and no secret leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
from budget import STRIDE, sessions
from killing import killed
from meeting_of_three import (
    BOT,
    Machine,
    Story,
    again_as,
    objects_of,
    play,
    two_of_them,
    yes,
)

from hermes_dist.errors import Invalid, Refused
from hermes_dist.model.lock_head import Newer
from hermes_dist.model.sync.meeting import FORMAT
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.sync.begin import Options, init, join
from hermes_dist.ops.sync.counted import Unsigned
from hermes_dist.ops.sync.machines import leave
from hermes_dist.ops.sync.now import sync_now
from hermes_dist.ops.sync.state import need_record, record_path


@pytest.mark.parametrize("seed", range(sessions(500)))
def test_three_machines_become_the_same(tmp_path: Path, seed: int) -> None:
    play(tmp_path, seed, 20)


@pytest.mark.parametrize("seed", range(sessions(500)))
def test_whoever_else_may_push_changes_and_deletes_nothing(tmp_path: Path, seed: int) -> None:
    play(tmp_path, seed, 24, attacked=True)


@pytest.fixture
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Story, Machine, Machine]:
    story = again_as(two_of_them, tmp_path_factory)
    return story, *story.machines[:2]


def test_what_is_switched_on_stays_the_machines_own(two: tuple[Story, Machine, Machine]) -> None:
    _, first, second = two
    first.write("config.yaml", "mcp_servers:\n  web:\n    command: npx\nmemory:\n  enabled: true\n")
    first.sync()
    second.sync()
    assert "enabled: false" in second.read("config.yaml")
    assert "memory" not in second.read("config.yaml")
    second.sync()
    first.sync()
    assert first.read("config.yaml").count("enabled") == 1


def test_a_secret_stops_everything_before_it_is_sent(two: tuple[Story, Machine, Machine]) -> None:
    story, first, second = two
    first.write("SOUL.md", first.read("SOUL.md") + f"My key is {first.secret}.\n")
    with pytest.raises(Refused, match="must not leave"):
        sync_now(first.ctx, BOT, Request(), yes)
    assert not any(first.secret.encode() in data for data in objects_of(story.repo))
    first.write("SOUL.md", "Clean.\n")
    first.sync()
    second.sync()
    assert second.read("SOUL.md") == "Clean.\n"


def test_a_secret_in_the_name_of_a_file_stops_everything(
    two: tuple[Story, Machine, Machine],
) -> None:
    story, first, _ = two
    first.write(f"skills/hello/{first.secret}.md", "Clean.\n")
    with pytest.raises(Refused, match="a secret of this machine, in its name"):
        sync_now(first.ctx, BOT, Request(), yes)
    assert not any(first.secret.encode() in data for data in objects_of(story.repo))


def test_the_file_of_a_machine_never_comes_in(two: tuple[Story, Machine, Machine]) -> None:
    story, first, _ = two
    before = first.read(".env")
    work = story.repo.path.parent / "work"
    story.repo.git("worktree", "add", str(work), "main")
    (work / "profile" / ".env").write_text("EVIL=1\n")
    (work / "profile" / "SOUL.md").write_text("By hand.\n")
    story.repo.git("-C", str(work), "add", ".")
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    story.repo.git("-C", str(work), *identity, "commit", "-qm", "by hand")
    story.repo.git("-C", str(work), "checkout", "-q", "--detach")
    sync_now(first.ctx, BOT, Request(), yes, unsigned=Unsigned.THEIRS)
    assert first.read(".env") == before
    assert first.read("SOUL.md") == "By hand.\n"


def test_a_newer_program_at_the_meeting_place_changes_nothing(
    two: tuple[Story, Machine, Machine],
) -> None:
    story, first, _ = two
    work = story.repo.path.parent / "work"
    story.repo.git("worktree", "add", str(work), "main")
    about = work / "meeting.json"
    about.write_text(about.read_text().replace(f'"format": {FORMAT}', '"format": 99'))
    (work / "profile" / "SOUL.md").write_text("By a newer one.\n")
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    story.repo.git("-C", str(work), *identity, "commit", "-qam", "newer")
    story.repo.git("-C", str(work), "checkout", "-q", "--detach")
    before, record = first.text(), record_path(first.home).read_bytes()
    with pytest.raises(Newer, match="newer hermes-dist"):
        sync_now(first.ctx, BOT, Request(), yes)
    assert (first.text(), record_path(first.home).read_bytes()) == (before, record)


def test_a_rewritten_history_is_refused(two: tuple[Story, Machine, Machine]) -> None:
    story, first, _ = two
    seen = need_record(first.ctx, BOT).seen.commit
    first.write("SOUL.md", "Later.\n")
    first.sync()
    story.repo.git("update-ref", "refs/heads/main", seen)
    with pytest.raises(Refused, match=r"went back to an earlier state.*SOUL\.md"):
        sync_now(first.ctx, BOT, Request(), yes)
    assert first.read("SOUL.md") == "Later.\n"


def test_a_login_in_the_address_is_shown_nowhere(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "a")
    machine.home.mkdir(parents=True)
    url = "https://ada:s3cretpassw0rd@127.0.0.1:9/meeting.git"
    for begin in (
        lambda: init(machine.ctx, BOT, url, Options(machine="a"), yes, dry_run=False),
        lambda: join(machine.ctx, BOT, url, Options(machine="a"), Request(), yes),
    ):
        with pytest.raises(Exception, match="127") as error:
            begin()
        assert "s3cret" not in f"{error.value} {getattr(error.value, 'hint', '')}"


def test_a_damaged_record_can_be_left(two: tuple[Story, Machine, Machine]) -> None:
    story, _, second = two
    record_path(second.home).write_text("{")
    with pytest.raises(Invalid, match="damaged"):
        second.sync()
    before = second.text()
    done = leave(second.ctx, BOT, yes)
    assert done is not None
    assert not done.told
    assert second.text() == before
    join(second.ctx, BOT, story.url, Options(machine="b2"), Request(), yes)
    assert second.text() == before


def test_what_came_in_is_not_lost_to_an_edit_after_a_kill(
    two: tuple[Story, Machine, Machine],
) -> None:
    _, first, second = two
    middle = "".join(f"Line {number}.\n" for number in range(20))
    first.write("SOUL.md", f"Top.\n{middle}End.\n")
    first.sync()
    second.sync()
    top, end, at = ["Top.\n"], ["End.\n"], 0
    dies = True
    while dies:
        at += STRIDE
        top.append(f"From the first, {at}.\n")
        first.write("SOUL.md", f"{''.join(top)}{middle}{''.join(end)}")
        first.sync()
        dies = killed(second.sync, at)
        end.append(f"From the second, {at}.\n")
        second.write("SOUL.md", second.read("SOUL.md") + end[-1])
        second.sync()
        first.sync()
        second.sync()
        whole = f"{''.join(top)}{middle}{''.join(end)}"
        assert (first.read("SOUL.md"), second.read("SOUL.md")) == (whole, whole), at
    assert at > 30
