"""The server under load and under attack: slow, many, racing and dying, with nothing half done and nothing let out."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Browser, Running, of_home
from budget import examples
from json_schemas import checked
from story import BOT, FIRST, Story

from hermes_dist.ops.context import Context
from hermes_dist.ops.package.status import status
from hermes_dist.page.fields import Field, Kind
from hermes_dist.page.requests.row import About
from hermes_dist.page.requests.table import REQUESTS
from hermes_dist.page.server import app, patience

TOKEN = "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"
NEW = {
    "distribution.yaml": "name: bot\nversion: 1.1.0\n",
    "SOUL.md": FIRST["SOUL.md"].replace("Rule 3 stands", "Rule 3 is new"),
    "config.yaml": FIRST["config.yaml"].replace("small", "large"),
}
WAYS_OUT = (
    "../../../etc/passwd",
    "/etc/passwd",
    "..\\..\\etc\\passwd",
    "%2e%2e%2fetc%2fpasswd",
    "skills/../../../../etc/passwd",
    "file:///etc/passwd",
    "//etc/passwd",
    "~/.ssh/id_rsa",
    "SOUL.md\0.png",
    "config.yaml: ../../x",
    ".env",
    "-",
    "--help",
    "$(id)",
    "`id`",
)


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


def everything(root: Path) -> dict[str, bytes]:
    """Every file below a folder, but the locks and what is only a cache."""
    found = {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}
    return {
        p: d for p, d in found.items() if not p.endswith(("/lock", "index.json", ".lock", ".db"))
    }


def test_an_update_goes_from_the_preview_to_the_history(browser: Browser, story: Story) -> None:
    story.ship(NEW)
    assert browser.get("status", profile="bot").json["data"]["clean"]
    preview = browser.write("update", dry_run=True).json
    done = browser.write("update", plan=preview["plan"]).json
    assert done["data"]["done"]
    rows = browser.get("history", profile="bot").json["data"]["generations"]
    assert [row["verb"] for row in rows] == ["install", "update"]


def test_progress_is_streamed_and_the_reply_comes_last(browser: Browser, story: Story) -> None:
    story.ship(NEW)
    browser.get("status", profile="bot")
    plan = browser.write("update", dry_run=True).json["plan"]
    data = {"profile": "bot", "state": browser.states["bot"], "plan": plan}
    answer = browser.post("update", data, {"Accept": "text/event-stream"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [each.split("\n") for each in answer.body.decode().strip().split("\n\n")]
    assert ["event: progress", 'data: {"line":"writing"}'] in events
    assert events[-1][0] == "event: reply"
    reply = json.loads(events[-1][1].removeprefix("data: "))
    assert reply["status"] == 200
    assert reply["body"]["data"]["done"]


def test_the_work_goes_on_when_the_page_goes_away(running: Running, story: Story) -> None:
    browser = running.browser()
    browser.get("status", profile="bot")
    body = json.dumps({"profile": "bot", "state": browser.states["bot"]}).encode()
    with running.connect() as raw:
        raw.sendall(
            f"POST /api/v1/hold HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\nCookie: {browser.cookie}\r\n"
            f"Origin: {browser.origin}\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
    wait_for(lambda: story.lock.held == "*")


def wait_for(what: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def test_of_two_tabs_one_writes_and_the_other_hears_what_changed(
    running: Running, story: Story
) -> None:
    tabs = [running.browser() for _ in range(6)]
    for tab in tabs:
        tab.get("status", profile="bot")
    found: list[Any] = []

    def holds(tab: Browser) -> None:
        found.append(tab.write("hold"))

    def keeps(tab: Browser) -> None:
        found.append(tab.write("keep", places=["SOUL.md"]))

    threads = [threading.Thread(target=holds, args=(tab,)) for tab in tabs[::2]]
    threads += [threading.Thread(target=keeps, args=(tab,)) for tab in tabs[1::2]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in found) == [200, 409, 409, 409, 409, 409]
    late = next(answer for answer in found if answer.status == 409).json
    assert len(late["changed"]) == 1
    assert late["changed"][0]["verb"] in ("hold", "keep")


def test_a_package_that_changes_before_the_yes_is_shown_again(
    browser: Browser, story: Story
) -> None:
    story.ship(NEW)
    browser.get("status", profile="bot")
    plan = browser.write("update", dry_run=True).json["plan"]
    story.ship({"hooks/evil.sh": "#!/bin/sh\nid\n"})
    before = everything(story.home)
    answer = browser.write("update", plan=plan)
    assert answer.status == 409
    assert everything(story.home) == before
    assert answer.json["changed"]["schema"] == "hermes-dist/outcome/1"


def values_of(field: Field) -> list[object]:
    if field.kind is Kind.WORDS:
        return [[way] for way in WAYS_OUT]
    if field.kind is Kind.VALUES:
        return [{way: way} for way in WAYS_OUT]
    if field.kind in (Kind.LINE, Kind.TEXT, Kind.ONE_OF):
        return list(WAYS_OUT)
    return [WAYS_OUT[0], -1, [], {}, None, 1e999]


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_no_parameter_leads_out_of_the_home(browser: Browser, story: Story, name: str) -> None:
    """Each field of each request with paths that lead elsewhere: nothing is read there and nothing written."""
    row = REQUESTS[name]
    (story.root.parent / "outside").write_text("untouched")
    before = everything(story.root.parent)
    profile = "" if row.about is About.MACHINE else "bot"
    if profile:
        browser.get("status", profile="bot")
    # A preview of every change: what is refused and what would be done, without doing it.
    quiet = {"dry_run": True} if "dry_run" in row.takes else {}
    if row.writes and not quiet:
        return  # it has no field that could name a place
    for field, kind in row.fields.items():
        for value in values_of(kind):
            fields = {**quiet, field: value}
            if row.is_post:
                data = {
                    "profile": profile,
                    "state": browser.states.get(profile, ""),
                    "fields": fields,
                }
                answer = browser.post(name, data)
            else:
                words = {"profile": profile} if profile else {}
                answer = browser.get(name, **words, **{field: str(value)})
            assert answer.status in (200, 400, 404, 409, 422), (field, value, answer)
            assert b"root:x:0:0" not in answer.body, (field, value)
            body = answer.json
            checked(type("Done", (), {"stdout": json.dumps(body.get("data") or body["error"])}))
    for way in WAYS_OUT:
        answer = (
            browser.post(name, {"profile": way, "state": "x"})
            if row.is_post
            else browser.get(name, profile=way)
        )
        assert answer.status in (400, 404), (way, answer)
    assert everything(story.root.parent) == before


def test_a_slow_head_a_slow_body_and_no_head_at_all_are_ended(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(app, "BODY_SECONDS", 0.5)
    with Running() as running:
        browser = running.browser()
        silent, dripping, half = running.connect(), running.connect(), running.connect()
        half.sendall(
            f"POST /api/v1/hold HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\nCookie: {browser.cookie}\r\n"
            f"Origin: {browser.origin}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode()
        )
        assert drips(dripping)
        assert silent.recv(100) == b""
        assert b" 413 " in half.recv(1000)
        for each in (silent, dripping, half):
            each.close()
        assert browser.get("list").status == 200


def drips(connection: socket.socket) -> bool:
    """Send a head byte by byte; whether the other end had enough of it."""
    connection.settimeout(0.1)
    for byte in b"GET / HTTP/1.1\r\nX: " + b"a" * 200:
        try:
            connection.sendall(bytes([byte]))
            if connection.recv(1) == b"":
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def test_many_connections_do_not_keep_others_out_for_long(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 1.0)
    with Running() as running:
        kept = [running.connect() for _ in range(patience.CONNECTIONS + 50)]
        wait_for(lambda: len(running._servers[0].server_state.connections) <= patience.CONNECTIONS)
        time.sleep(1.5)
        assert running.browser().get("list").status == 200
        for each in kept:
            each.close()


def test_heads_and_bodies_have_limits(running: Running, browser: Browser) -> None:
    with running.connect() as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * (20 << 10))
        assert raw.recv(100).startswith(b"HTTP/1.1 400 ")
    assert browser.raw("GET", "/api/v1/diff?place=" + "a" * 9000).status == 400
    answer = browser.post("hold", b" " * ((8 << 20) + 1))
    assert answer.status == 413
    for body in (b"", b"[]", b"\xff", b"[" * 50_000, b'{"profile": 1}', b'{"more": 1}'):
        assert browser.post("hold", body).status == 400
    with running.connect() as raw:
        raw.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 this is TLS\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400 ")


def test_requests_do_not_add_up(running: Running, browser: Browser) -> None:
    """Thousands of requests leave no thread, file or lock behind."""
    before = (threading.active_count(), len(os.listdir("/proc/self/fd")))
    for n in range(examples(10_000)):
        answer = browser.get("nothing") if n % 3 else browser.get("kept", profile="bot")
        assert answer.status in (200, 404)
    wait_for(lambda: len(running._servers[0].server_state.connections) == 0)
    assert threading.active_count() <= before[0]
    assert len(os.listdir("/proc/self/fd")) <= before[1] + 2


def test_no_secret_of_the_machine_is_in_any_reply(browser: Browser, story: Story) -> None:
    story.write(".env", f"MODEL_KEY={TOKEN}\n")
    story.edit("SOUL.md", "Rule 3 stands", f"The key is {TOKEN}")
    story.edit("config.yaml", "default: small", f"default: {TOKEN}")
    story.ship(
        {
            **NEW,
            "config.yaml": f"{NEW['config.yaml']}mcp_servers:\n  web: {{command: run, env: {{K: '{TOKEN}'}}}}\n",
        }
    )
    browser.get("status", profile="bot")
    shown = browser.write("update", dry_run=True, env={"EXTRA": TOKEN})
    replies = [shown, browser.write("update", plan=shown.json["plan"], env={"EXTRA": TOKEN})]
    assert replies[-1].status == 200
    assert TOKEN in (story.home / ".env").read_text().replace(f"MODEL_KEY={TOKEN}", "")
    for name, row in REQUESTS.items():
        if not row.is_post and row.about is not About.MACHINE:
            words = {"place": "SOUL.md"} if name == "conflict" else {}
            words |= {"things": "mcp_servers.web"} if name == "effect" else {}
            reply = browser.get(name, profile="bot", **words)
            if name == "sync-status":  # nothing keeps this profile in sync, and the answer says so
                assert (reply.status, TOKEN.encode() in reply.body) == (422, False)
                continue
            replies.append(reply)
    replies.append(browser.get("conflict", profile="bot", place="config.yaml: model.default"))
    replies.append(browser.get("list"))
    for reply in replies:
        assert TOKEN.encode() not in reply.body
        assert reply.status == 200, reply


class Slow:
    """Contexts whose progress takes its time, so that something can happen in the middle of a change."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, progress: Callable[[str], None]) -> Context:
        def told(line: str) -> None:
            progress(line)
            self.reached.set()
            assert self.go_on.wait(20)

        return of_home(told)


