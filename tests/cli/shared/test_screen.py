"""The screen: what goes where, what a quiet one leaves out, colour, tables, and JSON for many."""

from __future__ import annotations

import io
import json

import pytest

from hermes_dist.cli.shared.screen import Screen
from hermes_dist.errors import DistError, InputNeeded
from hermes_dist.voice.lines import Style

Capture = pytest.CaptureFixture[str]


def test_results_go_to_stdout_and_everything_beside_them_to_stderr(capsys: Capture) -> None:
    screen = Screen()
    screen.say("result")
    screen.tell("note")
    screen.warn("careful")
    screen.prompt("question")
    assert capsys.readouterr() == ("result\n", "note\nwarning: careful\nquestion\n")


def test_several_lines_are_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    class Beside(io.StringIO):
        def write(self, text: str) -> int:
            written.append(text)
            return len(text)

    monkeypatch.setattr("sys.stderr", Beside())
    Screen().tell_all((f"line {n}", 0) for n in range(3))
    Screen(quiet=True).tell_all([("kept back", 0)])
    Screen().tell_all([])
    assert written == ["line 0\nline 1\nline 2\n"]


def test_a_quiet_screen_keeps_notes_back_and_an_aloud_one_does_not(capsys: Capture) -> None:
    quiet = Screen(quiet=True)
    quiet.tell("note")
    quiet.say("result")
    quiet.aloud().tell("what a question is about")
    assert quiet.quiet
    assert capsys.readouterr() == ("result\n", "what a question is about\n")


@pytest.mark.parametrize(
    ("style", "bold", "painted"),
    [
        ("error", False, "\x1b[31mx\x1b[0m"),
        ("accent", True, "\x1b[1;35mx\x1b[0m"),
        ("", True, "\x1b[1mx\x1b[0m"),
        ("", False, "x"),
    ],
)
def test_styles(style: Style, bold: bool, painted: str) -> None:
    assert Screen(colour=True).paint("x", style, bold=bold) == painted
    assert Screen(colour=False).paint("x", style, bold=bold) == "x"


def test_a_table_is_as_wide_as_its_cells_and_cleans_them(capsys: Capture) -> None:
    Screen(colour=False).table(("Name", "What"), [("a", "one"), ("longer", "\x1b[31mred\x07")])
    out = capsys.readouterr().out
    assert out.splitlines()[:2] == ["Name    What", "a       one"]
    assert out.splitlines()[2].startswith("longer  ")
    assert "\x1b" not in out
    assert "\x07" not in out


def test_a_table_without_rows_is_its_head(capsys: Capture) -> None:
    Screen(colour=False).table(("Name", "What"), [])
    assert capsys.readouterr().out == "Name  What\n"


def test_with_json_only_the_object_is_a_result(capsys: Capture) -> None:
    screen = Screen(as_json=True)
    screen.say("words")
    screen.emit("thing", {"a": "ä"})
    out, err = capsys.readouterr()
    assert json.loads(out) == {"schema": "hermes-dist/thing/1", "a": "ä"}
    assert out.isascii()
    assert err == ""


def test_objects_for_many_are_gathered_and_the_first_screen_stays_as_it_is(capsys: Capture) -> None:
    screen = Screen(as_json=True)
    each = screen.gather()
    each.emit("thing", {"n": 1})
    each.error(DistError("bad", where="x", hint="do"))
    assert screen.gathered is None
    assert [row["schema"] for row in each.gathered or []] == [
        "hermes-dist/thing/1",
        "hermes-dist/error/1",
    ]
    assert capsys.readouterr() == ("", "error: x: bad\n  do\n")


def test_where_nobody_is_a_question_names_the_flag_that_answers_it() -> None:
    with pytest.raises(InputNeeded) as caught:
        Screen().confirm("Go on?", "--yes")
    assert caught.value.hint == "pass --yes"


def test_what_a_dry_run_tells_is_the_result_also_on_a_quiet_screen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Screen(quiet=True).results().tell("would happen")
    Screen().results().warn("beware")
    Screen(as_json=True).results().tell("beside the data")
    out, err = capsys.readouterr()
    assert out == "would happen\n"
    assert err.splitlines() == ["warning: beware", "beside the data"]


def test_a_difference_that_belongs_to_a_question_is_no_result(capsys: Capture) -> None:
    lines = ["--- a", "+++ b", "@@ -1 +1 @@", "-x", "+y\tz"]
    Screen(as_json=True, quiet=True).diff(lines, beside=True)
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == ("", [*lines[:4], "+y      z"])


def test_an_error_on_one_of_many_profiles_names_it(capsys: Capture) -> None:
    screen = Screen(as_json=True)
    screen.error(DistError("it broke"), profile="bot")
    screen.error(DistError("it broke"))
    found = capsys.readouterr().out.replace("}\n{", "}\0{").split("\0")
    assert [json.loads(text).get("profile") for text in found] == ["bot", None]


@pytest.mark.parametrize(
    ("typed", "agreed"), [("maybe\nYES\n", True), ("ja\n\n", False), ("y\n", True), ("No\n", False)]
)
def test_a_word_that_is_neither_yes_nor_no_is_asked_about_again(
    typed: str, agreed: bool, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(Screen, "somebody", True)
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert Screen().confirm("Go on?") is agreed
    asked = capsys.readouterr().err.count("Go on?")
    assert asked == typed.count("\n")
