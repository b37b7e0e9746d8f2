"""Pass bytes to another thread, so that compressing or encrypting them does not wait for reading.

zlib and the system let other threads run meanwhile. The bytes are passed on in the same order and in pieces of the same
size on every machine, so what is written does not depend on how many processors there are.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from queue import Queue
from threading import Thread

from hermes_dist.world.archive.write import Sink

_PIECE = 1 << 18
_WAITING = 4
"""This many pieces wait at most: a megabyte."""


class Behind:
    """Passes what is written on to another sink; see :func:`behind`."""

    def __init__(self, out: Sink) -> None:
        self._out = out
        self._held: list[bytes] = []
        self._size = 0
        self._pieces: Queue[bytes | None] = Queue(_WAITING)
        self._error: BaseException | None = None
        self._stopped = False
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        self._held.append(data)
        self._size += len(data)
        if self._size >= _PIECE:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._end()
        self._check()
        self._out.close()

    def stop(self) -> None:
        """Pass nothing more on, and wait until the other thread has ended; does nothing after the end."""
        self._stopped = True
        self._end()

    def _flush(self) -> None:
        self._check()
        self._pieces.put(b"".join(self._held))
        self._held, self._size = [], 0

    def _end(self) -> None:
        if self._thread.is_alive():
            self._pieces.put(None)
            self._thread.join()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        # After an error it takes what comes all the same, so that nobody waits for room in the queue.
        while (piece := self._pieces.get()) is not None:
            if self._stopped or self._error is not None:
                continue
            try:
                self._out.write(piece)
            except BaseException as error:  # noqa: BLE001 - raised where the next piece is written
                self._error = error


@contextlib.contextmanager
def behind(out: Sink) -> Iterator[Behind]:
    """Write to a sink in another thread until the end of the block.

    Args:
        out: Takes the bytes there; it is closed in this thread, with the sink that is given. What it raises is raised
            by a later call.
    """
    sink = Behind(out)
    try:
        yield sink
    finally:
        sink.stop()
