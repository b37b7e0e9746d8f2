"""Notes in words: every kind has a sentence, and whoever makes a note gives the data that it needs."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

import hermes_dist
from hermes_dist.errors import DistError
from hermes_dist.model.notes import Kind, Note, NoteKind
from hermes_dist.voice import findings, gateway_words, problems, registry_words
from hermes_dist.voice.notes import SENTENCES, Say, Word, sentence, sentences

PACKAGE = Path(hermes_dist.__file__).parent


KINDS: dict[str, type[Kind]] = {one.__name__: one for one in Kind.__subclasses__()}
TABLES: dict[str, tuple[Mapping[Kind, str | Say], ...]] = {
    "NoteKind": (SENTENCES,),
    "EntryKind": (registry_words.SENTENCES,),
    "FactKind": (findings.FACTS, findings.FACT_HINTS),
    "FindingKind": (findings.SENTENCES, findings.HINTS),
    "GatewayKind": (gateway_words.SENTENCES,),
    "ProblemKind": (problems.SENTENCES, problems.HINTS),
}
"""By the name of the enum: what its notes are said with."""


def test_every_enum_of_kinds_has_its_sentences() -> None:
    assert set(TABLES) == set(KINDS)
    for name, (table, *_) in TABLES.items():
        assert set(KINDS[name]) <= set(table)


def test_kinds_of_different_enums_never_equal_each_other() -> None:
    """They are texts, so a table with two of one text would know only one of them."""
    texts = [str(kind) for one in KINDS.values() for kind in one]
    assert len(set(texts)) == len(texts)


def _assigned(body: ast.AST) -> dict[str, set[str]]:
    """The kinds that each local name may stand for."""
    names: dict[str, set[str]] = {}
    for node in ast.walk(body):
        if isinstance(node, ast.Assign) and ast.unparse(node.value).partition(".")[0] in KINDS:
            for target in node.targets:
                names.setdefault(ast.unparse(target), set()).add(ast.unparse(node.value))
    return names


@cache
def _made() -> tuple[tuple[str, str, set[str]], ...]:
    return tuple(_found())


def _found() -> Iterator[tuple[str, str, set[str]]]:
    """Where notes are made: the place, the kind, and the names of the data."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        inside = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for body in [*(node for node in tree.body if isinstance(node, ast.Assign)), *inside]:
            names = _assigned(body)
            for node in ast.walk(body):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in {"Note.of", "cls.of"}:
                    data = {word.arg for word in node.keywords if word.arg} - {"where"}
                    kind = ast.unparse(node.args[0])
                    for one in names.get(kind, {kind}):
                        yield f"{path.name}:{node.lineno}", one, data


def _needed(kind: Kind) -> set[str]:
    tables = TABLES[type(kind).__name__]
    return {name for table in tables if kind in table for name in _names(table[kind])}


def _names(said: str | Say) -> set[str]:
    if callable(said):
        seen: set[str] = set()

        class Asked(dict[str, str]):
            def __missing__(self, name: str) -> str:
                seen.add(name)
                return ""

        with suppress(ValueError, KeyError):  # an empty word is no reason
            said(Asked())
        return seen
    return {name for _, name, _, _ in string.Formatter().parse(said) if name}


def test_every_note_is_made_with_the_data_of_its_sentence() -> None:
    wrong = []
    for place, kind, data in _made():
        enum, _, name = kind.partition(".")
        if enum not in KINDS:
            wrong.append(f"{place} makes a note of an unknown kind: {kind}")
        elif lacking := _needed(KINDS[enum][name]) - data:
            wrong.append(f"{place} says nothing of {', '.join(sorted(lacking))}")
    assert wrong == []


MANY = re.compile(
    r"(?:^|[^\w.])1 (?:(?!that\b)[a-z]+ )?(?!is\b|was\b|has\b|its\b|that\b)[a-z]+s\b(?! of)"
)
"""One of something, said as if it were many."""


NUMBERS = {"count", "files", "contents", "caches", "size", "rescued", "lost", "same", "total"}


class One(dict[str, str | int]):
    """Of whatever is counted, there is one."""

    def __missing__(self, name: str) -> str | int:
        return 1 if name in NUMBERS else Word("x")


