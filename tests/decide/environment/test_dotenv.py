"""Editing a .env file by key: what is read, what is written, and what stays as it was."""

from __future__ import annotations

import shlex

import pytest
from budget import examples
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hermes_dist.decide.environment.dotenv import assign, blank, check_value, quote, read
from hermes_dist.errors import Invalid


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A=1\nB=two words\n", {"A": "1", "B": "two words"}),
        ("export A=1\n  export   B = 2 \n", {"A": "1", "B": "2"}),
        ("# A=1\n#B=2\nC=3 # why\n", {"C": "3"}),
        ("A='one # two'\nB=\"one # two\" # three\n", {"A": "one # two", "B": "one # two"}),
        ("A=one#two\n", {"A": "one#two"}),
        ("A=\nB= # nothing\nC=''\n", {}),
        ("A=1\nA=2\n", {"A": "2"}),
        ("A=1\nA=\n", {}),
        ('A="line one\nB=inside"\nC=3\n', {"A": "line one\nB=inside", "C": "3"}),
        (r'A="tab\tquote\"back\\slash"' + "\n", {"A": 'tab\tquote"back\\slash'}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("\ufeffA=1\n", {"A": "1"}),
        ("A=no newline", {"A": "no newline"}),
        ("just words\nA B=1\n=3\nC=4\n", {"C": "4"}),
        ('A="never closed\nB=2\n', {"B": "2"}),
        ("export A\nB=2\n", {"B": "2"}),
        ("", {}),
    ],
)
def test_a_file_is_read_as_the_agents_loader_reads_it(text: str, values: dict[str, str]) -> None:
    assert read(text.encode()) == values


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "KEY=new\n"),
        ("A=1\n", "A=1\nKEY=new\n"),
        ("A=1", "A=1\nKEY=new\n"),
        ("A=1\r\n", "A=1\r\nKEY=new\r\n"),
        ("KEY=old\n", "KEY=new\n"),
        ("KEY=old # mine\nB=2\n", "KEY=new # mine\nB=2\n"),
        ("KEY= # mine\n", "KEY=new # mine\n"),
        ("KEY=\nB=2", "KEY=new\nB=2"),
        ("export KEY = 'old'  # mine\r\n", "export KEY = new  # mine\r\n"),
        ("KEY=first\nKEY=second\n", "KEY=first\nKEY=new\n"),
        ("# KEY=example\n", "# KEY=example\nKEY=new\n"),
        ('KEY="two\nlines"\nB=2\n', "KEY=new\nB=2\n"),
        ('B="two\nKEY=inside"\n', 'B="two\nKEY=inside"\nKEY=new\n'),
        ("MY_KEY=1\nKEY2=2\n", "MY_KEY=1\nKEY2=2\nKEY=new\n"),
        ("\ufeffA=1\n", "\ufeffA=1\nKEY=new\n"),
        ("KEY=new\n", "KEY=new\n"),
        ("KEY='new'", "KEY='new'"),
        ('KEY="old\n', "KEY=new\n"),
    ],
)
def test_a_variable_is_set_where_it_stands_or_at_the_end(before: str, after: str) -> None:
    assert assign(before.encode(), {"KEY": "new"}).decode() == after


def test_bytes_that_are_no_text_stay() -> None:
    assert assign(b"# \xff\xfe\nA=\xff\n", {"B": "1"}) == b"# \xff\xfe\nA=\xff\nB=1\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("coding", ["utf-8", "latin-1"])
def test_encoding_and_line_ends_stay_when_a_variable_is_set(
    coding: str, mark: bytes, end: str
) -> None:
    before = f"# Größe{end}A='Zürich'{end}KEY=old # für mich{end}"
    data = mark + before.encode(coding)
    assert read(data) == {"A": "Zürich", "KEY": "old"}
    edited = assign(data, {"KEY": "new", "B": "zwölf"})
    assert edited == mark + (before.replace("old", "new") + f"B='zwölf'{end}").encode(coding)
    assert read(edited) == {"A": "Zürich", "KEY": "new", "B": "zwölf"}
    blanked, names = blank(data, {"A"})
    assert blanked == mark + before.replace("A='Zürich'", "# A=").encode(coding)
    assert names == ("A",)


def test_what_latin_1_does_not_have_is_refused_there() -> None:
    with pytest.raises(Invalid, match="Latin-1") as err:
        assign("A=Zürich\n".encode("latin-1"), {"B": "✓ secret"})
    assert "secret" not in f"{err.value} {err.value.hint}"
    assert "save it as UTF-8" in err.value.hint


def test_an_edit_that_changes_how_another_value_is_read_is_refused() -> None:
    with pytest.raises(Invalid, match="another variable"):
        assign("A=Zürich\n".encode("latin-1") + "B=Zürich\n".encode(), {"A": "Bern"})


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_is_read_but_not_edited(coding: str) -> None:
    data = "# Größe\r\nA='Zürich'\r\nKEY=old\r\n".encode(coding)
    assert read(data) == {"A": "Zürich", "KEY": "old"}
    for edit in (lambda: assign(data, {"B": "1"}), lambda: blank(data, {"KEY"})):
        with pytest.raises(Invalid, match=f"in {coding[:6].upper()}") as err:
            edit()
        assert "save it as UTF-8" in err.value.hint
    assert blank(data, {"OTHER"}) == (data, ())


