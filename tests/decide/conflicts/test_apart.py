"""Where both sides of a conflict can't be taken, and why."""

from __future__ import annotations

import pytest

from hermes_dist.decide.conflicts.apart import apart
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Conflict, ConflictKind
from hermes_dist.model.side import Apart


@pytest.mark.parametrize(
    ("path", "was", "yours", "theirs", "why"),
    [
        ("SOUL.md", b"a\n", b"b\n", b"c\n", None),
        ("SOUL.md", b"a\n", b"b\0\n", b"c\n", Apart.NO_TEXT),
        ("SOUL.md", b"a\n", None, b"c\n", None),
        ("a.png", b"\0a", b"\0b", None, None),
        ("a.png", b"\0a", b"\0b", b"\0c", Apart.NO_TEXT),
        ("config.yaml", b"a: 1\nb: 1\n", b"a: [1\nb: 1\n", b"a: 2\nb: 1\n", Apart.UNREADABLE),
        ("config.yaml", b"a: 1\n", b"a: 2\n", b"a: [3\n", Apart.UPSTREAM_UNREADABLE),
        ("config.yaml", b"a: [1\n", b"a: [2\n", b"a: [3\n", None),
        ("config.yaml", b"a: [1\n", b"a: [2\0\n", b"a: [3\n", Apart.UNREADABLE),
        ("x.json", b"{}", b"[1]", b'{"a": 1}', Apart.WHOLE),
        ("x.json", None, b"[1]", b"[2]", None),
        ("skills/a/SKILL.md", b"a\n", b"b\n", b"c\n", None),
        ("skills/a/SKILL.md", b"a\n", b"---\na: [\n---\nb\n", b"---\na: 1\n---\nb\n", None),
    ],
)
def test_a_file_in_conflict_as_a_whole(
    path: str, was: bytes | None, yours: bytes | None, theirs: bytes | None, why: Apart | None
) -> None:
    assert apart(Conflict(RelPath(path)), was, yours, theirs) is why


@pytest.mark.parametrize(
    ("yours", "theirs", "why"),
    [
        (b"k: [a, b]\n", b"k: [a, c]\n", None),
        (b"k: [a, b]\n", b"k: c\n", Apart.VALUE),
        (b"k: 1\n", b"x: 2\n", Apart.VALUE),
    ],
)
def test_a_key_in_conflict(yours: bytes, theirs: bytes, why: Apart | None) -> None:
    assert apart(Conflict(RelPath("config.yaml"), "k"), b"k: [a]\n", yours, theirs) is why


def test_a_file_against_a_folder() -> None:
    conflict = Conflict(RelPath("a/x.md"), "", ConflictKind.FILE_FOLDER)
    assert apart(conflict, None, None, b"x\n") is Apart.FOLDER
