"""Guards for every test: `$HOME` is a fresh folder, and the network beyond loopback is off limits."""

from __future__ import annotations

import gc
import ipaddress
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import embeddedgit
import forked
import forkserver
import inmemory
import pytest
from budget import IS_LONG, examples
from hypothesis import settings
from leftout import ABILITIES, COMPLETE, PROGRAMS, is_here
from partners import GENERATIONS, out_of_turn

# How long one example takes says something about the machine and nothing about the code. What decides whether work lands
# tries the same examples each time; `make long` looks for new ones, and what it finds is kept as a test of its own.
settings.register_profile(
    "any machine", deadline=None, max_examples=examples(100), derandomize=not IS_LONG
)
settings.load_profile("any machine")

ABSENT = tuple(each for each in GENERATIONS if not each.here)
REAL_HOME = Path.home()
GUARD = Path(__file__).parent / "guard"
GUARD_LOG = Path(tempfile.gettempdir()) / f"hermes-dist-guard-{os.getpid()}"
IN_MEMORY = pytest.StashKey[Path]()
_NUMBERS = count()
_real_connect = socket.socket.connect

sys.path.insert(0, str(GUARD))
sys.modules.pop("sitecustomize", None)  # the system's own, where it has one
import sitecustomize  # noqa: E402 - found only now

sitecustomize.install(str(REAL_HOME), str(GUARD_LOG))

embeddedgit.stand_in(forked.door)

# Commands that tests start read what was compiled by those before them, and so does the next run: to compile these tests
# anew, with what pytest puts into each assert, is half of their collection. Some machines forbid to keep it.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A run in the background of a shell ignores Ctrl-C, and so would every program that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    # And one below `nohup` ignores the end of its terminal.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Write to memory where that can be; a worker of xdist has its place from the run that started it."""
    if config.option.basetemp is None and (folder := inmemory.place()):
        config.option.basetemp = str(folder)
        config.stash[IN_MEMORY] = folder


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """With ``-n auto``, two workers for each processor: tests wait for a third of their time. What was said counts."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else 2 * _processors()


def _processors() -> int:
    """How many there are for us."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Give the memory back, unless there is something to look at."""
    if (folder := session.config.stash.get(IN_MEMORY, None)) and exitstatus == 0:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Compile this worker's share of the tests: what the others compile meanwhile is read when it is collected.

    In a fresh clone each of them compiled everything, 25 s of processor time each. Where nothing is left to compile, it costs
    nothing: what is imported here need not be imported then.
    """
    given = getattr(session.config, "workerinput", None)
    try:
        from _pytest.pathlib import ImportMode, import_path  # pytest has no public name for it
    except ImportError:
        return
    gc.disable()  # until all tests are there: they stay
    if given is None:
        return
    roots = [Path(str(one).partition("::")[0]).absolute() for one in session.config.args]
    files = sorted({file for root in roots for file in root.rglob("test_*.py")})
    mine = int(given["workerid"].removeprefix("gw"))
    for file in files[mine :: given["workercount"]]:
        with suppress(Exception, pytest.skip.Exception):  # to collect it says what is wrong
            import_path(
                file,
                mode=ImportMode.importlib,
                root=session.config.rootpath,
                consider_namespace_packages=session.config.getini("consider_namespace_packages"),
            )


def pytest_collection_finish(session: pytest.Session) -> None:
    """Nobody looks for garbage among the tests and modules again: neither this process nor what it forks."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of an agent of which no environment is named, and of a program that is not there.

    Those that take minutes begin first, so that nobody waits for them at the end.
    """
    left_out = [item for item in items if out_of_turn(item) or _is_left_out(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]
    items.sort(key=lambda item: item.get_closest_marker("minutes") is None)
    for item in items:
        if _drives_others(item):
            item.add_marker(pytest.mark.flaky(reruns=1))


def _drives_others(item: pytest.Item) -> bool:
    """Whether a test waits for a program that is not ours, which a loaded machine may keep waiting too long.

    It is tried once more, and the end of the run tells of it: what fails again is a fault.
    """
    programs = {str(name) for mark in item.iter_markers("needs") for name in mark.args}
    agents = any(item.get_closest_marker(each.mark) for each in GENERATIONS)
    return agents or bool(programs & set(PROGRAMS))


def _is_left_out(item: pytest.Item) -> bool:
    programs = [str(name) for mark in item.iter_markers("needs") for name in mark.args]
    missing = [name for name in programs if name in PROGRAMS and not is_here(name)]
    unable = [name for name in programs if name in ABILITIES and not is_here(name)]
    missing += [each.variable for each in ABSENT if item.get_closest_marker(each.mark)]
    if missing and os.environ.get(COMPLETE):
        pytest.exit(f"{COMPLETE} is set, and {', '.join(missing)} is missing for {item.nodeid}", 1)
    return bool(missing or unable)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was tried twice, which of the real agents took part, and which programs were missing."""
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.write_line(f"tried once more: {report.nodeid}\n{report.longreprtext}")
    unable = [name for name in ABILITIES if not is_here(name)]
    if unable:
        terminalreporter.write_line(
            f"tests that need what this machine does not allow were left out: {', '.join(unable)}"
        )
    missing = [name for name in PROGRAMS if not is_here(name)]
    if missing:
        terminalreporter.write_line(
            f"tests that need one of these programs were left out: {', '.join(missing)}"
        )
    for each in GENERATIONS:
        terminalreporter.write_line(
            f"tests marked {each.mark} ran against {each.venv}"
            if each.here
            else f"tests marked {each.mark} were left out: {each.variable} names no environment with the agent"
        )


def _is_local(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # a unix socket
    host = address[0]
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _guarded_connect(self: socket.socket, address: Any) -> None:
    if not _is_local(address):
        raise AssertionError(f"a test tried to reach {address!r}: the network is off limits")
    _real_connect(self, address)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", _guarded_connect)


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder for one test, as pytest's own; no longer than that, as some messages cut long names."""
    return _fresh(tmp_path_factory, "t", re.sub(r"\W", "_", request.node.name)[:22])


def _fresh(factory: pytest.TempPathFactory, kind: str, name: str) -> Path:
    """A new folder. ``mktemp`` would look through all the folders that there are, each time: thousands at the end."""
    fresh = factory.getbasetemp() / kind / f"{name}{next(_NUMBERS)}"
    fresh.parent.mkdir(exist_ok=True)
    fresh.mkdir(0o700)
    return fresh


@pytest.fixture
def cheap_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passphrases cost a thousandth of what they cost users, in this process as in those that are forked."""
    from hermes_dist.world.keys.age import AgeWriter

    monkeypatch.setattr(AgeWriter.__init__, "__defaults__", (forkserver.CHEAP,))


@pytest.fixture(autouse=True)
def home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A fresh `$HOME` without settings of the machine; a forgotten path to the real one raises."""
    fresh = _fresh(tmp_path_factory, "h", "")
    for name in list(os.environ):
        if name.startswith(("HERMES", "AIGENLABS", "GIT_", "SSH_", "XDG_")) and not name.startswith(
            "HERMES_TEST_"
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(fresh))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ada Author")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ada@example.org")
    monkeypatch.setenv(sitecustomize.HOME, str(REAL_HOME))
    monkeypatch.setenv(sitecustomize.LOG, str(GUARD_LOG))
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(GUARD), *filter(None, [os.environ.get("PYTHONPATH")])])
    )
    yield fresh
    reached = GUARD_LOG.read_text() if GUARD_LOG.exists() else ""
    GUARD_LOG.unlink(missing_ok=True)
    assert not reached, f"this test reached into the real home: {reached}"