def test_the_server_ends_when_nobody_asks_but_not_while_it_works(story: Story) -> None:
    slow = Slow()
    story.ship(NEW)
    with Running(slow, idle=0.6) as running:
        browser = running.browser()
        slow.go_on.set()
        browser.get("status", profile="bot")
        plan = browser.write("update", dry_run=True).json["plan"]
        slow.go_on.clear()
        slow.reached.clear()
        found: list[Any] = []
        thread = threading.Thread(target=lambda: found.append(browser.write("update", plan=plan)))
        thread.start()
        assert slow.reached.wait(20)
        time.sleep(1.5)
        assert running.ended_idle is None
        slow.go_on.set()
        thread.join()
        assert found[0].status == 200
        running._thread.join(20)
        assert running.ended_idle is True


PROGRAM = """
import os, sys, threading
sys.path[:0] = {path!r}
from browser import PAGE, of_home
from hermes_dist.page.server.run import serve

def ready(address):
    print(address.shown, flush=True)

def ctx(progress):
    def told(line):
        progress(line)
        if line == "writing" and os.environ.get("STOP_AT") == "writing":
            print("writing", flush=True)
            threading.Event().wait(float(os.environ["STOP_FOR"]))
    return of_home(told)

serve(ctx, ready, files=PAGE, owners=frozenset({{os.geteuid()}}), ending=lambda: print("ending", flush=True))
print("ended", flush=True)
"""


