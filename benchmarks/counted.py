"""What the commonest commands do, counted: a gate that a slow or busy machine can't fool.

``python benchmarks/counted.py`` prints the counts, and ``--write`` writes ``benchmarks/counted.toml``: each count with
the figure that it must not exceed. ``tests/test_counted.py`` compares. Instructions are counted by valgrind.
"""

from __future__ import annotations

import argparse
import compileall
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.packages import build, edit_setting, ship

ROOT = Path(__file__).resolve().parents[1]
FIGURES = Path(__file__).with_name("counted.toml")
PROFILES = 100
Counts = Mapping[str, int]
GROWTH: Mapping[str, tuple[int, int]] = {
    "modules": (6, 10),
    "own_modules": (5, 6),
    "own_calls": (10, 100),
    "system_calls": (10, 20),
    "git": (0, 0),
    "programs": (0, 0),
    "bytes": (10, 4096),
    "instructions": (8, 10),
}
"""By how many percent each count may grow, and at least by how much."""
_ONE_PYTHON = frozenset(["modules", "system_calls", "instructions"])
"""What the standard library of another Python does otherwise."""
_HEAD = """\
# What the commonest commands do. `is` was counted by `make counts`, and `most` is what the test allows.
# A change that needs more says why in its commit, and counts again. Instructions are hundredths of those that Python
# needs to load some modules of its own.
"""
_VALGRIND = (
    "valgrind",
    "--tool=cachegrind",
    "--cache-sim=no",
    "--branch-sim=no",
    "--cachegrind-out-file=/dev/null",
    # It spends most of its time on translating code that runs once: the less it makes of it, the better.
    # What is counted stays the same.
    "--vex-iropt-level=1",
    "--vex-guest-chase=no",
    "--smc-check=none",
    "--read-inline-info=no",
)
_NOT_WEIGHED = frozenset(["approve", "export"])
"""Commands whose instructions are not counted: they are rarer than the others, and valgrind takes long for them."""
_OURS = "from hermes_dist.cli.entry.process import hermes; hermes()"
_PYTHONS = "import argparse, csv, inspect, json, logging, subprocess, tarfile, typing, urllib.parse"
"""A program that does what commands mostly do: load modules. Both counts depend alike on how Python was built."""


class Grown(NamedTuple):
    """A count that is larger than allowed.

    Attributes:
        command: What was run.
        what: What was counted.
        was: The count on file.
        most: What was allowed.
        now: The count.
    """

    command: str
    what: str
    was: int
    most: int
    now: int

    def __str__(self) -> str:
        """One line for a test that fails."""
        what = self.what.replace("_", " ")
        return f"{self.command}: {what} grew from {self.was:,} to {self.now:,}; at most {self.most:,} are allowed"


