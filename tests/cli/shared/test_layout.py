"""The layout: words wrap at words, columns shrink and then stack, nothing is shortened; at every width."""

from __future__ import annotations

import re

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.cli.shared.layout import RESET, Column, Table, cells, fields, wrap

WIDTHS = st.integers(20, 200)
CHARS = st.sampled_from("abcxyzABZ019.,:;-_/→…é日本語。「」🎉👍🏽❤️e\u0301ابกำ") | st.characters(
    exclude_categories=["C", "Z"], exclude_characters="`"
)
WORDS = st.text(CHARS, min_size=1, max_size=30)
LEADS = st.sampled_from(
    [
        "",
        "  ",
        "    ",
        "- ",
        "  • ",
        "1. ",
        "  from   ",
        "error: ",
        "  M ",
        "next: hermes-dist ",
        "✓ ",
    ]
)
TEXTS = st.builds(
    lambda lead, words, gaps: lead + "".join(w + g for w, g in zip(words, gaps, strict=False)),
    LEADS,
    st.lists(WORDS, max_size=30),
    st.lists(st.sampled_from([" ", " ", " ", "  ", ": ", "; "]), min_size=30, max_size=30),
)


def bare(text: str) -> str:
    return re.sub(r"\033\[[0-9;]*m", "", text)


def solid(text: str) -> str:
    """A text without its spaces: what wrapping must keep, in order."""
    return re.sub(r"\s", "", bare(text))


@settings(max_examples=examples(300), deadline=None)
@given(TEXTS, WIDTHS)
def test_no_line_is_wider_unless_it_is_one_word_and_nothing_is_lost(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert solid("".join(lines)) == solid(text)
    for line in lines:
        if cells(line) > width:
            # One word, with its label at most; it would fit nowhere.
            assert any(cells(word) > width for word in line.split()) or "hermes-dist" in line


@settings(max_examples=examples(300), deadline=None)
@given(TEXTS, WIDTHS)
def test_wrapping_twice_changes_nothing(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert [again for line in lines for again in wrap(line, width)] == lines


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.text("abcdefgh", min_size=1, max_size=12), min_size=1, max_size=40), WIDTHS)
def test_words_stay_words(words: list[str], width: int) -> None:
    assert " ".join(wrap(" ".join(words), width)).split() == words


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.tuples(WORDS, st.sampled_from(["", "31", "1;35"])), max_size=20), WIDTHS)
def test_colours_stay_where_they_are(words: list[tuple[str, str]], width: int) -> None:
    def painted(text: str, code: str) -> str:
        return f"\033[{code}m{text}{RESET}" if code else text

    lines = wrap(" ".join(painted(*word) for word in words), width)
    assert [bare(line) for line in lines] == wrap(" ".join(text for text, _ in words), width)

    def coloured(text: str) -> list[tuple[str, str]]:
        found, code = [], ""
        for part in re.split(r"(\033\[[0-9;]*m)", text):
            if part.startswith("\033"):
                code = "" if part == RESET else part[2:-1]
            else:
                found += [(char, code) for char in part if not char.isspace()]
        assert not code, "a colour goes on behind the end of a line"
        return found

    assert [pair for line in lines for pair in coloured(line)] == [
        (char, code) for text, code in words for char in text if not char.isspace()
    ]


TABLES = st.integers(1, 6).flatmap(
    lambda n: st.tuples(
        st.lists(
            st.builds(
                Column,
                st.text("ABCabc", min_size=1, max_size=9),
                st.booleans(),
                st.booleans(),
                paint=st.just(str),
            ),
            min_size=n,
            max_size=n,
        ),
        st.lists(
            st.lists(st.lists(WORDS, max_size=6).map(" ".join), min_size=n, max_size=n), max_size=5
        ),
    )
)


@settings(max_examples=examples(200), deadline=None)
@given(TABLES, WIDTHS)
def test_the_cells_of_a_table_all_appear_whole(
    made: tuple[list[Column], list[list[str]]], width: int
) -> None:
    columns, rows = made
    table = Table(tuple(columns), tuple(map(tuple, rows)))
    natural, fitted = table.lines(None), table.lines(width)
    assert len(natural) == len(rows) + 1
    for line, row in zip(natural[1:], rows, strict=True):
        assert solid(line) == solid("".join(row))
    everything = "".join(char for row in rows for cell in row for char in solid(cell))
    shown = "".join(solid(line) for line in fitted)
    assert not [char for char in everything if shown.count(char) < everything.count(char)]
    for line in fitted:
        assert cells(line) <= width or any(cells(word) > width for word in line.split())


def test_a_table_that_fits_is_as_wide_as_its_cells() -> None:
    table = Table((Column("Name"), Column("PID", right=True)), (("a", "1"), ("longer", "12345")))
    assert table.lines(None) == ["Name      PID", "a           1", "longer  12345"]
    assert table.lines(20) == table.lines(None)


def test_columns_shrink_and_their_cells_wrap_at_words() -> None:
    table = Table(
        (Column("Name"), Column("What it is about"), Column("Since", whole=True)),
        (("bot", "it looks at the weather and tells you", "2026-11-30 09:00"), ("x", "", "—")),
    )
    assert table.lines(44) == [
        "Name  What it is about   Since",
        "bot   it looks at the    2026-11-30 09:00",
        "      weather and tells",
        "      you",
        "x                        —",
    ]


