"""Damaged boxes: what is still whole in one can be read, and a clean-up writes it anew."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.errors import Lost
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.contents.clean import clean
from hermes_dist.world.disk.contents.form import ENTRY, ENTRY_MARK
from hermes_dist.world.disk.store import Store

BLOBS = [b"%03d" % n * (n + 1) for n in range(60)]
ENTRIES = sum(ENTRY.size + len(blob) for blob in BLOBS)
NOW = time.time()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def box_of(store: Store) -> Path:
    [box] = (store.root / "packs").iterdir()
    return box


def readable(store: Store, digests: list[Digest]) -> list[Digest]:
    """Those that can be read; whoever asks for one that can't be is told so."""
    found = []
    for digest, data in zip(digests, BLOBS, strict=True):
        try:
            assert store.read(digest) == data
        except Lost:
            continue
        found.append(digest)
    return found


@pytest.mark.parametrize(
    ("left", "whole"),
    [
        (0, 0),
        (10, 0),
        (ENTRY.size + len(BLOBS[0]), 1),
        (ENTRIES - 1, 59),
        (ENTRIES, 60),
        (ENTRIES + 100, 60),
        (-20, 60),
        (-1, 60),
    ],
)
def test_what_a_copy_that_was_cut_short_still_has_is_read_and_the_rest_can_be_put_again(
    store: Store, left: int, whole: int
) -> None:
    digests = store.put_many(BLOBS)
    box = box_of(store)
    box.write_bytes(box.read_bytes()[:left])
    fresh = Store(store.root)
    assert readable(fresh, digests) == digests[:whole]
    assert [fresh.has(d) for d in digests] == [True] * whole + [False] * (60 - whole)
    done = clean(fresh, set(digests), older_than=NOW - 60, dry_run=True)
    assert (done.damaged, done.rescued, done.lost) == (1, whole, frozenset(digests[whole:]))
    assert Store(store.root).put_many(BLOBS) == digests
    assert [fresh.read(d) for d in digests] == BLOBS
    assert [Store(store.root).read(d) for d in digests] == BLOBS


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_damaged_box_is_written_anew_without_its_loss(store: Store, hours: int) -> None:
    older_than = NOW + hours * 3600
    digests = store.put_many(BLOBS)
    box = box_of(store)
    box.write_bytes(box.read_bytes()[: ENTRIES - 1])
    done = clean(store, set(digests), older_than=older_than)
    assert (done[:2], done.damaged, done.rescued) == ((0, 0), 1, 59)
    assert done.lost == {digests[59]}
    again = clean(store, set(digests), older_than=older_than)
    assert (again.damaged, again.lost) == (0, {digests[59]})
    assert not box.exists()
    for one in (store, Store(store.root)):
        assert readable(one, digests) == digests[:59]


def test_a_box_of_which_only_the_rows_are_damaged_gets_them_back(store: Store) -> None:
    digests = store.put_many(BLOBS)
    box = box_of(store)
    whole = box.read_bytes()
    box.write_bytes(whole[:ENTRIES] + bytes(len(whole) - ENTRIES))
    assert clean(store, set(digests), older_than=NOW - 3600).lost == frozenset()
    assert box.read_bytes() == whole
    assert not list((store.root / "incoming").iterdir())


def test_the_first_boxes_without_digests_before_contents_give_what_their_rows_still_say(
    store: Store,
) -> None:
    digests = store.put_many(BLOBS)
    rows, at = b"", 0
    for digest, data in sorted(zip(digests, BLOBS, strict=True)):
        rows += struct.pack(">32sQQ", bytes.fromhex(digest), at, len(data))
        at += len(data)
    contents = b"".join(data for _, data in sorted(zip(digests, BLOBS, strict=True)))
    end = struct.pack(">8sQ", b"hd-pack1", len(BLOBS))
    box_of(store).unlink()
    name = Digest.of(rows)
    box = store.root / "packs" / name
    box.write_bytes(contents + rows + end)
    assert readable(Store(store.root), digests) == digests
    box.write_bytes(contents + bytes(48 * 7) + rows[48 * 7 :] + end)
    assert set(readable(Store(store.root), digests)) == set(sorted(digests)[7:])


def test_no_digest_in_a_content_makes_another_content(store: Store) -> None:
    fake = Digest.of(b"is not there")
    forged = ENTRY.pack(ENTRY_MARK, bytes.fromhex(fake), 5) + b"wrong"
    digests = store.put_many([forged, ENTRY_MARK * 50, *BLOBS])
    box = box_of(store)
    box.write_bytes(b"\0" * 20 + box.read_bytes()[20:-1])
    fresh = Store(store.root)
    assert not fresh.has(fake)
    assert not fresh.has(digests[0])
    assert fresh.read(digests[1]) == ENTRY_MARK * 50
    assert readable(fresh, digests[2:]) == digests[2:]


@given(st.data())
@settings(max_examples=examples(60), deadline=None)
def test_wherever_a_box_is_damaged_what_was_not_hit_is_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    store = Store(tmp_path_factory.mktemp("s") / "store")
    digests = store.put_many(BLOBS)
    box = box_of(store)
    whole = box.read_bytes()
    begin = data.draw(st.integers(0, len(whole) - 1))
    size = data.draw(st.integers(1, 200))
    box.write_bytes((whole[:begin] + b"\xff" * size + whole[begin + size :])[: len(whole)])
    hit, at = set(), 0
    for digest, blob in zip(digests, BLOBS, strict=True):
        end = at + ENTRY.size + len(blob)
        if begin < end and begin + size > at:
            hit.add(digest)
        at = end
    got = {*readable(Store(store.root), digests)}
    assert got >= {*digests} - hit
    done = clean(Store(store.root), set(digests), older_than=NOW - 60)
    assert done.lost <= hit
    assert not clean(Store(store.root), set(digests), older_than=NOW - 60).damaged


class Failing:
    """A disk that can't read some pages of one file."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, pages: range) -> None:
        self.pages = pages
        read = os.pread

        def pread(fd: int, size: int, at: int) -> bytes:
            if self.pages and at < self.pages.stop * 4096 and at + size > self.pages.start * 4096:
                raise OSError(5, "Input/output error")
            return read(fd, size, at)

        monkeypatch.setattr(os, "pread", pread)


@pytest.mark.parametrize("at_the_end", [True, False])
def test_behind_a_sector_that_can_not_be_read_contents_are_found_and_the_box_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch, at_the_end: bool
) -> None:
    blobs = [b"%04d" % n * 100 for n in range(100)]
    digests = store.put_many(blobs)
    box = box_of(store)
    size = box.stat().st_size
    if not at_the_end:  # then the entries have to be searched for
        box.write_bytes(box.read_bytes()[:-1])
    last = (size - 1) // 4096
    disk = Failing(monkeypatch, range(last, last + 1) if at_the_end else range(3, 4))
    fresh = Store(store.root)
    assert sum(map(fresh.has, digests)) >= 85
    done = clean(fresh, set(digests), older_than=NOW - 60)
    assert done.damaged == 1
    assert box.exists()
    disk.pages = range(0)
    assert [Store(store.root).read(d) for d in digests] == blobs
    if at_the_end:
        return
    assert clean(Store(store.root), set(digests), older_than=NOW - 60).lost == frozenset()
    assert not box.exists()
