"""Joining boxes: few are left, nothing is written again and again, and no content is missed at any moment."""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from budget import STRIDE, examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.errors import DistError
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.contents.clean import clean
from hermes_dist.world.disk.contents.joining import FULL, HEAVY, Sized, groups_to_join
from hermes_dist.world.disk.store import Store

NOW = time.time()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def boxes(store: Store) -> list[Path]:
    return sorted(p for p in store.root.glob("packs/*") if p.is_file())


def put(store: Store, number: int, *, count: int = 60) -> list[Digest]:
    """Store a box of its own."""
    return store.put_many(b"%d of %d" % (n, number) * 9 for n in range(count))


def data_of(number: int, *, count: int = 60) -> list[bytes]:
    return [b"%d of %d" % (n, number) * 9 for n in range(count)]


def age(store: Store) -> None:
    for path in store.root.rglob("*"):
        if path.is_file():
            os.utime(path, (1000, 1000))


def everything(store: Store) -> dict[Path, tuple[int, float]]:
    return {
        path: (path.stat().st_ino, path.stat().st_mtime)
        for path in store.root.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("young", [True, False])
def test_small_boxes_become_one_and_everything_is_read(store: Store, young: bool) -> None:
    every = [d for n in range(7) for d in put(store, n)]
    reader = Store(store.root)
    assert reader.has(every[0])
    if not young:
        age(store)
    would = clean(store, set(every), older_than=2000, dry_run=True)
    assert len(boxes(store)) == 7
    done = clean(store, set(every), older_than=2000)
    assert done == would
    assert (done.joined, done.into, done[:2], done.lost) == (7, 1, (0, 0), frozenset())
    assert len(boxes(store)) == 1
    for one in (store, reader, Store(store.root)):
        assert [one.read(d) for d in every] == [b for n in range(7) for b in data_of(n)]
    assert not list((store.root / "incoming").iterdir())
    assert clean(store, set(every), older_than=2000).joined == 0


def test_what_nobody_needs_goes_with_the_boxes_that_are_joined(store: Store) -> None:
    every = [put(store, n) for n in range(4)]
    age(store)
    needed = {d for some in every for d in some[:40]}
    would = clean(store, needed, older_than=2000, dry_run=True)
    done = clean(store, needed, older_than=2000)
    assert done == would
    assert (done.blobs, done.joined, done.into) == (80, 4, 1)
    assert set(store.digests()) == needed
    assert set(Store(store.root).digests()) == needed


def test_what_another_command_may_be_about_to_need_is_joined_too(store: Store) -> None:
    old, young = put(store, 1), put(store, 2)
    os.utime(store.root / "packs" / _box(store, old), (1000, 1000))
    done = clean(store, {*old[:40]}, older_than=2000)
    assert (done.blobs, done.joined) == (20, 2)
    assert set(store.digests()) == {*old[:40], *young}


def _box(store: Store, digests: list[Digest]) -> str:
    place = store.boxes.place(digests[0])
    assert place is not None
    return place.box


def test_a_large_box_is_not_written_again_for_a_small_one(store: Store) -> None:
    large = put(store, 1, count=1000)
    before = {path: path.stat().st_ino for path in boxes(store)}
    small = [d for n in range(2, 6) for d in put(store, n)]
    done = clean(store, {*large, *small}, older_than=2000)
    assert (done.joined, done.into) == (4, 1)
    after = {path: path.stat().st_ino for path in boxes(store)}
    assert before.items() <= after.items()
    assert len(after) == 2


_SIZES = st.lists(
    st.builds(Sized, st.integers(1, HEAVY), st.integers(51, FULL), st.uuids().map(str)), max_size=40
)


@given(_SIZES)
@settings(max_examples=examples(200), deadline=None)
def test_joined_boxes_are_not_too_large_and_none_is_joined_twice(sizes: list[Sized]) -> None:
    groups = list(groups_to_join(sizes))
    told = [one for group in groups for one in group]
    assert len(set(told)) == len(told)
    for group in groups:
        assert len(group) > 1
        assert sum(one.contents for one in group) <= FULL
        assert sum(one.size for one in group) <= HEAVY


def test_with_each_update_a_box_few_are_left_and_each_content_is_written_a_few_times() -> None:
    some, written, most = list[Sized](), 0, 0
    chance = random.Random(7)
    total = 0
    for turn in range(1000):
        new = Sized(chance.randint(1000, 3000), 60, f"new {turn}")
        total += new.size
        some.append(new)
        for number, group in enumerate(groups_to_join(some)):
            size = sum(one.size for one in group)
            written += size
            some = [one for one in some if one not in group]
            some.append(Sized(size, sum(one.contents for one in group), f"{turn} {number}"))
        most = max(most, len(some))
    assert most <= 12
    assert written <= 8 * total


def test_boxes_of_which_one_holds_all_of_the_others_stay_readable(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:  # two commands at once, neither of which sees the other
        patched.setattr(
            "hermes_dist.world.disk.contents.batch.Batch._is_kept", lambda *_args: False
        )
        large = store.put_many([*data_of(1), *data_of(2, count=10)])
        put(store, 1)
    assert len(boxes(store)) == 2
    done = clean(store, set(large), older_than=2000)
    assert (done.joined, done.into, len(boxes(store))) == (2, 1, 1)
    for one in (store, Store(store.root)):
        assert [one.read(d) for d in large] == [*data_of(1), *data_of(2, count=10)]


class Killed(BaseException):
    """The command ends here, and nothing of it runs any more."""


_CALLS = ("open", "write", "fsync", "rename", "unlink", "utime")


def _killing(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """End the command before one of its system calls, and let none of them work from then on."""
    left = after
    really: dict[str, Callable[..., object]] = {name: getattr(os, name) for name in _CALLS}

    def call(name: str, *args: object, **more: object) -> object:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return really[name](*args, **more)

    for name in _CALLS:
        monkeypatch.setattr(os, name, lambda *a, _name=name, **k: call(_name, *a, **k))
    for name in ("rename", "unlink"):
        monkeypatch.setattr(
            Path, name, lambda path, *a, _name=name, **_k: call(_name, str(path), *map(str, a))
        )


def test_wherever_a_clean_up_is_killed_every_needed_content_is_read(tmp_path: Path) -> None:
    ended = False
    step = 0
    while not ended:
        store = Store(tmp_path / str(step) / "store")
        digests = [put(store, n) for n in range(4)]
        alone = store.put_many([b"alone", b"old"])
        box = boxes(store)[0]
        age(store)
        os.utime(box)
        torn = store.root / "packs" / _box(store, digests[3])
        torn.write_bytes(torn.read_bytes()[:-1])
        os.utime(torn, (1000, 1000))
        needed = {*digests[0][:5], *digests[1][:40], *digests[2], *digests[3], alone[0]}
        with pytest.MonkeyPatch.context() as patch:
            _killing(patch, step)
            try:
                clean(store, needed, older_than=2000)
                ended = True
            except Killed:
                pass
        fresh = Store(store.root)
        for digest in needed:
            fresh.read(digest)
        assert clean(fresh, needed, older_than=2000).lost == frozenset()
        later = Store(store.root)
        for digest in needed:
            later.read(digest)
        assert not list(store.root.rglob("*~"))
        step += STRIDE
    assert step > 30


def test_a_file_whose_removal_was_killed_is_read_and_used_and_gets_its_name_back(
    store: Store,
) -> None:
    digests = put(store, 1)
    alone = store.put(b"alone")
    [box] = boxes(store)
    box.rename(f"{box}~")
    store.path(alone).rename(f"{store.path(alone)}~")
    fresh = Store(store.root)
    assert [fresh.read(d) for d in digests] == data_of(1)
    assert fresh.read(alone) == b"alone"
    assert fresh.has_all([*digests, alone])
    assert fresh.size(alone) == 5
    assert not fresh.keeps(digests[0], len(data_of(1)[0]))  # it can't be made young
    assert fresh.put(data_of(1)[0]) == digests[0]
    assert clean(fresh, {*digests, alone}, older_than=2000).lost == frozenset()
    assert (box.exists(), store.path(alone).exists()) == (True, True)
    assert not list(store.root.rglob("*~"))


def test_a_full_disk_keeps_the_boxes_as_they_are_and_what_was_freed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = [d for n in range(3) for d in put(store, n)]
    junk = store.put(b"nobody's")
    age(store)

    def full(_fd: int, _data: bytes) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    done = clean(store, set(every), older_than=2000)
    monkeypatch.undo()
    assert (done[:2], done.joined, done.full) == ((1, 8), 0, True)
    assert not store.has(junk)
    assert len(boxes(store)) == 3
    assert not list((store.root / "incoming").iterdir())


def test_a_content_that_turns_out_damaged_is_told_and_does_not_come_along(store: Store) -> None:
    one, two = put(store, 1), put(store, 2)
    box = store.root / "packs" / _box(store, one)
    box.write_bytes(box.read_bytes().replace(data_of(1)[7], b"!" * len(data_of(1)[7])))
    fresh = Store(store.root)
    done = clean(fresh, {*one, *two}, older_than=2000)
    assert (done.joined, done.lost) == (2, {one[7]})
    assert not fresh.has(one[7])
    assert [fresh.read(d) for d in two] == data_of(2)


def test_who_reads_while_boxes_are_joined_never_misses_a_content(store: Store) -> None:
    stop, failures = threading.Event(), list[BaseException]()
    every = [d for n in range(4) for d in put(store, n)]
    data = [b for n in range(4) for b in data_of(n)]

    def read(number: int) -> None:
        reader = Store(store.root)
        order = random.Random(number).sample(range(len(every)), len(every))
        try:
            while not stop.is_set():
                for n in order:
                    assert reader.read(every[n]) == data[n]
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=read, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(30):
        put(store, 100 + turn)
        clean(Store(store.root), set(every), older_than=NOW - 60 if turn % 2 else time.time() + 60)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures


def test_of_boxes_that_have_nothing_of_a_package_hardly_anything_is_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = put(store, 0, count=3000)
    for number in range(1, 10):
        put(store, number, count=3000)
    os.utime(store.root / "packs" / _box(store, mine), (1000, 1000))
    sizes = list[int]()
    pread, read = os.pread, os.read

    def counted(fd: int, size: int, at: int) -> bytes:
        sizes.append(size)
        return pread(fd, size, at)

    def also(fd: int, size: int) -> bytes:
        sizes.append(size)
        return read(fd, size)

    fresh = Store(store.root)
    with monkeypatch.context() as patched:
        patched.setattr(os, "pread", counted)
        patched.setattr(os, "read", also)
        assert fresh.has_all(mine)
    assert sum(sizes) < 4 * 3000 * 48
    assert not fresh.has(Digest.of(b"nowhere"))
    assert [fresh.read(d) for d in mine] == data_of(0, count=3000)


@given(st.integers(1, 400), st.integers())
@settings(max_examples=examples(30), deadline=None)
def test_what_is_in_a_box_is_seen_at_a_glance(
    tmp_path_factory: pytest.TempPathFactory, count: int, seed: int
) -> None:
    store = Store(tmp_path_factory.mktemp("s") / "store")
    digests = store.put_many(b"%d %d" % (seed, n) for n in range(count + 50))
    for digest in digests:
        assert Store(store.root).has(digest)
    assert not Store(store.root).has(Digest.of(b"nowhere"))


@pytest.mark.parametrize("opened", range(8))
def test_a_box_that_can_not_be_opened_for_a_moment_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch, opened: int
) -> None:
    every = [d for n in range(2) for d in put(store, n)]
    age(store)
    really, left = os.open, opened

    def failing(path: str | Path, *args: int, **more: int) -> int:
        nonlocal left
        if Path(path).parent.name == "packs":
            left -= 1
            if left < 0:
                raise OSError(24, "Too many open files")
        return really(path, *args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", failing)
        with contextlib.suppress(DistError):
            clean(Store(store.root), set(every), older_than=2000)
    assert [Store(store.root).read(d) for d in every] == [b for n in range(2) for b in data_of(n)]


def test_a_damaged_box_of_which_more_can_be_read_a_moment_later_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = put(store, 1)
    pread, times = os.pread, 0

    def failing(fd: int, size: int, at: int) -> bytes:
        nonlocal times
        times += 1
        if times < 20:
            raise OSError(5, "Input/output error")
        return pread(fd, size, at)

    monkeypatch.setattr(os, "pread", failing)
    clean(store, set(every), older_than=NOW + 60)
    monkeypatch.undo()
    assert [Store(store.root).read(d) for d in every] == data_of(1)


def test_a_folder_in_the_place_of_a_file_is_left_alone_and_the_rest_is_cleaned(
    store: Store,
) -> None:
    kept, gone = put(store, 1), put(store, 2)
    [alone, lost] = store.put_many([b"x" * 40, b"y" * 40])
    name = store.path(lost)
    name.unlink()
    odd = [store.root / "packs" / ("0" * 64), name]
    for folder in odd:
        folder.mkdir()
        (folder / "mine").write_text("mine")
    age(store)
    would = clean(store, {*kept, lost}, older_than=2000, dry_run=True)
    done = clean(store, {*kept, lost}, older_than=2000)
    assert done == would
    assert done.folders == tuple(sorted(odd))
    assert (done.blobs, done.lost) == (len(gone) + 1, {lost})
    assert not store.has(alone)
    assert [(folder / "mine").read_text() for folder in odd] == ["mine", "mine"]


def test_a_link_in_the_place_of_a_file_goes_and_what_it_leads_to_stays(store: Store) -> None:
    put(store, 1)
    [digest] = store.put_many([b"x" * 40])
    place, folder = store.path(digest), store.root / "elsewhere"
    folder.mkdir()
    (folder / "mine").write_text("mine")
    place.unlink()
    place.symlink_to(folder)
    os.utime(place, (1000, 1000), follow_symlinks=False)
    done = clean(store, set(), older_than=2000)
    assert (done.blobs, done.folders) == (1, ())
    assert not place.is_symlink()
    assert (folder / "mine").read_text() == "mine"


def test_a_rehearsal_leaves_everything_and_a_clean_up_removes_what_killed_commands_left(
    store: Store,
) -> None:
    kept = [*put(store, 1), *put(store, 2)]
    [junk] = store.put_many([b"x" * 40])
    for going in (boxes(store)[0], store.path(junk)):
        going.rename(f"{going}~")
    left = store.root / "incoming" / "half"
    left.write_bytes(b"half of a box")
    age(store)
    before = everything(store)
    would = clean(Store(store.root), set(kept), older_than=2000, dry_run=True)
    assert everything(store) == before
    done = clean(Store(store.root), set(kept), older_than=2000)
    assert done == would
    assert (done.blobs, done.joined, done.lost) == (1, 2, frozenset())
    assert not left.exists()
    assert all(Store(store.root).has(digest) for digest in kept)


def test_a_box_of_a_newer_program_is_left_alone(store: Store) -> None:
    needed, junk = put(store, 1), put(store, 2)
    for box in boxes(store):
        data = box.read_bytes()
        box.write_bytes(data.replace(b"hd-entry", b"hd-other").replace(b"hd-pack1", b"hd-pack2"))
    newer = {box: box.read_bytes() for box in boxes(store)}
    known = put(store, 3)
    age(store)
    store = Store(store.root)
    done = clean(store, {*needed, *known}, older_than=2000)
    assert (done.newer, done.damaged, done.blobs) == (2, 0, 0)
    assert done.lost == set(needed)
    assert {box: box.read_bytes() for box in boxes(store) if box in newer} == newer
    assert [store.read(digest) for digest in known] == data_of(3)
    assert not any(store.has(digest) for digest in junk)
