"""What a merge is made of, measured in this process: one edit of settings, and the trees of a large package."""

from __future__ import annotations

import statistics
import subprocess
import time
from pathlib import Path

from benchmarks.packages import config, git, skill_file
from hermes_dist.merge.trees import merge_trees
from hermes_dist.model.documents.api import Kind, put
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Tree

CHANGED = 50
_MODEL = ("model", "default")


def one_edit(rounds: int) -> float:
    """Seconds of one edit in a config.yaml of 300 lines; all its other bytes have to stay."""
    spent = []
    for number in range(rounds):
        before = config(
            f"model-{number}"
        ).encode()  # another text each time: what was parsed is kept
        start = time.perf_counter()
        after = put(before, Kind.YAML, {_MODEL: "other"})
        spent.append(time.perf_counter() - start)
        assert after == before.replace(b"model-%d" % number, b"other"), "other bytes changed"
    return statistics.median(spent)


def trees(root: Path, count: int, rounds: int) -> tuple[float, float]:
    """Merge two edits of a package with many files.

    Args:
        root: A folder of its own.
        count: How many files.
        rounds: How often.

    Returns:
        The seconds of the merge, and of git with the same commits.
    """
    root.mkdir(parents=True)
    git(root, "init", "-q", "-b", "base")
    contents: dict[Digest, bytes] = {}
    sides = [_side(root, contents, count, "", "")]
    for branch, first, last in (("ours", "Mine.", ""), ("theirs", "", "Theirs.")):
        git(root, "checkout", "-q", "-b", branch, "base")
        sides.append(_side(root, contents, count, first, last))
    words = ["git", "-C", str(root), "merge-tree", "--write-tree", "ours", "theirs"]
    mine, theirs = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        merged = merge_trees(sides[0], sides[1], sides[2], contents.__getitem__)
        middle = time.perf_counter()
        subprocess.run(words, check=True, capture_output=True)
        theirs.append(time.perf_counter() - middle)
        mine.append(middle - start)
        assert not merged.conflicts
        assert len(merged.blobs) == CHANGED
    return statistics.median(mine), statistics.median(theirs)


def _side(root: Path, contents: dict[Digest, bytes], count: int, first: str, last: str) -> Tree:
    """Write one side, commit it and return its tree; only its first files say what is new."""
    entries = {}
    for number in range(count):
        new = number < CHANGED
        lines = [first] * new + [f"{n}. Step {n} of {number}." for n in range(20)] + [last] * new
        data = "".join(f"{line}\n" for line in lines if line).encode()
        path = RelPath(skill_file(number))
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        digest = Digest.of(data)
        contents[digest] = data
        entries[path] = Entry(digest)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "side")
    return Tree(entries)
