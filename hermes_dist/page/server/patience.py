"""How long a connection may take, and how many there may be: slow and many ones must not keep others out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from hermes_dist.ops.peers import Address

HEAD_SECONDS = 10.0
"""So long may a connection take to send the head of its next request."""
BODY_SECONDS = 30.0
"""So long may a request take to send its body."""
SEND_SECONDS = 30.0
"""So long may one part of a reply take to be received."""
CONNECTIONS = 128
"""So many connections there may be; more are closed at once."""
HEAD_BYTES = 16 << 10


LetsIn = Callable[[Address, Address], bool]
"""Whether the process at the other end of a connection may connect, by both ends."""


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that ends a connection which does not send the head of a request in time, or is not let in."""

    lets_in: LetsIn

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base has it
        """Take a connection, if there are not too many."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS or not self._is_let_in():
            transport.abort()
            return
        self._wait()

    def _is_let_in(self) -> bool:
        here = self.server
        if self.client is None or here is None or here[1] is None:
            return False
        return type(self).lets_in(self.client, (here[0], here[1]))

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._wait(on=False)
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._wait()

    def _wait(self, *, on: bool = True) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
        if on and not self.transport.is_closing():
            self._late = self.loop.call_later(HEAD_SECONDS, self._too_late)

    def _too_late(self) -> None:
        # A request that is being answered has come in time; its body has a time limit of its own.
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()


def protocol_for(lets_in: LetsIn) -> type[PatientProtocol]:
    """Make the class of connections that only some processes may have."""

    class Protocol(PatientProtocol):
        """A connection."""

    Protocol.lets_in = staticmethod(lets_in)
    return Protocol
