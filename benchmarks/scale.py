"""How time and memory grow with what there is; writes its part of docs/performance.md.

``python benchmarks/scale.py`` measures each job at three sizes, the largest of which is beyond what anybody has:
profiles to list, files in a package, commits in a repository, entries of a registry, layers under a profile. It counts
the processor time of the program with its children, and the most memory that one of them held.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(1, str(Path(__file__).parent.parent / "tests"))
from benchmarks.packages import git
from benchmarks.registry import make
from benchmarks.where import PAGE, machine, replaced

OURS = str(Path(sys.executable).with_name("hermes-dist"))
Files = dict[str, str]
_LAUNCHER = """\
import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
print("\\n", used.ru_utime + used.ru_stime, used.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""A child begins with the memory of the one that starts it, so that one has to be small."""


class Cost(NamedTuple):
    """What a command took.

    Attributes:
        cpu: Milliseconds of processor time, children included.
        memory: Mebibytes that the largest of its processes held.
    """

    cpu: float
    memory: float


class Machine:
    """Homes in which commands run.

    Args:
        root: A folder of its own.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._homes = 0

    def home(self) -> Path:
        """Make a fresh HOME."""
        self._homes += 1
        home = self.root / f"home{self._homes}"
        (home / ".hermes").mkdir(parents=True)
        return home

    def run(self, home: Path, *words: str) -> Cost:
        """Run a command, which has to succeed."""
        env = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_NOSYSTEM": "1",
            "NO_COLOR": "1",
        }
        done = subprocess.run(
            [sys.executable, "-ISc", _LAUNCHER, OURS, *words],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 3):
            raise SystemExit(f"{words}: {done.returncode}\n{done.stdout}{done.stderr[-2000:]}")
        cpu, memory = map(float, done.stderr.splitlines()[-1].split())
        return Cost(cpu * 1000, memory / (1 << (20 if sys.platform == "darwin" else 10)))


