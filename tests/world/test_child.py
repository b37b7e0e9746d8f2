"""Children: bounded in time, bytes and memory, without a terminal, gone with all they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from hermes_dist.world import child, trace
from hermes_dist.world.child import Bounds, Command, Finished, Stream, at_once, meanwhile, run

ENV = {"PATH": os.environ["PATH"], "ONLY": "this"}


def sh(script: str, request: bytes = b"") -> Command:
    return Command(("/bin/sh", "-c", script), ENV, request)


def python(script: str) -> Command:
    return Command((sys.executable, "-c", script), ENV)


def eventually(true: Callable[[], bool], seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_code_and_both_outputs_are_told() -> None:
    done = run(sh("echo out; echo err >&2; exit 3"), Bounds())
    assert (done.code, done.out, done.err, done.stopped, done.ok) == (
        3,
        b"out\n",
        "err\n",
        "",
        False,
    )
    assert run(sh("true"), Bounds()).ok


def test_a_request_is_read_and_lines_of_progress_come_one_by_one() -> None:
    lines: list[str] = []
    done = run(sh("cat; printf 'one\\rtwo\\nthree\\n' >&2", b"asked"), Bounds(), lines.append)
    assert (done.out, lines) == (b"asked", ["one", "two", "three"])


def test_a_child_gets_the_environment_it_is_handed_and_no_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET", "token")
    done = run(sh("env; pwd; cat; (: < /dev/tty) 2>/dev/null && echo terminal"), Bounds())
    lines = done.out.decode().splitlines()
    assert "ONLY=this" in lines
    assert "/" in lines
    assert "terminal" not in lines
    assert not any("SECRET" in line for line in lines)


def test_out_of_time_the_whole_group_is_killed(tmp_path: Path) -> None:
    began = time.monotonic()
    done = run(
        sh(f"trap '' TERM; sleep 60 & echo $! > {tmp_path}/pid; wait; sleep 60"),
        Bounds(seconds=0.3),
    )
    assert done.stopped == "time"
    assert time.monotonic() - began < 30
    assert eventually(lambda: not is_alive(int((tmp_path / "pid").read_text())))


def test_a_polite_end_comes_first(tmp_path: Path) -> None:
    run(
        sh(f"trap 'echo cleaned > {tmp_path}/mark; exit' TERM; sleep 60 & wait"),
        Bounds(seconds=1),
    )
    assert (tmp_path / "mark").read_text() == "cleaned\n"


def test_endless_output_is_cut_and_endless_errors_keep_their_end() -> None:
    assert run(sh("yes"), Bounds(output=100_000)).stopped == "output"
    done = run(sh("yes 2>/dev/null | head -c 500000 >&2; echo the end >&2"), Bounds())
    assert done.ok
    assert len(done.err) <= 1 << 16
    assert done.err.endswith("the end\n")


def test_what_a_child_leaves_in_the_background_is_not_waited_for() -> None:
    began = time.monotonic()
    done = run(sh("sleep 20 >/dev/null & echo done"), Bounds())
    assert done.out == b"done\n"
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("script", "bounds"),
    [
        ("x = bytearray(400 << 20)", Bounds(memory=200 << 20)),
        ("open('{0}/big', 'wb').write(bytes(3 << 20))", Bounds(file=1 << 20)),
        ("while True: pass", Bounds(cpu=1, seconds=10)),
    ],
)
def test_memory_file_size_and_processor_time_are_limited(
    tmp_path: Path, script: str, bounds: Bounds
) -> None:
    generous = run(python(script.format(tmp_path)), Bounds(seconds=2))
    tight = run(python(script.format(tmp_path)), bounds)
    assert not tight.ok
    assert not tight.stopped
    assert generous.ok or generous.stopped == "time"


def test_a_program_that_is_not_there_fails_with_its_code() -> None:
    assert run(Command(("/no/such/program",), ENV), Bounds()).code == 127


def test_a_stream_is_read_while_it_comes_and_fed_meanwhile() -> None:
    with Stream(sh("cat", b"head "), Bounds(), b"x" * 1_000_000) as child:
        assert child.out.read(5) == b"head "
        assert len(child.out.read()) == 1_000_000
        assert child.finish().ok


def test_a_stream_left_early_or_out_of_time_ends() -> None:
    began = time.monotonic()
    with Stream(sh("yes"), Bounds()) as child:
        assert child.out.read(4) == b"y\ny\n"
    with Stream(sh("echo bad >&2; sleep 60"), Bounds(seconds=0.3)) as child:
        assert child.out.read() == b""
        done = child.finish()
    assert (done.stopped, done.err) == ("time", "bad\n")
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("ends", [child.stop_running, None])
def test_a_late_end_never_reaches_a_process_that_is_not_ours_any_more(
    ends: Callable[[], None] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child ends and is waited for by one thread in the moment in which another one ends it."""
    sent: list[bool] = []
    with Stream(sh("exit 3"), Bounds()) as stream:
        waiting = threading.Thread(target=stream.finish)

        def killpg(pid: int, _number: int) -> None:
            if not waiting.is_alive():
                waiting.start()
            waiting.join(0.1)
            sent.append(Path(f"/proc/{pid}").exists())

        monkeypatch.setattr(os, "killpg", killpg)
        (ends or stream._expire)()
        waiting.join()
        (ends or stream._expire)()
    assert sent
    assert all(sent)


