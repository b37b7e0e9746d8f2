"""Mutants: small faults put into the code that must not be wrong; the tests have to see them.

``make mutants`` samples a thousand, and writes what survived into ``REPORT.md`` beside this file. A run that was
interrupted goes on where it was; ``--fresh`` begins anew.

How: pytest collects the tests once, in a process that has everything loaded. For each mutant it forks; the child swaps the
code of the mutated function where it is (so every module that imported it has it), and runs the tests that reach the
mutated line, until one fails: first those of the mirrored folder, then the others, each quickest first. Which tests
reach a line is measured once, by coverage contexts, each test with empty caches.
A constant of a module is replaced in every module that holds it, and so is what was made of it; the same for what a
mutated function made while its module was loaded.

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
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import types
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from operators import Mutant, mutants_of, source_of
from reach import ROOT, Name, Reach, assigned, is_constant, value_of

HERE = Path(__file__).parent
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
    "tests/mutation/quick_cuts.py",
    "tests/world/test_race.py",
    "tests/world/test_hostile_trees.py",
    "tests/voice",
    "tests/ops",
    "tests/replay",
)
SEED = 20261129
SAMPLE = 1_000
PATIENCE = 5.0
"""How many seconds a test may take beyond ten times its own; longer, and the mutant counts as killed by its time."""
ENOUGH = 12.0
"""For one mutant, no more tests than those that take as many seconds; ``--again`` gives the survivors more."""


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
    """A plugin: how long each test takes that passes, beginning with nothing remembered."""

    def __init__(self) -> None:
        self.times: dict[str, float] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        # Otherwise a line behind a cache is reached by the first test alone.
        forget()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.times[report.nodeid] = -1.0
        elif self.times.get(report.nodeid, 0) >= 0:
            self.times[report.nodeid] = self.times.get(report.nodeid, 0) + report.duration

    def pytest_sessionfinish(self) -> None:
        good = {name: round(spent, 4) for name, spent in self.times.items() if spent >= 0}
        before = json.loads(TIMES.read_text()) if TIMES.exists() else {}
        TIMES.write_text(json.dumps({**before, **good}, indent=0))


def forget() -> None:
    """Empty the caches of all functions."""
    for module in ours():
        for thing in list(vars(module).values()):
            if hasattr(thing, "cache_clear"):
                thing.cache_clear()


def ours() -> list[types.ModuleType]:
    """The modules of the package that are loaded."""
    return [
        module
        for name, module in list(sys.modules.items())
        if name == "hermes_dist" or name.startswith("hermes_dist.")
    ]


def measure(tests: Iterable[str] = TESTS) -> None:
    """Run tests once: which lines each reaches, and how long it takes; what is known of others stays."""
    settings = WORK / "coveragerc"
    traced = "".join(f"\n  {ROOT / file}" for file in files())
    settings.write_text(f"[run]\ninclude ={traced}\ndata_file = {COVERAGE}\n")
    words = [
        "--cov",
        f"--cov-config={settings}",
        "--cov-context=test",
        "--cov-report=",
        "--cov-append",
    ]
    pytest.main(["-q", "-n", "0", "-p", "no:cacheprovider", *words, *tests], [Quick(), Clock()])


def put(mutant: Mutant, made: Iterable[Name]) -> bool:
    """Put a mutant in place in this process, and make again what was made with it; whether there was a place for it."""
    tree = source_of(ROOT, mutant)
    if not is_constant(mutant) and not _put_function(tree, mutant):
        return False
    mutated = dict(assigned(tree))
    for file, name in made:
        value = (
            mutated[name] if (file, name) == (mutant.file, mutant.scope) else value_of((file, name))
        )
        _put_constant(sys.modules[_module(file)], name, value)
    forget()
    return True


def _put_function(tree: ast.Module, mutant: Mutant) -> bool:
    module = sys.modules.get(_module(mutant.file))
    head, _, tail = mutant.scope.partition(".")
    old = vars(module).get(head) if module else None
    function = _function(vars(old).get(tail) if tail else old)
    new = _code(compile(tree, str(ROOT / mutant.file), "exec", dont_inherit=True), mutant.scope)
    if function is None or new is None or new.co_freevars != function.__code__.co_freevars:
        return False
    function.__code__ = new
    return True


def _put_constant(module: types.ModuleType, name: str, value: ast.expr) -> None:
    old = vars(module)[name]
    new = eval(compile(ast.Expression(value), module.__name__, "eval"), vars(module))
    for other in ours():
        if vars(other).get(name) is old:
            setattr(other, name, new)


def _module(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".")


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
        self.commit = commit()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        for mutant in self.mutants:
            # A test that is gone since they were measured tells nothing.
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
                "commit": self.commit,
            }
            with RESULTS.open("a") as results:
                results.write(json.dumps(line, ensure_ascii=False) + "\n")
        return True

    def _judge(self, mutant: Mutant, items: list[pytest.Item]) -> tuple[str, str]:
        if not items:
            return "survived", "no measured test reaches it"
        made = self.reach.made(mutant)
        timed = [(item, PATIENCE + 10 * self.reach.times[item.nodeid]) for item in items]
        place = tempfile.mkdtemp(prefix="mutant-")
        told, tell = os.pipe()
        child = os.fork()
        if not child:
            _live(lambda: _lived(mutant, made, timed, place), tell)
        os.close(tell)
        _, status = os.waitpid(child, 0)
        # What the tests started may still run, in the same group of processes.
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        os.set_blocking(told, False)
        with os.fdopen(told, "rb") as pipe:
            answer = (pipe.read() or b"").decode("utf-8", "replace")
        shutil.rmtree(place, ignore_errors=True)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
            return "timeout", ""
        outcome, _, by = answer.partition(" ")
        return (outcome, by) if outcome else ("killed", "the process ended")


def _live(run: Callable[[], str], tell: int) -> None:
    """Run the tests in this process, tell what came of it, and end."""
    os.setsid()
    answer = "survived"
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nowhere, number)
        answer = run()
    except BaseException as error:  # noqa: BLE001 - whatever a mutant does
        answer = f"killed {type(error).__name__}"
    finally:
        os.write(tell, answer.encode()[:4000])
        os._exit(0)


def _lived(
    mutant: Mutant, made: Iterable[Name], timed: Sequence[tuple[pytest.Item, float]], place: str
) -> str:
    failed: list[str] = []

    class Watch:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed:
                failed.append(report.nodeid)

    if not put(mutant, made):
        return "impossible"
    items = [item for item, _ in timed]
    manager = items[0].config.pluginmanager
    for plugin in ("terminalreporter", "logging-plugin"):
        manager.unregister(name=plugin)
    manager.register(Watch())
    items[0].config._tmp_path_factory._basetemp = Path(place)  # type: ignore[attr-defined]
    for (item, patience), after in zip(timed, [*items[1:], None], strict=True):
        signal.setitimer(
            signal.ITIMER_REAL, patience
        )  # nobody handles its signal, so it ends this process
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        if failed:
            return f"killed {failed[0]}"
    return "survived"


def commit() -> str:
    """The commit that is tried."""
    words = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(
        words, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


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
    """The figures, by file, and the survivors."""
    keys = {mutant.key for mutant in chosen}
    done = {row["key"]: row for row in results() if row["key"] in keys}
    rows = [{**row, "outcome": _outcome(row)} for row in done.values()]
    count = Counter(row["outcome"] for row in rows)
    judged = max(len(rows) - count["impossible"], 1)
    commits = ", ".join(dict.fromkeys(row["commit"] for row in rows))
    lines = [
        "# The last mutation run",
        "",
        f"Seed {seed}; {len(rows)} of {len(keys)} different mutants tried, on {commits}.",
        f"Detected: {100 * (count['killed'] + count['timeout']) / judged:.1f} %.",
        f"Equivalent: {100 * count['equivalent'] / judged:.1f} %, see `equivalent.txt`.",
        f"Not seen by any test: {100 * count['survived'] / judged:.1f} %, listed below.",
        "",
        *_table(rows),
        "",
        *_survivors([row for row in rows if row["outcome"] == "survived"]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _outcome(row: Mapping[str, Any]) -> str:
    alike = row["outcome"] == "survived" and row["key"] in equivalent()
    return "equivalent" if alike else row["outcome"]


def _table(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    outcomes = ("killed", "timeout", "survived", "equivalent", "impossible")
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        for name in (_file(row), "all"):
            counts.setdefault(name, Counter())[row["outcome"]] += 1
    yield "| file | tried | killed by a test | out of time | survived | equivalent | could not be put in place |"
    yield "| --- |" + " --: |" * (len(outcomes) + 1)
    for name, count in sorted(counts.items()):
        figures = [count.total(), *(count[outcome] for outcome in outcomes)]
        yield f"| {name} | {' | '.join(map(str, figures))} |"


def _file(row: Mapping[str, Any]) -> str:
    return str(row["key"]).partition(":")[0].removeprefix("hermes_dist/")


def _survivors(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    ordered = sorted(rows, key=lambda row: (_file(row), row["line"]))
    for file, group in groupby(ordered, _file):
        yield f"## {file}"
        yield ""
        for row in group:
            what = row["key"].partition(":")[2]
            yield f"- line {row['line']}, `{what}`: {row['by'] or str(row['tests']) + ' tests passed'}"
        yield ""


def main() -> None:
    """Sample, measure once, try what was not tried yet, and report."""
    parser = argparse.ArgumentParser(description="Try mutants on the tests.")
    parser.add_argument("--sample", type=int, default=SAMPLE)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--part", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--again", action="store_true", help="try survivors again, with more tests")
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
    known = {row["key"]: _outcome(row) for row in results()}
    left = [
        mutant
        for number, mutant in enumerate(chosen)
        if number % given.jobs == (given.part or 0) or given.part is None
        if known.get(mutant.key) == ("survived" if given.again else None)
    ]
    if given.jobs > 1 and given.part is None:
        parts = [
            subprocess.Popen([sys.executable, *sys.argv, f"--part={part}"])
            for part in range(given.jobs)
        ]
        for part in parts:
            part.wait()
    else:
        options = ["-q", "-n", "0", "-p", "no:cacheprovider", "--no-header"]
        enough = 10 * ENOUGH if given.again else ENOUGH
        pytest.main([*options, *TESTS], [Quick(), Forks(left, Reach(COVERAGE, TIMES, enough))])
    if given.part is None:
        text = report(chosen, given.seed)
        (HERE / "REPORT.md").write_text(text, "utf-8")
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