def repository(place: Path, commits: Sequence[Files]) -> Path:
    """Make a bare repository through ``git fast-import``: each commit replaces the files that it names."""
    place.mkdir(parents=True)
    git(place, "init", "-q", "--bare", "-b", "main", "--template=")
    with subprocess.Popen(
        ["git", "fast-import", "--quiet"], cwd=place, stdin=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        for number, files in enumerate(commits):
            child.stdin.write(_commit(number, files))
    return place


def _commit(number: int, files: Files) -> bytes:
    who = f"committer Ada <ada@example.org> {1_700_000_000 + number} +0000"
    lines = [f"commit refs/heads/main\n{who}\ndata <<EOM\nedition {number}\nEOM\n"]
    for path, text in files.items():
        lines.append(f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n")
    return "".join(lines).encode()


def package(name: str, files: int, edition: int = 0) -> Files:
    """The files of a package with many notes; with their folders, 20,000 are the most that a package may have."""
    return {
        "distribution.yaml": f"name: {name}\nversion: 1.{edition}.0\n",
        "SOUL.md": f"# Edition {edition}\n",
        **{
            f"skills/group{n % 100}/notes/{n}.md": f"# Note {n}\n\nStep {n} of {edition}.\n"
            for n in range(files - 2)
        },
    }


def some(files: Files, count: int, edition: int) -> Files:
    """The first files of a package, edited."""
    return {
        path: f"{text}Edition {edition}.\n" for path, text in list(files.items())[1 : count + 1]
    }


def profiles(at: Machine, count: int) -> Iterator[tuple[str, Cost]]:
    """List many profiles."""
    home, folder = at.home(), at.root / f"source{count}"
    for path, text in package("bot", 4).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    at.run(home, "install", str(folder), "-y", "--name", "p0")
    first = home / ".hermes/profiles/p0"
    for number in range(1, count):
        shutil.copytree(first, first.with_name(f"p{number}"), symlinks=True)
    yield "list, first", at.run(home, "list")
    yield "list", at.run(home, "list")


def files_of_a_package(at: Machine, count: int) -> Iterator[tuple[str, Cost]]:
    """Install, look at and update a package with many files."""
    first = package("bot", count)
    place = repository(at.root / f"files{count}.git", [first])
    home, url = at.home(), place.as_uri()
    yield "install", at.run(home, "install", url, "-y")
    yield "status", at.run(home, "status", "bot")
    yield "update, nothing new", at.run(home, "update", "bot")
    changed = some(first, 5, 1)
    shutil.rmtree(place)
    repository(place, [first, changed])
    soul = home / ".hermes/profiles/bot/SOUL.md"
    soul.write_text(soul.read_text() + "Mine.\n")
    yield "update, 5 files", at.run(home, "update", "bot", "-y")


def commits_of_a_repository(at: Machine, count: int) -> Iterator[tuple[str, Cost]]:
    """Install and update from a repository with a long history."""
    first = package("bot", 12)
    history = [first, *({"SOUL.md": f"# Edition {n}\n"} for n in range(1, count))]
    place = repository(at.root / f"commits{count}.git", history)
    home = at.home()
    yield "install", at.run(home, "install", place.as_uri(), "-y")
    yield "update, nothing new", at.run(home, "update", "bot")
    shutil.rmtree(place)
    repository(place, [*history, *({"SOUL.md": f"# Later {n}\n"} for n in range(50))])
    yield "update, 50 commits later", at.run(home, "update", "bot", "-y")


def entries_of_a_registry(at: Machine, count: int) -> Iterator[tuple[str, Cost]]:
    """Sync and search a registry of many packages."""
    home, shelf = at.home(), at.root / f"shelf{count}"
    word = make(shelf, count)[0]
    at.run(home, "registry", "remove", "default")
    yield "first sync", at.run(home, "registry", "add", str(shelf), "--name", "large")
    yield "search", at.run(home, "search", word)
    yield "search, many found", at.run(home, "search", "agent")


def layers_under_a_profile(at: Machine, count: int) -> Iterator[tuple[str, Cost]]:
    """Install, update and look into a package that stands on many layers."""
    names = [f"pack-{n}" for n in range(count)]
    files = {
        f"{name}/{path}": text
        for name in names
        for path, text in {**package(name, 3), "SOUL.md": f"{name}\n"}.items()
    }
    top = package("bot", 4)
    top["distribution.yaml"] += f"dependencies: [{', '.join(f'//{name}' for name in names)}]\n"
    files |= {f"bot/{path}": text for path, text in top.items()}
    place = repository(at.root / f"layers{count}.git", [files])
    home = at.home()
    yield "install", at.run(home, "install", f"{place.as_uri()}//bot", "-y")
    yield "update, nothing new", at.run(home, "update", "bot")
    yield "status", at.run(home, "status", "bot")
    yield "why", at.run(home, "why", "bot", "SOUL.md")
    yield "owns", at.run(home, "owns", "bot", names[-1])


def layers_with_settings(at: Machine, count: int) -> Iterator[tuple[str, Cost]]:
    """The same with layers that each ship a ``config.yaml``: a section of their own, and keys that others set, too."""
    files = {"bot/SOUL.md": "# Bot\n"}
    for n in range(count):
        own = "".join(f"  key_{key}: {n * 10 + key}\n" for key in range(10))
        shared = f"shared:\n  of_{n % 20}: same\n  all: same\n"
        files[f"pack-{n}/distribution.yaml"] = f"name: pack-{n}\nversion: 1.0.0\n"
        files[f"pack-{n}/config.yaml"] = f"section_{n}:\n{own}{shared}"
    names = ", ".join(f"//pack-{n}" for n in range(count))
    files["bot/distribution.yaml"] = f"name: bot\nversion: 1.0.0\ndependencies: [{names}]\n"
    changed = {"pack-1/config.yaml": files["pack-1/config.yaml"].replace("key_1: 11", "key_1: 99")}
    place = repository(at.root / f"settings{count}.git", [files])
    home = at.home()
    yield "install", at.run(home, "install", f"{place.as_uri()}//bot", "-y")
    yield "update, nothing new", at.run(home, "update", "bot")
    shutil.rmtree(place)
    repository(place, [files, changed])
    yield "update, one layer changed", at.run(home, "update", "bot", "-y")


class Subject(NamedTuple):
    """What is made larger.

    Attributes:
        what: What there is more and more of.
        sizes: How much of it.
        jobs: Measures the commands at one size.
    """

    what: str
    sizes: tuple[int, ...]
    jobs: Callable[[Machine, int], Iterator[tuple[str, Cost]]]


SUBJECTS = (
    Subject("profiles", (10, 100, 1000), profiles),
    Subject("files of a package", (190, 1900, 19_000), files_of_a_package),
    Subject("commits of a repository", (1000, 10_000, 100_000), commits_of_a_repository),
    Subject("entries of a registry", (1000, 10_000, 100_000), entries_of_a_registry),
    Subject("layers under a profile", (2, 20, 200), layers_under_a_profile),
    Subject("layers with settings", (2, 20, 200), layers_with_settings),
)


def table(subject: Subject, root: Path) -> Iterator[str]:
    """One table: a row for each command, a column for each size."""
    rows: dict[str, list[Cost]] = {}
    for size in subject.sizes:
        with tempfile.TemporaryDirectory(dir=root) as folder:
            for job, cost in subject.jobs(Machine(Path(folder)), size):
                rows.setdefault(job, []).append(cost)
    yield f"| {subject.what} | " + " | ".join(f"{size:,}" for size in subject.sizes) + " |"
    yield "| --- " * (len(subject.sizes) + 1) + "|"
    for job, costs in rows.items():
        cells = (f"{cost.cpu:,.0f} ms, {cost.memory:.0f} MiB" for cost in costs)
        yield f"| {job} | " + " | ".join(cells) + " |"


def main() -> int:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", default="", help="subjects whose name holds this word; prints them"
    )
    asked = parser.parse_args()
    lines = [machine()]
    with tempfile.TemporaryDirectory() as folder:
        for subject in SUBJECTS:
            if asked.only in subject.what:
                lines += ["", *table(subject, Path(folder))]
    if asked.only:
        print("\n".join(lines))
    else:
        PAGE.write_text(replaced(PAGE.read_text("utf-8"), "scale", lines), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