def test_one_of_something_is_said_as_one() -> None:
    wrong = []
    for tables in TABLES.values():
        for said in (said for table in tables for said in table.values()):
            with suppress(ValueError, KeyError):  # x is no reason
                text = said(One()) if callable(said) else said.format_map(One())
                wrong += [text] if MANY.search(text) else []
    assert wrong == []


def test_the_check_for_one_finds_many() -> None:
    found = ["1 contents", "there are 1 cached files", "1 jobs were paused"]
    fine = ["1 content", "1 job was paused", "1 layer has", "0 files", "2 files", "1.0.1 files"]
    assert [text for text in [*found, *fine] if MANY.search(text)] == found


def test_every_kind_is_made_somewhere() -> None:
    made = {kind for _, kind, _ in _made()}
    assert {f"{enum}.{name}" for enum, kinds in KINDS.items() for name in kinds.__members__} == made


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (Note.of_error(DistError("as it stands")), "as it stands"),
        (Note.of(NoteKind.CONTENT_LOST, "a.md"), "a.md: its content as received is lost"),
        (
            Note.of(
                NoteKind.LAYER_KEPT_BACK,
                layer="base",
                newest="v1.2.0",
                by="tools v1.0.0",
                range="==1.1",
                field="dependencies",
                asks="base@==1.1",
            ),
            (
                "base is kept back by tools v1.0.0 (==1.1): there is v1.2.0; "
                "the line to change: `dependencies: base@==1.1` in the distribution.yaml of tools v1.0.0"
            ),
        ),
        (
            Note.of(NoteKind.LAYER_DOES_NOT_FIT, layer="base", newest="v2"),
            "base is kept back by the other layers: what v2 asks for does not fit beside them",
        ),
        (
            Note.of(NoteKind.NEWER_VERSIONS, at="v1", newer=("v2", "v3"), command="c"),
            "pinned at v1; newer: v2, v3; to look at it: c",
        ),
        (
            Note.of(NoteKind.JOB_WITHOUT_START, "cron/a.yaml", place="", name="a", schedule="30m"),
            "cron/a.yaml: the job 'a': the schedule '30m' counts",
        ),
        (
            Note.of(
                NoteKind.NOT_A_JOB,
                "cron/jobs.json",
                place="jobs[1]",
                name="daily",
                why="the schedule is missing",
                hint="write it like: every 2h",
            ),
            "cron/jobs.json: the job 'daily' at jobs[1]: the schedule is missing, so it is left out; write it like",
        ),
        (
            Note.of(NoteKind.NOT_A_JOB, "cron/a.json", place="", name="", why="odd", hint=""),
            "cron/a.json: odd, so it is left out",
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
        (Note.of(NoteKind.JOBS_PAUSED, count=1, command="c"), "1 job is paused"),
        (Note.of(NoteKind.JOBS_PAUSED, count=2, command="c"), "2 jobs are paused"),
        (
            Note.of(NoteKind.SETTLED_BY_AUTHOR, "a.md", side="theirs"),
            "a.md: both sides changed it; the author's is taken",
        ),
        (
            Note.of(NoteKind.HELD, at="1", rolled_back=1, offered="2", command="c"),
            "held at 1 after a rollback; to update to 2: c",
        ),
        (
            Note.of(NoteKind.NOT_A_SAFE_PATH, row="../" * 40),
            f"'{'../' * 25}..…' is not a safe path",
        ),
    ],
    ids=lambda value: str(value.kind) if isinstance(value, Note) else "",
)
def test_a_note_in_words(note: Note, said: str) -> None:
    assert sentence(note).startswith(said)


def test_a_note_is_said_once() -> None:
    def note(path: str) -> Note:
        return Note.of(NoteKind.DISK_ERROR, path, why="full")

    assert sentences([note("a"), note("b"), note("a")]) == ("a: full", "b: full")


def test_many_links_of_a_clone_are_counted_and_a_few_are_named() -> None:
    paths = tuple(f"skills/s{n}" for n in range(200))
    said = sentence(Note.of(NoteKind.COPIED_BEHIND_LINKS, paths=paths))
    assert said.startswith("200 links in the original, copied as what they lead to: skills/s0, ")
    assert said.endswith(" and 188 more")
    assert "1 link in the original, copied as what it leads to: a" in sentence(
        Note.of(NoteKind.COPIED_BEHIND_LINKS, paths=("a",))
    )
    assert len(sentence(Note.of(NoteKind.NOT_COPIED, paths=paths))) < 300
