"""What is said of an error of the system."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from hermes_dist.world.disk.errors import HINTS, Closed, trouble

HOME = Path("/home/ada/.hermes")


@pytest.mark.parametrize(
    ("number", "closed"),
    [(errno.EROFS, True), (errno.EACCES, True), (errno.EPERM, True), (errno.ENOSPC, False)],
)
def test_an_error_says_what_why_and_what_to_do_and_whether_a_place_is_closed(
    number: int, *, closed: bool
) -> None:
    found = trouble(OSError(number, os.strerror(number), "/x"), "can't write")
    assert found.what == f"can't write: {os.strerror(number)}"
    assert found.hint == HINTS[number]
    assert isinstance(found, Closed) is closed


def test_an_error_without_a_number_says_its_text_and_gives_no_hint() -> None:
    found = trouble(OSError("odd"), "can't write")
    assert (found.what, found.where, found.hint) == ("can't write: odd", "", "")
    assert not isinstance(found, Closed)


@pytest.mark.parametrize(
    ("file", "where", "below", "place"),
    [
        ("/x/y", "", None, "/x/y"),
        ("y", "", None, "y"),
        (None, "", None, ""),
        ("/x/y", "/z", None, "/z"),
        ("y", "", HOME, str(HOME)),
        (None, "", HOME, str(HOME)),
        ("/x/y", "", HOME, "/x/y"),
        ("y", "/z", HOME, "/z"),
    ],
)
def test_an_error_names_a_whole_path_if_one_is_known(
    file: str | None, where: str, below: Path | None, place: str
) -> None:
    error = OSError(errno.EIO, "broken") if file is None else OSError(errno.EIO, "broken", file)
    assert trouble(error, "can't read", where=where, below=below).where == place
