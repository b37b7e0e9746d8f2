"""The one header: packed as every version of ours packed it, and read whoever wrote it."""

from __future__ import annotations

import hashlib
import tarfile
import zlib

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from tars import ours

from hermes_dist.errors import Invalid
from hermes_dist.world.archive.header import (
    BLOCK,
    _packed,
    header,
    kind_of,
    mode_of,
    name_of,
    size_of,
    sum_is_right,
)

GOLDEN = "d01c8d1c75f85616d69cce11d2ba3637ecea0ee6aaf775815ce75e673de885a7"
"""The digest of this archive as versions up to 0.1 wrote it, whose readers accept not one other byte."""


def test_the_bytes_of_an_archive_never_change() -> None:
    files = {
        "b/x": b"1",
        "run": b"2" * 700,
        "é" * 40 + "/" + "ü" * 45: b"3",
        "b-c": b"",
        "d/" * 40 + "x" * 90: b"long",
        "e" * 90 + "/f/" + "g" * 60 + "/h": b"z" * BLOCK,
    }
    tar = zlib.decompress(ours(files, run=["run"]), 31)
    assert hashlib.sha256(tar).hexdigest() == GOLDEN


parts = st.text("abé", min_size=1, max_size=60)


@given(
    st.lists(parts, min_size=1, max_size=6).map("/".join),
    st.integers(0, 8**11 - 1),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=examples(200), deadline=None)
def test_what_is_packed_is_read_by_us_and_by_tarfile(
    path: str, size: int, folder: bool, run: bool
) -> None:
    name = path.encode() + b"/" * folder
    try:
        block = header(name, 0 if folder else size, executable=run)
    except ValueError:
        assert len(name) > 100
        return
    assert (name_of(block), size_of(block)) == (name, 0 if folder else size)
    assert (kind_of(block), mode_of(block)) == (
        (b"5", 0o755) if folder else (b"0", 0o755 if run else 0o644)
    )
    assert sum_is_right(block)
    told = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    assert (told.name, told.size) == (path, 0 if folder else size)


@given(
    st.one_of(
        st.binary(max_size=120), parts.map(str.encode), parts.map(lambda name: f"{name}/".encode())
    ),
    st.one_of(st.integers(-1, 8**11), st.integers(0, 100_000)),
    st.booleans(),
)
@settings(max_examples=examples(300), deadline=None)
def test_a_form_that_is_filled_in_is_what_tarfile_packs(name: bytes, size: int, run: bool) -> None:
    folder = name.endswith(b"/")
    try:
        packed = _packed(name, size, folder=folder, executable=run)
    except ValueError:
        with pytest.raises(ValueError, match=r"overflow|name"):
            header(name, size, executable=run)
    else:
        assert header(name, size, executable=run) == packed


@pytest.mark.parametrize("size", [-1, 8**11])
def test_a_size_without_room_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="overflow"):
        header(b"a", size)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (b"00000000017\0", 15),
        (b"         17 ", 15),
        (b"\0" * 12, 0),
        (b"\x80" + b"\0" * 10 + b"\x0f", 15),
    ],
)
def test_sizes_are_read_as_other_programs_write_them(field: bytes, expected: int) -> None:
    block = header(b"a", 0)
    assert size_of(block[:124] + field + block[136:]) == expected


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        (b"0000000008 \0", "not a valid number"),
        (b"-0000000001\0", "not a valid number"),
        (b"\xff" * 12, "negative or too large"),
        (b"\x80" + b"\x10" * 11, "negative or too large"),
    ],
)
def test_sizes_that_are_none_are_refused(field: bytes, problem: str) -> None:
    block = header(b"a", 0)
    with pytest.raises(Invalid, match=problem):
        size_of(block[:124] + field + block[136:])


def test_a_sum_is_right_in_any_spelling() -> None:
    block = header(b"a", 1)
    digits = block[148:154]
    for field in (digits + b"\0 ", digits + b" \0", b"  " + digits.lstrip(b"0") + b" \0"):
        assert sum_is_right(block[:148] + field.ljust(8, b"\0")[:8] + block[156:])
    assert not sum_is_right(block[:148] + b"000001\0 " + block[156:])
