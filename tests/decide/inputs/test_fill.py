"""Answers go into files as if the author had written them, and come out again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelf import Shelf

from hermes_dist.decide.inputs.fill import fill, filled
from hermes_dist.decide.inputs.unfill import told, unfill, unfilled
from hermes_dist.model.lock_package import InputValue
from hermes_dist.model.paths import RelPath

VALUES: dict[str, InputValue] = {"team": "sea search", "turns": 40, "on": True, "odd": "a: b # 'c"}


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("SOUL.md", "For ${input:team}, ${input:turns}.", "For sea search, 40."),
        ("SOUL.md", "${input:other} ${INPUT:team} $input:team", None),
        ("SOUL.md", "---\nnot: [a map\n---\n${input:on}\r\n", "---\nnot: [a map\n---\ntrue\r\n"),
        ("a.txt", "${input:odd}", "a: b # 'c"),
        ("a.sh", "${input:team}", None),
        ("a.py", "${input:team}", None),
        ("distribution.yaml", "description: ${input:team}\n", None),
        (".env.EXAMPLE", "A=${input:team}\n", None),
        ("config.yaml", "# ${input:team}\na: ${input:turns}\n", "# ${input:team}\na: 40\n"),
        ("config.yaml", 'a: "${input:turns}" # why\n', "a: 40 # why\n"),
        ("config.yaml", "a: x${input:turns}\n", "a: x40\n"),
        ("config.yaml", "a: [1, '${input:on}']\n", "a: [1, true]\n"),
        ("config.yaml", "${input:team}: 1\n", None),
        ("config.yaml", "a: ${input:team\n", None),
        ("config.yaml", "a: [\n", None),
        ("x.json", '{"a": "${input:turns}", "b": "${input:odd}"}', '{"a": 40, "b": "a: b # \'c"}'),
    ],
)
def test_a_placeholder_is_filled_where_its_file_allows_it(
    path: str, before: str, after: str | None
) -> None:
    shelf = Shelf()
    tree = shelf.tree({path: before})
    made = fill(tree, VALUES, shelf.read)
    if after is None:
        assert made.tree == tree
        assert not made.blobs
        assert not made.unfilled
    else:
        assert [data.decode() for data in made.blobs.values()] == [after]
        assert made.unfilled == tree


def test_an_answer_is_no_placeholder_itself() -> None:
    values = {"a": "${input:b}", "b": "x"}
    assert filled(RelPath("a.md"), b"${input:a}", values) == b"${input:b}"
    assert filled(RelPath("a.yaml"), b"k: ${input:a}\n", values) == b"k: '${input:b}'\n"


def test_front_matter_stays_readable() -> None:
    skill = b"---\nname: a\ndescription: For ${input:odd}\n---\nDo ${input:odd}.\n"
    made = filled(RelPath("skills/a/SKILL.md"), skill, VALUES)
    assert made == b"---\nname: a\ndescription: 'For a: b # ''c'\n---\nDo a: b # 'c.\n"


def back(path: str, authors: str, edit: tuple[str, str]) -> str:
    received = filled(RelPath(path), authors.encode(), VALUES)
    assert edit[0].encode() in received, received
    now = received.replace(edit[0].encode(), edit[1].encode())
    return unfilled(RelPath(path), now, authors.encode(), received, VALUES).decode()


@pytest.mark.parametrize(
    ("path", "authors", "edit", "after"),
    [
        ("a.md", "A\n${input:team}\nB\n", ("B", "C"), "A\n${input:team}\nC\n"),
        ("a.md", "A\nfor ${input:team}\nB\n", ("for", "of"), "A\nof ${input:team}\nB\n"),
        ("a.md", "A\n${input:team}\nB\n", ("sea search", "fire"), "A\nfire\nB\n"),
        ("a.md", "A\n${input:team}\nB\n", ("A\n", ""), "${input:team}\nB\n"),
        ("a.md", "A\nB\n${input:team}", ("A", "sea search"), "sea search\nB\n${input:team}"),
        ("a.md", "use ${input:turns}\n", ("use", "400"), "400 ${input:turns}\n"),
        ("c.yaml", "a: ${input:turns}\nb: 1\n", ("b: 1", "b: 2"), "a: ${input:turns}\nb: 2\n"),
        ("c.yaml", "a: ${input:turns}\nb: 1\n", ("40", "41"), "a: 41\nb: 1\n"),
        ("c.yaml", "a: for ${input:team}\n", ("for", "of"), "a: of ${input:team}\n"),
        ("c.json", '{"a": "${input:team}", "b": 1}', ("1", "2"), '{"a": "${input:team}", "b": 2}'),
    ],
)
def test_the_placeholder_comes_back_around_an_edit(
    path: str, authors: str, edit: tuple[str, str], after: str
) -> None:
    found = back(path, authors, edit)
    assert found.replace("'", "") == after.replace("'", "")


def test_a_renamed_file_is_known_by_its_content() -> None:
    shelf = Shelf()
    authors = shelf.tree({"skills/a/x.md": "For ${input:team}\n"})
    now = shelf.tree({"skills/b/x.md": "For sea search\n", "same.md": "For me\n"})
    made = unfill(now, authors, VALUES, shelf.read)
    assert made.tree[RelPath("skills/b/x.md")] == authors[RelPath("skills/a/x.md")]
    assert made.tree[RelPath("same.md")] == now[RelPath("same.md")]


def test_a_file_that_says_the_same_without_a_placeholder_stays() -> None:
    shelf = Shelf()
    authors = shelf.tree({"a.md": "${input:team}\n"})
    now = shelf.tree({"a.md": "sea search\n", "b.md": "sea search\n"})
    made = unfill(now, authors, VALUES, shelf.read)
    assert made.tree[RelPath("a.md")] == authors[RelPath("a.md")]
    assert made.tree[RelPath("b.md")] == now[RelPath("b.md")]


def test_new_lines_with_an_answer_are_told_and_the_authors_are_not() -> None:
    shelf = Shelf()
    before = shelf.tree({"a.md": "sea search\n", "b.md": "x\n"})
    now = shelf.tree({"a.md": "sea search\nmore\n", "b.md": "x\n40 of sea search.\nsea searches\n"})
    found = told(now, before, VALUES, shelf.read)
    assert [(note.where, dict(note.data)["name"]) for note in found] == [("b.md:2", "team")]


TEXTS = st.lists(
    st.sampled_from(
        ["plain", "for ${input:team}", "${input:turns} of ${input:on}", "", "sea search"]
    ),
    max_size=8,
)


@given(TEXTS, TEXTS)
def test_what_nobody_edits_comes_back_byte_by_byte(lines: list[str], more: list[str]) -> None:
    shelf = Shelf()
    files = {
        "a.md": "\n".join(lines),
        "b.yaml": "".join(f"k{n}: '{line}'\n" for n, line in enumerate(more)) or "k: 1\n",
    }
    tree = shelf.tree(files)
    made = fill(tree, VALUES, shelf.read)
    shelf.update(made.blobs)
    again = unfill(made.tree, made.unfilled, VALUES, shelf.read)
    assert again.tree == tree


@given(TEXTS, st.integers(0, 8), st.sampled_from(["new", "another line"]))
def test_a_new_line_moves_no_placeholder(lines: list[str], at: int, line: str) -> None:
    authors = "\n".join(lines).encode()
    received = filled(RelPath("a.md"), authors, VALUES)
    here, there = received.split(b"\n"), authors.split(b"\n")
    here.insert(at, line.encode())
    there.insert(at, line.encode())
    found = unfilled(RelPath("a.md"), b"\n".join(here), authors, received, VALUES)
    assert filled(RelPath("a.md"), found, VALUES) == b"\n".join(here)
    assert found.count(b"${input:") <= b"\n".join(there).count(b"${input:")