class Machine:
    """A home in which commands are counted.

    Args:
        root: A folder of its own.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.profiles = root / "home" / ".hermes" / "profiles"
        self.profiles.parent.mkdir(parents=True)
        git = Path(shutil.which("git") or "git").parent
        self.env = {
            "HOME": str(root / "home"),
            "PATH": f"{git}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "COLUMNS": "80",
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    def beside(self, root: Path) -> Machine:
        """Another home in which the same is counted.

        Args:
            root: A folder of its own.
        """
        return type(self)(root)

    def run(self, *words: str) -> None:
        """Run a command, which has to succeed, and count nothing."""
        self._succeeded([sys.executable, "-c", _OURS, *words])

    def count(self, *words: str) -> Counts:
        """Run a command, which has to succeed, and count what it does."""
        out = self.root / "counts.json"
        argv = [sys.executable, str(ROOT / "benchmarks" / "counting.py"), str(out), *words]
        self._succeeded(argv)
        found: Counts = json.loads(out.read_text())
        return found

    def _succeeded(self, argv: list[str]) -> None:
        done = subprocess.run(
            argv,
            env=self.env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{argv}: {done.returncode}\n{done.stdout}{done.stderr}")


class Weighing(Machine):
    """A home in which the instructions of commands are counted; those of git are left out.

    Args:
        root: A folder of its own.
        unit: How many instructions are counted as one; they are counted if they are not known.
    """

    def __init__(self, root: Path, unit: float = 0.0) -> None:
        super().__init__(root)
        compileall.compile_dir(ROOT / "hermes_dist", quiet=1)
        self._unit = unit or self._instructions("-I", "-c", _PYTHONS) / 100

    def beside(self, root: Path) -> Machine:
        """Another home; the unit is not counted again."""
        return type(self)(root, self._unit)

    def count(self, *words: str) -> Counts:
        """Run a command, which has to succeed, and count its instructions."""
        if words[0] in _NOT_WEIGHED:
            self.run(*words)
            return {}
        return {"instructions": round(self._instructions("-c", _OURS, *words) / self._unit)}

    def _instructions(self, *words: str) -> int:
        log = self.root / "valgrind.log"
        self._succeeded([*_VALGRIND, f"--log-file={log}", sys.executable, *words])
        found = re.search(r"I +refs: +([\d,]+)", log.read_text())
        if found is None:
            raise RuntimeError(f"{words}: valgrind counted nothing\n{log.read_text()}")
        return int(found[1].replace(",", ""))


def can_weigh() -> bool:
    """Whether instructions can be counted here."""
    return shutil.which("valgrind") is not None


def counted(root: Path, kind: type[Machine] = Machine) -> Iterator[tuple[str, Counts]]:
    """Count every command, in an empty folder."""
    build(root, "S", 1)
    machine = kind(root)
    home = machine.profiles / "bench-s"
    yield "--version", machine.count("--version")
    yield "install", machine.count("install", (root / "S.git").as_uri(), "-y")
    time.sleep(
        2.1
    )  # neither a status nor a list believes the times of what was changed a moment ago
    yield "status", machine.count("status", "bench-s")
    yield "status, nothing changed", machine.count("status", "bench-s")
    yield "update, nothing new", machine.count("update", "bench-s")
    yield "approve --list", machine.count("approve", "bench-s", "--list")
    archive = str(root / "bench-s.tar.gz")
    yield "export", machine.count("export", "bench-s", "-o", archive)
    yield "import", machine.beside(root / "elsewhere").count("import", archive, "-y")
    (home / "SOUL.md").write_text((home / "SOUL.md").read_text() + "A line of mine.\n")
    edit_setting(home)
    ship(root, "S", 7)
    yield "update, five files", machine.count("update", "bench-s", "-y")
    for number in range(1, PROFILES):
        shutil.copytree(home, machine.profiles / f"p{number}", symlinks=True)
    time.sleep(2.1)
    machine.run("list")  # makes the index
    yield f"list, {PROFILES} profiles", machine.count("list")


def limit(what: str, count: int) -> int:
    """What a count may grow to."""
    percent, least = GROWTH[what]
    return count + max(count * percent // 100, least)


def grown(
    figures: Mapping[str, Mapping[str, Mapping[str, int]]], now: Mapping[str, Counts], python: str
) -> list[Grown]:
    """The counts that are larger than allowed.

    Args:
        figures: What is on file: by command and count, ``is`` and ``most``.
        now: What was counted: by command and count.
        python: The version of Python of the figures; only counts of ours are compared with those of another.

    Raises:
        KeyError: A command or count is not on file.
    """
    same = python == running()
    return [
        Grown(command, what, figures[command][what]["is"], figures[command][what]["most"], count)
        for command, counts in now.items()
        for what, count in counts.items()
        if (same or what not in _ONE_PYTHON) and count > figures[command][what]["most"]
    ]


def running() -> str:
    """The version of Python without its last part."""
    return ".".join(map(str, sys.version_info[:2]))


def dumped(now: Mapping[str, Counts]) -> str:
    """The file of figures."""
    lines = [_HEAD, f'python = "{running()}"']
    for command, counts in now.items():
        lines += ["", f'["{command}"]']
        lines += [
            f"{what} = {{ is = {count}, most = {limit(what, count)} }}"
            for what, count in counts.items()
        ]
    return "\n".join(lines) + "\n"


def on_file() -> tuple[str, dict[str, dict[str, dict[str, int]]]]:
    """The version of Python on file, and the figures by command and count."""
    figures = tomllib.loads(FIGURES.read_text("utf-8"))
    python = figures.pop("python")
    return python, figures


def main() -> int:
    """Count; 1 if something grew by more than is allowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the figures")
    asked = parser.parse_args()
    if asked.write and not can_weigh():
        parser.error("install valgrind, which counts the instructions")
    with tempfile.TemporaryDirectory() as folder:
        now = dict(counted(Path(folder) / "counted"))
        if can_weigh():
            weighed = dict(counted(Path(folder) / "weighed", Weighing))
            now = {command: {**counts, **weighed[command]} for command, counts in now.items()}
    if asked.write:
        FIGURES.write_text(dumped(now), "utf-8")
        return 0
    python, figures = on_file()
    for command, counts in now.items():
        print(command)
        for what, count in counts.items():
            was = figures.get(command, {}).get(what, {}).get("is", 0)
            print(f"    {what.replace('_', ' '):<14} {count:>9,}  {count - was:+,}")
    over = grown(figures, now, python)
    print(*over, sep="\n")
    return int(bool(over))


if __name__ == "__main__":
    sys.exit(main())
