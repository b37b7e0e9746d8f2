"""Whole commands against their peers, in turn, in one run: ratios with their goals."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(1, str(Path(__file__).parent.parent / "tests"))
from servers import GitHttp

from benchmarks.packages import build, ship

OURS = str(Path(sys.executable).with_name("hermes-dist"))


class Bench:
    """One run: where it works, the peers, and what was measured."""

    def __init__(self, root: Path, agent: str, rounds: int) -> None:
        self.root, self.rounds = root, rounds
        self.agent = str(Path(agent) / "bin" / "hermes") if agent else ""
        self.count = 0
        self.failed = 0

    def home(self) -> Path:
        """A fresh HOME."""
        self.count += 1
        home = self.root / f"home{self.count}"
        (home / ".hermes").mkdir(parents=True)
        return home

    def time(self, home: Path, *argv: str) -> float:
        """Seconds of one command; it has to succeed."""
        env = {**os.environ, "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1"}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has its byte code
        env.pop("HERMES_HOME", None)
        start = time.perf_counter()
        done = subprocess.run(
            argv, env=env, capture_output=True, stdin=subprocess.DEVNULL, check=False
        )
        spent = time.perf_counter() - start
        if done.returncode not in (0, 3):
            raise SystemExit(f"{argv}: {done.returncode}\n{done.stderr.decode()[-2000:]}")
        return spent

    def compare(
        self, job: str, goal: float, ours: Callable[[], float], peer: Callable[[], float], name: str
    ) -> None:
        """Measure two jobs in turn and print their ratio."""
        mine, theirs = [], []
        for _ in range(self.rounds):
            mine.append(ours())
            theirs.append(peer())
        one, two = statistics.median(mine), statistics.median(theirs)
        verdict = "ok" if one / two <= goal else "over" if one / two <= 2 * goal else "MISSED"
        self.failed += verdict == "MISSED"
        figures = f"{one * 1000:7.0f} ms  {name:<22} {two * 1000:7.0f} ms  ratio {one / two:5.2f}  goal {goal:4.2f}"
        print(f"{job:<34} {figures}  {verdict}")


def profiles(bench: Bench, count: int) -> Path:
    """A home with many packaged profiles."""
    home, first = bench.home(), ""
    source = bench.root / "S-work"
    bench.time(home, OURS, "install", str(source), "-y", "--name", "p0")
    first = str(home / ".hermes/profiles/p0")
    for number in range(1, count):
        shutil.copytree(first, home / f".hermes/profiles/p{number}", symlinks=True)
    bench.time(home, OURS, "list")
    return home


def run(bench: Bench, url: str, sizes: list[str]) -> None:
    """Measure everything."""
    agent = bench.agent
    empty = bench.home()
    for size in sizes:
        build(bench.root, size)
    if agent:
        bench.compare(
            "--help",
            0.25,
            lambda: bench.time(empty, OURS, "--help"),
            lambda: bench.time(empty, agent, "--help"),
            "agent --help",
        )
        for count, goal in ((1, 0.20), (100, 0.05)):
            home = profiles(bench, count)
            bench.compare(
                f"list, {count} profiles",
                goal,
                lambda h=home: bench.time(h, OURS, "list"),  # type: ignore[misc]
                lambda h=home: bench.time(h, agent, "profile", "list"),
                "agent profile list",
            )
    for size, clone_goal, agent_goal in (("S", 3.5, 0.35), ("M", 1.8, 0.30), ("L", 1.1, 0.25)):
        if size in sizes:
            package(bench, f"{url}/{size}.git", size, clone_goal, agent_goal)
    if "S" in sizes:
        fleet(bench, url, 50)


def package(bench: Bench, url: str, size: str, clone_goal: float, agent_goal: float) -> None:
    """Install and update one package."""
    agent = bench.agent

    def clone() -> float:
        return bench.time(
            bench.home(),
            "git",
            "clone",
            "-q",
            "--depth",
            "1",
            url,
            str(bench.root / f"c{bench.count}"),
        )

    def install() -> float:
        return bench.time(bench.home(), OURS, "install", url, "-y")

    bench.compare(f"install {size}", clone_goal, install, clone, "git clone --depth 1")
    if agent:

        def installed_by_agent() -> float:
            return bench.time(bench.home(), agent, "profile", "install", url, "-y")

        bench.compare(f"install {size}", agent_goal, install, installed_by_agent, "agent install")
    mine, theirs = bench.home(), bench.home()
    name = f"bench-{size.lower()}"
    bench.time(mine, OURS, "install", url, "-y")
    bench.compare(
        f"update {size}, nothing new",
        3.0,
        lambda: bench.time(mine, OURS, "update", name),
        lambda: bench.time(mine, "git", "ls-remote", url),
        "git ls-remote",
    )
    if agent:
        bench.time(theirs, agent, "profile", "install", url, "-y")
        edition = [1000]

        def update(home: Path, *argv: str) -> float:
            edition[0] += 1
            ship(bench.root, size, edition[0])
            return bench.time(home, *argv)

        goal = {"S": 0.40, "M": 0.25, "L": 0.04}[size]
        bench.compare(
            f"update {size}, 5 files",
            goal,
            lambda: update(mine, OURS, "update", name, "-y"),
            lambda: update(theirs, agent, "profile", "update", name, "-y"),
            "agent update",
        )
    # A small status is 80 ms, where Python alone takes 10; a large one is held against git's own look at as many files
    git = ("git", "-C", str(bench.root / f"{size}-work"), "status", "--short")
    goal, peer, called = (
        (6.0, git, "git status")
        if size == "L"
        else (8.0, (sys.executable, "-c", ""), "python -c ''")
    )
    bench.compare(
        f"status {size}",
        goal,
        lambda: bench.time(mine, OURS, "status", name),
        lambda: bench.time(mine, *peer),
        called,
    )


def fleet(bench: Bench, url: str, count: int) -> None:
    """Update many profiles, each of a repository of its own, with nothing new in any."""
    home = bench.home()
    for number in range(count):
        shutil.copytree(bench.root / "S.git", bench.root / f"fleet{number}.git")
        bench.time(home, OURS, "install", f"{url}/fleet{number}.git", "-y", "--name", f"p{number}")

    def one_by_one() -> float:
        return sum(
            bench.time(home, "git", "ls-remote", f"{url}/fleet{number}.git")
            for number in range(count)
        )

    bench.compare(
        f"update --all, {count} unchanged",
        0.8,
        lambda: bench.time(home, OURS, "update", "--all"),
        one_by_one,
        f"{count} git ls-remote",
    )


def main() -> int:
    """Run the benchmarks; 1 when a figure is more than twice its goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agent", default="", help="the environment of the real agent")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", default="S,M")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, GitHttp(Path(folder)) as server:
        bench = Bench(Path(folder), options.agent, options.rounds)
        run(bench, server.url, options.sizes.split(","))
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