def started(**env: str) -> subprocess.Popen[str]:
    here = str(Path(__file__).parent)
    program = PROGRAM.format(path=[here, str(Path(here).parents[1])])
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **env},
    )


def opened(process: subprocess.Popen[str]) -> Browser:
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    found = Browser(int(url.partition("127.0.0.1:")[2].partition("/")[0]))
    found.open(url)
    return found


def in_the_middle(
    process: subprocess.Popen[str], browser: Browser, found: list[Any]
) -> threading.Thread:
    """Begin an update that stops where it begins to write."""
    assert process.stdout is not None
    browser.get("status", profile="bot")
    plan = browser.write("update", dry_run=True).json["plan"]

    def go() -> None:
        try:
            found.append(browser.write("update", plan=plan))
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=go)
    thread.start()
    assert process.stdout.readline() == "writing\n"
    return thread


def test_ctrl_c_finishes_what_has_begun(story: Story) -> None:
    story.ship(NEW)
    with started(STOP_AT="writing", STOP_FOR="1") as process:
        browser, found = opened(process), list[Any]()
        thread = in_the_middle(process, browser, found)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
        thread.join()
    assert out == "ending\nended\n"
    assert process.returncode == 0
    assert found[0].status == 200
    assert story.lock.pin.version == "1.1.0"


