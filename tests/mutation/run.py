"""Mutants: small faults put into the code that must not be wrong; the tests have to see them.

``make mutants`` samples a thousand, and writes what survived into ``REPORT.md`` beside this file. A run that was
interrupted goes on where it was; ``--fresh`` begins anew.

How: pytest collects the tests once, in a process that has everything loaded. For each mutant it forks; the child swaps the
code of the mutated function where it is (so every module that imported it has it), and runs the tests that reach the
mutated line, quickest first, until one fails. Which tests reach a line is measured once, by coverage contexts.
A constant of a module is replaced in every module that holds it.

The operators are our own: mutmut starts a test session for each mutant and cosmic-ray a process, and neither samples or
chooses tests by line; with a fork a mutant costs what its tests cost. Sentences (texts with a space) are left as they are.

A survivor that changes nothing that anybody can observe is listed in ``equivalent.txt``: its key as in the results, two
spaces, ``#`` and the reason.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import types
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from coverage import CoverageData
from operators import Mutant, mutants_of, source_of

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
WORK = ROOT / ".mutants"
RESULTS, COVERAGE, TIMES = WORK / "results.jsonl", WORK / "coverage", WORK / "times.json"
MUTATED = (
    "hermes_dist/merge",
    "hermes_dist/decide/reconcile.py",
    "hermes_dist/decide/consent",
    "hermes_dist/decide/ownership.py",
    "hermes_dist/world/transaction",
)
TESTS = (
    "tests/merge",
    "tests/decide",
    "tests/world/transaction",
    "tests/ops",
    "tests/replay",
)
SEED = 20261129
SAMPLE = 1_000
PATIENCE = 60.0
"""How long the tests of one mutant may take; longer, and it counts as killed by its time."""
ENOUGH = 400
"""No more tests than these are run for one mutant."""


def files() -> list[str]:
    """The files that are mutated, relative to the repository."""
    found = [
        path
        for name in MUTATED
        for path in ([ROOT / name] if name.endswith(".py") else sorted((ROOT / name).rglob("*.py")))
    ]
    return [str(path.relative_to(ROOT)) for path in found]


def sample(number: int, seed: int) -> list[Mutant]:
    """Mutants chosen by chance, the same for the same code and seed."""
    every = [mutant for file in files() for mutant in mutants_of(ROOT, file)]
    return random.Random(seed).sample(every, min(number, len(every)))


class Quick:
    """A plugin: no example is made smaller, and the same ones are tried each time."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        from hypothesis import Phase, settings

        settings.register_profile(
            "mutants",
            deadline=None,
            database=None,
            derandomize=True,
            phases=(Phase.explicit, Phase.generate),
        )
        settings.load_profile("mutants")


class Clock:
    """A plugin: how long each test takes that passes."""

    def __init__(self) -> None:
        self.times: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.times[report.nodeid] = -1.0
        elif self.times.get(report.nodeid, 0) >= 0:
            self.times[report.nodeid] = self.times.get(report.nodeid, 0) + report.duration

    def pytest_sessionfinish(self) -> None:
        good = {name: round(spent, 4) for name, spent in self.times.items() if spent >= 0}
        TIMES.write_text(json.dumps(good, indent=0))


def measure() -> None:
    """Run the tests once: which lines each reaches, and how long it takes."""
    settings = WORK / "coveragerc"
    settings.write_text(f"[run]\nsource = hermes_dist\ndata_file = {COVERAGE}\n")
    words = ["--cov", f"--cov-config={settings}", "--cov-context=test", "--cov-report="]
    pytest.main(["-q", "-n", "0", "-p", "no:cacheprovider", *words, *TESTS], [Quick(), Clock()])


class Reach:
    """Which tests reach a line, quickest first."""

    def __init__(self) -> None:
        self.times: Mapping[str, float] = json.loads(TIMES.read_text())
        self._data = CoverageData(str(COVERAGE))
        self._data.read()

    @cached_property
    def _lines(self) -> dict[str, dict[int, list[str]]]:
        return {file: self._data.contexts_by_lineno(str(ROOT / file)) for file in files()}

    def tests(self, mutant: Mutant) -> list[str]:
        """The tests that reach a mutant; for a constant, those that reach the functions that name it."""
        lines = self._lines[mutant.file]
        wanted = (
            [mutant.line] if "." in mutant.scope or mutant.line not in _constants(mutant) else []
        )
        found = {
            context.partition("|")[0]
            for line in wanted or _users(mutant)
            for context in lines.get(line, ())
        }
        return sorted(found & set(self.times), key=lambda name: (self.times[name], name))[:ENOUGH]


