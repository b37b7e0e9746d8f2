"""The command ``ui``, as it is typed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from story import Story

PROGRAM = str(Path(sys.executable).with_name("hermes-dist"))


@pytest.fixture
def story(home: Path) -> Story:
    found = Story(home)
    found.install()
    return found


@pytest.fixture
def running(story: Story) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [PROGRAM, "ui", "-p", "bot", "--no-open"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOME": str(story.root.parent)},
    ) as process:
        yield process
        process.kill()


def test_it_shows_its_address_serves_the_page_and_ends_on_ctrl_c(
    running: subprocess.Popen[str],
) -> None:
    assert running.stdout is not None
    line = running.stdout.readline()
    assert line.startswith("The page is at http://127.0.0.1:")
    url = line.split()[-1]
    assert "?profile=bot&token=" in url
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    page = opener.open(url, timeout=20)
    assert page.url.endswith("/?profile=bot")
    assert b'<div id="app">' in page.read()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(url.partition("?")[0], timeout=20)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)
    assert (running.returncode, out) == (0, "")
    assert "Whoever has this address can use it" in err
    assert "Traceback" not in err


def said(*words: str, start: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    begin = f"{start}\nimport sys; sys.argv = {['hermes-dist', *words]!r}\n"
    code = f"{begin}from hermes_dist.cli.entry.start import hermes\nhermes()"
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **env},
    )


def test_without_its_libraries_it_says_how_to_get_them(home: Path) -> None:
    missing = "import sys; sys.modules['starlette'] = None; sys.modules['uvicorn'] = None"
    done = said("ui", start=missing)
    assert done.returncode == 1
    assert "pip install 'hermes-dist[ui]'" in done.stderr
    helped = said("ui", "--help", start=missing)
    assert (helped.returncode, "--no-open" in helped.stdout) == (0, True)


def test_a_port_that_is_taken_or_no_port_is_an_error(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        done = said("ui", "--port", str(number), "--json")
        assert json.loads(done.stdout)["error"]["message"] == f"port {number} is taken"
    assert said("ui", "--port", "65536").returncode == 2


def test_an_unknown_profile_is_an_error(home: Path) -> None:
    assert "no profile 'nobody'" in said("ui", "-p", "nobody").stderr
