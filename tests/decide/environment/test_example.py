"""The example of the environment: what of it stays live in a home, and the author's bytes back."""

from __future__ import annotations

import pytest
from env_matrix import DANGEROUS, HARMLESS
from hypothesis import example, given
from hypothesis import strategies as st

from hermes_dist.decide.environment import dotenv
from hermes_dist.decide.environment.example import (
    ENV_EXAMPLE,
    MARK,
    as_authors,
    capture_example,
    example_of,
    held_back,
    held_note,
    place_example,
)
from hermes_dist.decide.environment.names import is_harmless
from hermes_dist.model.manifest import EnvVar
from hermes_dist.model.tree import Digest, Entry, Tree
from hermes_dist.voice.notes import sentence

_NAMES = st.sampled_from(
    [*DANGEROUS[:40], *list(HARMLESS)[:20], "NOBODY_KNOWS", "lower", "2x", "MY KEY", ""]
)
_LINES = st.one_of(
    st.builds(
        "{}{}={}{}".format,
        st.sampled_from(["", "export ", " ", "# ", MARK]),
        _NAMES,
        st.sampled_from(["", "x", "7", "Bern", "'a b'", '"a', "$X", "<your-key>", "a\\"]),
        st.sampled_from(["", " # why", " "]),
    ),
    st.text("abAB =#'\"\\$`\t\x0b\x85\u2028é", max_size=20),
    st.just(MARK),
)
FILES = st.builds(
    lambda bom, rows, last: (bom + "".join(a + b for a, b in rows) + last).encode(),
    st.sampled_from(["", "\ufeff"]),
    st.lists(st.tuples(_LINES, st.sampled_from(["\n", "\r\n", "\r", "\n\n"])), max_size=8),
    _LINES,
)


@given(FILES | st.binary(max_size=60))
@example(b"")
@example(MARK.encode() * 3 + b"LD_PRELOAD=x\r\n" + MARK.encode())
def test_the_authors_bytes_come_back(authors: bytes) -> None:
    assert capture_example(place_example(authors).content) == authors


@given(FILES | st.binary(max_size=60))
def test_what_is_live_in_a_home_is_blank_or_known_to_be_harmless(authors: bytes) -> None:
    for name, value in dotenv.read(place_example(authors).content).items():
        assert is_harmless(name, value) or value == "<your-key>"


@given(FILES)
def test_holding_back_again_changes_nothing(authors: bytes) -> None:
    home = place_example(authors).content
    assert held_back(home) == home


@given(FILES, st.text("abc #", max_size=10))
def test_an_edit_of_the_users_to_another_line_comes_out_beside_the_authors_bytes(
    authors: bytes, edit: str
) -> None:
    home = (
        b"# mine: "
        + edit.encode()
        + b"\n"
        + place_example(authors.removeprefix("\ufeff".encode())).content
    )
    assert capture_example(home) == b"# mine: " + edit.encode() + b"\n" + authors.removeprefix(
        "\ufeff".encode()
    )


def test_a_line_that_the_user_frees_is_the_authors_line() -> None:
    home = place_example(b"A_URL=x\nCITY=Bern\n").content
    assert home == MARK.encode() + b"A_URL=x\nCITY=Bern\n"
    assert capture_example(home.replace(MARK.encode(), b"")) == b"A_URL=x\nCITY=Bern\n"


@pytest.mark.parametrize("name", DANGEROUS)
def test_no_dangerous_name_is_live_however_it_is_written(name: str) -> None:
    for line in (
        "{}=1",
        "export {}=1",
        " {}='1'",
        '{}="1" # fine',
        "{}\t=1",
        "'{}'=1",
        "X='\n{}=1\n'",
        "#\r{}=1",
    ):
        placed = place_example(f"# Setup\n{line.format(name)}\nCITY=Bern\n".encode())
        assert dotenv.read(placed.content) == {"CITY": "Bern"}
        assert placed.held