def test_ctrl_c_twice_ends_at_once_and_the_profile_is_whole(story: Story) -> None:
    story.ship(NEW)
    before = story.files()
    with started(STOP_AT="writing", STOP_FOR="60") as process:
        browser, found = opened(process), list[Any]()
        thread = in_the_middle(process, browser, found)
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        assert process.stdout.readline() == "ending\n"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        thread.join()
    assert story.files() == before
    assert status(story.ctx, BOT).clean


@pytest.mark.parametrize("seconds", [0.0, 0.002, 0.005, 0.01, 0.02, 0.05])
def test_killed_in_the_middle_of_an_update_the_page_comes_back_and_says_what_is_so(
    story: Story, seconds: float
) -> None:
    story.ship(
        {**NEW, **{f"skills/s{n}/SKILL.md": f"---\nname: s{n}\n---\nDo.\n" for n in range(60)}}
    )
    before = story.files()
    with started(STOP_AT="writing", STOP_FOR="0") as process:
        browser, found = opened(process), list[Any]()
        thread = in_the_middle(process, browser, found)
        time.sleep(seconds)
        process.kill()
        process.communicate(timeout=30)
        thread.join()
    with Running() as running:
        again = running.browser()
        shown = again.get("status", profile="bot").json["data"]
        assert shown["clean"]
        version = story.lock.pin.version
        assert shown["pin"]["version"] == version
        if version == "1.0.0":
            assert story.files() == before
        else:
            assert story.read("SOUL.md") == NEW["SOUL.md"]
            assert story.read("skills/s59/SKILL.md")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_that_ends_a_thread_is_a_reply_and_the_next_request_is_answered(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("hermes_dist.page.answer._answered", broken)
        for _ in range(20):
            assert browser.get("list").status == 500
    assert browser.get("list").status == 200


def test_a_state_is_never_newer_than_what_is_shown_with_it(running: Running, story: Story) -> None:
    """While a profile changes, a reader may get an old state, which refuses a yes, but no state that it did not see."""
    writer = running.browser()
    writer.get("status", profile="bot")
    done = threading.Event()
    seen: list[tuple[int, int]] = []

    def read() -> None:
        tab = running.browser()
        while not done.is_set():
            body = tab.get("history", profile="bot").json
            seen.append((int(body["state"].partition(".")[0]), len(body["data"]["generations"])))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for n in range(10):
        assert writer.write(("hold", "unhold")[n % 2]).status == 200
    done.set()
    for reader in readers:
        reader.join()
    assert seen
    assert all(generation <= shown for generation, shown in seen)
