"""A private folder for files that one command needs; it is removed even if the command is ended from outside."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.private import FILE

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def passing_folder(prefix: str) -> Iterator[Path]:
    """Make a folder that only its owner may enter, and remove it at the end.

    Args:
        prefix: The beginning of its name.

    Raises:
        DistError: It can't be made.
    """
    with _ended_with_care():
        try:
            made = tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
        except OSError as error:
            raise trouble(error, "can't make a folder for passing files") from error
        with made as folder:
            yield Path(folder)


def put_private(path: Path, data: bytes) -> None:
    """Write a new file that only its owner may read.

    Raises:
        DistError: It is there already, or the disk is full.
    """
    try:
        with open(os.open(path, _NEW, FILE), "wb") as file:
            file.write(data)
    except OSError as error:
        raise trouble(error, "can't write the file", where=str(path)) from error


@contextmanager
def _ended_with_care() -> Iterator[None]:
    """Let SIGTERM, and a terminal that is closed, end the program as an error does, so that it tidies up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # A signal that is ignored, as under nohup, stays ignored.
    heard = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _end) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
