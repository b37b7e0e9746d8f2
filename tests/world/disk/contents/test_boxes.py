"""Boxes: many small blobs in one file, which the store hands out, heals and collects as if each had its own."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.errors import DistError, Invalid, Lost
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.contents import batch
from hermes_dist.world.disk.contents.clean import clean
from hermes_dist.world.disk.store import Store

BLOBS = [b"%03d" % n * (n + 1) for n in range(60)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "deep/store")


def files(store: Store) -> list[Path]:
    return sorted(p for p in store.root.rglob("*") if p.is_file())


def boxes(store: Store) -> list[Path]:
    return [p for p in files(store) if p.parent.name == "packs"]


def age(store: Store, seconds: int = 1000) -> None:
    for path in files(store):
        os.utime(path, (seconds, seconds))


def damage(store: Store, data: bytes) -> None:
    """Change one byte of a content in its box."""
    for box in boxes(store):
        whole = box.read_bytes()
        box.write_bytes(whole.replace(data, b"!" + data[1:], 1))


_SIZES = st.one_of(st.binary(max_size=6), st.binary(min_size=20, max_size=30))


@given(st.lists(st.lists(_SIZES, max_size=9), max_size=4))
@settings(max_examples=examples(100), deadline=None)
def test_whatever_is_put_in_whatever_parts_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[bytes]]
) -> None:
    root = tmp_path_factory.mktemp("s") / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "FEW", 2)
        patch.setattr(batch, "_LARGE", 20)
        stores = [Store(root), Store(root)]
        for number, blobs in enumerate(parts):
            digests = stores[number % 2].put_many(iter(blobs))
            for store in (*stores, Store(root)):
                assert [store.read(d) for d in digests] == blobs
                assert [store.size(d) for d in digests] == [len(blob) for blob in blobs]
        every = {Digest.of(blob) for blobs in parts for blob in blobs}
        assert set(Store(root).digests()) == every
        for store in stores:
            assert clean(store, every, older_than=time.time() + 60)[:2] == (0, 0)
            assert {store.read(d) for d in every} == {b for blobs in parts for b in blobs}
        assert clean(stores[1], set(), older_than=time.time() + 60)[0] == len(every)
        assert not any(store.has(d) for store in stores for d in every)


def test_many_small_blobs_are_one_private_file_and_large_ones_have_their_own(store: Store) -> None:
    large = bytes(200_000)
    old = os.umask(0)
    try:
        digests = store.put_many([*BLOBS, large])
    finally:
        os.umask(old)
    for path in [store.root, *store.root.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert len(boxes(store)) == 1
    assert set(files(store)) == {*boxes(store), store.path(Digest.of(large))}
    assert set(store.digests()) == set(digests)


def test_putting_again_writes_nothing_whoever_does_it(store: Store) -> None:
    digests = store.put_many(BLOBS)
    before = {path: path.stat().st_ino for path in files(store)}
    assert store.put_many(BLOBS) == digests
    assert Store(store.root).put_many([*reversed(BLOBS), *BLOBS])[:60] == digests[::-1]
    assert {path: path.stat().st_ino for path in files(store)} == before


def test_the_same_blobs_give_the_same_box(store: Store, tmp_path: Path) -> None:
    store.put_many(BLOBS)
    other = Store(tmp_path / "other")
    other.put_many(iter(BLOBS))
    assert boxes(store)[0].name == boxes(other)[0].name
    assert boxes(store)[0].read_bytes() == boxes(other)[0].read_bytes()


def test_a_store_that_is_open_sees_what_another_one_boxes_and_removes(store: Store) -> None:
    digest = Digest.of(BLOBS[7])
    assert not store.has(digest)
    Store(store.root).put_many(BLOBS)
    assert store.has(digest)
    assert store.read(digest) == BLOBS[7]
    age(store)
    assert clean(Store(store.root), {digest}, older_than=2000)[0] == 59
    assert store.read(digest) == BLOBS[7]
    assert [store.has(Digest.of(blob)) for blob in BLOBS].count(True) == 1


@pytest.mark.parametrize("number", [0, 31, 59])
def test_a_damaged_blob_is_never_handed_out_and_can_be_put_again(store: Store, number: int) -> None:
    digests = store.put_many(BLOBS)
    damage(store, BLOBS[number])
    with pytest.raises(Lost, match="is damaged in the store"):
        store.read(digests[number])
    assert [store.has(d) for d in digests].count(False) == 1
    assert not store.has(digests[number])
    store.put(BLOBS[number])
    for one in (store, Store(store.root)):
        assert [one.read(d) for d in digests] == BLOBS


def test_other_damaged_blobs_do_not_come_along(store: Store) -> None:
    digests = store.put_many(BLOBS)
    damage(store, BLOBS[20])
    damage(store, BLOBS[40])
    with pytest.raises(Lost):
        store.read(digests[20])
    with pytest.raises(Lost, match="is missing in the store"):
        store.read(digests[40])
    assert [store.read(d) for n, d in enumerate(digests) if n not in {20, 40}] == [
        blob for n, blob in enumerate(BLOBS) if n not in {20, 40}
    ]


def test_a_link_in_place_of_a_box_is_not_followed(store: Store, tmp_path: Path) -> None:
    digests = store.put_many(BLOBS)
    [box] = boxes(store)
    box.rename(tmp_path / "moved")
    box.symlink_to(tmp_path / "moved")
    assert not Store(store.root).has(digests[0])


def test_an_error_on_the_way_keeps_nothing_new(store: Store) -> None:
    kept = store.put(b"old")

    def failing() -> Iterator[bytes]:
        yield from BLOBS
        raise Invalid("the source broke off")

    with pytest.raises(Invalid, match="broke off"):
        store.put_many(failing())
    assert [p.parent.name + p.name for p in files(store)] == [kept]
    assert set(store.digests()) == {kept}


def test_a_full_disk_is_told_and_keeps_nothing_new(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(b"old")
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(DistError, match="No space left"):
        store.put_many(BLOBS)
    monkeypatch.undo()
    assert len(files(store)) == 1


def _full(_fd: int) -> NoReturn:
    raise OSError(28, "No space left on device")


def test_a_box_is_on_the_disk_before_it_has_its_name(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, str]] = []
    sync, rename = os.fsync, os.rename

    def synced(fd: int) -> None:
        done.append(("sync", os.path.basename(os.readlink(f"/proc/self/fd/{fd}"))))
        sync(fd)

    def renamed(source: str, target: str, **more: int) -> None:
        done.append(("rename", os.path.basename(target)))
        rename(source, target, **more)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", renamed)
    store.put_many(BLOBS)
    [box] = boxes(store)
    written = done.index(("rename", box.name))
    assert [what for what, _ in done[:written]] == ["sync"]
    assert set(done[written + 1 :]) == {("sync", "packs"), ("sync", "store")}


def test_a_box_goes_when_little_of_it_is_needed_and_its_rest_stays(store: Store) -> None:
    digests = store.put_many(BLOBS)
    age(store)
    few, many = set(digests[:3]), set(digests[10:])
    assert clean(store, many, older_than=2000)[:2] == (0, 0)
    assert len(boxes(store)) == 1
    sizes = sum(len(blob) for blob in BLOBS[3:])
    assert clean(store, few, older_than=2000, dry_run=True)[:2] == (57, sizes)
    assert len(boxes(store)) == 1
    assert clean(store, few, older_than=2000)[:2] == (57, sizes)
    assert boxes(store) == []
    for one in (store, Store(store.root)):
        assert [one.read(d) for d in digests[:3]] == BLOBS[:3]
        assert set(one.digests()) == few
    assert not list((store.root / "incoming").iterdir())


def test_a_young_box_stays(store: Store) -> None:
    store.put_many(BLOBS)
    age(store)
    store.put(BLOBS[3])
    assert clean(store, set(), older_than=time.time() - 60)[:2] == (0, 0)
    assert store.read(Digest.of(BLOBS[5])) == BLOBS[5]


def test_a_box_that_is_used_while_it_is_collected_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = store.put_many(BLOBS)
    age(store)
    rename = Path.rename

    def late(path: Path, target: Path) -> Path:
        Store(store.root).put(BLOBS[9])  # another command, at the last moment
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", late)
    assert clean(store, set(), older_than=2000)[:2] == (0, 0)
    assert [store.read(d) for d in digests] == BLOBS


def _boxed(store: Store, count: int) -> list[list[Digest]]:
    """Store some boxes, the first one last used longest ago."""
    digests = []
    for number in range(count):
        before = boxes(store)
        digests.append(store.put_many(b"%d of %d" % (n, number) for n in range(60)))
        [new] = set(boxes(store)) - set(before)
        os.utime(new, (1000 + number, 1000 + number))
    return digests


def _opened(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The boxes that are opened from now on."""
    opened: set[str] = set()
    really = os.open

    def noted(path: str | Path, *args: int, **more: int) -> int:
        place = Path(path)
        if place.parent.name == "packs":
            opened.add(place.name)
        return really(path, *args, **more)

    monkeypatch.setattr(os, "open", noted)
    return opened