def _constants(mutant: Mutant) -> set[int]:
    tree = ast.parse((ROOT / mutant.file).read_text("utf-8"))
    return {
        line
        for node in tree.body
        if isinstance(node, ast.Assign)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def _users(mutant: Mutant) -> list[int]:
    """The lines that name a constant of their module."""
    tree = ast.parse((ROOT / mutant.file).read_text("utf-8"))
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == mutant.scope
    ]


def put(mutant: Mutant) -> bool:
    """Put a mutant in place in this process; whether there was a place for it."""
    name = mutant.file.removesuffix(".py").replace("/", ".")
    module = sys.modules.get(name)
    if module is None:
        return False
    tree = source_of(ROOT, mutant)
    head, _, tail = mutant.scope.partition(".")
    old = vars(module).get(head)
    if not tail and not isinstance(_function(old), types.FunctionType):
        return _put_constant(tree, module, head)
    function = _function(vars(old).get(tail) if tail else old)
    code = compile(tree, str(ROOT / mutant.file), "exec", dont_inherit=True)
    new = _code(code, mutant.scope)
    if function is None or new is None or new.co_freevars != function.__code__.co_freevars:
        return False
    function.__code__ = new
    return True


def _put_constant(tree: ast.Module, module: types.ModuleType, name: str) -> bool:
    value = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
    )
    old = vars(module)[name]
    new = eval(compile(ast.Expression(value), module.__name__, "eval"), vars(module))
    for other in list(sys.modules.values()):
        if getattr(other, name, None) is old and other.__name__.startswith("hermes_dist"):
            setattr(other, name, new)
    return True


def _function(thing: Any) -> types.FunctionType | None:
    """The function behind a method, a property or a cache."""
    for attribute in ("__func__", "fget", "func", "__wrapped__"):
        thing = getattr(thing, attribute, thing)
    return thing if isinstance(thing, types.FunctionType) else None


def _code(code: types.CodeType, scope: str) -> types.CodeType | None:
    for part in scope.split("."):
        inner = [c for c in code.co_consts if isinstance(c, types.CodeType) and c.co_name == part]
        if not inner:
            return None
        code = inner[-1]
    return code


class Forks:
    """A plugin: instead of the tests, run the mutants, each in a fork of this process."""

    def __init__(self, mutants: Sequence[Mutant], reach: Reach) -> None:
        self.mutants = mutants
        self.reach = reach

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        for mutant in self.mutants:
            names = [name for name in self.reach.tests(mutant) if name in items]
            began = time.monotonic()
            outcome, by = self._judge(mutant, [items[name] for name in names])
            line = {
                "key": mutant.key,
                "line": mutant.line,
                "outcome": outcome,
                "by": by,
                "tests": len(names),
                "seconds": round(time.monotonic() - began, 2),
            }
            with RESULTS.open("a") as results:
                results.write(json.dumps(line, ensure_ascii=False) + "\n")
        return True

    def _judge(self, mutant: Mutant, items: list[pytest.Item]) -> tuple[str, str]:
        if not items:
            return "survived", "no test reaches it"
        needed = sum(self.reach.times[item.nodeid] for item in items)
        told, tell = os.pipe()
        place = tempfile.mkdtemp(prefix="mutant-")
        child = os.fork()
        if not child:
            _live(mutant, items, tell, place)
        os.close(tell)
        ready, _, _ = select.select([told], [], [], min(PATIENCE, 10 + 5 * needed))
        answer = os.read(told, 4096).decode() if ready else ""
        os.close(told)
        with_all = signal.SIGKILL
        try:
            os.killpg(child, with_all)
        except ProcessLookupError:
            os.kill(child, with_all)
        os.waitpid(child, 0)
        shutil.rmtree(place, ignore_errors=True)
        if not ready:
            return "timeout", ""
        outcome, _, by = answer.partition(" ")
        return (outcome, by) if outcome else ("killed", "the process ended")