def test_what_fails_meanwhile_is_for_whoever_needs_it() -> None:
    """Not a word of a thread: a full disk, or a fault of ours, is told by the step that comes next."""

    def full() -> None:
        raise OSError(28, "No space left on device")

    def wrong() -> None:
        raise ZeroDivisionError("with a secret")

    for work in (full, wrong):
        with meanwhile(work):
            pass
    said = "\n".join(trace.lines())
    assert "what was begun early: OSError" in said
    assert "what was begun early: ZeroDivisionError" in said
    assert "with a secret" not in said


def test_what_is_done_meanwhile_has_ended_after_the_block() -> None:
    done: list[Finished] = []
    with meanwhile(lambda: done.append(run(sh("cat", b"x"), Bounds()))):
        pass
    assert [finished.out for finished in done] == [b"x"]


def test_what_is_done_meanwhile_goes_first_and_later_threads_take_turns_as_before() -> None:
    before = sys.getswitchinterval()
    with meanwhile(lambda: None):
        assert sys.getswitchinterval() < before
    assert sys.getswitchinterval() == before


def test_a_block_that_fails_ends_what_is_done_meanwhile(tmp_path: Path) -> None:
    done: list[Finished] = []
    pid = tmp_path / "pid"
    child = sh(f"echo $$ > {pid}; exec sleep 600")

    def interrupted() -> None:
        with meanwhile(lambda: done.append(run(child, Bounds(seconds=600)))):
            assert eventually(lambda: pid.exists() and bool(pid.read_text().strip()), 60)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert eventually(lambda: bool(done), 60)
    assert not done[0].ok
    assert not is_alive(int(pid.read_text()))


WAITS = """
import os, signal, sys, threading
from hermes_dist.world.child import Bounds, Command, Stream, at_once, meanwhile, run
def child():
    script = 'echo $$ > "$0.new"; mv "$0.new" "$0"; exec sleep 600'
    return Command(("/bin/sh", "-c", script, sys.argv[2]), dict(os.environ))
"""
WAYS = {
    "itself": "run(child(), Bounds())",
    "in a stream": "with Stream(child(), Bounds()): signal.pause()",
    "meanwhile": "with meanwhile(lambda: run(child(), Bounds())): pass",
}


def has_tied(pid: int) -> bool:
    """Whether a process has asked for a signal about one of its open files."""
    for path in Path(f"/proc/{pid}/fdinfo").iterdir():
        with suppress(OSError):  # it was closed meanwhile
            if int(path.read_text().split()[3], 8) & os.O_ASYNC:
                return True
    return False


