from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from hermes_dist.world.files import OddFile, open_file, read_file, start_of


def _socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


ODD: list[tuple[str, Callable[[Path], object]]] = [
    ("it is a named pipe, not a file", os.mkfifo),
    ("it is a socket, not a file", _socket),
    ("it is a device, not a file", lambda path: path.symlink_to("/dev/zero")),
    ("it is larger than 256 MiB", _sparse),
]


@pytest.mark.parametrize(("said", "make"), ODD, ids=[said for said, _ in ODD])
def test_what_is_no_file_or_has_no_end_is_refused_with_what_it_is(
    tmp_path: Path, said: str, make: Callable[[Path], object]
) -> None:
    path = tmp_path / "config.yaml"
    make(path)
    with pytest.raises(OddFile) as caught:
        read_file(path)
    assert (caught.value.strerror, caught.value.filename) == (said, str(path))


@pytest.mark.parametrize("make", [make for said, make in ODD if "larger" not in said])
def test_nothing_of_it_is_opened_as_a_stream(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(tmp_path / "log")
    with pytest.raises(OddFile):
        open_file(tmp_path / "log")
    with pytest.raises(OddFile):
        start_of(tmp_path / "log", 10)


def test_a_folder_and_a_missing_file_are_told_as_the_system_tells_them(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        read_file(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none")


@pytest.mark.parametrize("size", [0, 1, 1 << 16, (1 << 20) + 1])
def test_a_file_is_read_whole(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(size))
    assert read_file(path) == path.read_bytes()
    assert read_file(path, limit=size) == path.read_bytes()
    assert start_of(path, 10) == path.read_bytes()[:10]


def test_one_byte_too_many_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    with pytest.raises(OddFile, match="larger than 4 bytes"):
        read_file(path, limit=4)


def test_a_link_is_followed_unless_the_caller_says_no(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    (tmp_path / "link").symlink_to("file")
    assert read_file(tmp_path / "link") == b"text"
    with pytest.raises(OSError, match="symbolic links"):
        read_file(tmp_path / "link", follow=False)


def test_a_file_that_tells_no_size_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the files of ``/proc`` do, and one to which another program still writes."""
    path = tmp_path / "file"
    path.write_bytes(os.urandom(200_000))
    real = os.fstat

    def without_size(fd: int) -> os.stat_result:
        told = list(real(fd))
        told[6] = 0
        return os.stat_result(told)

    monkeypatch.setattr(os, "fstat", without_size)
    assert read_file(path) == path.read_bytes()
    with pytest.raises(OddFile):
        read_file(path, limit=199_999)
