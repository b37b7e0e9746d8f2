"""Whose a plugin folder is."""

from __future__ import annotations

import pytest

from hermes_dist.decide.plugins.marker import (
    Marker,
    Standing,
    Whose,
    judge,
    read_marker,
    write_marker,
)

OURS = Marker(version="1.0", files={"a": "1", "b/c": "2"}, made="plugins")


def test_a_marker_comes_back_as_it_was_written() -> None:
    assert read_marker(write_marker(OURS)) == OURS


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"format": 2, "version": "9", "made": "", "files": {}}',
        b'{"format": 1}',
        b'{"format": 1, "version": "9", "made": "", "files": []}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_a_marker_that_can_not_be_read_makes_no_folder_ours(data: bytes | None) -> None:
    assert read_marker(data) is None
    assert judge(read_marker(data), {"a": "1"}).whose is Whose.FOREIGN


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a": "1", "b/c": "2"}, Standing(whose=Whose.OURS, marker=OURS)),
        ({"a": "1"}, Standing(whose=Whose.OURS, marker=OURS, missing=("b/c",))),
        (
            {"a": "other", "b/c": "2"},
            Standing(whose=Whose.CHANGED, marker=OURS, edited=("a",)),
        ),
        (
            {"a": "1", "b/c": "2", "mine.txt": "3"},
            Standing(whose=Whose.CHANGED, marker=OURS, added=("mine.txt",)),
        ),
    ],
)
def test_edits_additions_and_losses_are_told_apart(
    files: dict[str, str], expected: Standing
) -> None:
    found = judge(OURS, files)
    assert found == expected
    assert found.needs_a_yes == (expected.whose is Whose.CHANGED)


def test_a_folder_holds_what_it_should_only_if_nothing_differs() -> None:
    whole = judge(OURS, {"a": "1", "b/c": "2"})
    assert whole.holds(Marker(version="1.0", files=OURS.files))
    assert not whole.holds(Marker(version="1.1", files=OURS.files))
    assert not whole.holds(Marker(version="1.0", files={"a": "1"}))
    assert not judge(OURS, {"a": "1"}).holds(OURS)
    assert not judge(None, {}).holds(OURS)
