"""Files that only one command needs go with it, however it ends."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from hermes_dist.errors import DistError
from hermes_dist.world.child import Bounds, Command, run
from hermes_dist.world.passing import passing_folder, put_private


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_ended_from_outside_leaves_no_copy(number: signal.Signals) -> None:
    seen: list[Path] = []
    before = signal.getsignal(number)

    def ended() -> None:
        with passing_folder("copy-") as folder:
            seen.append(folder)
            put_private(folder / "config.yaml", b"key: 1\n")
            os.kill(os.getpid(), number)

    with pytest.raises(SystemExit) as code:
        ended()
    assert code.value.code == 128 + number
    assert not seen[0].exists()
    assert signal.getsignal(number) is before


def test_a_program_started_before_does_not_keep_a_copy_from_going() -> None:
    run(Command(("/bin/true",), {}), Bounds())
    test_a_command_that_is_ended_from_outside_leaves_no_copy(signal.SIGTERM)


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with passing_folder("copy-"):
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_file_is_never_written_over_another() -> None:
    with passing_folder("copy-") as folder:
        put_private(folder / "a", b"1")
        with pytest.raises(DistError):
            put_private(folder / "a", b"2")
