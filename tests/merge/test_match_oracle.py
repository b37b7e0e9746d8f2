"""The changes between two texts are those that git finds, line for line."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

import pytest
from budget import examples

from hermes_dist.merge.match import Change, changes

HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
Pair = tuple[list[int], list[int]]


def pair(rng: random.Random) -> Pair:
    """Two texts of lines by number: the second is an edited copy of the first, or has nothing to do with it."""
    kinds, length = rng.choice([3, 6, 12, 40, 200]), rng.choice([5, 12, 30, 80, 250])
    a = [rng.randrange(kinds) for _ in range(rng.randrange(length + 1))]
    if rng.random() < 0.3:
        return a, [rng.randrange(kinds) for _ in range(rng.randrange(length + 1))]
    b = list(a)
    for _ in range(rng.randrange(1, 8)):
        at = rng.randrange(len(b) + 1)
        if rng.random() < 0.5:
            del b[at : at + rng.randrange(4)]
        else:
            b[at:at] = [rng.randrange(kinds) for _ in range(rng.randrange(1, 5))]
    return a, b


def rewritten(rng: random.Random) -> Pair:
    """A text of which a long stretch became new lines, with blank lines and braces in both."""
    often = [0, 0, 0, 1, 1]

    def stretch(first: int) -> list[int]:
        share = rng.random()
        return [
            rng.choice(often) if rng.random() < share else first + n
            for n in range(rng.choice([20, 60, 140, 260]))
        ]

    head, tail = stretch(10_000)[:30], stretch(20_000)[:30]
    return [*head, *stretch(30_000), *tail], [*head, *stretch(40_000), *tail]


def by_git(pairs: list[Pair], folder: Path) -> list[list[Change]]:
    """What git finds in each pair; one call for all of them."""
    for number, sides in enumerate(pairs):
        for side, lines in zip("ab", sides, strict=True):
            (folder / side).mkdir(exist_ok=True)
            (folder / side / str(number)).write_text("".join(f"{line}\n" for line in lines))
    how = ["-c", "diff.indentHeuristic=false", "-c", "diff.algorithm=myers", "-c", "core.pager="]
    words = ["git", *how, "diff", "--no-index", "--no-color", "-U0", "a", "b"]
    told = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False).stdout
    found: list[list[Change]] = [[] for _ in pairs]
    number = 0
    for line in told.splitlines():
        if line.startswith("diff --git"):
            number = int(line.rpartition("/")[2])
        elif hunk := HUNK.match(line):
            a, a_count, b, b_count = (1 if one is None else int(one) for one in hunk.groups())
            # An empty range is named by the line before it.
            a_lo, b_lo = a - bool(a_count), b - bool(b_count)
            found[number].append(Change(a_lo, a_lo + a_count, b_lo, b_lo + b_count))
    return found


@pytest.mark.parametrize("made", [pair, rewritten])
def test_changes_are_those_that_git_finds(made: object, tmp_path: Path) -> None:
    rng = random.Random(7)
    pairs = [made(rng) for _ in range(examples(400))]  # type: ignore[operator]
    ours = [changes(a, b) for a, b in pairs]
    expected = by_git(pairs, tmp_path)
    assert sum(map(len, expected)) > len(pairs), "git saw no changes"
    for number, texts in enumerate(pairs):
        assert ours[number] == expected[number], texts
