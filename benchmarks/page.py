"""The page against the commands, in turn, in one run: ratios with their goals.

Usage: ``python benchmarks/page.py [ROUNDS]``. A machine of 100 profiles is made in a temporary folder.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(1, str(Path(__file__).parent.parent / "tests"))
from hermes_dist.merge.text import merge_text
from hermes_dist.ops.homes import open_home
from tests.story import BOT, Story

OURS = str(Path(sys.executable).with_name("hermes-dist"))
PROFILES = 100
LINES = 5000
FIRST_SCREEN = ("/", "/static/app.js", "/static/app.css", "/api/v1/list")
"""What a browser loads before the first screen shows all profiles."""


class Page:
    """The page of a machine, and a browser that has it open: one connection that stays, as browsers keep it."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [OURS, "ui", "--no-open", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "HOME": str(home)},
        )
        assert self.process.stdout is not None
        text = ""
        while not text.endswith("}\n"):
            text += self.process.stdout.readline()
        url = urlsplit(json.loads(text)["url"])
        self.connection = http.client.HTTPConnection("127.0.0.1", url.port)
        self.connection.request("GET", f"{url.path}?{url.query}")
        answer = self.connection.getresponse()
        answer.read()
        self.cookie = str(answer.getheader("set-cookie")).partition(";")[0]

    def get(self, target: str) -> bytes:
        self.connection.request("GET", target, headers={"Cookie": self.cookie})
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{target}: {answer.status} {data.decode()[:500]}")
        return data

    def end(self) -> None:
        self.process.terminate()
        self.process.wait()


def seconds(job: Callable[[], object]) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


class Measured(NamedTuple):
    """Two jobs that were measured in turn; all times in seconds.

    Attributes:
        job: What ours does.
        name: What it is compared with.
        goal: The most that the ratio may be.
        ours: The median of ours.
        peer: The median of the other.
    """

    job: str
    name: str
    goal: float
    ours: float
    peer: float


def compare(
    names: tuple[str, str],
    goal: float,
    ours: Callable[[], object],
    peer: Callable[[], object],
    rounds: int,
    between: Callable[[], object] = lambda: None,
) -> Measured:
    """Measure two jobs in turn."""
    pairs = []
    for _ in range(rounds):
        between()
        pairs.append((seconds(ours), seconds(peer)))
    mine, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    return Measured(*names, goal, mine, theirs)


def many(home: Path) -> Story:
    """A machine of a hundred profiles that follow one package."""
    story = Story(home)
    story.install()
    for n in range(PROFILES - 1):
        shutil.copytree(story.home, story.home.with_name(f"bot{n:03}"), symlinks=True)
    return story


def conflicting(story: Story) -> tuple[bytes, bytes, bytes]:
    """Give one profile a conflict in a text of 5,000 lines."""
    lines = [f"Line {n} says something of medium length, as prose does.\n" for n in range(LINES)]

    def by(who: str) -> str:
        return "".join(
            f"Line {n} {who}\n" if n % 100 == 50 else each for n, each in enumerate(lines)
        )

    base, ours, theirs = "".join(lines), by("is mine"), by("is new")
    story.ship({"SOUL.md": base})
    story.update()
    story.write("SOUL.md", ours)
    story.ship({"SOUL.md": theirs})
    story.update()
    return base.encode(), ours.encode(), theirs.encode()


def edit_again(story: Story) -> None:
    """Another small edit, so that nothing is known from the round before."""
    story.write("SOUL.md", story.read("SOUL.md") + f"Round {time.monotonic_ns()}\n")


def read_and_merge(story: Story) -> None:
    """Read the three sides of the file, and merge them."""
    lock = open_home(story.ctx, BOT).lock
    assert lock is not None
    read = story.ctx.store.read
    sides = [lock.base["SOUL.md"].digest, lock.theirs()["SOUL.md"].digest]
    base, theirs = map(read, sides)
    merge_text(base, (story.home / "SOUL.md").read_bytes(), theirs)


def measured(root: Path, rounds: int) -> Iterator[Measured]:
    """Measure the page; HOME and the names that git writes are those of a user of its own.

    Args:
        root: A folder of its own.
        rounds: How often.
    """
    root.mkdir(parents=True, exist_ok=True)
    os.environ |= {
        f"GIT_{role}_{what}": "ada@example.org"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    os.environ["HOME"] = str(root)
    story = many(root)
    conflicting(story)
    page = Page(root)

    def listed() -> None:
        subprocess.run([OURS, "list", "--json"], capture_output=True, check=True)

    def shown() -> None:
        for target in FIRST_SCREEN:
            page.get(target)

    place = urlencode({"profile": "bot", "place": "SOUL.md"})
    try:
        names = f"first screen of {PROFILES} profiles", "list --json"
        yield compare(names, 3, shown, listed, rounds)
        yield compare(
            (f"page of a conflict of {LINES:,} lines", "reading and merging it"),
            3,
            lambda: page.get(f"/api/v1/conflict?{place}"),
            lambda: read_and_merge(story),
            rounds,
            lambda: edit_again(story),
        )
    finally:
        page.end()


def main(rounds: int) -> int:
    fine = True
    with tempfile.TemporaryDirectory(prefix="bench-page-") as folder:
        for each in measured(Path(folder), rounds):
            ratio = each.ours / each.peer
            mark = "ok" if ratio <= each.goal else "MISSED"
            fine &= ratio <= each.goal
            print(
                f"{f'{each.job} / {each.name}':<62} {ratio:6.2f}  goal {each.goal:4.1f}  {mark}   "
                f"{each.ours * 1000:.1f} / {each.peer * 1000:.1f} ms"
            )
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 15))
