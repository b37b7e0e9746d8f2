"""The lines of a preview: cleaned, cut where they are many, and with their colours."""

from __future__ import annotations

import pytest

from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Conflict, Step
from hermes_dist.model.tree import Digest, Entry
from hermes_dist.ops.change.review import Choice, KeyRow
from hermes_dist.ops.conflicts.conflict_diff import Sides
from hermes_dist.voice import cards
from hermes_dist.voice.lines import Line

A, B = Entry(Digest.of(b"a")), Entry(Digest.of(b"b"))


def text(line: Line) -> str:
    return "".join(piece.text for piece in line)


def test_files_are_listed_with_what_happens_to_them_and_the_rest_is_counted() -> None:
    steps = [
        Step(RelPath("a.md"), None, B),
        Step(RelPath("b.md"), A, None),
        Step(RelPath("skills/c/SKILL.md"), A, B),
    ]
    lines = list(cards.step_lines(steps, 2))
    assert [text(line) for line in lines[:2]] == ["  + a.md", "  - b.md"]
    assert [line[1].style for line in lines[:2]] == ["good", "error"]
    assert text(lines[2]).startswith("  … and 1 more file (skills")
    assert len(list(cards.step_lines(steps, 3))) == 3


def test_a_conflict_says_what_each_side_did_and_nothing_from_outside_forges_a_line() -> None:
    sides = Sides(was="a\x1b[2J", yours="mine", theirs="b", has_values=True)
    line = cards.conflict_line(Conflict(RelPath("config.yaml"), "model"), sides)
    said = r"config.yaml: model  was a\u{1b}[2J · yours mine · theirs b; yours stays"
    assert text(line) == f"  conflict  {said}"


def test_what_is_left_out_is_told_with_its_reason() -> None:
    left = [LeftOut("memories/", Why.EACH_MACHINE, 2), LeftOut(".env", Why.EACH_MACHINE)]
    first, more = map(text, cards.left_out_lines(left, 1))
    assert first == "  left out  memories/ (2 files): belongs to each machine"
    assert more == "  left out  … and 1 more; -v lists them"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (KeyRow("c", "k", "60", "80"), "60 → 80"),
        (KeyRow("c", "k", "60", "80", "90", "80", Choice.USER), "90 → 80 (theirs, your choice)"),
        (
            KeyRow("c", "k", "60", "80", "90", "90", Choice.USER),
            "90 stays (yours, your choice; theirs 80)",
        ),
        (
            KeyRow("c", "k", "60", "80", "90", "90", Choice.KEPT),
            "90 stays (yours, always kept; theirs 80)",
        ),
        (
            KeyRow("c", "k", "60", "80", "90", "80", Choice.AUTHOR),
            "90 → 80 (theirs, the author's choice)",
        ),
        (KeyRow("c", "k", "[a]", "[a,c]", "[a,b]", "[a,b,c]"), "[a,b] → [a,b,c] (both, merged)"),
    ],
)
def test_a_merge_is_shown_by_what_it_did(row: KeyRow, said: str) -> None:
    assert cards.change_words(row) == said


def test_a_file_that_only_moved_is_one_row() -> None:
    was, new = Entry(Digest.of(b"a")), Entry(Digest.of(b"b"))
    steps = [
        Step(RelPath("new.md"), None, was),
        Step(RelPath("old.md"), was, None),
        Step(RelPath("other.md"), was, new),
    ]
    assert [text(line) for line in cards.step_lines(steps, 5)] == [
        "  R old.md → new.md",
        "  ~ other.md",
    ]


@pytest.mark.parametrize(
    ("sides", "said"),
    [
        (
            Sides(was="60", yours="90", theirs="80", has_values=True),
            "was 60 · yours 90 · theirs 80",
        ),
        (Sides(was="a", theirs="b", has_values=True), "was a · yours (deleted) · theirs b"),
        (Sides(yours="", theirs="b", has_values=True), "was (none) · yours (empty) · theirs b"),
        (Sides(), "both changed it"),
    ],
)
def test_the_sides_of_a_conflict_are_named(sides: Sides, said: str) -> None:
    assert cards.sides_words(Conflict(RelPath("config.yaml"), "k"), sides) == said
