"""Ask many servers over HTTP for their refs in this process, on open connections, without starting git for each.

A git takes as long to start as a server near by to answer, and connects anew. This asks for nothing but what git would
be told without a login; whatever else a server says, and every failure, leads to git, which also says what is wrong.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urlsplit

from hermes_dist import __version__
from hermes_dist.light import NamedTuple
from hermes_dist.world.git.advertised import TYPE, advertised
from hermes_dist.world.ports import Refs
from hermes_dist.world.trace import note

_SECONDS = 5.0
_CONNECTS = 2.0
"""For each address of a server."""
_SLOW = 1.0
"""Where a connection takes longer, some addresses may lead nowhere: git tries several at once, and this does not."""
_LARGEST = 8 << 20
_HEADERS = {
    # Some hosts tell git from a browser by this word.
    "User-Agent": f"git/hermes-dist-{__version__}",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Pragma": "no-cache",
}
_OF_ONE = frozenset([301, 302, 303, 307, 308, 404, 410])
"""Answers that say something about one repository, and nothing about the others of a server."""


_FAILURES = (OSError, http.client.HTTPException, ValueError)


class _Mine(threading.local):
    """What belongs to one thread: its last connection."""

    connection: _Connection | None = None

    @property
    def is_slow(self) -> bool:
        return self.connection is not None and self.connection.is_slow


class Direct:
    """Connections to servers over HTTP, one for each thread; a context manager. Thread-safe.

    Args:
        may_ask: Whether it may ask an address.
    """

    def __init__(self, may_ask: Callable[[str], bool]) -> None:
        self._may_ask = may_ask
        self._mine = _Mine()
        self._kept: list[_Connection] = []
        self._left: set[str] = set()
        self._slow = False
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._kept:
            connection.close()

    def refs(self, url: str) -> Refs | None:
        """Ask a repository.

        Args:
            url: Its address.

        Returns:
            Its refs; None if git has to ask.
        """
        if not self._may_ask(url):
            return None
        parts = urlsplit(url)
        server = f"{parts.scheme}://{parts.netloc}"
        if self._slow or server in self._left:
            return None
        note("ask", url)
        try:
            answer = self._asked(server, f"{parts.path.removesuffix('/')}/info/refs")
        except _FAILURES as error:
            answer = _Answer(0, type(error).__name__)
        self._slow = self._slow or self._mine.is_slow
        found = advertised(answer.body) if answer.is_refs else None
        if found is None:
            note("ask", url, "by git:", answer.status, answer.kind)
            if not answer.is_refs and answer.status not in _OF_ONE:
                self._left.add(server)
        return found

    def _asked(self, server: str, path: str) -> _Answer:
        connection = self._mine.connection
        if connection is not None and connection.server == server:
            # The server may have closed it while nobody asked.
            with contextlib.suppress(ConnectionError):
                return connection.ask(path)
        if connection is not None:
            connection.close()
        self._mine.connection = connection = _Connection(server, self._context(server))
        self._kept.append(connection)
        return connection.ask(path)

    def _context(self, server: str) -> ssl.SSLContext | None:
        """How to check the certificate of a server; None for one without."""
        if not server.startswith("https:"):
            return None
        with self._lock:
            if self._tls is None:
                self._tls = ssl.create_default_context()
                self._tls.set_alpn_protocols(["http/1.1"])
            return self._tls


class _Answer(NamedTuple):
    """What a server answered.

    Attributes:
        status: The number; 0 for none.
        kind: The type of its body, or what failed.
        body: Its body, if that may be refs.
    """

    status: int
    kind: str
    body: bytes = b""

    @property
    def is_refs(self) -> bool:
        return self.status == 200 and self.kind == TYPE


class _Connection:
    """A connection to one server.

    Args:
        server: Its address.
        tls: How to check its certificate; None for a server without one.
    """

    def __init__(self, server: str, tls: ssl.SSLContext | None) -> None:
        self.server = server
        place = server.partition("://")[2]
        self._http = (
            http.client.HTTPSConnection(place, timeout=_CONNECTS, context=tls)
            if tls
            else http.client.HTTPConnection(place, timeout=_CONNECTS)
        )
        self._http.response_class = _Response
        self.is_slow = False

    def ask(self, path: str) -> _Answer:
        """Ask for the refs of a repository.

        Raises:
            OSError: The server can't be reached, or does not answer in time.
            HTTPException: It does not speak HTTP.
        """
        if self._http.sock is None:
            began = time.monotonic()
            try:
                self._http.connect()
            finally:
                self.is_slow = time.monotonic() - began > _SLOW
        self._http.sock.settimeout(_SECONDS)
        self._http.request("GET", f"{path}?service=git-upload-pack", headers=_HEADERS)
        with self._http.getresponse() as response:
            kind, packed = (
                response.headers.get(f"Content-{what}", "") for what in ("Type", "Encoding")
            )
            body = b""
            if response.status == 200 and kind == TYPE and not packed:
                body = response.read(_LARGEST)
        if not 0 < len(body) < _LARGEST:
            # The rest of it would be taken for the next answer.
            self.close()
            body = b""
        return _Answer(response.status, kind + packed, body)

    def close(self) -> None:
        self._http.close()


class _Response(http.client.HTTPResponse):
    """An answer that has to be whole in time: a limit for each read alone would let a server send for hours."""

    def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp.close()
        self.fp = io.BufferedReader(_Timely(sock))


class _Timely(io.RawIOBase):
    """What comes on a socket until a time.

    Args:
        sock: The socket; http.client may close it while an answer is read, which counts once this is closed, too.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._end = time.monotonic() + _SECONDS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
