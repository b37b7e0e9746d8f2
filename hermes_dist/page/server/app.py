"""The application: the page, its files, and the API."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hermes_dist.errors import DistError, UsageError
from hermes_dist.page.exchange import Ask, Progress, Reply, ask_of
from hermes_dist.page.fields import from_query
from hermes_dist.page.pipe import LONGEST_ASK, bad, parsed
from hermes_dist.page.requests.row import Row
from hermes_dist.page.requests.table import REQUESTS
from hermes_dist.page.server.files import INDEX, NONCE, Served
from hermes_dist.page.server.gate import Denied, Gate, Keys
from hermes_dist.page.server.patience import BODY_SECONDS, SEND_SECONDS
from hermes_dist.page.server.work import Work

API = "/api/v1/"
_BEAT_SECONDS = 15.0
"""So often a stream says that it is still there."""
_LONGEST_QUERY = 8 << 10
_JSON = "application/json"
_EVENTS = "text/event-stream"
_SHOWN_WORDS = ("profile", "screen")
"""Words of the address of the page that stay when its token goes."""


def app_of(work: Work, files: Mapping[str, Served], keys: Keys, gate: Gate) -> ASGIApp:
    """Make the application.

    Args:
        work: Answers requests.
        files: The files of the page.
        keys: Its secrets.
        gate: Knows where it is.
    """
    page = _Page(work, files)
    routes = [
        Route("/", page.index, methods=["GET"]),
        Route("/static/{name}", page.static, methods=["GET"]),
        Route(API + "{name}", page.api, methods=["GET", "POST"]),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return _Guard(app, keys, gate)


def _policy(nonce: str) -> str:
    """What the page may load: its own files and nothing else, from nowhere else."""
    return (
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"style-src 'self' 'nonce-{nonce}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )


_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class _Guard:
    """Stands before everything: lets in who may come in, and puts the same headers on every reply."""

    def __init__(self, app: ASGIApp, keys: Keys, gate: Gate) -> None:
        self.app = app
        self.keys = keys
        self.gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        nonce = secrets.token_urlsafe(16)
        scope["nonce"] = nonce

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _with_headers(message["headers"], nonce)}
            # A reader that stops to read would hold this reply for ever.
            await asyncio.wait_for(send(message), SEND_SECONDS)

        answer = await self._let_in(scope)
        try:
            await (answer or self.app)(scope, receive, told)
        except (TimeoutError, ClientDisconnect):
            return  # whoever asked is gone, or too slow

    async def _let_in(self, scope: Scope) -> Response | None:
        """The reply to a request that is not let in; None for one that is."""
        headers, path = Headers(scope=scope), scope["path"]
        is_page = path == "/" and scope["method"] in ("GET", "HEAD")
        denied = self.gate.denies(scope["method"], headers, is_page=is_page)
        if denied:
            return _denied(path, denied)
        query = dict(parse_qsl(_query(scope), keep_blank_values=True))
        if is_page and "token" in query:
            if self.keys.opens(query["token"]):
                return self._opened(query)
            return _denied(path, await self.keys.wrong())
        session = self.gate.session_of(headers)
        if session is None:
            return _without_cookie(path, query, headers, is_page=is_page)
        if not self.keys.is_session(session):
            return _denied(path, await self.keys.wrong())
        return None

    def _opened(self, query: Mapping[str, str]) -> Response:
        """Exchange the token for the cookie, and lead to an address without it."""
        cookie = f"{self.gate.cookie}={self.keys.session}; HttpOnly; Path=/; SameSite=Strict"
        where = {"location": _address(query), "set-cookie": cookie}
        return Response(status_code=303, headers=where)


def _query(scope: Scope) -> str:
    raw: bytes = scope["query_string"][:_LONGEST_QUERY]
    return raw.decode("latin-1")


def _address(query: Mapping[str, str], **more: str) -> str:
    """The address of the page, with what it shows."""
    kept = {word: query[word] for word in _SHOWN_WORDS if query.get(word, "")} | more
    return f"/?{urlencode(kept)}" if kept else "/"


def _without_cookie(
    path: str, query: Mapping[str, str], headers: Headers, *, is_page: bool
) -> Response:
    if is_page and headers.get("sec-fetch-site") == "cross-site" and "again" not in query:
        # A link of another page led here, so the browser kept the cookie back. From here it sends it.
        address = _address(query, again="1").replace("&", "&amp;")
        return _html(200, f'<meta http-equiv="refresh" content="0;url={address}">')
    return _denied(path, Denied(401, "open the address that the terminal shows"))


def _denied(path: str, denied: Denied) -> Response:
    if path.startswith(API):
        return _reply(bad(DistError(denied.why), denied.status))
    return _html(denied.status, f"<title>hermes-dist</title><p>{denied.why}</p>")


def _html(status: int, text: str) -> Response:
    return Response(f"<!doctype html>{text}", status, media_type="text/html")


def _with_headers(given: list[tuple[bytes, bytes]], nonce: str) -> list[tuple[bytes, bytes]]:
    ours = {**_HEADERS, "content-security-policy": _policy(nonce)}
    names = {name.encode() for name in ours}
    kept = [(name, value) for name, value in given if name.lower() not in names]
    return [*kept, *((name.encode(), value.encode()) for name, value in ours.items())]


def _reply(reply: Reply) -> Response:
    return Response(_dumped(reply.body), reply.status, media_type=_JSON)


def _dumped(data: object) -> str:
    return json.dumps(data, ensure_ascii=True, separators=(",", ":"))


class _Page:
    """What is behind the guard."""

    def __init__(self, work: Work, files: Mapping[str, Served]) -> None:
        self.work = work
        self.files = files

    async def index(self, request: Request) -> Response:
        found = self.files[INDEX]
        content = found.content.replace(NONCE, request.scope["nonce"].encode())
        return Response(content, media_type=found.type)

    async def static(self, request: Request) -> Response:
        found = self.files.get(request.path_params["name"])
        if found is None:
            return Response("there is no such file", 404, media_type="text/plain")
        return Response(found.content, media_type=found.type)

    async def api(self, request: Request) -> Response:
        name = request.path_params["name"]
        row = REQUESTS.get(name)
        if row is None:
            return _reply(bad(DistError("there is no such request", where=f"{name:.80}"), 404))
        method = "POST" if row.is_post else "GET"
        if request.method not in (method, "POST" if row.is_post else "HEAD"):
            refused = _reply(bad(UsageError(f"it is a {method}", where=name), 405))
            refused.headers["allow"] = method
            return refused
        try:
            ask = await _posted(request, name) if row.is_post else _asked(request, name, row)
        except _TooLong as error:
            return _reply(bad(error, 413))
        except _NotJson as error:
            return _reply(bad(error, 415))
        except DistError as error:
            return _reply(bad(error))
        if _EVENTS in request.headers.get("accept", ""):
            return self._streamed(ask)
        return _reply(await asyncio.shield(self.work.begin(ask, _unheard)))

    def _streamed(self, ask: Ask) -> Response:
        events: asyncio.Queue[Progress | None] = asyncio.Queue()
        task = self.work.begin(ask, events.put_nowait)
        task.add_done_callback(lambda _: events.put_nowait(None))
        return StreamingResponse(_events(events, task), media_type=_EVENTS)


def _unheard(_progress: Progress) -> None:
    """Say nothing of progress."""


async def _events(
    events: asyncio.Queue[Progress | None], task: asyncio.Task[Reply]
) -> AsyncIterator[str]:
    """The progress of some work and its reply, as server-sent events."""
    while True:
        try:
            progress = await asyncio.wait_for(events.get(), _BEAT_SECONDS)
        except TimeoutError:
            yield ": still at work\n\n"
            continue
        if progress is None:
            break
        yield f"event: progress\ndata: {_dumped(progress.data())}\n\n"
    reply = await asyncio.shield(task)
    data = {"status": reply.status, "body": reply.body}
    yield f"event: reply\ndata: {_dumped(data)}\n\n"


class _TooLong(UsageError):
    """The body is too long, or does not come in time."""


class _NotJson(UsageError):
    """The body is of another type: what a form sends is never read."""


def _asked(request: Request, name: str, row: Row) -> Ask:
    """Read a request that only reads, from its address.

    Raises:
        UsageError: It is not one.
    """
    raw = request.scope["query_string"]
    if len(raw) > _LONGEST_QUERY:
        raise UsageError("the address is too long")
    words: dict[str, Any] = {}
    fields: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise UsageError("the address is not in UTF-8") from None
    for key, value in pairs:
        if key in ("profile", "state"):
            if key in words:
                raise UsageError("it is named twice", where=key)
            words[key] = value
        else:
            fields.setdefault(key, []).append(value)
    return ask_of({**words, "fields": dict(from_query(row.takes, fields))}, name)


async def _posted(request: Request, name: str) -> Ask:
    """Read a request from its body.

    Raises:
        UsageError: It is not one.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _JSON:
        raise _NotJson(f"it takes {_JSON}", where="content-type")
    if request.scope["query_string"]:
        raise UsageError("its address takes no words", where=name)
    try:
        data = await asyncio.wait_for(_body(request), BODY_SECONDS)
    except TimeoutError:
        raise _TooLong("the request does not come to its end") from None
    return ask_of(parsed(data), name)


async def _body(request: Request) -> bytes:
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > LONGEST_ASK:
            raise _TooLong(f"the request is longer than {LONGEST_ASK} bytes")
    return bytes(data)
