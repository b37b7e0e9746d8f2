"""Every goal of speed and memory in one run, and whether it is met; writes its part of docs/performance.md.

``python benchmarks/goals.py --agent ENV`` measures whole commands in turn with their peers: git, and the real agent of
the environment ENV; with ``--copier ENV`` and ``--apm ENV`` these two as well. A goal is a ratio of two medians of one
run wherever there is a peer. ``--ours ENV`` measures the hermes-dist of an environment that holds only the wheel, as a
user has it. On a quiet machine of two cores all of it takes about twelve minutes; ``--short`` leaves out what is
large, tries each once and writes nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(1, str(Path(__file__).parent.parent / "tests"))
from servers import GitHttp

from benchmarks import page, pieces, registry
from benchmarks.packages import build, edit, git, ship
from benchmarks.peers import Apm, Copier
from benchmarks.scale import Machine
from benchmarks.where import PAGE, machine, replaced

FLOOR = str(Path(__file__).with_name("floor.py"))
FAR = 0.05
"""Seconds that a request to a server far away takes longer."""
FLEET = 50
TEAM = 20
Run = Callable[[], float]


class Row(NamedTuple):
    """One goal.

    Attributes:
        job: What is measured.
        goal: The most that it may be.
        figure: What it is.
        unit: Of both: ``×`` for a ratio.
        ours: Milliseconds that ours took; None where it is no time.
        peer: Milliseconds that the other took; None for none.
        name: What the other is.
        floor: What the figure would be if ours did only what ``floor.py`` does; None where nothing does the same.
    """

    job: str
    goal: float
    figure: float
    unit: str = "×"
    ours: float | None = None
    peer: float | None = None
    name: str = ""
    floor: float | None = None

    @property
    def met(self) -> bool:
        return self.figure <= self.goal

    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        times = [f"{ms:,.0f} ms" if ms is not None else "" for ms in (self.ours, self.peer)]
        peer = f"{self.name}: {times[1]}" if self.name else ""
        met = "yes" if self.met else "**no**"
        figures = (self.floor, self.goal, self.figure)
        return (
            self.job,
            *("" if n is None else _said(n, self.unit) for n in figures),
            met,
            times[0],
            peer,
        )


def _said(figure: float, unit: str) -> str:
    if unit == "×":
        return f"{figure:.3g}×"
    return f"{figure:,.3g} {unit}".strip() if figure < 100 else f"{figure:,.0f} {unit}".strip()


def _program(environment: str, name: str) -> str:
    return str(Path(environment).absolute() / "bin" / name) if environment else ""


class Bench:
    """One run: where it works, the peers, and what was measured.

    Args:
        root: A folder of its own.
        server: Serves the repositories in it.
        agent: The environment of the real agent; empty for none.
        rounds: How often small jobs are measured; large ones are measured less often.
        sizes: The packages.
        large: Whether to measure what takes long to make.
        peers: The environments of other tools by their names; ``hermes-dist`` is ours.
    """

    def __init__(
        self,
        root: Path,
        server: Server,
        agent: str,
        rounds: int,
        sizes: list[str],
        *,
        large: bool,
        peers: Mapping[str, str],
    ) -> None:
        self.root, self.server, self.rounds = root, server, rounds
        self.sizes, self.large = sizes, large
        self.agent = _program(agent, "hermes")
        self.peers = {name: _program(place, name) for name, place in peers.items() if place}
        self.ours = self.peers["hermes-dist"]
        self.rows: list[Row] = []
        self._homes = 0
        self._edition = 1000

    def home(self) -> Path:
        """A fresh HOME."""
        self._homes += 1
        home = self.root / f"home{self._homes}"
        (home / ".hermes").mkdir(parents=True)
        return home

    def url(self, name: str) -> str:
        return f"{self.server.url}/{name}.git"

    def time(self, home: Path, *argv: str) -> float:
        """Seconds of one command; it has to succeed."""
        env = {**os.environ, "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1"}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has its byte code
        env.pop("HERMES_HOME", None)
        os.sync()  # or one pays for what the last one left for the system to write
        start = time.perf_counter()
        done = subprocess.run(
            argv, env=env, capture_output=True, stdin=subprocess.DEVNULL, check=False
        )
        spent = time.perf_counter() - start
        if done.returncode not in (0, 3):
            raise SystemExit(f"{argv}: {done.returncode}\n{done.stderr.decode()[-2000:]}")
        return spent

    def tell(self, row: Row) -> None:
        """Keep a row, and print it at once."""
        self.rows.append(row)
        job, floor, goal, figure, met, ours, peer = row.cells()
        least = f"floor {floor}" if floor else ""
        print(
            f"{job:<42} {figure:>10}  goal {goal:<9} {met:<7} {least:<15} {ours:>9}  {peer}",
            flush=True,
        )

    def compare(
        self,
        job: str,
        goal: float,
        ours: Run,
        peer: Run,
        name: str,
        rounds: int = 0,
        floor: Run | None = None,
    ) -> None:
        """Measure two jobs in turn, and what is left of ours in a bare program: the goal is a ratio of medians."""
        each = [run for run in (ours, peer, floor) if run]
        turns = [[run() for run in each] for _ in range(rounds or self.rounds)]
        mine, theirs, *least = (statistics.median(side) for side in zip(*turns, strict=True))
        least = least[0] / theirs if least else None
        self.tell(Row(job, goal, mine / theirs, "×", mine * 1000, theirs * 1000, name, least))

    def within(self, job: str, goal: float, ours: Run, floor: Run) -> None:
        """Measure a job that has no peer: the goal is in milliseconds."""
        turns = [(ours() * 1000, floor() * 1000) for _ in range(self.rounds)]
        spent, least = (statistics.median(side) for side in zip(*turns, strict=True))
        self.tell(Row(job, goal, spent, "ms", spent, floor=least))

    def floor(self, home: Path, *words: str) -> float:
        """Seconds of a bare program; see ``floor.py``."""
        return self.time(home, str(Path(self.ours).with_name("python")), "-I", FLOOR, *words)

    def ship(self, size: str) -> None:
        """Publish another edition that changes five files."""
        self._edition += 1
        ship(self.root, size, self._edition)


class Server(GitHttp):
    """Serves repositories over HTTP, and may be far away.

    Attributes:
        delay: Seconds that it waits before it answers.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.delay = 0.0
        near = self.RequestHandlerClass

        class Handler(near):  # type: ignore[valid-type,misc]  # what the server was made with
            def _answer(self) -> None:
                time.sleep(self.server.delay)
                super()._answer()

        self.RequestHandlerClass = Handler


