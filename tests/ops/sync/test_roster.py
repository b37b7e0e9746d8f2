"""Who meets: only a machine that counts says that another one is gone, and a damaged file stops what depends on it alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from meeting_of_three import BOT, Machine, Story, again_as, yes
from msgspec.structs import replace

from hermes_dist.errors import DistError, Refused, UsageError
from hermes_dist.model.lock_head import Newer
from hermes_dist.model.paths import RelPath
from hermes_dist.model.sync.meeting import (
    Gone,
    GoneMachines,
    dump_json,
    load_about,
    load_gone,
    load_machine,
)
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.sync.begin import Options, join
from hermes_dist.ops.sync.machines import accept, forget, leave
from hermes_dist.ops.sync.now import Synced, sync_now
from hermes_dist.ops.sync.state import need_record, signer_path, write_record
from hermes_dist.ops.sync.status import standing
from hermes_dist.world.keys.signer import Signer


def now(machine: Machine) -> Synced:
    return sync_now(machine.ctx, BOT, Request(), yes)


@pytest.fixture
def three(tmp_path_factory: pytest.TempPathFactory) -> tuple[Story, Machine, Machine, Machine]:
    """Three machines that accepted each other, and hold the same."""
    story = again_as(three_alike, tmp_path_factory)
    first, second, third = story.machines
    return story, first, second, third


def three_alike(place: Path) -> Story:
    story = Story(place, 1)
    story.begin()
    for machine in story.machines[1:]:
        story.join(machine)
    for machine in story.machines:
        now(machine)
    return story


def accepted_by(machine: Machine) -> tuple[str, ...]:
    return tuple(sorted(standing(machine.ctx, BOT).accepted))


def files_of(story: Story) -> list[str]:
    return story.repo.git("ls-tree", "-r", "--name-only", "main").splitlines()


@pytest.mark.parametrize("content", ["{", '{"name": "c"}', '{"name": "a"}', None, "\x00\x01"])
def test_a_damaged_file_of_a_machine_stops_nothing(
    three: tuple[Story, Machine, Machine, Machine], content: str | None
) -> None:
    story, first, second, third = three
    before = story.at("machines/c.json")
    story.push_by_hand({"machines/c.json": content})
    first.write("SOUL.md", "Go on.\n")
    third.write("skills/y/SKILL.md", "---\nname: y\n---\nGo on, too.\n")
    done = now(first)
    if content != '{"name": "c"}':  # that one is no damage, but a machine without keys
        assert [str(path) for path in done.mended] == ["machines/c.json"]
        assert done.damaged == ()
        assert load_machine(story.at("machines/c.json"), RelPath("machines/c.json")).signer in (
            before.decode()
        )
    for machine in (second, third, first, second):
        now(machine)
    for machine in (first, second, third):
        assert machine.read("SOUL.md") == "Go on.\n"
        assert "Go on, too." in machine.read("skills/y/SKILL.md")
        assert accepted_by(machine) == ("a", "b", "c")


def test_a_damaged_file_of_nobody_known_is_named(
    three: tuple[Story, Machine, Machine, Machine],
) -> None:
    story, first, _, _ = three
    story.push_by_hand({"machines/d.json": "{"})
    first.write("SOUL.md", "Go on.\n")
    done = now(first)
    assert [str(path) for path in done.damaged] == ["machines/d.json"]
    assert done.pushed
    assert [str(path) for path in standing(first.ctx, BOT).damaged] == ["machines/d.json"]


WRONG_ABOUT = {
    "cut off": "{",
    "empty": "",
    "missing": None,
    "not text": "\x00\x01",
    "another kind": "[]",
    "asks for what never travels": '{"profile": "bot", "with": [".env"]}',
}


@pytest.mark.parametrize("content", WRONG_ABOUT.values(), ids=WRONG_ABOUT)
def test_a_damaged_file_about_the_place_stops_no_machine_that_is_there(
    three: tuple[Story, Machine, Machine, Machine], content: str | None
) -> None:
    story, first, second, third = three
    before = load_about(story.at("meeting.json"))
    first.write("SOUL.md", "Go on.\n")
    now(first)
    story.push_by_hand({"meeting.json": content})
    assert [str(path) for path in standing(second.ctx, BOT).damaged] == ["meeting.json"]
    third.write("skills/y/SKILL.md", "---\nname: y\n---\nGo on, too.\n")
    done = now(third)
    assert [str(path) for path in done.mended] == ["meeting.json"]
    assert done.damaged == ()
    after = load_about(story.at("meeting.json"))
    assert (after.place, after.carried, after.format) == (
        before.place,
        before.carried,
        before.format,
    )
    assert after.signer in {need_record(each.ctx, BOT).signer for each in story.machines}
    for machine in (second, first, third):
        done = now(machine)
        assert done.mended == done.damaged == ()
    for machine in (first, second, third):
        assert machine.read("SOUL.md") == "Go on.\n"
        assert "Go on, too." in machine.read("skills/y/SKILL.md")
        assert accepted_by(machine) == ("a", "b", "c")
    assert load_about(story.at("meeting.json")) == after, "no machine writes it back and forth"


@pytest.mark.parametrize("content", ["{", None])
def test_who_joins_needs_the_file_about_the_place(
    content: str | None, three: tuple[Story, Machine, Machine, Machine], tmp_path: Path
) -> None:
    story, first, _, _ = three
    story.push_by_hand({"meeting.json": content})
    new = Machine(tmp_path, "d")
    with pytest.raises(DistError) as told:
        join(new.ctx, BOT, story.url, Options(machine="d"), Request(), yes)
    assert not new.home.exists()
    if content is not None:
        assert "sync now" in told.value.hint
        assert told.value.where.endswith(": meeting.json")
    now(first)
    join(new.ctx, BOT, story.url, Options(machine="d"), Request(), yes)
    assert accepted_by(new) == ("a", "b", "c", "d")


def test_a_machine_is_let_in_or_forgotten_beside_a_damaged_file_about_the_place(
    three: tuple[Story, Machine, Machine, Machine], tmp_path: Path
) -> None:
    story, first, second, _ = three
    new = Machine(tmp_path, "d")
    join(new.ctx, BOT, story.url, Options(machine="d"), Request(), yes)
    story.push_by_hand({"meeting.json": "{"})
    accept(first.ctx, BOT, "d")
    assert load_about(story.at("meeting.json")).place
    story.push_by_hand({"meeting.json": None})
    forget(first.ctx, BOT, "c")
    assert load_about(story.at("meeting.json")).place
    story.push_by_hand({"meeting.json": "{"})
    leave(second.ctx, BOT, yes)
    assert load_about(story.at("meeting.json")).place
    now(first)
    assert accepted_by(first) == ("a", "d")


def test_a_newer_file_about_the_place_is_never_taken_for_a_damaged_one(
    three: tuple[Story, Machine, Machine, Machine],
) -> None:
    story, first, _, _ = three
    newer = story.at("meeting.json").replace(b'"format": 4', b'"format": 5')
    story.push_by_hand({"meeting.json": newer})
    with pytest.raises(Newer):
        now(first)
    assert story.at("meeting.json") == newer


def test_only_a_machine_that_counts_forgets_another(
    three: tuple[Story, Machine, Machine, Machine],
) -> None:
    story, first, second, third = three
    place = need_record(first.ctx, BOT).place
    victim = need_record(third.ctx, BOT).signer
    evil = Signer(story.repo.path.parent / "evil")
    forged = [Gone(name="c", signer=victim, by=by) for by in ("a", "b", "c", "evil")]
    forged = [replace(one, signature=evil.sign(one.statement(place))) for one in forged]
    elsewhere = Gone(name="c", signer=victim, by="b")
    signed_elsewhere = Signer(signer_path(second.home)).sign(elsewhere.statement("elsewhere"))
    forged.append(replace(elsewhere, signature=signed_elsewhere))
    gone = dump_json(GoneMachines(machines=tuple(forged)))
    story.push_by_hand({"machines/c.json": None, "gone.json": gone})
    for machine in (first, second, third):
        now(machine)
        assert accepted_by(machine) == ("a", "b", "c")
    assert "machines/c.json" in files_of(story)


def test_what_a_forgotten_machine_writes_counts_no_more(
    three: tuple[Story, Machine, Machine, Machine],
) -> None:
    story, first, second, third = three
    third.write("skills/y/SKILL.md", "---\nname: y\n---\nTaken in.\n")
    now(third)
    now(first)
    third.write("SOUL.md", "Not taken in.\n")
    now(third)
    stolen = story.at("machines/c.json")
    done = forget(first.ctx, BOT, "c")
    assert done.machines == ("a", "b")
    assert [str(path) for path in done.dropped] == ["SOUL.md"]
    for machine in (first, second, first, second):
        found = now(machine)
        assert accepted_by(machine) == ("a", "b")
        assert "Taken in." in first.read("skills/y/SKILL.md")
        assert "Not taken in." not in machine.read("SOUL.md")
    # What came in from it is signed by another machine now, so it reaches those that had not seen it.
    assert "Taken in." in second.read("skills/y/SKILL.md")
    assert found.unvouched == ("SOUL.md",)
    # The stolen machine can write its file again, and take back what was said of it.
    story.push_by_hand({"machines/c.json": stolen, "gone.json": None})
    for machine in (first, second):
        now(machine)
        assert accepted_by(machine) == ("a", "b")
    assert "machines/c.json" not in files_of(story)
    assert [one.name for one in load_gone(story.at("gone.json")).machines] == ["c"]
    with pytest.raises(UsageError, match="no machine called c"):
        accept(first.ctx, BOT, "c")


def test_a_forgotten_machine_is_told_and_comes_back_with_new_keys(
    three: tuple[Story, Machine, Machine, Machine],
) -> None:
    story, first, second, third = three
    forget(first.ctx, BOT, "c")
    third.write("SOUL.md", "Written meanwhile.\n")
    with pytest.raises(Refused, match="a removed this machine, c"):
        now(third)
    assert third.read("SOUL.md") == "Written meanwhile.\n"
    done = leave(third.ctx, BOT, yes)
    assert done is not None
    assert done.told
    join(third.ctx, BOT, story.url, Options(machine="c"), Request(), yes)
    for machine in (first, second):
        assert now(machine).changed == ("c",)
        accept(machine.ctx, BOT, "c")
    now(third)
    assert accepted_by(first) == accepted_by(second) == accepted_by(third) == ("a", "b", "c")


def test_a_machine_forgets_another_at_a_place_of_an_older_program(
    three: tuple[Story, Machine, Machine, Machine],
) -> None:
    story, first, _, _ = three
    about = story.at("meeting.json").decode()
    place = need_record(first.ctx, BOT).place
    story.push_by_hand({"meeting.json": about.replace(place, ""), "shared.json": None})
    record = need_record(first.ctx, BOT)
    write_record(first.home, replace(record, place="", seen=replace(record.seen, shared={})))
    forget(first.ctx, BOT, "c")
    assert need_record(first.ctx, BOT).place in story.at("meeting.json").decode()
    now(first)
    assert accepted_by(first) == ("a", "b")


def test_who_leaves_says_so_itself(three: tuple[Story, Machine, Machine, Machine]) -> None:
    story, first, second, third = three
    third.write("SOUL.md", third.read("SOUL.md") + "My last word.\n")
    now(third)
    leave(third.ctx, BOT, yes)
    now(first)
    assert accepted_by(first) == ("a", "b")
    assert "My last word." in first.read("SOUL.md")
    now(second)
    assert "My last word." in second.read("SOUL.md")
    assert "machines/c.json" not in files_of(story)


def test_the_machine_that_joiners_trust_is_one_that_is_there(
    three: tuple[Story, Machine, Machine, Machine],
) -> None:
    story, first, second, third = three
    leave(first.ctx, BOT, yes)
    for machine in (second, third):
        now(machine)
    evil = Signer(story.repo.path.parent / "evil")
    about = story.at("meeting.json").decode()
    signer = need_record(second.ctx, BOT).signer
    other = need_record(third.ctx, BOT).signer
    assert signer in about or other in about
    story.push_by_hand(
        {"meeting.json": about.replace(signer, evil.public).replace(other, evil.public)}
    )
    now(second)
    assert evil.public not in story.at("meeting.json").decode()
    join(first.ctx, BOT, story.url, Options(machine="a2"), Request(), yes)
    assert accepted_by(first) == ("a2", "b", "c")
