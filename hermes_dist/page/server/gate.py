"""Who may come in: the right host, the right page, and the token that the terminal showed."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from collections.abc import Iterable

from starlette.datastructures import Headers

from hermes_dist.light import NamedTuple

_BYTES = 32
_FREE_TRIES = 5
"""So many wrong tokens are answered at once; each further one waits longer."""
_LONGEST_WAIT = 8.0
_MOST_WAITING = 8
"""So many wrong tokens wait at a time; more are turned away."""
_ONCE_SECONDS = 120


class Denied(NamedTuple):
    """Why a request is turned away: a status of HTTP, and a sentence."""

    status: int
    why: str


class Keys:
    """The secrets of one run of the server.

    Attributes:
        shown: The token of the address that the terminal shows; it opens the page in any browser.
    """

    def __init__(self) -> None:
        self.shown = secrets.token_urlsafe(_BYTES)
        self._session = secrets.token_urlsafe(_BYTES)
        self._once: dict[str, float] = {}
        self._wrong = 0
        self._waiting = 0

    def once(self) -> str:
        """Make a token that opens the page one time, within two minutes.

        It is for the browser that this program starts: other users can read the words that a program is started with.
        """
        token = secrets.token_urlsafe(_BYTES)
        self._once[token] = time.monotonic() + _ONCE_SECONDS
        return token

    def opens(self, token: str) -> bool:
        """Whether a token of an address opens the page; one that does so once is used up."""
        # Every token is compared, and each in constant time: how long it takes says nothing.
        found = [known for known in self._once if _same(known, token)]
        right = _same(self.shown, token)
        for known in found:
            right |= self._once.pop(known) >= time.monotonic()
        return right

    @property
    def session(self) -> str:
        """The value of the cookie."""
        return self._session

    def is_session(self, value: str) -> bool:
        """Whether a cookie is ours."""
        return _same(self._session, value)

    async def wrong(self) -> Denied:
        """Count a wrong token; from the sixth on, the answer takes its time."""
        self._wrong += 1
        beyond = self._wrong - _FREE_TRIES
        if beyond > 0:
            if self._waiting >= _MOST_WAITING:
                return Denied(429, "too many wrong tokens; wait a little")
            self._waiting += 1
            try:
                await asyncio.sleep(min(0.25 * 2 ** min(beyond, 10), _LONGEST_WAIT))
            finally:
                self._waiting -= 1
        return Denied(
            401, "this address is not the right one: open the one that the terminal shows"
        )


def _same(known: str, given: str) -> bool:
    return hmac.compare_digest(known.encode(), given.encode("utf-8", "surrogatepass"))


class Gate:
    """Compares where a request comes from with where the page is.

    Args:
        port: The port that the server listens on.
    """

    def __init__(self, port: int) -> None:
        self.cookie = f"hermes-dist-{port}"
        self._hosts = frozenset((f"127.0.0.1:{port}", f"localhost:{port}"))

    def denies(self, method: str, headers: Headers, *, is_page: bool) -> Denied | None:
        """Return why a request is turned away before its token is looked at; None if it is not.

        Args:
            method: Its method.
            headers: Its headers.
            is_page: Whether it asks for the page itself, to which a link elsewhere may lead.
        """
        hosts = headers.getlist("host")
        # A name of another host that leads to this machine is how a foreign page would get in (DNS rebinding).
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return Denied(403, "the page is at 127.0.0.1 alone")
        origins = headers.getlist("origin")
        if any(origin != f"http://{hosts[0].lower()}" for origin in origins):
            return Denied(403, "another page may not ask here")
        if method == "POST" and len(origins) != 1:
            return Denied(403, "a change comes from the page alone")
        return _denies_site(headers, is_page=is_page)

    def session_of(self, headers: Headers) -> str | None:
        """The value of our cookie; None without one. If a name comes twice, neither counts."""
        found = [value for name, value in _cookies(headers) if name == self.cookie]
        return found[0] if len(found) == 1 else None


def _denies_site(headers: Headers, *, is_page: bool) -> Denied | None:
    """By what browsers say themselves about where a request comes from; older ones say nothing."""
    site = headers.get("sec-fetch-site", "same-origin")
    if site in {"same-origin", "none"}:
        return None
    opens = (
        is_page
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )
    return None if opens else Denied(403, "another page may not ask here")


def _cookies(headers: Headers) -> Iterable[tuple[str, str]]:
    for line in headers.getlist("cookie"):
        for part in line.split(";"):
            name, _, value = part.strip().partition("=")
            yield name, value