@pytest.mark.parametrize("name", HARMLESS)
def test_every_harmless_line_stays_as_it_is(name: str) -> None:
    authors = f"{name}={dotenv.quote(HARMLESS[name])}\n".encode()
    assert place_example(authors).content == authors


@pytest.mark.parametrize(
    "line",
    [
        "OPENAI_API_KEY=",
        "OPENAI_API_KEY=your-key-here",
        "OPENAI_API_KEY=sk-xxxxxxxx",
        "OPENAI_API_KEY=<your-key>",
        "TOKEN=changeme",
        "DATABASE_URL=",
        "# LD_PRELOAD=x",
        "",
        "   ",
        "export TAVILY_API_KEY=''",
        "NOTION_PAGE=",
    ],
)
def test_blanks_and_placeholders_for_keys_stay_live(line: str) -> None:
    assert place_example(line.encode()).content == line.encode()


@pytest.mark.parametrize(
    "line",
    [
        "OPENAI_API_KEY=sk-proj-4hfj3k",
        "LD_PRELOAD=",
        "HERMES_REDACT_SECRETS=",
        "GATEWAY_ALLOWED_USERS=",
        "HTTPS_PROXY=",
        "no equals",
        "CITY=$HOME",
        "CITY=Bern am See",
        "CITY=Bern; id",
        "city=Bern",
        "K_URL=<your url>",
        "OPENAI_API_KEY=<(id)",
        "CITY=a\u202eb",
        "source ./x",
        "OPENAI_API_KEY=${OTHER}",
    ],
)
def test_values_and_what_programs_read_differently_are_held_back(line: str) -> None:
    assert place_example(line.encode()).content == MARK.encode() + line.encode()


def test_what_is_held_back_is_named_once_and_in_order() -> None:
    placed = place_example(b"B_URL=x\nA_URL=y\nB_URL=z\nfree words\n")
    assert placed.held == ("B_URL", "A_URL", "")
    note = held_note(placed.held)
    assert note is not None
    assert "B_URL, A_URL, lines that are not of the form NAME=VALUE" in sentence(note)
    assert held_note(()) is None


def test_a_package_tree_gets_the_authors_example_back() -> None:
    authors = b"A_URL=x\n"
    placed = place_example(authors).content
    tree = Tree({ENV_EXAMPLE: Entry(Digest.of(placed))})
    back, blobs = as_authors(tree, {Digest.of(placed): placed}.__getitem__)
    assert blobs[back[ENV_EXAMPLE].digest] == authors
    assert as_authors(Tree({}), lambda _: b"") == (Tree({}), {})


def test_the_example_holds_every_usable_variable_and_no_code_for_terminals() -> None:
    text = example_of(
        [
            EnvVar("KEY", "What\nfor\x1b[2J"),
            EnvVar("CITY", default="Bern am See"),
            EnvVar("MY KEY"),
            EnvVar("DAYS", required=False, default="7"),
            EnvVar("LD_PRELOAD", default="evil.so"),
            EnvVar("TWO", default="a\nINJECTED=1"),
        ]
    ).decode()
    lines = text.splitlines()
    assert {
        "KEY=",
        "CITY='Bern am See'",
        "# DAYS=7",
        "# LD_PRELOAD=",
        "TWO=",
        "# What",
        "# for [2J",
    } <= set(lines)
    assert "MY KEY" not in text
    assert "INJECTED" not in text
    assert "evil" not in text
    assert dotenv.read(text.encode()) == {"CITY": "Bern am See"}


@given(
    st.lists(
        st.builds(
            EnvVar,
            st.sampled_from([*DANGEROUS, *HARMLESS]),
            st.text(max_size=9),
            st.booleans(),
            st.none() | st.sampled_from(["1", "x y"]),
        )
    )
)
def test_an_example_of_ours_needs_no_mark(variables: list[EnvVar]) -> None:
    made = example_of(variables)
    assert place_example(made).content == made
