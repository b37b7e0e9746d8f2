"""What another thread writes: the same bytes, and an error that reaches the one who waits for it."""

from __future__ import annotations

import contextlib
import threading

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from tars import Memory

from hermes_dist.world.archive import behind as module
from hermes_dist.world.archive.behind import behind
from hermes_dist.world.archive.write import GzipWriter


class Noting(Memory):
    """A sink that remembers what it was given, and who gave it."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self.threads: set[threading.Thread] = set()
        self.closed = False

    def write(self, data: bytes) -> None:
        super().write(data)
        self.sizes.append(len(data))
        self.threads.add(threading.current_thread())

    def close(self) -> None:
        self.closed = True


class Failing(Noting):
    """A sink on a disk that is full from some piece on."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def write(self, data: bytes) -> None:
        if len(self.sizes) == self._room:
            raise OSError(28, "No space left on device")
        super().write(data)


@given(st.lists(st.binary(max_size=40), max_size=60))
@settings(max_examples=examples(100), deadline=None)
def test_the_bytes_are_those_of_one_thread(pieces: list[bytes]) -> None:
    plain, other = Memory(), Noting()
    straight = GzipWriter(plain)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PIECE", 50)
        with behind(GzipWriter(other)) as sink:
            for piece in pieces:
                straight.write(piece)
                sink.write(piece)
            sink.close()
    straight.close()
    assert other.data == plain.data
    assert other.closed


def test_pieces_have_one_size_and_come_from_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PIECE", 100)
    out = Noting()
    with behind(out) as sink:
        for _ in range(1000):
            sink.write(b"x" * 10)
        sink.close()
    assert set(out.sizes[:-1]) == {100}
    assert sum(out.sizes) == 10_000
    assert threading.current_thread() not in out.threads
    assert not any(thread.is_alive() for thread in out.threads)


@pytest.mark.parametrize("room", [0, 1, 30])
def test_an_error_reaches_the_one_who_writes(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    monkeypatch.setattr(module, "_PIECE", 1)
    out = Failing(room)
    with pytest.raises(OSError, match="No space"):
        _write(out, 31)
    assert len(out.data) == room
    assert not out.closed


def test_nothing_is_written_after_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PIECE", 1)
    out = Noting()
    with contextlib.suppress(KeyboardInterrupt), behind(out) as sink:
        sink.write(b"x")
        raise KeyboardInterrupt
    assert not any(thread.is_alive() for thread in out.threads)
    written = len(out.data)
    sink.stop()
    assert (len(out.data), out.closed) == (written, False)


def _write(out: Noting, pieces: int) -> None:
    with behind(out) as sink:
        for _ in range(pieces):
            sink.write(b"x")
        sink.close()
