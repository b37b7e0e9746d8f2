"""Where the processor time of install, update and status goes; writes its part of docs/performance.md.

``python benchmarks/where.py [--sizes S,M,L] [--rounds N]`` runs each command several times and looks at its stack
(``sampler.py``). S and M are served over HTTP on loopback; the server's time is not counted. Processor time depends
much less on who else uses the machine than time on the clock does. The two pictures are drawn by ``flame.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(1, str(Path(__file__).parent.parent / "tests"))
from servers import GitHttp

from benchmarks.packages import SIZES, build, edit_setting, ship
from hermes_dist import __version__

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"
PICTURES = ROOT / "docs" / "pictures"
PYTHON, IMPORTS, GIT, REST = "Python", "imports", "git", "the rest"
_OURS = "hermes_dist/"
PHASES: Mapping[str, tuple[str, ...]] = {
    "hashing": (
        "hermes_dist/model/tree.py:Digest.of",
        "hermes_dist/model/tree.py:Tree.digest",
        "hermes_dist/world/disk/scan.py:digest_of",
    ),
    "syncing": ("hermes_dist/world/disk/fs.py:sync_", "hermes_dist/world/disk/fs.py:RealFs.sync_"),
    "reading": (
        "hermes_dist/world/disk/scan.py",
        "hermes_dist/world/disk/fs.py:RealFs.read",
        "hermes_dist/world/disk/fs.py:read_all",
        "hermes_dist/world/disk/store.py:Store.read",
        "hermes_dist/world/disk/store.py:Store.size",
    ),
    "writing": ("hermes_dist/world/disk/", "hermes_dist/world/transaction/"),
    "parsing": ("hermes_dist/model/", "yaml/", "tomli/", "tomli_w/", "json/"),
    "consent": ("hermes_dist/decide/consent/", "hermes_dist/decide/secrets/"),
    "merging": ("hermes_dist/merge/", "hermes_dist/decide/"),
    GIT: ("hermes_dist/world/git/", "hermes_dist/world/child.py"),
    "showing": ("hermes_dist/voice/", "hermes_dist/cli/"),
}
"""What the innermost frame of a stack that is named here does; ``paths`` and ``tree`` do what their callers do."""
_FOR_OTHERS = (
    "hermes_dist/model/paths.py",
    "hermes_dist/model/tree.py",
    "hermes_dist/model/values.py",
)
COLOURS = {
    PYTHON: "#c9c9c9",
    IMPORTS: "#b5c7e3",
    GIT: "#e8b184",
    "hashing": "#d9a3c7",
    "syncing": "#e58f8f",
    "reading": "#a8d5ba",
    "writing": "#f0c987",
    "parsing": "#c3b1e1",
    "consent": "#9ecfd4",
    "merging": "#b9d98b",
    "showing": "#e3dca0",
    REST: "#dddddd",
}
Stack = tuple[str, ...]


class Profile(NamedTuple):
    """What one command cost, over some rounds.

    Attributes:
        stacks: Milliseconds of a round by stack.
        python: Milliseconds until our first line runs, and after our last.
    """

    stacks: Mapping[Stack, float]
    python: float

    @property
    def phases(self) -> dict[str, float]:
        """Milliseconds by what they are spent on."""
        found: dict[str, float] = defaultdict(float)
        found[PYTHON] = self.python
        for stack, spent in self.stacks.items():
            found[phase(stack)] += spent
        return found


def phase(stack: Stack) -> str:
    """What a stack is busy with."""
    if stack[-1].startswith("child:"):
        return GIT
    if any(frame.startswith("<frozen importlib") for frame in stack):
        return IMPORTS
    for frame in reversed(stack):
        if frame.startswith(_FOR_OTHERS) and not frame.startswith(PHASES["hashing"]):
            continue
        for name, starts in PHASES.items():
            if any(f"/{frame}".find(f"/{start}") >= 0 for start in starts):
                return name
    return REST


class Bench:
    """Homes and commands that are sampled.

    Args:
        root: Where everything is.
        url: Where the packages are served.
    """

    def __init__(self, root: Path, url: str) -> None:
        self.root, self.url = root, url
        self._homes = self._edition = 0

    def home(self) -> Path:
        """Make a fresh HOME."""
        self._homes += 1
        home = self.root / f"home{self._homes}"
        (home / ".hermes").mkdir(parents=True)
        return home

    def sample(self, home: Path, *words: str) -> tuple[list[tuple[Stack, float]], float]:
        """Run a command, which has to succeed; the seconds of each stack, and of the process altogether."""
        out = self.root / "samples.json"
        env = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_NOSYSTEM": "1",
            "NO_COLOR": "1",
        }
        done = subprocess.run(
            [sys.executable, str(ROOT / "benchmarks" / "sampler.py"), str(out), *words],
            env=env,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode not in (0, 3):
            raise SystemExit(f"{words}: {done.returncode}\n{done.stderr.decode()[-2000:]}")
        found = json.loads(out.read_text())
        return [(tuple(stack), spent) for stack, spent in found["stacks"]], found["total"]

    def rounds(self, size: str, count: int) -> Iterator[tuple[str, Profile]]:
        """Measure all commands on a package."""
        name = f"bench-{size.lower()}"
        # Over HTTP a busy machine packs L for longer than git waits.
        url = (self.root / "L.git").as_uri() if size == "L" else f"{self.url}/{size}.git"
        home = self.home()
        self.sample(home, "install", url, "-y")  # what was never compiled is, now
        homes = [self.home() for _ in range(count)]
        yield "install", _profile(self.sample(home, "install", url, "-y") for home in homes)
        yield "update, nothing new", _profile(self.sample(home, "update", name) for home in homes)
        yield "status", _profile(self.sample(home, "status", name) for home in homes)
        yield "update, 5 files", _profile(self._updated(size, name, home) for home in homes)

    def _updated(self, size: str, name: str, home: Path) -> tuple[list[tuple[Stack, float]], float]:
        """Update a home in which two of the five changed files are edited, too."""
        self._edition += 1
        ship(self.root, size, 1000 + self._edition)
        profile = home / ".hermes" / "profiles" / name
        soul = profile / "SOUL.md"
        soul.write_text(soul.read_text() + "A line of mine.\n")
        edit_setting(profile)
        return self.sample(home, "update", name, "-y")


def _profile(rounds: Iterable[tuple[list[tuple[Stack, float]], float]]) -> Profile:
    stacks: dict[Stack, float] = defaultdict(float)
    count, total = 0, 0.0
    for found, spent in rounds:
        count += 1
        total += spent
        for stack, seconds in found:
            stacks[stack] += seconds
    per_round = {stack: seconds * 1000 / count for stack, seconds in stacks.items()}
    ours = sum(spent for stack, spent in per_round.items() if not stack[-1].startswith("child:"))
    return Profile(per_round, max(0.0, total * 1000 / count - ours))


def table(profiles: Mapping[str, Profile]) -> Iterator[str]:
    """One table: a row for each command, a column for each phase."""
    columns = [PYTHON, IMPORTS, *dict.fromkeys((GIT, *PHASES)), REST]
    yield "| CPU, ms | " + " | ".join(["all", *columns]) + " |"
    yield "| --- " * (len(columns) + 2) + "|"
    for command, profile in profiles.items():
        phases = profile.phases
        cells = [sum(phases.values()), *(phases.get(column, 0.0) for column in columns)]
        yield f"| {command} | " + " | ".join(f"{cell:.0f}" for cell in cells) + " |"


def picture(profile: Profile, title: str) -> str:
    """The flame graph of a command."""
    from benchmarks.flame import flame  # noqa: PLC0415 - only for the pictures

    drawn: dict[Stack, float] = defaultdict(float)
    colours: dict[Stack, str] = {}
    for stack, spent in profile.stacks.items():
        short = tuple(filter(None, map(_short, stack[2:])))
        drawn[short] += spent
        colours[short] = COLOURS[phase(stack)]
    drawn["Python itself",] = profile.python
    colours["Python itself",] = COLOURS[PYTHON]
    return flame(drawn.items(), title, lambda stack: colours.get(stack, COLOURS[REST]))


def _short(frame: str) -> str:
    """How a frame is written; empty for one that is left out."""
    if frame.startswith("<frozen importlib"):
        return ""
    file, _, function = frame.rpartition(":")
    name = file.removesuffix(".py").removeprefix(_OURS)
    return (
        f"import {name}" if function == "<module>" else f"{name}:{function}".removeprefix("child:")
    )


def machine() -> str:
    """What was measured on, in a sentence."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    day = datetime.now(UTC).strftime("%d %B %Y").lstrip("0")
    return (
        f"Measured on {day}: hermes-dist {__version__}, Python {platform.python_version()}, {git.strip()}, "
        f"{platform.system()} {platform.release().partition('-')[0]} on {platform.machine()}, {cores} cores."
    )