ONLY_ON_LINUX = pytest.mark.needs("linux")  # other systems know no such ties


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, signal.SIGHUP, pytest.param(signal.SIGKILL, marks=ONLY_ON_LINUX)],
)
@pytest.mark.parametrize("way", WAYS)
def test_whoever_ends_us_ends_the_children_that_we_wait_for(
    way: str, number: signal.Signals, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    words = [sys.executable, "-c", WAITS + WAYS[way], "", str(pid)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as us:
        assert eventually(pid.exists, 60)
        if number == signal.SIGKILL:
            assert eventually(lambda: has_tied(us.pid)), (
                "that comes right after the start of the child"
            )
        us.send_signal(number)
        assert us.communicate(timeout=60)[1] == ""
    assert us.returncode == -number, "as without a child"
    assert eventually(lambda: not is_alive(int(pid.read_text())))


ELSEWHERE = """
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
def work():
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    run(child(), Bounds())
"""
"""The system can give the signal only to the thread that does the work."""


@pytest.mark.parametrize(
    "waits", ["with meanwhile(work): pass", "at_once(lambda _: work(), [1], 1)"]
)
def test_a_signal_that_another_thread_got_ends_the_children_too(waits: str, tmp_path: Path) -> None:
    """So it is, too, with one that comes in the moment before we wait: nothing interrupts the wait then."""
    pid = tmp_path / "pid"
    with subprocess.Popen([sys.executable, "-c", WAITS + ELSEWHERE + waits, "", str(pid)]) as us:
        try:
            assert eventually(pid.exists, 60)
            time.sleep(0.1)  # in the wait by now; if not, the test passes all the same
            us.send_signal(signal.SIGHUP)
            assert eventually(lambda: not is_alive(int(pid.read_text())), 60)
        finally:
            us.kill()


def test_what_a_child_leaves_in_the_background_goes_on_after_it() -> None:
    done = run(sh("sleep 600 >/dev/null 2>&1 & echo $!"), Bounds())
    left = int(done.out)
    try:
        assert not eventually(lambda: not is_alive(left), 0.3)
    finally:
        os.kill(left, signal.SIGKILL)


def test_ties_to_children_that_have_ended_are_closed() -> None:
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    for _ in range(3):
        run(sh("exit 1"), Bounds())
        with Stream(sh("echo"), Bounds()):
            pass
    with pytest.raises(ValueError, match="null"):
        run(Command(("/bin/sh", "-c", "\0"), ENV), Bounds())
    if sys.platform == "linux":
        assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_child_that_is_just_being_started_is_ended_too(
    number: signal.Signals, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    program = (
        "import subprocess, time\n"
        "class Slow(subprocess.Popen):\n"
        "    def __init__(self, *words, **more):\n"
        "        super().__init__(*words, **more)\n"
        "        while not os.path.exists(sys.argv[2]): time.sleep(0.01)\n"
        f"        os.kill(os.getpid(), {number:d})\n"
        "        time.sleep(0.1)\n"
        "subprocess.Popen = Slow\n"
    )
    words = [sys.executable, "-c", WAITS + program + WAYS["itself"], "", str(pid)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -number
    assert eventually(lambda: not is_alive(int(pid.read_text())))


def test_a_signal_that_is_ignored_or_heard_stays_so() -> None:
    program = (
        "import signal\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN); signal.signal(signal.SIGTERM, print)\n"
        "run(Command(('/bin/true',), {}), Bounds())\n"
        "assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN\n"
        "assert signal.getsignal(signal.SIGTERM) is print\n"
    )
    subprocess.run([sys.executable, "-c", WAITS + program], check=True)


def test_many_things_are_done_at_once_and_one_that_fails_stops_no_other() -> None:
    done: list[int] = []
    together = threading.Barrier(3, timeout=60)

    def work(number: int) -> None:
        if number < 3:
            together.wait()
        if number == 4:
            raise IndexError
        done.append(number)

    at_once(work, range(10), 3)
    assert sorted(done) == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    at_once(work, (), 3)


def test_ctrl_c_ends_what_is_done_at_once_and_begins_nothing_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[int] = []
    ended: list[Finished] = []

    def work(number: int) -> None:
        begun.append(number)
        ended.append(run(sh("exec sleep 600"), Bounds(seconds=600)))

    def interrupted(_thread: threading.Thread, _seconds: float | None = None) -> None:
        monkeypatch.undo()
        assert eventually(lambda: len(begun) == 2, 60)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        at_once(work, range(10), 2)
    assert eventually(lambda: len(ended) == 2, 60)
    assert not any(finished.ok for finished in ended)
    assert len(begun) == 2