def _live(mutant: Mutant, items: Iterable[pytest.Item], tell: int, place: str) -> None:
    """Run the tests with the mutant, tell what came of it, and end."""
    os.setsid()
    answer = "survived"
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nowhere, number)
        answer = _lived(mutant, items, place)
    except BaseException as error:  # noqa: BLE001 - whatever a mutant does
        answer = f"killed {type(error).__name__}"
    finally:
        os.write(tell, answer.encode()[:4000])
        os._exit(0)


def _lived(mutant: Mutant, items: Iterable[pytest.Item], place: str) -> str:
    failed: list[str] = []

    class Watch:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed:
                failed.append(report.nodeid)

    if not put(mutant):
        return "impossible"
    items = list(items)
    manager = items[0].config.pluginmanager
    for plugin in ("terminalreporter", "logging-plugin"):
        manager.unregister(name=plugin)
    manager.register(Watch())
    items[0].config._tmp_path_factory._basetemp = Path(place)  # type: ignore[attr-defined]
    for item, after in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        if failed:
            return f"killed {failed[0]}"
    return "survived"


def results() -> list[dict[str, Any]]:
    """What was found so far."""
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text("utf-8").splitlines()]


def equivalent() -> dict[str, str]:
    """Survivors that change nothing observable, with the reason."""
    file = HERE / "equivalent.txt"
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    pairs = (line.partition("  # ") for line in lines if line.strip())
    return {key: reason for key, _, reason in pairs}


def report(chosen: Sequence[Mutant], seed: int) -> str:
    """The figures, and the survivors by file."""
    keys = {mutant.key for mutant in chosen}
    done = {row["key"]: row for row in results() if row["key"] in keys}
    count = Counter(row["outcome"] for row in done.values())
    alike = equivalent()
    survivors = [row for row in done.values() if row["outcome"] == "survived"]
    same = [row for row in survivors if row["key"] in alike]
    judged = len(done) - count["impossible"]
    dead = count["killed"] + count["timeout"]
    lines = [
        "# The last mutation run",
        "",
        f"Seed {seed}; {len(done)} of {len(chosen)} sampled mutants tried, {count['impossible']} could not be put in place.",
        f"Killed {count['killed']}, out of time {count['timeout']}, survived {len(survivors)}, of which equivalent {len(same)}.",
        f"Killed or out of time: {100 * dead / max(judged, 1):.1f} %; equivalent: {100 * len(same) / max(judged, 1):.1f} %.",
        "",
        *_survivors([row for row in survivors if row["key"] not in alike]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _survivors(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    ordered = sorted(rows, key=lambda row: (row["key"].partition(":")[0], row["line"]))
    for file in dict.fromkeys(row["key"].partition(":")[0] for row in ordered):
        yield f"## {file}"
        yield ""
        for row in ordered:
            name, _, rest = row["key"].partition(":")
            if name == file:
                yield f"- line {row['line']}, `{rest}`: {row['by'] or str(row['tests']) + ' tests passed'}"
        yield ""


def main() -> None:
    """Sample, measure once, try what was not tried yet, and report."""
    parser = argparse.ArgumentParser(description="Try mutants on the tests.")
    parser.add_argument("--sample", type=int, default=SAMPLE)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--part", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    given = parser.parse_args()
    os.chdir(ROOT)
    if given.fresh:
        shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(exist_ok=True)
    (WORK / ".gitignore").write_text("*\n")
    chosen = sample(given.sample, given.seed)
    if not TIMES.exists():
        subprocess.run(
            [sys.executable, "-c", "import run; run.measure()"],
            check=True,
            env={**os.environ, "PYTHONPATH": str(HERE)},
        )
    known = {row["key"] for row in results()}
    left = [mutant for mutant in dict.fromkeys(chosen) if mutant.key not in known]
    if given.jobs > 1 and given.part is None:
        words = [sys.executable, __file__, f"--sample={given.sample}", f"--seed={given.seed}"]
        parts = [
            subprocess.Popen([*words, f"--jobs={given.jobs}", f"--part={part}"])
            for part in range(given.jobs)
        ]
        for part in parts:
            part.wait()
    else:
        mine = left[given.part or 0 :: given.jobs]
        options = ["-q", "-n", "0", "-p", "no:cacheprovider", "--no-header"]
        pytest.main([*options, *TESTS], [Quick(), Forks(mine, Reach())])
    if given.part is None:
        text = report(chosen, given.seed)
        (HERE / "REPORT.md").write_text(text, "utf-8")
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
