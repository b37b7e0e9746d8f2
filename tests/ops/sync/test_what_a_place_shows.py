"""A meeting place that lies: it goes back, shows each machine something else, or holds a part back. It is noticed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from meeting_of_three import BOT, Machine, Story, again_as, two_alike, yes
from msgspec.structs import replace

from hermes_dist.errors import DistError, Refused, UsageError
from hermes_dist.model.sync.meeting import Index, dump_json, load_index, load_machine, machine_path
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.sync.begin import Options, init, join
from hermes_dist.ops.sync.counted import Unsigned
from hermes_dist.ops.sync.now import Synced, sync_now
from hermes_dist.ops.sync.state import need_record
from hermes_dist.ops.sync.status import standing
from hermes_dist.voice.sync.lines import remarks, status_warnings

SKILL = "skills/x/SKILL.md"


def now(machine: Machine, unsigned: Unsigned = Unsigned.WAIT) -> Synced:
    return sync_now(machine.ctx, BOT, Request(), yes, unsigned=unsigned)


@pytest.fixture
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Story, Machine, Machine]:
    story = again_as(two_alike, tmp_path_factory)
    for machine in story.machines[:2]:
        now(machine)
    return story, *story.machines[:2]


def head(story: Story) -> str:
    return story.repo.git("rev-parse", "main").strip()


def go_to(story: Story, commit: str) -> None:
    story.repo.git("update-ref", "refs/heads/main", commit)


def assert_alike(*machines: Machine) -> None:
    for machine in (*machines, *machines):
        now(machine)
    assert all(machine.shared() == machines[0].shared() for machine in machines)
    assert not any(now(machine).pushed for machine in machines)


def test_a_place_that_goes_back_is_noticed_and_put_right(
    two: tuple[Story, Machine, Machine],
) -> None:
    story, first, second = two
    old = head(story)
    first.write("SOUL.md", "Newer.\n")
    first.write("skills/z/SKILL.md", "---\nname: z\n---\nZ.\n")
    now(first)
    now(second)
    go_to(story, old)
    for machine in (first, second):
        before = machine.text()
        with pytest.raises(Refused, match=r"earlier state.*SOUL\.md, skills/z/SKILL\.md") as error:
            now(machine)
        assert "--unsigned ours" in (error.value.hint or "")
        assert machine.text() == before
        assert "earlier state" in "".join(status_warnings(standing(machine.ctx, BOT)))
    assert head(story) == old
    done = now(second, Unsigned.OURS)
    assert done.rewritten
    assert set(done.sent) == {"SOUL.md", "skills/z/SKILL.md"}
    # The other one finds all that it saw, and needs no answer.
    done = now(first)
    assert done.rewritten
    assert any("history" in line for line in remarks(done))
    assert_alike(first, second)
    assert second.read("SOUL.md") == "Newer.\n"


def test_who_went_back_on_purpose_says_so(two: tuple[Story, Machine, Machine]) -> None:
    story, first, second = two
    old, before = head(story), first.read("SOUL.md")
    first.write("SOUL.md", "A mistake.\n")
    now(first)
    now(second)
    go_to(story, old)
    now(first, Unsigned.THEIRS)
    assert first.read("SOUL.md") == before
    now(second, Unsigned.THEIRS)
    assert_alike(first, second)
    assert second.read("SOUL.md") == before


def test_a_rewritten_history_that_lacks_nothing_stops_nobody(
    two: tuple[Story, Machine, Machine],
) -> None:
    story, first, second = two
    first.write("SOUL.md", "Newer.\n")
    now(first)
    tree = story.repo.git("rev-parse", "main^{tree}").strip()
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    go_to(story, story.repo.git(*identity, "commit-tree", "-m", "all", tree).strip())
    second.write(SKILL, "---\nname: x\n---\nMine.\n")
    assert now(second).rewritten
    assert now(first).rewritten
    assert_alike(first, second)
    assert second.read("SOUL.md") == "Newer.\n"
    assert "Mine." in first.read(SKILL)


def test_what_each_machine_was_shown_alone_comes_together(
    two: tuple[Story, Machine, Machine],
) -> None:
    story, first, second = two
    fork = head(story)
    first.write("SOUL.md", "From the first.\n")
    now(first)
    one = head(story)
    # The second is shown a place in which the first did nothing.
    go_to(story, fork)
    second.write(SKILL, "---\nname: x\n---\nFrom the second.\n")
    now(second)
    states = {standing(machine.ctx, BOT).record.seen.commit for machine in (first, second)}
    assert len(states) == 2  # what people compare
    with pytest.raises(Refused, match=r"another history.*SOUL\.md"):
        now(first)
    other = head(story)
    go_to(story, one)
    with pytest.raises(Refused, match=r"another history.*skills/x/SKILL\.md"):
        now(second)
    go_to(story, other)
    now(first, Unsigned.OURS)
    assert_alike(first, second)
    for machine in (first, second):
        assert machine.read("SOUL.md") == "From the first.\n"
        assert "From the second." in machine.read(SKILL)


def held_back(story: Story, old: str, *paths: str) -> None:
    """Put back some files of a push, with what was said of them before."""
    said, then = (dict(load_index(story.at("shared.json", at)).files) for at in ("main", old))
    files = {path: story.at(path, old) for path in paths}
    said |= {path: then[path] for path in paths}
    story.push_by_hand({**files, "shared.json": dump_json(Index(files=said))})


@pytest.fixture
def half(two: tuple[Story, Machine, Machine]) -> tuple[Story, Machine, Machine, str]:
    """The first sends two files together, of which somebody holds one back."""
    story, first, second = two
    first.write("SOUL.md", "Before.\n")
    now(first)
    now(second)
    old = head(story)
    first.write("SOUL.md", "Do as the skill says.\n")
    first.write(SKILL, "---\nname: x\n---\nWith care.\n")
    now(first)
    held_back(story, old, f"profile/{SKILL}")
    return story, first, second, old


def test_a_part_that_is_held_back_is_named(half: tuple[Story, Machine, Machine, str]) -> None:
    _, first, second, _ = half
    done = now(second)
    assert done.withheld == {"a": (f"profile/{SKILL}",)}
    said = " ".join(remarks(done))
    assert "a sent this together with what is at the meeting place" in said
    assert SKILL in said
    found = standing(second.ctx, BOT)
    assert found.withheld == done.withheld
    assert any(SKILL in line for line in status_warnings(found))
    # Who sent it sees that it is older, and puts it right.
    assert now(first).unvouched == (SKILL,)
    now(first, Unsigned.OURS)
    assert now(second).withheld == {}
    assert_alike(first, second)
    assert "With care." in second.read(SKILL)


def test_a_list_that_is_put_back_or_removed_is_named(
    half: tuple[Story, Machine, Machine, str],
) -> None:
    story, first, second, old = half
    path = machine_path("a")
    list_of = load_machine(story.at(path), path)
    for content in (
        story.at(path, old),
        dump_json(replace(list_of, sent=None)),
        dump_json(replace(list_of, sent=replace(list_of.sent, paths=()))),  # type: ignore[type-var]
        None,
    ):
        story.push_by_hand({path: content})
        assert now(second).withheld == {"a": (path,)}
    now(first, Unsigned.OURS)
    assert now(second).withheld == {}
    assert_alike(first, second)


def test_a_later_change_by_another_machine_holds_nothing_back(
    two: tuple[Story, Machine, Machine],
) -> None:
    _, first, second = two
    for word in ("one", "two", "three"):
        first.write("SOUL.md", f"{word}\n")
        first.write(SKILL, f"---\nname: x\n---\n{word}\n")
        assert now(first).withheld == {}
        assert now(second).withheld == {}
        second.write(SKILL, f"---\nname: x\n---\n{word} again\n")
        assert now(second).withheld == {}
        second.write("SOUL.md", "")
        (second.home / "SOUL.md").unlink()
        assert now(second).withheld == {}
    assert now(first).withheld == {}


def joined(story: Story, state: str, name: str = "c") -> Machine:
    third = Machine(story.repo.path.parent, name)
    join(third.ctx, BOT, story.url, Options(machine=name, state=state), Request(), yes)
    return third


def test_who_joins_with_a_state_takes_nothing_older(two: tuple[Story, Machine, Machine]) -> None:
    story, first, _ = two
    old = head(story)
    first.write("SOUL.md", "Newer.\n")
    now(first)
    state = standing(first.ctx, BOT).record.seen.commit
    assert state == head(story)
    go_to(story, old)
    with pytest.raises(Refused, match="does not hold the state"):
        joined(story, state)
    assert not (story.repo.path.parent / "c/.hermes/profiles/bot").exists()
    go_to(story, state)
    assert joined(story, state).read("SOUL.md") == "Newer.\n"
    # Later states are good, too.
    first.write("SOUL.md", "Newest.\n")
    now(first)
    assert joined(story, state, "d").read("SOUL.md") == "Newest.\n"


def test_who_joins_with_a_state_trusts_its_keys_alone(
    two: tuple[Story, Machine, Machine], tmp_path: Path
) -> None:
    story, first, second = two
    state = head(story)
    # Somebody makes a place of their own, and puts its machine in front of ours.
    other = Story(tmp_path, 2)
    evil = other.machines[0]
    evil.home.mkdir(parents=True)
    evil.write("SOUL.md", "Obey.\n")
    init(evil.ctx, BOT, other.url, Options(machine="evil"), yes, dry_run=False)
    story.push_by_hand(
        {path: other.at(path) for path in ("meeting.json", "machines/evil.json", "shared.json")}
        | {"profile/SOUL.md": b"Obey.\n"}
    )
    with pytest.raises(Refused, match="not the meeting place"):
        joined(story, state)
    about = story.at("meeting.json", state)
    signer = need_record(evil.ctx, BOT).signer
    mine = need_record(first.ctx, BOT).signer
    story.push_by_hand({"meeting.json": about.replace(mine.encode(), signer.encode())})
    third = joined(story, state)
    assert third.read("SOUL.md") != "Obey.\n"
    keys = need_record(third.ctx, BOT).keys
    assert {name for name, one in keys.items() if one.accepted} == {"a", "b"}
    assert need_record(second.ctx, BOT).keys["a"].signer == keys["a"].signer


@pytest.mark.parametrize("state", ["main", "abc", "-x", "g" * 40])
def test_a_state_that_is_none_is_refused(two: tuple[Story, Machine, Machine], state: str) -> None:
    with pytest.raises(UsageError, match="--state"):
        joined(two[0], state)


def test_a_place_that_lacks_what_it_names_says_which(two: tuple[Story, Machine, Machine]) -> None:
    story, first, second = two
    first.write("SOUL.md", "Newer.\n")
    now(first)
    before = second.text()
    for name in ("main:profile/SOUL.md", "main:profile", "main"):
        oid = story.repo.git("rev-parse", name).strip()
        lost = story.repo.path / "objects" / oid[:2] / oid[2:]
        kept = story.repo.path.parent / "kept"
        shutil.move(lost, kept)
        with pytest.raises(DistError, match=oid[:12]):
            now(second)
        assert second.text() == before
        shutil.move(kept, lost)
    now(second)
    assert second.read("SOUL.md") == "Newer.\n"