def test_a_quote_left_open_that_would_swallow_the_new_line_is_told_and_nothing_written() -> None:
    with pytest.raises(Invalid, match="not closed"):
        assign(b"A='open\n", {"KEY": "two words"})
    with pytest.raises(Invalid, match="not closed"):
        assign(b"KEY='open\nB='two words'\n", {"KEY": "new"})


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        ("sk-abc_123.x/y:z=", "sk-abc_123.x/y:z="),
        ("two words", "'two words'"),
        ("a#b", "'a#b'"),
        ("$HOME", "'$HOME'"),
        ("~/x", "'~/x'"),
        ("it's", '"it\'s"'),
        ('say "hi"', "'say \"hi\"'"),
        ("back\\slash", '"back\\\\slash"'),
        ("'\"\\", '"\'\\"\\\\"'),
    ],
)
def test_values_are_quoted_only_where_they_must(value: str, spelled: str) -> None:
    assert quote(value) == spelled


@pytest.mark.parametrize(
    "value", ["", "two\nlines", "cr\rlf", "nul\0", "esc\x1b[0m", "\u2028", "\x85"]
)
def test_only_single_line_values_are_taken_and_none_is_shown(value: str) -> None:
    with pytest.raises(Invalid) as err:
        check_value("KEY", value)
    assert not value or value not in f"{err.value} {err.value.hint}"
    with pytest.raises(Invalid):
        assign(b"", {"KEY": value})


@pytest.mark.parametrize("name", ["key", "MY KEY", "A\nB", "", "A=B", "1A", "É"])
def test_a_name_that_is_no_variable_is_never_written(name: str) -> None:
    with pytest.raises(Invalid):
        assign(b"", {name: "x"})


@pytest.mark.parametrize("value", ["\\", "a b\\"])
def test_a_value_that_ends_in_a_backslash_is_refused_where_it_would_swallow_what_follows(
    value: str,
) -> None:
    assert read(assign(b"A=1\n", {"KEY": value})) == {"A": "1", "KEY": value}
    with pytest.raises(Invalid, match="ends in a backslash"):
        assign(b'KEY=old\nC="x # y" # z\n', {"KEY": value})


VALUES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1)
LINES = st.lists(
    st.sampled_from(
        [
            "",
            "# note",
            "A=1",
            "export B='two words'",
            'C="x # y" # z',
            "KEY=old",
            "KEY='older' # c",
            "odd line",
            "D=é",
        ]
    ),
    max_size=8,
)


@settings(max_examples=examples(2000))
@given(VALUES, LINES, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_is_written_is_read_again_and_every_other_line_stays(
    value: str, lines: list[str], end: str, ended: bool
) -> None:
    assume(not value.endswith("\\"))  # see above
    before = end.join(lines) + (end if ended and lines else "")
    after = assign(before.encode(), {"KEY": value})
    assert read(after) == {**read(before.encode()), "KEY": value}
    assert assign(after, {"KEY": value}) == after
    old, new = before.encode().split(b"\n"), after.split(b"\n")
    kept = [line for line in old if b"KEY=" not in line]
    assert [line.rstrip(b"\r") for line in kept if line.strip()] == [
        line.rstrip(b"\r") for line in new if line.strip() and b"KEY=" not in line
    ]


@settings(max_examples=examples(500))
@given(
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1).filter(
        lambda v: not set("$`") & set(v) or ("'" not in v and "\\" not in v)
    )
)
def test_a_shell_reads_the_same(value: str) -> None:
    spelled = quote(value)
    assert shlex.split(f"KEY={spelled}") == [f"KEY={value}"]


@pytest.mark.parametrize(
    ("before", "after", "gone"),
    [
        ("A=1\nKEY=x # mine\nB=2\n", "A=1\n# KEY=\nB=2\n", ["KEY"]),
        ("\ufeffKEY=x\nA=1\n", "\ufeff# KEY=\nA=1\n", ["KEY"]),
        ("\ufeff  export KEY=x\nA=1\n", "\ufeff# KEY=\nA=1\n", ["KEY"]),
        ("\ufeffA=1\nKEY=x\n", "\ufeffA=1\n# KEY=\n", ["KEY"]),
        ("A=1\r\nKEY=x\r\nB=2\r\n", "A=1\r\n# KEY=\r\nB=2\r\n", ["KEY"]),
        ("A=1\rKEY=x\rB=2", "A=1\r# KEY=\rB=2", ["KEY"]),
        ("KEY=x", "# KEY=", ["KEY"]),
        ("KEY='one\ntwo'\nA=1\n", "# KEY=\nA=1\n", ["KEY"]),
        ("KEY=x\nA=1\nKEY=y\n", "# KEY=\nA=1\n# KEY=\n", ["KEY"]),
        ("KEY=\n", "# KEY=\n", ["KEY"]),
        ("#KEY=old\nA=1\n", "# KEY=\nA=1\n", []),
        ("  # export KEY = old # why\nA=1\n", "# KEY=\nA=1\n", []),
        ("MY_KEY=1\nKEY2=2\n", "MY_KEY=1\nKEY2=2\n", []),
        ("", "", []),
    ],
)
def test_a_line_without_its_value_keeps_its_place_and_every_other_byte(
    before: str, after: str, gone: list[str]
) -> None:
    edited, names = blank(before.encode(), {"KEY"})
    assert (edited.decode(), list(names)) == (after, gone)


def test_names_that_lost_their_values_are_told_once_and_sorted() -> None:
    assert blank(b"B=1\nA=2\nB=3\nC=4\n", {"B", "A", "Z"})[1] == ("A", "B")


def test_a_broken_value_over_several_lines_is_not_blanked() -> None:
    with pytest.raises(Invalid, match="not closed") as told:
        blank(b"KEY='one\nA=hidden'x\n", {"KEY"})
    assert "hidden" not in str(told.value)
