"""Old names lead to the profile that had them, however often it was renamed, until somebody else has the name."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_dist.brand import HERMES, Layout
from hermes_dist.model.notes import NoteKind
from hermes_dist.ops.renames import called_now, remember

MOVES = {
    "renamed": ([("rename", "a", "b")], {"a": "b", "b": None}),
    "renamed twice": ([("rename", "a", "b"), ("rename", "b", "c")], {"a": "c", "b": "c"}),
    "and back": ([("rename", "a", "b"), ("rename", "b", "a")], {"a": None, "b": "a"}),
    "another one gets the first name": (
        [("rename", "a", "b"), ("rename", "c", "a"), ("rename", "a", "d")],
        {"a": "d", "b": None, "c": "d"},
    ),
    "put away": ([("rename", "a", "b"), ("delete", "b", "")], {"a": "b", "b": None}),
    "the old name was made anew and put away": (
        [("rename", "a", "b"), ("create", "", "a"), ("delete", "a", "")],
        {"a": None},
    ),
    "the new name was made anew": (
        [("rename", "a", "b"), ("delete", "b", ""), ("create", "", "b")],
        {"a": None},
    ),
}


@pytest.mark.parametrize("story", MOVES)
def test_an_old_name_leads_to_who_had_it(tmp_path: Path, story: str) -> None:
    layout = Layout(HERMES, tmp_path, tmp_path)
    moves, expected = MOVES[story]
    for verb, name, to in moves:
        remember(layout, verb, name, to)
    assert {old: called_now(layout, old) for old in expected} == expected


@pytest.mark.parametrize("text", ["", "{", '{"format": 0, "names": 1}', '{"names": 1}'])
def test_a_damaged_record_tells_nothing_and_is_written_anew(tmp_path: Path, text: str) -> None:
    layout = Layout(HERMES, tmp_path, tmp_path)
    (tmp_path / "distributions").mkdir()
    (tmp_path / "distributions" / "renamed.json").write_text(text)
    assert called_now(layout, "a") is None
    remember(layout, "rename", "a", "b")
    assert called_now(layout, "a") == "b"


def test_a_record_of_a_newer_program_is_left_alone_and_named(tmp_path: Path) -> None:
    layout = Layout(HERMES, tmp_path, tmp_path)
    (tmp_path / "distributions").mkdir()
    file = tmp_path / "distributions" / "renamed.json"
    file.write_text('{"format": 2, "names": [["a", "b", "why"]]}')
    before = file.read_bytes()
    (note,) = remember(layout, "rename", "c", "d")
    assert (note.kind, note.where) == (NoteKind.NEWER_FILE, str(file))
    assert file.read_bytes() == before
    assert called_now(layout, "a") is None


def test_names_that_are_none_are_left_out(tmp_path: Path) -> None:
    layout = Layout(HERMES, tmp_path, tmp_path)
    (tmp_path / "distributions").mkdir()
    file = tmp_path / "distributions" / "renamed.json"
    file.write_text('{"format": 1, "names": {"a": "../b", "../c": "d", "e": "f"}}')
    assert [called_now(layout, old) for old in ("a", "../c", "e")] == [None, None, "f"]
