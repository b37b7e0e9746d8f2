"""Locks: one command at a time, whoever dies, and whatever stands at the place of the lock file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hermes_dist.errors import Busy, DistError
from hermes_dist.world.disk.locks import flock, home_lock
from hermes_dist.world.ports import Odd


def test_a_home_that_is_held_is_busy_and_the_holder_is_named(tmp_path: Path) -> None:
    with home_lock(tmp_path):
        named = rf"another command is changing this home \(process {os.getpid()}\)"
        with pytest.raises(Busy, match=named) as told, home_lock(tmp_path):
            raise AssertionError
        assert told.value.hint
    with home_lock(tmp_path):
        pass
    assert (tmp_path / ".dist").stat().st_mode & 0o777 == 0o700


def test_taking_a_lock_again_changes_nothing_on_the_disk(tmp_path: Path) -> None:
    with home_lock(tmp_path):
        pass
    lock = tmp_path / ".dist/lock"
    before = lock.stat()
    with home_lock(tmp_path):
        pass
    after = lock.stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )


def test_one_waits_for_a_lock_as_long_as_asked(tmp_path: Path) -> None:
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        with flock(tmp_path / "lock"):
            held.set()
            go.wait(5)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(5)
    began = time.monotonic()
    with pytest.raises(Busy), flock(tmp_path / "lock", timeout=0.1):
        pass
    assert time.monotonic() - began >= 0.1
    threading.Timer(0.1, go.set).start()
    with flock(tmp_path / "lock", timeout=5):
        pass
    holder.join()


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom hermes_dist.world.disk.locks import home_lock\n"
        "with home_lock(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Busy, match=f"process {holder.pid}"), home_lock(tmp_path):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with home_lock(tmp_path):
        pass


def test_a_lock_file_that_was_replaced_meanwhile_does_not_count(tmp_path: Path) -> None:
    with home_lock(tmp_path):
        (tmp_path / ".dist/lock").unlink()
        with home_lock(tmp_path), pytest.raises(Busy), home_lock(tmp_path):
            pass


def test_a_lock_is_not_taken_through_a_symlink_nor_in_a_missing_home(tmp_path: Path) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    home.mkdir()
    outside.mkdir()
    (home / ".dist").symlink_to(outside)
    with pytest.raises(Odd), home_lock(home):
        pass
    assert os.listdir(outside) == []
    with pytest.raises(DistError, match="no such home"), home_lock(tmp_path / "no"):
        pass
    assert not (tmp_path / "no").exists()


# --- looking at a home
