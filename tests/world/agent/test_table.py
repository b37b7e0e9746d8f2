"""The process table: one process is told from the next one with its number, and what is hidden counts as alive."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from hermes_dist.world.agent import table
from hermes_dist.world.agent.table import Ending, Seen

GONE = 2**22 + 7
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"], env={"A": "1", "B": "x=y"})
    yield process
    process.kill()
    process.wait()


def zombie() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    return process


def test_a_process_is_seen_with_what_tells_it_apart(child: subprocess.Popen[bytes]) -> None:
    time.sleep(0.05)  # until it is no longer a copy of us
    seen = table.look(child.pid)
    assert seen is not None
    assert (seen.pid, seen.parent, seen.user) == (child.pid, os.getpid(), os.geteuid())
    assert (seen.name, seen.words) == ("sleep", ("sleep", "60"))
    assert table.environment(child.pid) == {"A": "1", "B": "x=y"}


def test_the_start_is_the_one_that_the_agent_writes_down(child: subprocess.Popen[bytes]) -> None:
    if not psutil.LINUX:  # ticks are Linux's count
        return
    ticks = int(Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19])
    assert table.began(child.pid) == ticks


def test_elsewhere_the_start_may_drift_with_the_clock(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "LINUX", False)
    now = table.began(child.pid)
    assert now == round(psutil.Process(child.pid).create_time() * 100)
    assert table.lives(child.pid, now + 150)
    assert not table.lives(child.pid, now + 250)


def test_the_clock_may_be_set_while_a_start_is_read(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, steps = table.began(child.pid), iter([0.0, 1.0])
    boot: Callable[[], float] = psutil.boot_time
    monkeypatch.setattr(psutil, "boot_time", lambda: boot() + next(steps, 0.0))
    assert table.began(child.pid) == real


def test_a_number_that_was_given_to_another_process_is_not_the_same(
    child: subprocess.Popen[bytes],
) -> None:
    began = table.began(child.pid)
    assert began is not None
    assert table.lives(child.pid, began)
    assert table.lives(child.pid, None), "where the start is unknown, the number alone counts"
    assert not table.lives(child.pid, began - 1)
    assert table.end(child.pid, began - 1, grace=1, after_kill=1) is Ending.ENDED
    assert child.poll() is None, "another process with its number is left alone"


@pytest.mark.parametrize("pid", [0, -1, GONE, 2**40])
def test_numbers_of_nobody(pid: int) -> None:
    assert table.look(pid) is None
    assert table.began(pid) is None
    assert not table.lives(pid, None)


def test_a_zombie_is_gone() -> None:
    process = zombie()
    assert table.exists(process.pid)
    assert table.look(process.pid) is None
    process.wait()


@pytest.mark.parametrize("error", [psutil.AccessDenied, psutil.NoSuchProcess])
def test_what_is_hidden_is_alive_and_unknown(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, error: type[psutil.Error]
) -> None:
    def hidden(pid: int) -> psutil.Process:
        raise error(pid)

    monkeypatch.setattr(psutil, "Process", hidden)
    assert table.look(child.pid) == Seen(child.pid)
    assert table.lives(child.pid, 1)
    assert table.environment(child.pid) is None
    assert list(table.others_of_this_user()) == []


def test_a_hidden_command_line_hides_nothing_else(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def hidden(process: psutil.Process) -> list[str]:
        raise psutil.AccessDenied(process.pid)

    monkeypatch.setattr(psutil.Process, "cmdline", hidden)
    seen = table.look(child.pid)
    assert seen is not None
    assert seen.words is None
    assert seen.began is not None


def test_others_are_neither_we_nor_our_ancestors(child: subprocess.Popen[bytes]) -> None:
    others = {seen.pid for seen in table.others_of_this_user()}
    mine = list(table.ancestors(os.getpid()))
    assert mine[:2] == [os.getpid(), os.getppid()]
    assert child.pid in others
    assert not others & set(mine)


def test_a_process_ends_by_itself_or_is_killed(child: subprocess.Popen[bytes]) -> None:
    began = table.began(child.pid)
    assert table.end(child.pid, began, grace=5, after_kill=5) is Ending.ENDED
    stubborn = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE)
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    began = table.began(stubborn.pid)
    assert table.end(stubborn.pid, began, grace=0.1, after_kill=5) is Ending.KILLED
    stubborn.communicate()


def test_another_users_process_is_not_ended(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(pid: int, number: int) -> None:
        del pid, number
        raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr(os, "kill", refused)
        assert table.end(child.pid, None, grace=1, after_kill=1) is Ending.REFUSED
    assert table.exists(child.pid)
