"""The work behind the replies: in a few threads, and at most one change of a profile at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from weakref import WeakValueDictionary

from hermes_dist.errors import DistError
from hermes_dist.page.answer import ContextOf, answer
from hermes_dist.page.exchange import Ask, Progress, Reply
from hermes_dist.page.pipe import bad
from hermes_dist.page.requests.table import REQUESTS

THREADS = 8

_Task = Callable[[], None]


class Work:
    """Answers requests.

    Args:
        context_of: Makes the context of a request.

    Attributes:
        last: When the last request came or was answered.
        is_over: Nobody has asked for so long that the server ends.
    """

    def __init__(self, context_of: ContextOf) -> None:
        self._context_of = context_of
        self._tasks: SimpleQueue[_Task] = SimpleQueue()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._running: set[asyncio.Task[Reply]] = set()
        self._changing = 0
        self.last = time.monotonic()
        self.is_over = False
        # Threads that end with the program: whoever ends it twice does not wait for a server that never answers.
        for _ in range(THREADS):
            self._start()

    @property
    def is_busy(self) -> bool:
        """Whether something is being done."""
        return bool(self._running)

    @property
    def is_changing(self) -> bool:
        """Whether a change is being made."""
        return self._changing > 0

    def begin(self, ask: Ask, heard: Callable[[Progress], None]) -> asyncio.Task[Reply]:
        """Begin to answer a request; the work goes on if nobody waits for its reply.

        Args:
            ask: The request.
            heard: Hears of progress, in the loop of the server.
        """
        self.last = time.monotonic()
        task = asyncio.get_running_loop().create_task(self._answered(ask, heard))
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Reply]) -> None:
        self._running.discard(task)
        self.last = time.monotonic()

    async def _answered(self, ask: Ask, heard: Callable[[Progress], None]) -> Reply:
        row = REQUESTS.get(ask.name)
        if row is None or not row.writes:
            return await self._in_thread(ask, heard)
        # The second of two tabs waits here, and then its state is an old one.
        lock = self._locks.setdefault(ask.profile, asyncio.Lock())
        async with lock:
            self._changing += 1
            try:
                return await self._in_thread(ask, heard)
            finally:
                self._changing -= 1

    async def _in_thread(self, ask: Ask, heard: Callable[[Progress], None]) -> Reply:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Reply] = loop.create_future()

        def tell(progress: Progress) -> None:
            loop.call_soon_threadsafe(heard, progress)

        def run() -> None:
            reply = bad(DistError("a bug in this program: the request ended without a reply"), 500)
            try:
                reply = answer(self._context_of, ask, tell)
            finally:
                loop.call_soon_threadsafe(_settle, done, reply)

        self._tasks.put(run)
        return await done

    def _work(self) -> None:
        try:
            while True:
                self._tasks.get()()
        finally:
            self._start()  # a fault ended this thread, so another one takes its place

    def _start(self) -> None:
        Thread(target=self._work, daemon=True).start()


def _settle(done: asyncio.Future[Reply], reply: Reply) -> None:
    if not done.done():
        done.set_result(reply)