def start(bench: Bench) -> None:
    """What everybody sees first."""
    home = bench.home()
    if not bench.agent:
        return

    def agent() -> float:
        return bench.time(home, bench.agent, "--help")

    for word in ("--help", "--version"):
        bench.compare(
            word, 0.25, lambda w=word: bench.time(home, bench.ours, w), agent, "agent --help"
        )


def lists(bench: Bench) -> None:
    """List many profiles, small ones and large ones."""
    spent = {}
    for count, goal in ((1, 0.20), (100, 0.05), (500, 0.015), (1000, None)):
        if count > 100 and not bench.large:
            break
        home = profiles(bench, "S", count)
        ours = partial(bench.time, home, bench.ours, "list")
        least = partial(bench.floor, home, "list", str(home))
        if goal is None:
            bench.within(f"list, {count:,} profiles", 120, ours, least)
        elif bench.agent:
            peer = partial(bench.time, home, bench.agent, "profile", "list")
            rounds = min(bench.rounds, 3) if count > 100 else 0
            job = f"list, {count} profiles"
            bench.compare(job, goal, ours, peer, "agent profile list", rounds, least)
        spent[count] = statistics.median(ours() for _ in range(bench.rounds)) * 1000
    least, most = min(spent), max(spent)
    each = (spent[most] - spent[least]) / (most - least)
    bench.tell(Row("list, each profile more", 0.05, each, "ms"))
    if "M" in bench.sizes:
        small, large = (profiles(bench, size, 20) for size in "SM")
        ours, peer = (lambda h=h: bench.time(h, bench.ours, "list") for h in (large, small))
        bench.compare("list, 20 profiles of 300 files", 1.2, ours, peer, "20 of 12 files")


def profiles(bench: Bench, size: str, count: int) -> Path:
    """A home with many packaged profiles."""
    home = bench.home()
    bench.time(home, bench.ours, "install", str(bench.root / f"{size}-work"), "-y", "--name", "p0")
    first = home / ".hermes/profiles/p0"
    for number in range(1, count):
        shutil.copytree(first, first.with_name(f"p{number}"), symlinks=True)
    # What was copied a moment ago is still written to the disk, and no look at it can be believed for two seconds.
    os.sync()
    time.sleep(2.5)
    bench.time(home, bench.ours, "list")
    return home


