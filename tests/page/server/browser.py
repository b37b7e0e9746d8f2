"""A stand-in for a browser, and for an attacker: plain HTTP over a real socket, with exactly the headers that are named."""

from __future__ import annotations

import http.client
import json
import os
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from hermes_dist.brand import HERMES, Layout
from hermes_dist.ops.context import Context
from hermes_dist.page.answer import ContextOf
from hermes_dist.page.server import run
from hermes_dist.page.server.files import Served

PAGE = {
    "index.html": Served("text/html; charset=utf-8", b"<!doctype html><style nonce=__CSP_NONCE__>"),
    "app.js": Served("text/javascript; charset=utf-8", b"1"),
}


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def why(self) -> str:
        found: str = self.json["error"]["error"]["message"]
        return found


class Running:
    """The server in a thread of this process.

    Args:
        context_of: Makes the context of each request; by default that of ``$HOME``.
        more: Passed on to ``serve``.
    """

    def __init__(self, context_of: ContextOf | None = None, **more: Any) -> None:
        self._servers: list[Any] = []
        self._started = threading.Event()
        self.ended_idle: bool | None = None
        self._ask = context_of or of_home
        self._more = {"files": PAGE, "owners": frozenset({os.geteuid()}), **more}
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        def ready(address: run.Address) -> None:
            self.address = address
            self._started.set()

        kept = self._servers

        class Server(run._Server):
            def __init__(self, *args: Any) -> None:
                super().__init__(*args)
                kept.append(self)

        before, run._Server = run._Server, Server  # type: ignore[misc]  # to end it
        try:
            self.ended_idle = run.serve(self._ask, ready, **self._more)
        finally:
            run._Server = before  # type: ignore[misc]  # as before
            self._started.set()

    def __enter__(self) -> Running:
        self._thread.start()
        assert self._started.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        for server in self._servers:
            server.should_exit = True
        self._thread.join(30)
        assert not self._thread.is_alive()

    @property
    def port(self) -> int:
        return self.address.port

    @property
    def token(self) -> str:
        return self.address.shown.rpartition("token=")[2]

    def browser(self) -> Browser:
        """A browser that has opened the page."""
        found = Browser(self.port)
        found.open(self.address.shown)
        return found

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)


def of_home(progress: Callable[[str], None]) -> Context:
    root = Path(os.environ["HOME"]) / ".hermes"
    layout = Layout(HERMES, root, root.parent)
    return Context(HERMES, layout, dict(os.environ), progress=progress)


class Browser:
    """Sends what a browser sends for a page at ``127.0.0.1:port``; each header can be replaced, or left out by None."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie: str | None = None
        self.states: dict[str, str] = {}

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open(self, url: str) -> Answer:
        """Open an address as a user does, and keep the cookie."""
        parts = urlsplit(url)
        answer = self.raw("GET", f"{parts.path}?{parts.query}", {"Sec-Fetch-Site": "none"})
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    def raw(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str | None] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        named: dict[str, str | None] = {"Host": f"127.0.0.1:{self.port}", "Cookie": self.cookie}
        named |= headers or {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in named.items():
                if value is not None:
                    connection.putheader(name, value.encode("latin-1"))
            if body is not None and "Content-Length" not in named:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            given = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, given, response.read())
        finally:
            connection.close()

    def get(
        self, name: str, /, headers: Mapping[str, str | None] | None = None, **words: Any
    ) -> Answer:
        """Ask for something, as the page does."""
        query = f"?{urlencode(words, doseq=True)}" if words else ""
        answer = self.raw(
            "GET", f"/api/v1/{name}{query}", {"Sec-Fetch-Site": "same-origin", **(headers or {})}
        )
        self._seen(answer)
        return answer

    def post(
        self,
        name: str,
        data: object,
        headers: Mapping[str, str | None] | None = None,
    ) -> Answer:
        """Send something, as the page does."""
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        named = {
            "Origin": self.origin,
            "Sec-Fetch-Site": "same-origin",
            "Content-Type": "application/json",
            **(headers or {}),
        }
        answer = self.raw("POST", f"/api/v1/{name}", named, body)
        self._seen(answer)
        return answer

    def write(self, name: str, /, profile: str = "bot", plan: str = "", **fields: Any) -> Answer:
        """Change a profile in the state in which it was seen last."""
        state = self.states.get(profile, "")
        data = {"profile": profile, "state": state, "plan": plan, "fields": fields}
        return self.post(name, data)

    def _seen(self, answer: Answer) -> None:
        if answer.status == 200 and answer.headers.get("content-type") == "application/json":
            body = answer.json
            if body.get("profile"):
                self.states[body["profile"]] = body["state"]
