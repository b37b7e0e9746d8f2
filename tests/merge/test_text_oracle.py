"""The line merge against `git merge-file`: never other clean bytes, nearly always the same verdict."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from budget import examples

from hermes_dist.merge.text import merge_text

WORDS = [
    "agent",
    "memory",
    "skill",
    "tool",
    "the",
    "of",
    "you",
    "must",
    "never",
    "always",
    "when",
    "user",
    "plan",
    "write",
]

Lines = list[str]
Triple = tuple[Lines, Lines, Lines]


class Tally(NamedTuple):
    same_verdict: int
    other_bytes: list[Triple]
    clean: int


def letters(rng: random.Random) -> Triple:
    """Short texts over five letters, a few edits on each side."""

    def edited(lines: Lines) -> Lines:
        out = list(lines)
        for _ in range(rng.randint(0, 3)):
            at = rng.randint(0, len(out))
            out[at : at + rng.randint(0, 2)] = [
                rng.choice("abcde") for _ in range(rng.randint(0, 2))
            ]
        return out

    base = [rng.choice("abcde") for _ in range(rng.randint(0, 14))]
    return base, edited(base), edited(base)


def unrelated(rng: random.Random) -> Triple:
    """Three texts over five letters that know nothing of each other."""
    base, ours, theirs = ([rng.choice("abcde") for _ in range(rng.randint(0, 9))] for _ in range(3))
    return base, ours, theirs


def repetitive(rng: random.Random) -> Triple:
    """Longer texts, half of them blank, with larger pieces replaced."""
    kinds = rng.choice([2, 5, 8, 30, 100])

    def edited(lines: Lines) -> Lines:
        out = list(lines)
        for _ in range(rng.randint(0, 5)):
            at, fresh = rng.randint(0, len(out)), rng.randint(0, 10)
            out[at : at + rng.randint(0, 10)] = [
                rng.choice(["", f"new {rng.randrange(50)}", str(rng.randrange(kinds))])
                for _ in range(fresh)
            ]
        return out

    base = [
        str(rng.randrange(kinds)) if rng.random() < 0.6 else "" for _ in range(rng.randint(10, 90))
    ]
    return base, edited(base), edited(base)


def paragraph(rng: random.Random) -> Lines:
    return [" ".join(rng.choices(WORDS, k=rng.randint(3, 8))) for _ in range(rng.randint(1, 4))] + [
        ""
    ]


def section(rng: random.Random) -> Lines:
    head = [f"## {rng.choice(WORDS)}", ""]
    kind = rng.random()
    if kind < 0.4:
        return [
            *head,
            *(f"- {' '.join(rng.choices(WORDS, k=2))}" for _ in range(rng.randint(2, 6))),
            "",
        ]
    if kind < 0.6:
        return [*head, "```", *paragraph(rng)[:-1], "```", ""]
    return [*head, *(line for _ in range(rng.randint(1, 3)) for line in paragraph(rng))]


def markdown(rng: random.Random) -> Triple:
    """Pages as authors and users edit them: lines reworded, sections added, items removed, blocks moved."""

    def edited(lines: Lines) -> Lines:
        out = list(lines)
        for _ in range(rng.randint(1, 4)):
            kind, at = rng.random(), rng.randrange(len(out) + 1)
            if kind < 0.3:
                out[at : at + 1] = [" ".join(rng.choices(WORDS, k=5))]
            elif kind < 0.5:
                out[at:at] = paragraph(rng)
            elif kind < 0.6:
                out[at:at] = section(rng)
            elif kind < 0.8:
                del out[at : at + rng.randint(1, 4)]
            elif kind < 0.9:
                end = at + rng.randint(1, 5)
                block = out[at:end]
                del out[at:end]
                to = rng.randrange(len(out) + 1)
                out[to:to] = block
            else:
                out[at:at] = [f"- {rng.choice(WORDS)}"]
        return out

    base = [line for _ in range(rng.randint(2, 8)) for line in section(rng)]
    return base, edited(base), edited(base)


def encoded(lines: Lines) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def by_git(folder: Path, triple: Triple) -> tuple[bool, bytes]:
    """What git makes of it: whether it is clean, and the text."""
    for name, lines in zip(("base", "ours", "theirs"), triple, strict=True):
        (folder / name).write_bytes(encoded(lines))
    done = subprocess.run(
        ["git", "merge-file", "-p", "ours", "base", "theirs"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.returncode == 0, done.stdout


def tally(folder: Path, generate: Callable[[random.Random], Triple], count: int) -> Tally:
    rng = random.Random(f"{generate.__name__}/{os.environ.get('MERGE_ORACLE_SEED', '1')}")
    same = clean = 0
    other: list[Triple] = []
    for _ in range(count):
        triple = generate(rng)
        git_clean, git_text = by_git(folder, triple)
        base, ours, theirs = map(encoded, triple)
        merged = merge_text(base, ours, theirs)
        clean += git_clean
        same += git_clean == (merged.conflicts == 0)
        if git_clean and not merged.conflicts and merged.content != git_text:
            other.append(triple)
    return Tally(same, other, clean)


@pytest.mark.parametrize(
    ("generate", "count", "least"),
    [
        (letters, examples(4_500), 0.95),
        (unrelated, examples(1_500), 0.95),
        (repetitive, examples(3_000), 0.95),
        (markdown, examples(6_500), 0.995),
    ],
    ids=["five letters", "unrelated", "repetitive", "markdown"],
)
def test_the_verdict_is_git_s_and_clean_bytes_are_never_other_than_git_s(
    tmp_path: Path, generate: Callable[[random.Random], Triple], count: int, least: float
) -> None:
    found = tally(tmp_path, generate, count)
    assert found.other_bytes == []
    assert found.same_verdict >= least * count
    assert found.clean > 0


def test_what_git_calls_a_conflict_of_adjacent_lines_is_one_here(tmp_path: Path) -> None:
    triple = (list("abcd"), list("aXcd"), list("abYd"))
    assert by_git(tmp_path, triple)[0] is False
    assert merge_text(encoded(triple[0]), encoded(triple[1]), encoded(triple[2])).conflicts == 1