def test_only_boxes_that_are_needed_are_read_however_many_there_are(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = store.put_many([b"one", b"two"])
    digests = _boxed(store, 9)
    opened = _opened(monkeypatch)
    fresh = Store(store.root)
    assert [fresh.read(d) for d in alone] == [b"one", b"two"]
    assert fresh.keeps(alone[0], 3)
    assert opened == set()
    assert fresh.read(digests[8][7]) == b"7 of 8"
    assert fresh.has_all(digests[8])
    assert len(opened) == 1
    assert fresh.read(digests[0][5]) == b"5 of 0"
    assert fresh.read(digests[0][6]) == b"6 of 0"


def test_all_of_some_blobs_are_there_or_not(store: Store) -> None:
    digests = [d for box in _boxed(store, 2) for d in box] + store.put_many([b"one", b"two"])
    assert store.has_all(digests)
    assert Store(store.root).has_all([])
    assert not store.has_all([*digests, Digest.of(b"three")])
    boxes(store)[0].unlink()
    assert not store.has_all(digests)
    assert not Store(store.root).has_all(digests)


@pytest.mark.parametrize("few", [True, False])
def test_those_that_are_not_there_are_found_with_a_look_at_each_box(
    store: Store, monkeypatch: pytest.MonkeyPatch, few: bool
) -> None:
    boxed = _boxed(store, 3)
    alone = store.put_many([b"one", b"two"])
    gone = [Digest.of(b"%d of none" % number) for number in range(3)]
    asked = [d for box in boxed for d in (box[:1] if few else box)] + alone + gone
    fresh = Store(store.root)
    looks: list[Digest] = []
    real = fresh.size
    monkeypatch.setattr(fresh, "size", lambda d: (looks.append(d), real(d))[1])
    assert fresh.lacking([*asked, *asked]) == sorted(gone)
    assert len(looks) == len(boxed) + len(alone) + len(gone)
    assert fresh.lacking([]) == []
    sizes = Store(store.root).sizes([*asked, *asked])
    assert sizes == {digest: store.size(digest) for digest in asked if digest not in gone}


def test_a_box_that_was_written_again_meanwhile_is_not_taken_for_damaged(store: Store) -> None:
    digests = store.put_many(BLOBS)
    whole = boxes(store)[0].read_bytes()
    damage(store, BLOBS[0])
    reader = Store(store.root)
    assert reader.read(digests[1]) == BLOBS[1]  # it keeps the box open
    fresh = boxes(store)[0].with_name("fresh")
    fresh.write_bytes(whole)
    fresh.rename(boxes(store)[0])
    assert [reader.read(d) for d in digests] == BLOBS
    assert len(boxes(store)) == 1


def test_what_is_in_two_boxes_is_counted_once_and_outlives_both(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = store.put_many(BLOBS)
    with monkeypatch.context() as patched:  # two commands at once, neither of which sees the other
        patched.setattr(batch.Batch, "_is_kept", lambda *_args: False)
        store.put_many([*BLOBS[:5], *(b"other %d" % n for n in range(60))])
    assert len(boxes(store)) == 2
    assert len([*store.digests()]) == 120
    for left in (1, 0):  # the one that still has it counts as used, and goes the next time
        age(store)
        clean(Store(store.root), {digests[3]}, older_than=2000)
        assert len(boxes(store)) == left
        assert store.read(digests[3]) == BLOBS[3]
    assert [*Store(store.root).digests()] == [digests[3]]


@pytest.mark.parametrize("large", [0, 1])
def test_on_a_full_disk_what_needs_the_least_room_is_collected_first(
    store: Store, monkeypatch: pytest.MonkeyPatch, large: int
) -> None:
    digests = _boxed(store, 2)
    small = 1 - large
    needed = {*digests[large][:20], digests[small][0]}
    age(store)
    room = 100
    write = os.write

    def full(fd: int, data: bytes) -> int:
        nonlocal room
        room -= len(data)
        return write(fd, data) if room >= 0 else _full(fd)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(DistError, match="No space left"):
        clean(store, needed, older_than=2000)
    monkeypatch.undo()
    assert len(boxes(store)) == 1
    assert [store.read(d) for d in digests[large]] == [b"%d of %d" % (n, large) for n in range(60)]
    assert store.read(digests[small][0]) == b"0 of %d" % small


def test_what_is_no_folder_of_boxes_holds_nothing(store: Store) -> None:
    alone = store.put(b"alone")
    (store.root / "packs").write_bytes(b"no folder")
    missing = Digest.of(b"missing")
    assert [store.has(alone), store.has(missing), store.keeps(missing, 7)] == [True, False, False]
    with pytest.raises(DistError, match="can't read the store"):
        store.read(missing)


def test_many_users_and_a_collector_at_once_lose_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "FEW", 5)
    stop, failures = threading.Event(), []
    start = time.time() - 3600

    def use(number: int) -> None:
        mine = Store(store.root) if number % 2 else store
        for turn in range(4):
            blobs = BLOBS[turn * 10 : turn * 10 + 20 + number]
            for digest, data in zip(mine.put_many(blobs), blobs, strict=True):
                if mine.read(digest) != data:
                    failures.append(digest)

    def collect() -> None:
        while not stop.is_set():
            clean(store, set(), older_than=start)

    threads = [threading.Thread(target=use, args=(n,)) for n in range(4)]
    collector = threading.Thread(target=collect)
    for thread in (*threads, collector):
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    collector.join()
    assert not failures