def replaced(page: str, name: str, lines: Sequence[str]) -> str:
    """A page with another text between the marks ``<!-- name -->`` and ``<!-- end of name -->``.

    Raises:
        ValueError: A mark is missing.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, found, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found or not found_end:
        raise ValueError(f"{begin.strip()} or {end} is missing in {PAGE.name}")
    return before + begin + "\n" + "\n".join(lines) + "\n\n" + end + after


def main() -> int:
    """Measure, and write the page and the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="S,M,L")
    parser.add_argument("--rounds", type=int, default=10, help="for S; fewer for M and L")
    asked = parser.parse_args()
    sizes = asked.sizes.split(",")
    lines = [machine()]
    pictured: dict[str, Profile] = {}
    with tempfile.TemporaryDirectory() as folder, GitHttp(Path(folder)) as server:
        bench = Bench(Path(folder), server.url)
        for size in sizes:
            build(Path(folder), size)
            files, length, _ = SIZES[size]
            count = max(2, asked.rounds // {"S": 1, "M": 2, "L": 5}[size])
            profiles = dict(bench.rounds(size, count))
            lines += [
                "",
                f"**{size}**: {files:,} files of about {length // 1000} KB, {count} rounds.",
                "",
            ]
            lines += table(profiles)
            pictured |= {f"{command} {size}": profile for command, profile in profiles.items()}
    for command, file in (("install S", "flame-install"), ("update, 5 files M", "flame-update")):
        if command in pictured:
            (PICTURES / f"{file}.svg").write_text(picture(pictured[command], command), "utf-8")
    PAGE.write_text(replaced(PAGE.read_text("utf-8"), "where", lines), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