def packages(bench: Bench) -> None:
    """Install, update and look at each package."""
    for size, clone, agent in (("S", 3.5, 0.35), ("M", 1.8, 0.30), ("L", 1.1, 0.25)):
        if size in bench.sizes:
            rounds = min(bench.rounds, 3) if size == "L" else bench.rounds
            installs(bench, size, clone, agent, rounds)
            updates(bench, size, rounds)


def installs(bench: Bench, size: str, clone: float, agent: float, rounds: int) -> None:
    """Install a package over HTTP, in fresh homes."""
    url = bench.url(size)

    def ours() -> float:
        return bench.time(bench.home(), bench.ours, "install", url, "-y")

    def cloned() -> float:
        home = bench.home()
        return bench.time(home, "git", "clone", "-q", "--depth", "1", url, str(home / "clone"))

    def theirs() -> float:
        return bench.time(bench.home(), bench.agent, "profile", "install", url, "-y")

    def least() -> float:
        home = bench.home()
        return bench.floor(home, "install", url, str(home / "place"))

    job = f"install {size}"
    bench.compare(job, clone, ours, cloned, "git clone --depth 1", rounds, least)
    if bench.agent:
        bench.compare(f"{job}, the agent", agent, ours, theirs, "agent install", rounds, least)


def updates(bench: Bench, size: str, rounds: int) -> None:
    """Update one, with nothing new and with five files, two of which are edited in the home; and its status."""
    url, name = bench.url(size), f"bench-{size.lower()}"
    mine, theirs, bare = bench.home(), bench.home(), bench.home()
    place = str(bare / "place")
    bench.time(mine, bench.ours, "install", url, "-y")
    bench.floor(bare, "install", url, place)

    def ours(*words: str) -> float:
        return bench.time(mine, bench.ours, *words)

    job = f"update {size}, nothing new"
    asked = partial(bench.time, mine, "git", "ls-remote", url)
    least = partial(bench.floor, bare, "nothing-new", url, place)
    bench.compare(job, 3.0, lambda: ours("update", name), asked, "git ls-remote", rounds, least)
    if bench.agent:
        bench.time(theirs, bench.agent, "profile", "install", url, "-y")

        def agent() -> float:
            return bench.time(theirs, bench.agent, "profile", "update", name, "-y")

        if size == "M":
            bench.compare(
                f"{job}, the agent",
                0.12,
                lambda: ours("update", name),
                agent,
                "agent update",
                floor=least,
            )

        def merged(home: Path, update: Run) -> float:
            bench.ship(size)
            edit(home / ".hermes/profiles" / name)
            return update()

        def shipped() -> float:
            bench.ship(size)
            edit(bare / "place/home")
            return bench.floor(bare, "update", url, place)

        goal = {"S": 0.40, "M": 0.25, "L": 0.04}[size]
        bench.compare(
            f"update {size}, 5 files with a merge",
            goal,
            lambda: merged(mine, lambda: ours("update", name, "-y")),
            lambda: merged(theirs, agent),
            "agent update",
            rounds,
            shipped,
        )
    time.sleep(2.1)  # a status does not believe the times of what was changed a moment ago
    ours("status", name)
    looked = partial(bench.floor, bare, "status", place)
    if size == "M":
        bench.within("status M", 80, lambda: ours("status", name), looked)
    elif size == "L":
        git_status = ("git", "-C", str(bench.root / "L-work"), "status", "--short")
        peer = partial(bench.time, mine, *git_status)
        bench.compare(
            "status L", 6.0, lambda: ours("status", name), peer, "git status", floor=looked
        )


def peers(bench: Bench) -> None:
    """Other tools that do a part of the same."""
    rounds = min(bench.rounds, 3)
    if program := bench.peers.get("copier"):
        home, project = (
            bench.home(),
            Copier(program, bench.root / "copier", bench.home(), bench.time),
        )
        bench.time(home, bench.ours, "install", bench.url("M"), "-y")

        def ours() -> float:
            bench.ship("M")
            edit(home / ".hermes/profiles/bench-m")
            return bench.time(home, bench.ours, "update", "bench-m", "-y")

        job = "update M, 5 files with a merge"
        bench.compare(job, 0.03, ours, project.update, "copier update", rounds)
    if program := bench.peers.get("apm"):
        packaged = Apm(program, bench.root, bench.server.url, bench.time)
        bench.compare(
            "install M",
            0.10,
            lambda: bench.time(bench.home(), bench.ours, "install", bench.url("M"), "-y"),
            lambda: packaged.install(bench.home()),
            "apm install",
            rounds,
        )


