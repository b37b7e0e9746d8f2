"""Memories and sessions travel encrypted, and only the machines that were accepted read them."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
from meeting_of_three import (
    BOT,
    NOTE,
    TALK,
    Machine,
    Story,
    again_as,
    objects_of,
    private_story,
    yes,
)

from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.paths import RelPath
from hermes_dist.model.sync.meeting import load_about
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.profiles.checks import _half_written
from hermes_dist.ops.sync import private
from hermes_dist.ops.sync.begin import Options, init, join
from hermes_dist.ops.sync.machines import accept, forget
from hermes_dist.ops.sync.meeting import meet, place_at
from hermes_dist.ops.sync.now import Synced, sync_now
from hermes_dist.ops.sync.private import key_path
from hermes_dist.ops.sync.state import need_record
from hermes_dist.voice.sync.lines import going_lines
from hermes_dist.world.keys.machine import opened


def now(machine: Machine) -> Synced:
    return sync_now(machine.ctx, BOT, Request(), yes)


@pytest.fixture
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Story, Machine, Machine]:
    story = again_as(private_story, tmp_path_factory)
    return story, *story.machines[:2]


def accepted(two: tuple[Story, Machine, Machine]) -> tuple[Story, Machine, Machine]:
    _, first, second = two
    accept(first.ctx, BOT, "b")
    now(first)
    now(second)
    return two


def test_a_machine_reads_nothing_before_it_is_accepted(two: tuple[Story, Machine, Machine]) -> None:
    story, first, second = two
    done = now(second)
    assert set(done.unread) == {NOTE, TALK}
    assert second.read(NOTE) == second.read(TALK) == ""
    assert now(first).unknown == ("b",)
    accepted(two)
    assert second.read(NOTE) == first.read(NOTE) != ""
    assert second.read(TALK) == first.read(TALK) != ""
    assert not any(b"Miranda" in data or b"hello" in data for data in objects_of(story.repo))


def test_the_key_is_for_its_owner_alone(two: tuple[Story, Machine, Machine]) -> None:
    story, first, second = two
    for machine in (first, second):
        assert stat.S_IMODE(key_path(machine.home).stat().st_mode) == 0o600
        secret = key_path(machine.home).read_bytes().strip()
        assert not any(secret in data for data in objects_of(story.repo))


def test_both_write_and_nothing_is_lost(two: tuple[Story, Machine, Machine]) -> None:
    _, first, second = accepted(two)
    first.write(NOTE, first.read(NOTE) + "\nA from the laptop.\n")
    second.write(NOTE, "B from the desktop.\n\n" + second.read(NOTE))
    first.write(TALK, first.read(TALK) + '{"say": "one"}\n')
    second.write(TALK, second.read(TALK) + '{"say": "two"}\n')
    for _ in range(2):
        now(first)
        now(second)
    now(first)
    assert first.read(NOTE) == second.read(NOTE)
    assert "A from" in first.read(NOTE)
    assert "B from" in first.read(NOTE)
    talks = {path.read_text() for path in first.home.glob("sessions/*")}
    assert talks == {path.read_text() for path in second.home.glob("sessions/*")}
    assert "one" in "".join(talks)
    assert "two" in "".join(talks)


def test_nothing_is_sent_where_nothing_changed(two: tuple[Story, Machine, Machine]) -> None:
    _, first, second = accepted(two)
    for machine in (first, second, first, second):
        assert not now(machine).pushed


def test_a_machine_that_is_forgotten_reads_nothing_new(two: tuple[Story, Machine, Machine]) -> None:
    _, first, second = accepted(two)
    forget(first.ctx, BOT, "b")
    first.write(NOTE, "Only for me.\n")
    now(first)
    record = need_record(first.ctx, BOT)
    meeting = meet(first.ctx, place_at(first.ctx, record.url))
    assert meeting is not None
    sealed = first.ctx.store.read(meeting.whole[RelPath(f"private/{NOTE}.age")].digest)
    assert opened(sealed, key_path(second.home)) is None
    assert opened(sealed, key_path(first.home)) == b"Only for me.\n"


def test_without_the_library_it_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    story = Story(tmp_path, 1)
    first = story.machines[0]
    first.home.mkdir(parents=True)
    options = Options(machine="a", carried=("memories",))
    with pytest.raises(DistError) as error:
        init(first.ctx, BOT, story.url, options, yes, dry_run=False)
    assert "hermes-dist[sync]" in error.value.hint
    assert story.repo.git("for-each-ref") == ""


def test_a_repository_asks_for_no_other_folders(two: tuple[Story, Machine, Machine]) -> None:
    story, first, _ = two
    third = story.machines[2]
    for machine in (first, third):
        machine.write("auth.json", '{"token": "Qz7xW9kV3mB5nR8tY2pL"}\n')
    agreed = load_about(story.at("meeting.json")).carried
    story.push_by_hand({"meeting.json": '{"profile": "bot", "with": ["."]}'})
    before = objects_of(story.repo)
    with pytest.raises(Invalid, match="never travels"):
        join(third.ctx, BOT, story.url, Options(machine="c"), Request(), yes)
    assert objects_of(story.repo) == before
    # Who is there knows what was agreed on, and says it again.
    now(first)
    assert load_about(story.at("meeting.json")).carried == agreed
    assert not any(b"Qz7xW9kV3mB5nR8tY2pL" in content for content in objects_of(story.repo))


def test_a_key_that_was_forgotten_has_to_be_accepted_again(
    two: tuple[Story, Machine, Machine],
) -> None:
    story, first, second = accepted(two)
    stolen = need_record(second.ctx, BOT).own
    forget(first.ctx, BOT, "b")
    story.push_by_hand({"recipients.txt": f"{need_record(first.ctx, BOT).own}\n{stolen}\n"})
    first.write(NOTE, "Only for me.\n")
    assert stolen not in need_record(first.ctx, BOT).known
    now(first)
    record = need_record(first.ctx, BOT)
    meeting = meet(first.ctx, place_at(first.ctx, record.url))
    assert meeting is not None
    sealed = first.ctx.store.read(meeting.whole[RelPath(f"private/{NOTE}.age")].digest)
    assert opened(sealed, key_path(second.home)) is None


def test_a_key_that_another_machine_took_away_is_trusted_no_more(
    two: tuple[Story, Machine, Machine],
) -> None:
    story, first, second = accepted(two)
    stolen = need_record(second.ctx, BOT).own
    story.push_by_hand({"recipients.txt": f"{need_record(first.ctx, BOT).own}\n"})
    now(first)
    assert stolen not in need_record(first.ctx, BOT).known


def test_a_kill_between_two_sessions_loses_neither(
    two: tuple[Story, Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first, second = accepted(two)
    first.write(TALK, first.read(TALK) + '{"say": "one, and much longer"}\n')
    second.write(TALK, second.read(TALK) + '{"say": "two"}\n')
    now(first)
    real = private.atomic_write

    def dies(path: Path, data: bytes, mode: int = 0o600, *, home: bool = False) -> None:
        real(path, data, mode, home=home)
        if home:
            raise KeyboardInterrupt

    monkeypatch.setattr(private, "atomic_write", dies)
    with pytest.raises(KeyboardInterrupt):
        now(second)
    talks = "".join(path.read_text() for path in second.home.glob("sessions/*"))
    assert '"two"' in talks
    monkeypatch.undo()
    now(second)
    now(first)
    for machine in (first, second):
        talks = "".join(path.read_text() for path in machine.home.glob("sessions/*"))
        assert "longer" in talks
        assert '"two"' in talks


def test_what_comes_in_while_the_agent_writes_is_not_deleted_for_the_others(
    two: tuple[Story, Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first, second = accepted(two)
    first.write(NOTE, first.read(NOTE) + "\nFrom the laptop.\n")
    now(first)
    real = private._read
    number = 0

    def busy(path: Path) -> bytes | None:
        nonlocal number
        if path == second.home / NOTE:
            number += 1
            second.write(NOTE, f"Line {number}.\n\nShe sleeps all day.\n")
        return real(path)

    monkeypatch.setattr(private, "_read", busy)
    now(second)
    monkeypatch.undo()
    assert "laptop" not in second.read(NOTE)  # it could not be written yet
    now(second)
    now(first)
    assert "From the laptop." in first.read(NOTE)
    assert first.read(NOTE) == second.read(NOTE)
    assert f"Line {number}." in first.read(NOTE)


def test_before_they_are_sent_for_the_first_time_it_is_said() -> None:
    shown = list(going_lines([RelPath("SOUL.md")], "u", ("memories", "sessions")))
    assert shown == ["Goes to u:", "  SOUL.md", "  memories and sessions, encrypted"]


def test_what_a_killed_sync_left_beside_a_memory_is_found(
    two: tuple[Story, Machine, Machine],
) -> None:
    _, first, _ = two
    left = first.home / "memories" / ".MEMORY.md.0123456789ab.tmp"
    left.write_text("The cat")
    os.utime(left, (1, 1))
    assert left in list(_half_written(first.ctx))
