"""The lines of a preview: cleaned, cut where they are many, and with their colours."""

from __future__ import annotations

from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Conflict, Step
from hermes_dist.model.tree import Digest, Entry
from hermes_dist.ops.change.review import KeyRow
from hermes_dist.voice import cards
from hermes_dist.voice.lines import Line

A, B = Entry(Digest.of(b"a")), Entry(Digest.of(b"b"))


def text(line: Line) -> str:
    return "".join(piece.text for piece in line)


def test_files_are_listed_with_what_happens_to_them_and_the_rest_is_counted() -> None:
    steps = [
        Step(RelPath("a.md"), None, A),
        Step(RelPath("b.md"), A, None),
        Step(RelPath("skills/c/SKILL.md"), A, B),
    ]
    lines = list(cards.step_lines(steps, 2))
    assert [text(line) for line in lines[:2]] == ["  + a.md", "  - b.md"]
    assert [line[1].style for line in lines[:2]] == ["good", "error"]
    assert text(lines[2]).startswith("  … and 1 more file (skills")
    assert len(list(cards.step_lines(steps, 3))) == 3


def test_a_conflict_says_what_each_side_did_and_nothing_from_outside_forges_a_line() -> None:
    row = KeyRow("config.yaml", "model", "a\x1b[2J", "b", "mine")
    line = cards.conflict_line(Conflict(RelPath("config.yaml"), "model"), [row])
    said = r"config.yaml: model  a\u{1b}[2J → b (yours: mine) (edit/edit); yours stays"
    assert text(line) == f"  conflict  {said}"


def test_what_is_left_out_is_told_with_its_reason() -> None:
    left = [LeftOut("memories/", Why.EACH_MACHINE, 2), LeftOut(".env", Why.EACH_MACHINE)]
    first, more = map(text, cards.left_out_lines(left, 1))
    assert first == "  left out  memories/ (2 files): belongs to each machine"
    assert more == "  left out  … and 1 more; -v lists them"
