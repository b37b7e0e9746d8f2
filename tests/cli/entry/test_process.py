"""How a process of ours ends: at once, and with all that was to be done before."""

import os
import signal
import subprocess
import sys

import pytest


def ended(program: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run a program that may call ``live``."""
    whole = f"import sys\nfrom hermes_dist.cli.entry.process import live\n{program}"
    buffered = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    return subprocess.run(
        [sys.executable, "-c", whole],
        env=buffered,
        text=True,
        check=False,
        stdout=settings.get("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("code", [0, 1, 3, 130])
def test_the_exit_code_is_that_of_the_command(code: int) -> None:
    assert ended(f"live(lambda: sys.exit({code}))").returncode == code


def test_what_is_still_in_a_buffer_is_written() -> None:
    done = ended(
        "def work():\n    sys.stdout.write('result'); sys.stderr.write('remark'); sys.exit(3)\nlive(work)"
    )
    assert (done.stdout, done.stderr, done.returncode) == ("result", "remark", 3)


def test_handlers_of_the_end_run_whoever_registered_them() -> None:
    done = ended(
        "import atexit, weakref\n"
        "class Held: pass\n"
        "held = Held()\n"
        "atexit.register(print, 'before')\n"
        "def work():\n"
        "    weakref.finalize(held, print, 'finalized')\n"
        "    atexit.register(print, 'within')\n"
        "    sys.exit(0)\n"
        "live(work)"
    )
    assert sorted(done.stdout.split()) == ["before", "finalized", "within"]


def test_a_thread_may_finish_its_work() -> None:
    done = ended(
        "import threading, time\n"
        "def later():\n    time.sleep(0.2); print('finished')\n"
        "def work():\n    threading.Thread(target=later).start(); sys.exit(4)\n"
        "live(work)"
    )
    assert (done.stdout, done.returncode) == ("finished\n", 4)


def test_an_error_nobody_caught_is_shown_in_full() -> None:
    done = ended("def work(): raise RuntimeError('lost')\nlive(work)")
    assert done.returncode == 1
    assert done.stderr.endswith("RuntimeError: lost\n")


def test_a_text_instead_of_a_code_is_shown_as_ever() -> None:
    done = ended("live(lambda: sys.exit('why'))")
    assert (done.returncode, done.stderr) == (1, "why\n")


def test_output_that_can_not_be_written_is_no_success() -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = ended(
            "def work():\n    sys.stdout.write('result'); sys.exit(0)\nlive(work)", stdout=full
        )
    assert done.returncode == 120, "what Python ends with itself"
    assert "No space left" in done.stderr


def test_a_closed_output_is_no_fault_of_the_program() -> None:
    whole = "import sys\nfrom hermes_dist.cli.entry.process import live\nlive(lambda: sys.exit(3))"
    done = subprocess.run(
        ["sh", "-c", 'exec "$1" -c "$2" >&-', "sh", sys.executable, whole],
        text=True,
        check=False,
        stderr=subprocess.PIPE,
    )
    assert (done.returncode, done.stderr) == (3, "")


def test_cycles_are_still_found_in_a_process_that_lives_long() -> None:
    done = ended(
        "import gc\n"
        "def work():\n"
        "    before = gc.get_stats()[0]['collections']\n"
        "    kept = [[] for _ in range(500_000)]\n"
        "    sys.exit(0 if gc.get_stats()[0]['collections'] > before else 9)\n"
        "live(work)"
    )
    assert done.returncode == 0


INTERRUPTED_LOADING = """
import importlib.abc, os, signal, sys
class Typing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "hermes_dist.cli.entry.lean":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Typing())
import hermes_dist.cli.entry.process
"""


def test_ctrl_c_while_the_program_is_loaded_ends_it_without_a_traceback() -> None:
    words = [sys.executable, "-c", INTERRUPTED_LOADING]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def test_ctrl_c_that_is_ignored_stays_so_while_the_program_is_loaded() -> None:
    ignores = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
    words = [sys.executable, "-c", ignores + INTERRUPTED_LOADING]
    assert subprocess.run(words, check=False).returncode == 0


def test_ctrl_c_interrupts_what_runs_and_is_never_a_traceback() -> None:
    done = ended(
        "import os, signal, time\n"
        "def work():\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(60)\n"
        "live(work)"
    )
    assert (done.returncode, done.stderr) == (130, "")