def fleet(bench: Bench) -> None:
    """Update many profiles: each of a repository of its own with nothing new, and all of one."""
    home = bench.home()
    names = [f"fleet{number}" for number in range(FLEET)]
    for name in names:
        shutil.copytree(bench.root / "S.git", bench.root / f"{name}.git")
        bench.time(home, bench.ours, "install", bench.url(name), "-y", "--name", name)

    def ours() -> float:
        return bench.time(home, bench.ours, "update", "--all")

    def one_by_one() -> float:
        return sum(bench.time(home, "git", "ls-remote", bench.url(name)) for name in names)

    least = partial(bench.floor, home, "all", *map(bench.url, names))
    rounds = min(bench.rounds, 3)
    peer = f"{FLEET} git ls-remote"
    bench.compare(f"update --all, {FLEET} unchanged", 0.8, ours, one_by_one, peer, rounds, least)
    bench.server.delay = FAR
    rounds = min(rounds, 2)
    bench.compare(f"update --all, {FLEET} far away", 0.15, ours, one_by_one, peer, rounds, least)
    bench.server.delay = 0.0
    requests = {}
    for count in (1, FLEET):
        home = bench.home()
        for number in range(count):
            bench.time(home, bench.ours, "install", bench.url("S"), "-y", "--name", f"p{number}")
        bench.ship("S")
        before = len(bench.server.asked)
        bench.time(home, bench.ours, "update", "--all", "-y")
        requests[count] = len(bench.server.asked) - before
    job = f"requests for {FLEET} profiles of one source"
    bench.tell(Row(job, 1.0, requests[FLEET] / requests[1]))


def archives(bench: Bench) -> None:
    """Export and import L, as the agent does."""
    if "L" not in bench.sizes or not bench.agent:
        return
    url, rounds = bench.url("L"), min(bench.rounds, 3)
    mine, theirs = bench.home(), bench.home()
    bench.time(mine, bench.ours, "install", url, "-y")
    bench.time(theirs, bench.agent, "profile", "install", url, "-y")
    bare = bench.home()
    bench.floor(bare, "install", url, str(bare / "place"))
    files: list[Path] = []

    def file() -> str:
        files.append(bench.root / f"archive{len(files)}.tar.gz")
        return str(files[-1])

    bench.compare(
        "export L",
        0.30,
        lambda: bench.time(mine, bench.ours, "export", "bench-l", "-o", file()),
        lambda: bench.time(theirs, bench.agent, "profile", "export", "bench-l", "-o", file()),
        "agent export",
        rounds,
        lambda: bench.floor(bare, "export", str(bare / "place"), file()),
    )
    ours, peer, packed = map(str, files[:3])

    def unpacked() -> float:
        home = bench.home()
        return bench.floor(home, "import", packed, str(home / "place"))

    bench.compare(
        "import L",
        0.50,
        lambda: bench.time(bench.home(), bench.ours, "import", ours, "-y"),
        lambda: bench.time(bench.home(), bench.agent, "profile", "import", peer, "--name", "back"),
        "agent import",
        rounds,
        unpacked,
    )


def parts(bench: Bench) -> None:
    """What the merge is made of, in this process."""
    spent = pieces.one_edit(bench.rounds * 3) * 1000
    bench.tell(Row("one edit in a config.yaml of 300 lines", 5, spent, "ms", spent))
    mine, theirs = pieces.trees(bench.root / "trees", 5_000 if bench.large else 500, bench.rounds)
    job = "merging 5,000 files, 50 changed twice"
    bench.tell(Row(job, 5, mine / theirs, "×", mine * 1000, theirs * 1000, "git merge-tree"))


def memory(bench: Bench) -> None:
    """The most that the largest process of a command holds, git included."""
    weighed = Machine(bench.root / "memory")
    if bench.large:
        listed = next(home for home in _homes_with(bench, 1000))
        bench.tell(
            Row("memory of list, 1,000 profiles", 32, weighed.run(listed, "list").memory, "MiB")
        )
    size = bench.sizes[-1]
    home = weighed.home()
    cost = weighed.run(home, "install", bench.url(size), "-y")
    bench.tell(Row(f"memory of install {size}", 64, cost.memory, "MiB"))
    bench.ship(size)
    edit(home / ".hermes/profiles" / f"bench-{size.lower()}")
    cost = weighed.run(home, "update", f"bench-{size.lower()}", "-y")
    bench.tell(Row(f"memory of update {size}, 5 files", 64, cost.memory, "MiB"))


