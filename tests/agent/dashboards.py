"""The dashboard of a real agent, for tests: started as a user starts it, with the tab Packages in it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import forked
import pytest
from partners import V22, Generation

PROGRAM = Path(sys.executable).parent / "hermes-dist"
TAB = "/api/plugins/hermes-dist-packages"
TOKEN = "a-session-for-tests"
_STARTS = "import sys; from hermes_cli.main import main; sys.argv[0] = 'hermes'; sys.exit(main())"
# 0.22 names Path in annotations before it imports it, which only Python 3.14 leaves alone.
_STARTS_22 = f"import builtins, pathlib; builtins.Path = pathlib.Path; {_STARTS}"
_PATIENCE = 120.0


class Dashboard:
    """A dashboard that runs.

    Args:
        home: The user's home.
        port: Its port on the loopback.
        process: Its process, which leads a group of its own.
    """

    def __init__(self, home: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.home = home
        self.port = port
        self.process = process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        session: str | None = TOKEN,
        **headers: str,
    ) -> tuple[int, bytes]:
        """Send a request, with the session unless it is None; underscores in names of headers are hyphens."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if session is not None:
            sent["X-Hermes-Session-Token"] = session
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        status, data = self.send("GET", path)
        assert status == 200, (status, data)
        return json.loads(data)

    def ask(self, name: str, profile: str = "", **more: Any) -> tuple[int, Any]:
        """Ask the tab, as its page does."""
        body = json.dumps({"profile": profile, **more}).encode()
        status, data = self.send("POST", f"{TAB}/{name}", body, Content_Type="application/json")
        return status, json.loads(data)

    def follow(self, name: str, profile: str, **more: Any) -> list[tuple[str, Any]]:
        """Ask for a stream of events, and return all of them."""
        body = json.dumps({"profile": profile, **more}).encode()
        status, data = self.send(
            "POST",
            f"{TAB}/{name}",
            body,
            Content_Type="application/json",
            Accept="text/event-stream",
        )
        assert status == 200, (status, data)
        blocks = [each.splitlines() for each in data.decode().strip().split("\n\n")]
        return [
            (kind.removeprefix("event: "), json.loads(text.removeprefix("data: ")))
            for kind, text in blocks
        ]

    def kill(self) -> None:
        """End it as ``kill -9`` does: itself alone."""
        self.process.kill()
        self.process.wait(20)


def environment(home: Path, **more: str) -> dict[str, str]:
    """A small environment of a user with this home."""
    return {
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        **more,
    }


def ours(home: Path, *words: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command of ours as that user; the dashboard itself starts the installed program."""
    done = forked.said([str(PROGRAM), *words], environment(home), home)
    assert not ok or done.returncode == 0, (words, done.returncode, done.stdout, done.stderr)
    return done


@contextmanager
def authored() -> Iterator[None]:
    """For repositories that a fixture of a whole module makes: they need the name of somebody."""
    with pytest.MonkeyPatch.context() as patch:
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "Ada")
            patch.setenv(f"GIT_{who}_EMAIL", "ada@example.org")
        yield


@contextmanager
def running(
    generation: Generation, home: Path, port: int = 0, *more: str, **variables: str
) -> Iterator[Dashboard]:
    """The dashboard of an agent, in a home that is there already.

    ``more`` are further words of its command line. It is started by a launcher of the agent's name, as users have it.
    Its page is that of 0.19 if that is here, because the package of 0.22 brings none; a page of one line otherwise.
    """
    port = port or _free_port()
    start = _STARTS_22 if generation is V22 else _STARTS
    words = ["dashboard", "--port", str(port), "--no-open", "--skip-build", *more]
    launcher = home / "bin" / "hermes"
    launcher.parent.mkdir(exist_ok=True)
    launcher.write_text(start)
    env = environment(
        home,
        HERMES_DASHBOARD_SESSION_TOKEN=TOKEN,
        HERMES_WEB_DIST=str(page_of_the_agent(home)),
        **variables,
    )
    log = (home / "dashboard.log").open("wb")
    process = subprocess.Popen(
        [str(generation.venv / "bin" / "python"), str(launcher), *words],
        env=env,
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    dashboard = Dashboard(home, port, process)
    try:
        _wait(dashboard)
        yield dashboard
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)
        log.close()


def page_of_the_agent(home: Path) -> Path:
    """The folder of the dashboard's own page."""
    from partners import V19

    if V19.here:
        found = sorted(V19.venv.glob("lib/python3*/site-packages/hermes_cli/web_dist"))
        if found:
            return found[0]
    bare = home / "page"
    bare.mkdir(exist_ok=True)
    (bare / "index.html").write_text("<!doctype html><title>Agent</title><p>Agent")
    return bare


def _free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return int(chosen.getsockname()[1])


def _wait(dashboard: Dashboard) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        log = (dashboard.home / "dashboard.log").read_text("utf-8", "replace")
        assert dashboard.process.poll() is None, log
        try:
            status, _ = dashboard.send("GET", "/api/status")
        except OSError:
            time.sleep(0.2)
            continue
        if status == 200:
            return
    raise AssertionError(f"the dashboard did not start: {log}")


def json_of(home: Path, *words: str) -> Mapping[str, Any]:
    """What a command of ours prints with ``--json``."""
    found: Mapping[str, Any] = json.loads(ours(home, *words, "--json").stdout)
    return found
