"""Notes in words: every kind has a sentence, and whoever makes a note gives the data that it needs."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import hermes_dist
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.voice.notes import SENTENCES, sentence, sentences

PACKAGE = Path(hermes_dist.__file__).parent


def test_every_kind_has_a_sentence() -> None:
    assert set(SENTENCES) == set(NoteKind)


def _kinds(node: ast.expr, names: dict[str, str]) -> str:
    """The name of the kind that an expression gives; a local name may stand for it."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return names.get(node.id, "") if isinstance(node, ast.Name) else ""


def _made() -> Iterator[tuple[str, str, set[str]]]:
    """Where notes are made: the place, the kind, and the names of the data."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        names = {
            target.id: node.value.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute)
            if isinstance(node.value.value, ast.Name) and node.value.value.id == "NoteKind"
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Note.of":
                data = {word.arg for word in node.keywords if word.arg} - {"where"}
                yield f"{path.name}:{node.lineno}", _kinds(node.args[0], names), data


def _needed(kind: NoteKind) -> set[str]:
    said = SENTENCES[kind]
    if callable(said):
        seen: set[str] = set()

        class Asked(dict[str, str]):
            def __missing__(self, name: str) -> str:
                seen.add(name)
                return ""

        with suppress(ValueError):  # an empty word is no reason
            said(Asked())
        return seen
    return {name for _, name, _, _ in string.Formatter().parse(said) if name}


MADE = list(_made())


@pytest.mark.parametrize(("place", "kind", "data"), MADE, ids=[place for place, _, _ in MADE])
def test_a_note_is_made_with_the_data_of_its_sentence(
    place: str, kind: str, data: set[str]
) -> None:
    assert kind in NoteKind.__members__, f"{place} makes a note of an unknown kind"
    needed = _needed(NoteKind[kind])
    assert needed <= data, place


def test_every_kind_is_made_somewhere() -> None:
    made = {kind for _, kind, _ in MADE} | {"TOLD"}
    assert set(NoteKind.__members__) - made == set()


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (Note.told("as it stands"), "as it stands"),
        (Note.of(NoteKind.CONTENT_LOST, "a.md"), "a.md: its content as received is lost"),
        (
            Note.of(NoteKind.NEWER_VERSIONS, at="v1", newer=("v2", "v3")),
            "pinned at v1; newer: v2, v3",
        ),
        (
            Note.of(NoteKind.JOB_WITHOUT_START, "cron/a.yaml", place="", schedule="30m"),
            "cron/a.yaml: the schedule '30m' counts",
        ),
        (
            Note.of(NoteKind.NOT_A_JOB, "cron/jobs.json", place="jobs[1]", why="left out"),
            "cron/jobs.json: jobs[1]: left out",
        ),
        (
            Note.of(NoteKind.NOT_A_SERVER, "mcp.json", name=""),
            "mcp.json: a server without a name has neither command",
        ),
        (
            Note.of(NoteKind.NOT_MERGED, paths=tuple(map(str, range(14)))),
            "not merged, because this profile keeps its own: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more;",
        ),
        (
            Note.of(NoteKind.PACKAGE_MOVED, package="a", source="s", now="a"),
            "a moves here from s; it is",
        ),
        (
            Note.of(NoteKind.PACKAGE_MOVED, package="a", source="s", now="b"),
            "a moves here from s, and is called b now; it is",
        ),
        (Note.of(NoteKind.JOBS_PAUSED, count=1, command="c"), "1 job was paused"),
        (Note.of(NoteKind.JOBS_PAUSED, count=2, command="c"), "2 jobs were paused"),
        (
            Note.of(NoteKind.SETTLED_BY_AUTHOR, "a.md", side="theirs"),
            "a.md: both sides changed it; the author's is taken",
        ),
        (
            Note.of(NoteKind.HELD, at="1", rolled_back=1, offered="2", command="c"),
            "held at 1, rolled back from there; to update to 2: c",
        ),
    ],
    ids=lambda value: str(value.kind) if isinstance(value, Note) else "",
)
def test_a_note_in_words(note: Note, said: str) -> None:
    assert sentence(note).startswith(said)


def test_a_note_is_said_once() -> None:
    assert sentences([Note.told("a"), Note.told("b"), Note.told("a")]) == ("a", "b")