def test_rows_stack_where_columns_do_not_fit() -> None:
    table = Table(
        (Column("Name"), Column("About"), Column("Commit")),
        (("bot", "it looks at the weather", "0123456789abcdef"), ("x", "", "fedcba")),
    )
    assert table.lines(28) == [
        "Name:   bot",
        "About:  it looks at the",
        "        weather",
        "Commit: 0123456789abcdef",
        "",
        "Name:   x",
        "Commit: fedcba",
    ]


@pytest.mark.parametrize(
    ("line", "width", "lines"),
    [
        ("- one two three", 9, ["- one two", "  three"]),
        ("  from   a source, main", 20, ["  from   a source,", "         main"]),
        ("error: one two three", 14, ["error: one two", "       three"]),
        ("a plain line of words", 12, ["a plain line", "of words"]),
        ("  1. one two three", 12, ["  1. one two", "     three"]),
        (
            "  next: hermes-dist resolve bot --list; or later on",
            24,
            ["  next: hermes-dist resolve bot --list;", "        or later on"],
        ),
        (
            "to remove the profile itself: hermes-dist delete bot",
            40,
            ["to remove the profile itself:", "  hermes-dist delete bot"],
        ),
        (
            "run `git config --global x` first, please",
            24,
            ["run", "`git config --global x`", "first, please"],
        ),
        (
            "a 0123456789abcdef0123456789abcdef b",
            20,
            ["a", "0123456789abcdef0123456789abcdef", "b"],
        ),
        ("      hermes-dist approve bot", 24, [" hermes-dist approve bot"]),
        (
            "add it: echo 'export A=\"b c\"' >> x",
            30,
            ["add it:", "  echo 'export A=\"b c\"' >> x"],
        ),
        (
            "it is missing: pip install hermes-agent",
            30,
            ["it is missing:", "  pip install hermes-agent"],
        ),
        ("the word echo is no command here", 20, ["the word echo is no", "command here"]),
        (
            "    found: 0123456789abcdef0 one two three",
            22,
            ["    found:", "    0123456789abcdef0", "    one two three"],
        ),
        ("日本語のとても長い文章です。", 20, ["日本語のとても長い文", "章です。"]),
        ("ab 日本語", 20, ["ab 日本語"]),
    ],
)
def test_lines(line: str, width: int, lines: list[str]) -> None:
    assert wrap(line, width) == lines


def test_a_colour_ends_with_its_line_and_goes_on_in_the_next() -> None:
    assert wrap("\033[31mone two three\033[0m x", 8) == [
        "\033[31mone two\033[0m",
        "\033[31mthree\033[0m x",
    ]


def test_wide_and_combining_characters_are_counted_as_a_terminal_shows_them() -> None:
    assert (cells("日本"), cells("🎉"), cells("e\u0301"), cells("→…✓—é")) == (4, 2, 1, 5)


def test_fields_stand_below_each_other_and_empty_ones_are_left_out() -> None:
    pairs = [("Name", "bot"), ("Shown as", ""), ("Description", "a bot that answers in many words")]
    assert fields(pairs, None) == [
        "Name:        bot",
        "Description: a bot that answers in many words",
    ]
    assert fields(pairs, 33) == [
        "Name:        bot",
        "Description: a bot that answers",
        "             in many words",
    ]


STANDING = Table(
    (Column("", whole=True), Column(""), Column("")),
    (("  M", "config.yaml", "changed by you"), ("  ?", "skills/own/SKILL.md", "your own")),
    (("       agent.max_turns: 60 → 90",), ()),
)


def test_a_table_without_titles_has_no_line_for_them_and_lines_below_its_rows() -> None:
    assert STANDING.lines(None) == [
        "  M  config.yaml          changed by you",
        "       agent.max_turns: 60 → 90",
        "  ?  skills/own/SKILL.md  your own",
    ]


def test_a_table_without_titles_becomes_lines_where_it_is_too_wide() -> None:
    assert STANDING.lines(26) == [
        "  M  config.yaml  changed",
        "     by you",
        "       agent.max_turns: 60",
        "       → 90",
        "  ?  skills/own/SKILL.md",
        "     your own",
    ]


def test_cells_are_painted_and_titles_are_not_in_their_colour() -> None:
    table = Table((Column("Sign", paint=lambda text: f"<{text}>"), Column("What")), (("M", "a"),))
    assert table.lines(None, str.upper) == ["SIGN  WHAT", "<M>     a"]


@pytest.mark.parametrize("width", [80, 100])
def test_no_short_word_stands_alone_in_the_last_line(width: int) -> None:
    line = ("word " * 30)[: width - 1].strip() + " field."
    assert wrap(line, width)[-1].split() == ["word", "field."]
    # A narrow terminal has no room to spare, and a command is never torn apart.
    assert wrap(line[:30] + " longer.", 35)[-1] == "longer."
    command = "hermes-dist update research-bot --to v1.0.0 --dry-run"
    for ahead in range(9, 30):
        told = wrap("x " * ahead + f"and then run: {command}; again", width)
        assert any(command in each for each in told)


def test_lone_words_leave_text_as_it_is() -> None:
    for width in range(80, 130):
        line = "  note   " + " ".join(f"word{n}" for n in range(40)) + " end."
        told = wrap(line, width)
        assert " ".join(told).split() == line.split()
        assert all(cells(each) <= width for each in told)
        assert len(told[-1].split()) > 1
