"""Run the server: on this machine alone, until Ctrl-C or until nobody has asked for a while."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from types import FrameType
from urllib.parse import urlencode

from uvicorn import Config, Server

from hermes_dist.errors import DistError, UsageError
from hermes_dist.light import NamedTuple
from hermes_dist.ops.peers import is_ours
from hermes_dist.page.answer import ContextOf
from hermes_dist.page.server.app import app_of
from hermes_dist.page.server.files import Served, files_of
from hermes_dist.page.server.gate import Gate, Keys
from hermes_dist.page.server.patience import CONNECTIONS, HEAD_BYTES, protocol_for
from hermes_dist.page.server.work import Work

LOOPBACK = "127.0.0.1"
IDLE_SECONDS = 30 * 60.0
_LOOK_SECONDS = 1.0
_HIGHEST_PORT = 65535


class Address(NamedTuple):
    """Where the page is.

    Attributes:
        port: Its port.
        shown: The address for people, with a token that opens it.
        once: Another one that opens it a single time, for the browser that is started.
    """

    port: int
    shown: str
    once: str


def serve(
    context_of: ContextOf,
    ready: Callable[[Address], None],
    *,
    files: Mapping[str, Served] | None = None,
    port: int = 0,
    shows: Mapping[str, str] | None = None,
    owners: frozenset[int],
    idle: float = IDLE_SECONDS,
    ending: Callable[[], None] = lambda: None,
) -> bool:
    """Serve the page until Ctrl-C, or until nothing was asked for a while.

    A change that has begun is finished first.

    Args:
        context_of: Makes the context of a request.
        ready: Called once it can be opened.
        files: The files of the page; None for those of this installation.
        port: The port; 0 for any that is free.
        shows: Words for the address: what is shown first.
        owners: The users whose processes may connect.
        idle: After so many seconds without a request it ends.
        ending: Called when it is told to end while something is being done, which it finishes first.

    Returns:
        Whether it ended because nobody asked.

    Raises:
        UsageError: The port is not valid.
        DistError: The port is taken, or may not be used.
    """
    files = files_of() if files is None else files
    with closing(_bound(port)) as listening:
        number: int = listening.getsockname()[1]
        keys = Keys()
        work = Work(context_of)
        config = Config(
            app_of(work, files, keys, Gate(number)),
            http=protocol_for(partial(is_ours, owners)),
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            limit_concurrency=CONNECTIONS,
            h11_max_incomplete_event_size=HEAD_BYTES,
            timeout_keep_alive=5,
        )
        server = _Server(config, lambda: ending() if work.is_busy else None)
        ready(_address(number, keys, shows or {}))
        asyncio.run(_served(server, work, listening, idle))
        return work.is_over


class _Server(Server):
    """A server that ends on Ctrl-C without raising it again: that is how it is meant to end.

    Args:
        config: Its configuration.
        ending: Called when it is told to end for the first time.
    """

    def __init__(self, config: Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending = ending

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Listen to the signals that end it."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _ENDING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End; the second time at once."""
        if not self.should_exit:
            self._ending()
        super().handle_exit(sig, frame)


_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _bound(port: int) -> socket.socket:
    """Listen on this machine alone."""
    if not 0 <= port <= _HIGHEST_PORT:
        raise UsageError(f"--port takes a number up to {_HIGHEST_PORT}, not {port}")
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # So that the same port can be used again at once; another server can't take it while this one has it.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOOPBACK, port))
        listening.listen(CONNECTIONS)
    except OSError as error:
        listening.close()
        raise _not_bound(error, port) from error
    listening.setblocking(False)
    return listening


def _not_bound(error: OSError, port: int) -> DistError:
    what = f"can't listen on port {port}: {error.strerror}"
    if error.errno == errno.EADDRINUSE:
        what = f"port {port} is taken"
    return DistError(what, where=LOOPBACK, hint="choose another --port, or leave it out")


def _address(port: int, keys: Keys, shows: Mapping[str, str]) -> Address:
    def spelled(token: str) -> str:
        return f"http://{LOOPBACK}:{port}/?{urlencode({**shows, 'token': token})}"

    return Address(port, spelled(keys.shown), spelled(keys.once()))


async def _served(server: Server, work: Work, listening: socket.socket, idle: float) -> None:
    watch = asyncio.get_running_loop().create_task(_watch(server, work, idle))
    try:
        await server.serve(sockets=[listening])
    finally:
        watch.cancel()
        # What has begun is finished; if the user insists, the next command finishes it.
        while work.is_changing and not server.force_exit:
            await asyncio.sleep(0.05)


async def _watch(server: Server, work: Work, idle: float) -> None:
    """End the server when nobody has asked for a while; never while something is being done."""
    while not server.should_exit:
        await asyncio.sleep(min(_LOOK_SECONDS, idle))
        if not work.is_busy and time.monotonic() - work.last > idle:
            work.is_over = True
            server.should_exit = True
