"""Calls of the C library: what they return, and how they fail."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from hermes_dist.world.disk import libc


def test_a_function_takes_numbers_texts_and_buffers(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        read = libc.function("readlinkat", "issu")
        assert read is not None
        os.symlink("elsewhere", tmp_path / "link")
        into = libc.buffer(20)
        assert read(fd, b"link", into, 20) == len("elsewhere")
        assert bytes(into) == b"elsewhere".ljust(20, b"\0")
    finally:
        os.close(fd)


def test_a_failure_says_what_the_system_said() -> None:
    close = libc.function("close", "i")
    assert close is not None
    assert close(-1) == -1
    error = libc.failure("one", None, "two")
    assert (error.errno, error.filename, error.filename2) == (errno.EBADF, "one", "two")


def test_what_the_library_does_not_have_is_none() -> None:
    assert libc.function("no_such_function", "i") is None
