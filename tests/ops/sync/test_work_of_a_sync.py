"""What a sync does for each file: signatures that were checked stay checked, and no content is read again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from meeting_of_three import BOT, Machine, Story, again_as, two_alike, yes
from msgspec.structs import replace

from hermes_dist.model.sync.meeting import Index, dump_json, load_index
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.sync import counted as counted_module
from hermes_dist.ops.sync.now import sync_now
from hermes_dist.ops.sync.state import need_record, write_record
from hermes_dist.world.disk.store import Store
from hermes_dist.world.git.push import Publisher

FILES = 250
"""More than a package that is read as a whole."""


@pytest.fixture
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Story, Machine, Machine]:
    story = again_as(two_alike, tmp_path_factory)
    first, second, _ = story.machines
    for number in range(FILES):
        first.write(f"skills/x/notes/{number}.md", f"Note {number}.\n")
    for machine in (first, second, first):
        sync_now(machine.ctx, BOT, Request(), yes)
    return story, first, second


class Work:
    """What is done from now on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.signatures = self.batches = 0
        self.read: list[str] = []
        holds, write, blobs = counted_module.is_signed, Store.write, Publisher.blobs

        def checking(signer: str, text: bytes, signature: str) -> bool:
            self.signatures += 1
            return holds(signer, text, signature)

        def writing(store: Store, *given: object, **named: object) -> object:
            self.batches += 1
            return write(store, *given, **named)  # type: ignore[arg-type]

        def reading(git: Publisher, url: str, oids: Sequence[str]) -> object:
            self.read += oids
            return blobs(git, url, oids)

        monkeypatch.setattr(counted_module, "is_signed", checking)
        monkeypatch.setattr(Store, "write", writing)
        monkeypatch.setattr(Publisher, "blobs", reading)


def test_with_nothing_new_no_file_is_checked_or_read(
    two: tuple[Story, Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first, second = two
    for machine in (first, second):
        machine.sync()
        work = Work(monkeypatch)
        done = sync_now(machine.ctx, BOT, Request(), yes)
        assert not done.pushed
        # One signature for each machine: over what it sent last, all of it together.
        assert (work.signatures <= 4, work.read) == (True, [])
        assert work.batches < 10


def test_with_five_new_files_five_are_checked_and_read(
    two: tuple[Story, Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first, second = two
    second.sync()
    for number in range(5):
        first.write(f"skills/x/notes/{number}.md", f"Note {number}, again.\n")
    first.sync()
    work = Work(monkeypatch)
    done = sync_now(second.ctx, BOT, Request(), yes)
    assert second.read("skills/x/notes/3.md") == "Note 3, again.\n"
    assert not done.unvouched
    # Beside the five: what was said of all files, and what was sent together.
    assert len(set(work.read)) == 7
    assert 5 <= work.signatures <= 15
    assert work.batches < 20


def test_a_signature_that_somebody_spoiled_is_noticed_although_it_was_checked(
    two: tuple[Story, Machine, Machine],
) -> None:
    story, first, second = two
    path = "profile/skills/x/notes/1.md"
    said = dict(load_index(story.at("shared.json")).files)
    good = said[path]
    story.push_by_hand(
        {"shared.json": dump_json(Index(files={**said, path: replace(good, signature="AAAA")}))}
    )
    assert sync_now(second.ctx, BOT, Request(), yes).pushed
    again = load_index(story.at("shared.json")).files[path]
    assert (again.by, again.sealed) == ("b", good.sealed)
    assert sync_now(first.ctx, BOT, Request(), yes).unvouched == ()


def test_what_was_checked_with_another_key_is_checked_again(
    two: tuple[Story, Machine, Machine],
) -> None:
    story, _, second = two
    second.sync()
    record = need_record(second.ctx, BOT)
    checked = record.seen.checked
    assert checked is not None
    other = {**checked.signers, "a": checked.signers["b"]}
    seen = replace(record.seen, checked=replace(checked, signers=other))
    write_record(second.home, replace(record, seen=seen))
    assert not sync_now(second.ctx, BOT, Request(), yes).pushed
    now = need_record(second.ctx, BOT).seen.checked
    assert now is not None
    assert now.signers == checked.signers
    assert story.at("shared.json") == dump_json(load_index(story.at("shared.json")))


def test_a_store_without_what_was_checked_only_costs_time(
    two: tuple[Story, Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, second = two
    second.sync()
    record = need_record(second.ctx, BOT)
    assert record.seen.checked is not None
    lost = replace(record.seen.checked, index="0" * 64)
    write_record(second.home, replace(record, seen=replace(record.seen, checked=lost)))
    work = Work(monkeypatch)
    assert not sync_now(second.ctx, BOT, Request(), yes).pushed
    assert work.signatures >= FILES


@pytest.mark.parametrize("name", ["../x", "profile/../x", "profile/a\x01", "/etc/passwd", ""])
def test_a_path_that_can_be_no_file_stops_nothing(
    two: tuple[Story, Machine, Machine], name: str
) -> None:
    story, first, second = two
    said = dict(load_index(story.at("shared.json")).files)
    said[name] = said["profile/SOUL.md"]
    story.push_by_hand({"shared.json": dump_json(Index(files=said))})
    first.write("SOUL.md", "Go on.\n")
    for machine in (first, second):
        assert sync_now(machine.ctx, BOT, Request(), yes).unvouched == ()
    assert second.read("SOUL.md") == "Go on.\n"
    assert name not in load_index(story.at("shared.json")).files


def test_a_text_like_a_pointer_of_large_files_travels(two: tuple[Story, Machine, Machine]) -> None:
    _, first, second = two
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ab' * 32}\nsize 12345\n"
    first.write("skills/x/large.bin", pointer)
    for machine in (first, second, first):
        assert sync_now(machine.ctx, BOT, Request(), yes).unvouched == ()
    assert second.read("skills/x/large.bin") == pointer
    assert Path(second.home / "skills/x/large.bin").is_file()
