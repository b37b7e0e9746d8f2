"""What is said of a place that has to be a folder and is not."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from hermes_dist.errors import DistError
from hermes_dist.world.no_folder import no_folder


def said(place: Path) -> DistError:
    error = no_folder(place, ", or else")
    assert error is not None
    assert error.hint.endswith(", or else")
    return error


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)  # the address of a socket is short
    Path("file").write_text("")
    Path("dangling").symlink_to("nowhere")
    Path("loop").symlink_to("loop")
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "place", "what"),
    [
        ("file", "file", "it is a file, not a folder"),
        ("file/x/y", "file", "it is a file, not a folder"),
        ("socket", "socket", "it is a socket, not a folder"),
        ("pipe", "pipe", "it is a pipe, not a folder"),
        ("dangling", "dangling", "it is a link to a place that does not exist: nowhere"),
        ("dangling/x", "dangling", "it is a link to a place that does not exist: nowhere"),
        ("loop", "loop", "it is a link that leads back to itself"),
    ],
)
def test_what_is_there_instead_is_named(folder: Path, name: str, place: str, what: str) -> None:
    error = said(folder / name)
    assert (error.where, error.what) == (str(folder / place), what)


def test_a_device_is_named() -> None:
    assert said(Path("/dev/null")).what == "it is a device, not a folder"


def test_a_folder_that_nobody_may_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(place: Path) -> None:
        raise PermissionError(13, "Permission denied", str(place))

    assert no_folder(tmp_path) is None
    monkeypatch.setattr(os, "scandir", refused)
    error = said(tmp_path)
    assert (error.where, error.what) == (
        str(tmp_path),
        "the folder can't be read: Permission denied",
    )


def test_what_is_not_there_yet_is_no_error(tmp_path: Path) -> None:
    assert no_folder(tmp_path / "new" / "root") is None
