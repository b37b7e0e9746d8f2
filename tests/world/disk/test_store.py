"""The store: whole blobs under the name of their content, or none."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from budget import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.contents import batch
from hermes_dist.world.disk.contents.clean import clean
from hermes_dist.world.disk.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "deep/store")


def everything(store: Store) -> list[Path]:
    return [p for p in store.root.rglob("*") if p.is_file()]


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.binary(max_size=50), max_size=8))
def test_what_was_put_is_read_back(store: Store, blobs: list[bytes]) -> None:
    assert [store.read(d) for d in store.put_many(iter(blobs))] == blobs


def test_files_and_folders_are_private_and_named_by_content(store: Store) -> None:
    old = os.umask(0)
    try:
        digests = store.put_many(f"{n}".encode() for n in range(batch.FEW))
    finally:
        os.umask(old)
    for path in [store.root, *store.root.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert (
        {p.parent.name + p.name for p in everything(store)} == set(digests) == set(store.digests())
    )


def test_putting_twice_writes_once(store: Store) -> None:
    digest = store.put(b"same")
    before = store.path(digest).stat()
    assert store.put_many([b"same", b"same"]) == [digest, digest]
    assert store.path(digest).stat().st_ino == before.st_ino
    assert len(everything(store)) == 1


def test_what_is_there_is_not_written_again_into_a_store_that_is_closed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = store.put_many([b"one", b"two"])
    for path in everything(store):
        os.utime(path, (0, 0))
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert Store(store.root).put_many([b"one", b"two", b"one"]) == [*digests, digests[0]]
    assert {path.stat().st_mtime for path in everything(store)} == {0}
    with monkeypatch.context() as patch:
        patch.setattr(batch.Batch, "run", lambda _, blobs: [*map(Digest.of, blobs)])
        asked = [b"two", b"new", b"one"]
        assert Store(store.root).put_many(asked) == [*map(Digest.of, asked)]


@pytest.mark.parametrize("count", [1, batch.FEW + 1])
def test_the_file_of_a_blob_is_known_if_it_has_one(store: Store, count: int) -> None:
    digests = store.put_many(f"{number}".encode() for number in range(count))
    assert {store.file_of(digest) for digest in digests} == {*map(str, everything(store))}
    for path in everything(store):
        path.unlink()
    assert {Store(store.root).file_of(digest) for digest in digests} == {None}


def test_a_missing_blob_is_told_with_a_way_out(store: Store) -> None:
    assert not store.has(Digest.of(b"never"))
    with pytest.raises(Invalid, match="is missing in the store") as caught:
        store.read(Digest.of(b"never"))
    assert "update" in caught.value.hint


@pytest.mark.parametrize("damage", [b"", b"sane?", b"sane and more"])
def test_a_damaged_blob_is_never_handed_out_and_can_be_put_again(
    store: Store, damage: bytes
) -> None:
    digest = store.put(b"sane!")
    store.path(digest).write_bytes(damage)
    with pytest.raises(Invalid, match="is damaged in the store"):
        store.read(digest)
    assert not store.has(digest)
    assert store.put(b"sane!") == digest
    assert store.read(digest) == b"sane!"


def test_a_torn_blob_is_replaced_without_having_been_read(store: Store) -> None:
    digest = store.put(b"whole")
    store.path(digest).write_bytes(b"who")
    store.put(b"whole")
    assert store.read(digest) == b"whole"


def test_a_symlink_in_place_of_a_blob_is_not_followed(store: Store, tmp_path: Path) -> None:
    digest = store.put(b"mine")
    store.path(digest).unlink()
    (tmp_path / "other").write_bytes(b"mine")
    store.path(digest).symlink_to(tmp_path / "other")
    with pytest.raises(DistError):
        store.read(digest)
    store.put(b"mine")
    assert not store.path(digest).is_symlink()
    assert (tmp_path / "other").read_bytes() == b"mine"


def test_an_error_on_the_way_keeps_nothing_new(store: Store) -> None:
    kept = store.put(b"old")

    def failing() -> Iterator[bytes]:
        yield b"one"
        yield b"two"
        raise Invalid("the source broke off")

    with pytest.raises(Invalid, match="broke off"):
        store.put_many(failing())
    assert [p.parent.name + p.name for p in everything(store)] == [kept]


def test_a_full_disk_is_told_and_keeps_nothing_new(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(b"old")

    def full(fd: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(DistError, match="No space left") as caught:
        store.put(b"new")
    assert "free some space" in caught.value.hint
    monkeypatch.undo()
    assert len(everything(store)) == 1


def test_only_old_blobs_that_nobody_needs_are_collected(store: Store) -> None:
    needed, lost, young = store.put_many([b"needed", b"lost", b"young"])
    for digest in (needed, lost):
        os.utime(store.path(digest), (1000, 1000))
    left = store.root / "incoming" / "left-by-a-crash"
    left.write_bytes(b"x")
    os.utime(left, (1000, 1000))
    assert clean(store, {needed}, older_than=2000)[:2] == (1, 4)
    assert [store.has(d) for d in (needed, lost, young)] == [True, False, True]
    assert not left.exists()


def test_putting_again_saves_an_old_blob_from_collection(store: Store) -> None:
    digest = store.put(b"wanted again")
    os.utime(store.path(digest), (1000, 1000))
    store.put(b"wanted again")
    assert clean(store, set(), older_than=time.time() - 60)[:2] == (0, 0)
    assert store.read(digest) == b"wanted again"


@pytest.mark.parametrize("several", [batch.FEW, 20])
def test_many_users_and_a_collector_at_once_lose_nothing(store: Store, several: int) -> None:
    blobs = [f"blob {n % several}".encode() for n in range(60)]
    stop, failures = threading.Event(), []
    start = time.time() - 3600

    def use() -> None:
        for _ in range(4):
            for digest, data in zip(store.put_many(blobs), blobs, strict=True):
                if store.read(digest) != data:
                    failures.append(digest)

    def collect() -> None:
        while not stop.is_set():
            clean(store, set(), older_than=start)

    threads = [threading.Thread(target=use) for _ in range(4)]
    collector = threading.Thread(target=collect)
    for thread in (*threads, collector):
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    collector.join()
    assert not failures
    assert set(store.digests()) == {Digest.of(data) for data in blobs}
