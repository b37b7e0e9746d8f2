"""Who is let in: attacks over real sockets, each of which ends before anything is looked at or written."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, Running
from story import Story

from hermes_dist.page.requests.table import REQUESTS
from hermes_dist.page.server import gate


@pytest.fixture
def story(home: Path) -> Story:
    found = Story(home)
    found.install()
    return found


@pytest.fixture
def running(story: Story) -> Iterator[Running]:
    with Running() as found:
        yield found


@pytest.fixture
def browser(running: Running) -> Browser:
    return running.browser()


def test_the_token_becomes_a_cookie_and_leaves_the_address(running: Running) -> None:
    browser = Browser(running.port)
    answer = browser.open(f"{running.address.shown}&profile=bot&screen=update&x=y")
    assert answer.status == 303
    assert answer.headers["location"] == "/?profile=bot&screen=update"
    assert answer.headers["set-cookie"].endswith("; HttpOnly; Path=/; SameSite=Strict")
    assert running.token not in answer.headers["set-cookie"]
    assert browser.raw("GET", "/").status == 200


def test_nothing_is_there_without_the_cookie(running: Running) -> None:
    stranger = Browser(running.port)
    for target in ("/", "/static/app.js", "/api/v1/list", "/api/v1/nothing", "/nothing"):
        answer = stranger.raw("GET", target)
        assert answer.status == 401, target
        assert b"bot" not in answer.body


def test_a_guessed_token_opens_nothing_and_the_sixth_waits(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = Browser(running.port)
    began = time.monotonic()
    for n in range(5):
        assert stranger.open(f"http://x/?token={'A' * n}").status == 401
    quick = time.monotonic() - began
    began = time.monotonic()
    stranger.cookie = f"hermes-dist-{running.port}=guessed"
    assert stranger.get("list").status == 401
    assert time.monotonic() - began >= 0.4
    assert quick < 5
    # The right one is not kept waiting.
    assert running.browser().get("list").status == 200


def test_the_address_for_the_browser_opens_the_page_once(running: Running) -> None:
    first, second = Browser(running.port), Browser(running.port)
    assert first.open(running.address.once).status == 303
    assert second.open(running.address.once).status == 401
    assert second.open(running.address.shown).status == 303


def test_the_address_for_the_browser_ends_after_two_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = gate.Keys()
    token = keys.once()
    later = time.monotonic() + 121
    monkeypatch.setattr(gate.time, "monotonic", lambda: later)
    assert not keys.opens(token)
    assert keys.opens(keys.shown)


@pytest.mark.parametrize(
    "host",
    [
        "attacker.example",
        "attacker.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1.attacker.example:{port}",
        "127.0.0.1:{port}.attacker.example",
        "[::1]:{port}",
        "0.0.0.0:{port}",
        "",
    ],
)
def test_a_name_of_another_host_is_refused(browser: Browser, host: str) -> None:
    """A page of attacker.example whose name leads to 127.0.0.1 by now: DNS rebinding."""
    named = host.format(port=browser.port)
    for headers in ({"Host": named}, {"Host": named, "Origin": f"http://{named}"}):
        answer = browser.raw("GET", "/api/v1/list", headers)
        assert answer.status in (400, 403), answer
        assert b"bot" not in answer.body


def test_localhost_is_this_machine_too(browser: Browser) -> None:
    host = f"localhost:{browser.port}"
    assert browser.raw("GET", "/api/v1/list", {"Host": host}).status == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://attacker.example",
        "null",
        "",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "https://127.0.0.1:{port}",
        "http://localhost:{port}",
        "http://127.0.0.1:{port}.attacker.example",
        "http://127.0.0.1:{port}/",
    ],
)
def test_a_foreign_origin_is_refused(browser: Browser, story: Story, origin: str) -> None:
    browser.get("status", profile="bot")
    state = browser.states["bot"]
    named = origin.format(port=browser.port)
    answer = browser.post("hold", {"profile": "bot", "state": state}, {"Origin": named})
    assert answer.status == 403
    assert browser.get("list", {"Origin": named}).status == 403
    assert story.lock.held == ""


def test_a_form_of_another_page_writes_nothing(browser: Browser, story: Story) -> None:
    browser.get("status", profile="bot")
    state = browser.states["bot"]
    data = {"profile": "bot", "state": state}
    for headers, status in (
        ({"Origin": None}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        (
            {
                "Sec-Fetch-Site": "cross-site",
                "Sec-Fetch-Mode": "navigate",
                "Sec-Fetch-Dest": "document",
            },
            403,
        ),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content-Type": None}, 415),
    ):
        assert browser.post("hold", data, headers).status == status, headers
    assert story.lock.held == ""
    assert browser.post("hold", data).status == 200


def test_what_writes_is_no_get(browser: Browser, story: Story) -> None:
    for name, row in REQUESTS.items():
        answer = browser.get(name, profile="bot") if row.is_post else browser.post(name, {})
        assert answer.status == 405, name
        assert answer.headers["allow"] == ("POST" if row.is_post else "GET")
    assert story.lock.held == ""
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"):
        assert browser.raw(method, "/api/v1/list").status in (400, 404, 405)


def test_a_link_of_another_page_opens_no_window_into_ours(browser: Browser) -> None:
    """The browser keeps the cookie back; the page then comes from here, so that it sends it."""
    navigation = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
        "Cookie": None,
    }
    answer = browser.raw("GET", "/?profile=b%22%3E&screen=x", navigation)
    assert (answer.status, answer.body) == (
        200,
        b'<!doctype html><meta http-equiv="refresh" content="0;url=/?profile=b%22%3E&amp;screen=x&amp;again=1">',
    )
    assert browser.raw("GET", "/?again=1", navigation).status == 401
    for dest in ("iframe", "object", "empty"):
        assert browser.raw("GET", "/", {**navigation, "Sec-Fetch-Dest": dest}).status == 403


def test_a_cookie_of_another_port_or_named_twice_counts_nothing(browser: Browser) -> None:
    name, _, value = str(browser.cookie).partition("=")
    assert browser.raw("GET", "/api/v1/list", {"Cookie": f"x=1; {name}={value}"}).status == 200
    for cookie in (f"hermes-dist-1={value}", f"{name}={value}; {name}={value}", f"{name}="):
        assert browser.raw("GET", "/api/v1/list", {"Cookie": cookie}).status == 401, cookie


def test_every_reply_has_the_same_headers(browser: Browser) -> None:
    stranger = Browser(browser.port)
    replies = [
        browser.raw("GET", "/"),
        browser.raw("GET", "/static/app.js"),
        browser.raw("GET", "/nothing"),
        browser.get("list"),
        browser.get("nothing"),
        browser.post("hold", b"{"),
        stranger.raw("GET", "/"),
        stranger.get("list"),
    ]
    for reply in replies:
        policy = reply.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'; base-uri 'none'; form-action 'none'" in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert reply.headers["cache-control"] == "no-store"
        assert "server" not in reply.headers
        assert not any(name.startswith("access-control") for name in reply.headers)


def test_the_nonce_of_the_styles_is_another_one_each_time(browser: Browser) -> None:
    seen = set()
    for _ in range(3):
        page = browser.raw("GET", "/")
        nonce = page.body.decode().rpartition("nonce=")[2].removesuffix(">")
        assert f"'nonce-{nonce}'" in page.headers["content-security-policy"]
        seen.add(nonce)
    assert len(seen) == 3


@pytest.mark.parametrize(
    "name",
    [
        "../../pyproject.toml",
        "..%2f..%2fpyproject.toml",
        "%2e%2e/app.py",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "app.js%00.html",
        "APP.JS",
        "app.js/",
        "",
        ".",
        "__init__.py",
        "....//app.js",
        "..\\app.js",
    ],
)
def test_no_path_leads_out_of_the_table_of_files(browser: Browser, name: str) -> None:
    assert browser.raw("GET", f"/static/{name}").status in (400, 404)
    assert browser.raw("GET", "/static/app.js").body == b"1"


def test_a_process_of_another_user_is_not_heard(story: Story) -> None:
    """It may have read the token from the list of processes: the connection ends all the same."""
    with Running(owners=frozenset({os.geteuid() + 1})) as running, pytest.raises(ConnectionError):
        running.browser()


ODD = (
    b"GET / HTTP/0.9\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: {host}\r\nHost: attacker.example\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: attacker.example\r\nX-Forwarded-Host: {host}\r\n\r\n",
    b"GET http://attacker.example/ HTTP/1.1\r\nHost: attacker.example\r\n\r\n",
    b"GET http://{host}/api/v1/list HTTP/1.1\r\nHost: attacker.example\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: {host}\r\n\r\n",
    b"CONNECT attacker.example:80 HTTP/1.1\r\nHost: {host}\r\n\r\n",
    b"GET /api/v1/list HTTP/1.1\r\nHost : {host}\r\n{cookie}\r\n",
    b"GET /api/v1/list HTTP/1.1\nHost: attacker.example\n{cookie}\n",
    b"GET /api/v1/list\x00 HTTP/1.1\r\nHost: {host}\r\n{cookie}\r\n",
    b"GET /api/v1/l\xefst HTTP/1.1\r\nHost: {host}\r\n{cookie}\r\n",
    b"GET //api/v1/list HTTP/1.1\r\nHost: {host}\r\n{cookie}\r\n",
    b"GET /api/v1/../../list HTTP/1.1\r\nHost: {host}\r\n{cookie}\r\n",
    b"GET /api/v1/list%00 HTTP/1.1\r\nHost: {host}\r\n{cookie}\r\n",
    b"GET /?token=x%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: {host}\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"POST /api/v1/hold HTTP/1.1\r\nHost: {host}\r\n{cookie}Content-Length: -1\r\n\r\n",
    b"POST /api/v1/hold HTTP/1.1\r\nHost: {host}\r\n{cookie}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}",
    b"POST /api/v1/hold HTTP/1.1\r\nHost: {host}\r\n{cookie}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n",
    b"POST /api/v1/hold HTTP/1.1\r\nHost: {host}\r\n{cookie}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\x00" * 200,
    b"A" * 30_000,
)
"""Requests as no browser sends them: several hosts, other forms of a target, two lengths, other protocols."""


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_an_odd_request_shows_nothing_and_ends_nothing(
    running: Running, browser: Browser, story: Story, odd: bytes
) -> None:
    host = f"127.0.0.1:{running.port}".encode()
    cookie = f"Cookie: {browser.cookie}\r\n".encode()
    sent = odd.replace(b"{host}", host).replace(b"{cookie}", cookie).replace(b"{{}}", b"{}")
    with running.connect() as raw:
        raw.settimeout(3)
        raw.sendall(sent)
        answer = received(raw)
    assert b"bot" not in answer
    assert b"root" not in answer
    assert b"a=b" not in answer
    status = answer.split(b" ")[1:2]
    assert status in ([], [b"400"], [b"401"], [b"403"], [b"404"], [b"405"], [b"415"]), answer
    assert story.lock.held == ""
    assert browser.get("list").status == 200


def received(raw: socket.socket) -> bytes:
    """All that the other end sends, until it ends or waits for more."""
    found = b""
    try:
        while part := raw.recv(65536):
            found += part
    except (TimeoutError, ConnectionError):
        pass
    return found
