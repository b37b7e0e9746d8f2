"""The copy to edit: only what a conflict is about stands between markers, and taking a side there is to resolve it so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from budget import documents
from document_authors import three
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.decide.conflicts.marked_copy import Copy, Received, marked_copy
from hermes_dist.merge.content import join_contents
from hermes_dist.model.documents.api import Kind, load_data, same
from hermes_dist.model.keypath import parse_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side

CONFIG = RelPath("config.yaml")
SKILL = RelPath("skills/a/SKILL.md")
LAW = settings(max_examples=documents(1000), deadline=None)


def copied(path: RelPath, was: str, ours: str, theirs: str) -> tuple[Copy, tuple[str, ...]]:
    """The copy of a file after a merge that settles nothing, and the keys of its conflicts."""
    sides = was.encode(), ours.encode(), theirs.encode()
    merged = join_contents(path, *sides, lambda _key: None)
    keys = tuple(key for key, _ in merged.conflicts)
    parsed = [parse_key(key) for key in keys]
    received = Received(sides[0], sides[2])
    return marked_copy(path, parsed, merged.content, received), keys


def taken(text: str, side: Callable[[int], Side]) -> str:
    """A marked text with a side taken in each hunk."""
    lines: list[str] = []
    hunk, part = -1, ""
    for line in text.splitlines(keepends=True):
        mark = line.rstrip("\r\n")
        if mark == "<<<<<<< yours":
            hunk, part = hunk + 1, "ours"
        elif part and mark == "||||||| was":
            part = "was"
        elif part and mark == "=======":
            part = "theirs"
        elif part and mark == ">>>>>>> theirs":
            part = ""
        elif not part or part == side(hunk):
            lines.append(line)
    return "".join(lines)


def test_a_setting_that_only_the_user_has_beside_a_conflict_stays_outside() -> None:
    was = "compression:\n  enabled: true\n  threshold: 0.5\n"
    ours = was.replace("0.5", "0.7") + "mine:\n  x: 1\n"
    copy, _ = copied(CONFIG, was, ours, was.replace("0.5", "0.9"))
    assert copy.text.decode() == (
        "compression:\n  enabled: true\n<<<<<<< yours\n  threshold: 0.7\n||||||| was\n  threshold: 0.5\n"
        "=======\n  threshold: 0.9\n>>>>>>> theirs\nmine:\n  x: 1\n"
    )


@pytest.mark.parametrize(
    ("path", "was", "ours", "theirs", "hunks"),
    [
        # a list, of which each side changed another item
        (CONFIG, "k:\n- a\n- b\n- c\n", "k:\n- x\n- b\n- c\n- d\n", "k: [y, b]\n", 1),
        ("x.json", '{\n "a": 1\n}\n', '{\n "a": 2,\n "m": 1\n}\n', '{\n "a": 3\n}\n', 1),
        ("x.json", '{"a": 1, "b": 1}', '{"a": 2, "b": 1, "m": 1}', '{"a": 3, "b": 2}', 1),
        # deleted on one side, beside an own setting
        (CONFIG, "a: 1\nb: 1\n", "a: 1\nm: 1\n", "a: 1\nb: 2\n", 1),
        (CONFIG, "a: 1\nb: 1\n", "a: 1\nb: 3\nm: 1\n", "a: 1\n", 1),
        (CONFIG, "a: 1\n", "a: 1\nb: 3\nm: 1\n", "a: 1\nb: 2\nn: 1\n", 1),
        # two conflicts with a common line between them
        (CONFIG, "a: 1\nx: 1\nb: 1\n", "a: 2\nx: 1\nb: 2\n", "a: 3\nx: 2\nb: 3\n", 2),
        (CONFIG, "a: 1\r\nb: 1\r\n", "a: 2\r\nb: 1\r\nm: 1", "a: 3\r\nb: 1\r\n", 1),
        (
            SKILL,
            "---\nname: a\n---\nOne.\nTwo.\n",
            "---\nname: b\nmine: 1\n---\nUno.\nTwo.\nMine.\n",
            "---\nname: c\n---\nEin.\nTwo.\n",
            2,
        ),
    ],
)
def test_taking_the_sides_is_to_resolve_so(
    path: str, was: str, ours: str, theirs: str, hunks: int
) -> None:
    copy, keys = copied(RelPath(path), was, ours, theirs)
    text = copy.text.decode()
    assert copy.marked
    assert text.count("<<<<<<< yours") == hunks, text
    assert keys
    assert _ended(taken(text, lambda _: Side.OURS)) == _ended(copy.yours.decode())
    sides = was.encode(), ours.encode(), theirs.encode()
    settled = join_contents(RelPath(path), *sides, lambda _key: Side.THEIRS).content.decode()
    assert _said(path, taken(text, lambda _: Side.THEIRS)) == _said(path, settled)


def _said(path: str, text: str) -> object:
    if path.endswith(".md"):
        return text
    return load_data(text.encode(), Kind.JSON if path.endswith(".json") else Kind.YAML)


def _ended(text: str) -> str:
    """A last line with a marker below it has an end."""
    return text.rstrip("\r\n")


@LAW
@given(st.integers(0, 1 << 62))
def test_each_hunk_of_a_settings_file_is_about_conflicts_alone(seed: int) -> None:
    was, ours, theirs = three(seed)
    copy, keys = copied(CONFIG, was, ours, theirs)
    if not keys or "" in keys:
        return
    text = copy.text.decode()
    assert _ended(taken(text, lambda _: Side.OURS)) == _ended(copy.yours.decode())
    sides = was.encode(), ours.encode(), theirs.encode()
    settled = join_contents(CONFIG, *sides, lambda _key: Side.THEIRS)
    if not settled.conflicts:
        edited = taken(text, lambda _: Side.THEIRS)
        assert same(_said("", edited), _said("", settled.content.decode())), text