def _homes_with(bench: Bench, count: int) -> Iterator[Path]:
    for home in bench.root.glob("home*"):
        folder = home / ".hermes/profiles"
        if folder.is_dir() and len(list(folder.iterdir())) == count:
            yield home


def search(bench: Bench) -> None:
    """The slowest of some searches in a registry, in this process."""
    count = 100_000 if bench.large else 2_000
    found = registry.searches(bench.root / "registry", count, bench.rounds * 3)
    spent = max(each.seconds for each in found) * 1000
    bench.tell(Row(f"search in {count:,} packages, the slowest", 30, spent, "ms", spent))


def screens(bench: Bench) -> None:
    """The page of many profiles, and a conflict on it."""
    for each in page.measured(bench.root / "page", bench.rounds * 2):
        ours, peer = each.ours * 1000, each.peer * 1000
        bench.tell(Row(each.job, each.goal, ours / peer, "×", ours, peer, each.name))


def team(bench: Bench) -> None:
    """Apply the file of a team to a machine that is as it says."""
    source, home = bench.root / "team-source", bench.home()
    for number in range(TEAM):
        folder = source / f"bot{number}"
        folder.mkdir(parents=True)
        (folder / "distribution.yaml").write_text(f"name: bot{number}\nversion: 1.0.0\n")
        (folder / "SOUL.md").write_text("# Bot\nBe kind.\n")
        (folder / "config.yaml").write_text("model: {default: small}\n")
    git(source, "init", "-q", "-b", "main")
    git(source, "add", "-A")
    git(source, "commit", "-qm", "all")
    rows = (
        f'[[profiles]]\nname = "bot{n}"\nsource = "{source.as_uri()}//bot{n}"\n'
        for n in range(TEAM)
    )
    file = bench.root / "team.toml"
    file.write_text("format = 1\n" + "\n".join(rows))
    bench.time(home, bench.ours, "apply", str(file), "-y")
    bench.compare(
        f"apply, {TEAM} profiles, nothing to do",
        20,
        lambda: bench.time(home, bench.ours, "apply", str(file), "-y"),
        lambda: bench.time(home, bench.ours, "list"),
        "list",
    )


GROUPS: Mapping[str, Callable[[Bench], None]] = {
    "start": start,
    "list": lists,
    "packages": packages,
    "peers": peers,
    "fleet": fleet,
    "archives": archives,
    "parts": parts,
    "memory": memory,
    "registry": search,
    "page": screens,
    "team": team,
}


def lines(rows: list[Row]) -> Iterator[str]:
    """The table of the page."""
    met = sum(row.met for row in rows)
    yield f"{machine()} {met} of {len(rows)} goals are met."
    yield ""
    yield "| job | floor | goal | measured | met | ours | the peer |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    yield from ("| " + " | ".join(row.cells()) + " |" for row in rows)


def main() -> int:
    """Measure; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agent", default="", help="the environment of the real agent")
    parser.add_argument("--ours", default=str(Path(sys.executable).parents[1]))
    for name in ("copier", "apm"):
        parser.add_argument(f"--{name}", default="", help=f"the environment of {name}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", default="S,M,L")
    parser.add_argument("--only", default="", help=f"some of: {', '.join(GROUPS)}")
    parser.add_argument("--short", action="store_true")
    asked = parser.parse_args()
    sizes, rounds = ("S,M", 1) if asked.short else (asked.sizes, asked.rounds)
    chosen = [name for name in GROUPS if not asked.only or name in asked.only.split(",")]
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        root = Path(folder)
        others = {"copier": asked.copier, "apm": asked.apm, "hermes-dist": asked.ours}
        bench = Bench(
            root, server, asked.agent, rounds, sizes.split(","), large=not asked.short, peers=others
        )
        for size in bench.sizes:
            build(root, size)
        for name in chosen:
            GROUPS[name](bench)
    if not asked.short and not asked.only:
        PAGE.write_text(
            replaced(PAGE.read_text("utf-8"), "goals", list(lines(bench.rows))), "utf-8"
        )
    missed = [row.job for row in bench.rows if not row.met]
    print(
        f"{len(bench.rows) - len(missed)} of {len(bench.rows)} goals are met.", *missed, sep="\n- "
    )
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
