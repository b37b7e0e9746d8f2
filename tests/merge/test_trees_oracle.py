"""The merge of trees against `git merge-tree`: the same clean paths with the same contents, the same verdicts."""

from __future__ import annotations

import os
import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from budget import examples

from hermes_dist.merge.trees import merge_trees
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Tree

Files = dict[str, tuple[bytes, bool]]
EXAMPLES = examples(3_500)
BASE = ("a.md", "b.txt", "d/a.md", "d/b.md", "d/e/c.sh", "f/a.md", "f/b.bin", "g/h/k.md")
FRESH = ("n.md", "d/n.md", "d/e/n.md", "f/n.md", "g/h/n.md", "o/n.md")
TARGETS = ("m.md", "d/m.md", "o/m.md", "p/q/m.md")
FOLDERS = (("d", "z"), ("d/e", "z/e"), ("f", "g/f"), ("g", "y"))


@dataclass(frozen=True)
class Kind:
    """What each side may do beside editing, deleting and changing modes, and whether git lets files follow folders."""

    name: str
    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    follow: bool = False


KINDS = (
    Kind("no moves", ours=("add", "add"), theirs=("add", "add")),
    Kind("upstream moves files", theirs=("add", "move", "folder")),
    Kind("the user moves files", ours=("add", "move", "folder")),
    Kind("upstream renames folders", ours=("add", "add"), theirs=("folder",), follow=True),
    Kind("the user renames folders", ours=("folder",), theirs=("add", "add"), follow=True),
)


def first(rng: random.Random) -> Files:
    files: Files = {}
    for path in rng.sample(BASE, rng.randint(1, len(BASE))):
        lines = [
            f"{path} line {n} {rng.randrange(1000)}" for n in range(rng.choice([3, 10, 10, 20]))
        ]
        data = "".join(f"{line}\n" for line in lines).encode()
        files[path] = (b"\0" + data if path.endswith(".bin") else data, path.endswith(".sh"))
    return files


def edited(rng: random.Random, base: Files, word: str, more: tuple[str, ...]) -> Files:
    files = dict(base)
    for number in range(rng.randint(0, 5)):
        kind = rng.choice(["line", "line", "line", "line", "delete", "mode", *more])
        if kind == "add":
            path = rng.choice(FRESH)
            files.setdefault(
                path,
                (
                    "".join(f"{word} {path} {rng.randrange(9)} {n}\n" for n in range(5)).encode(),
                    False,
                ),
            )
        if kind == "add" or not files:
            continue
        path = rng.choice(sorted(files))
        data, executable = files[path]
        if kind == "line":
            lines = data.splitlines(keepends=True)
            at = rng.randint(0, len(lines))
            lines[at : at + rng.randint(0, 2)] = [
                f"{word} {number} {n}\n".encode() for n in range(rng.randint(0, 2))
            ]
            files[path] = (b"".join(lines), executable)
        elif kind == "mode":
            files[path] = (data, not executable)
        elif kind == "delete":
            del files[path]
        elif kind == "move":
            _move(files, path, rng.choice(TARGETS))
        else:
            old, new = rng.choice(FOLDERS)
            for inside in [p for p in files if p.startswith(f"{old}/")]:
                _move(files, inside, new + inside[len(old) :])
    return files


def _move(files: Files, old: str, new: str) -> None:
    if new not in files:
        files[new] = files.pop(old)


def triples(kind: Kind) -> Iterator[tuple[Files, Files, Files]]:
    rng = random.Random(kind.name)
    for _ in range(EXAMPLES):
        base = first(rng)
        yield base, edited(rng, base, "ours", kind.ours), edited(rng, base, "theirs", kind.theirs)


def commits(place: Path, cases: list[tuple[Files, Files, Files]]) -> None:
    """Write all of them into one repository."""
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "init", "-q", "--bare", str(place)], check=True, env=env)
    lines: list[bytes] = []
    for number, case in enumerate(cases):
        for name, files in zip("bot", case, strict=True):
            lines.append(
                f"commit refs/heads/{name}{number}\ncommitter A <a@b> {number} +0000\ndata 0\n".encode()
            )
            lines.append(f"from refs/heads/b{number}\n".encode() if name != "b" else b"")
            lines.append(b"deleteall\n")
            for path, (data, executable) in files.items():
                mode = "100755" if executable else "100644"
                lines.append(f"M {mode} inline {path}\ndata {len(data)}\n".encode() + data + b"\n")
    subprocess.run(
        ["git", "-C", str(place), "fast-import", "--quiet"],
        input=b"".join(lines),
        check=True,
        env=env,
    )


@dataclass(frozen=True)
class Verdict:
    """What git says: the tree, and which paths conflict."""

    tree: str
    conflicts: frozenset[str]


def asked(place: Path, kind: Kind, count: int) -> list[Verdict]:
    """Let git merge them all."""
    question = "".join(f"o{n} t{n}\n" for n in range(count)).encode()
    follow = f"merge.directoryRenames={str(kind.follow).lower()}"
    words = [
        "git",
        "-C",
        str(place),
        "-c",
        follow,
        "merge-tree",
        "--write-tree",
        "--name-only",
        "--no-messages",
        "--stdin",
    ]
    out = subprocess.run(words, input=question, capture_output=True, check=True).stdout.split(b"\0")
    found, at = [], 0
    while len(found) < count:
        names = []
        tree = out[at + 1].decode()
        at += 2
        while out[at]:
            names.append(out[at].decode())
            at += 1
        at += 1
        found.append(Verdict(tree, frozenset(names)))
    return found


def listed(place: Path, trees: list[str]) -> list[dict[str, tuple[str, bool]]]:
    """List trees as path to blob id and mode."""
    found = []
    for tree in trees:
        rows = subprocess.run(
            ["git", "-C", str(place), "ls-tree", "-r", tree], capture_output=True, check=True
        ).stdout
        entries = {}
        for row in rows.decode().splitlines():
            head, _, path = row.partition("\t")
            mode, _, ident = head.split()
            entries[path] = (ident, mode == "100755")
        found.append(entries)
    return found


def blob_id(data: bytes) -> str:
    import hashlib

    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def ours_merged(
    base: Files, ours: Files, theirs: Files
) -> tuple[dict[str, tuple[str, bool]], set[str]]:
    blobs: dict[Digest, bytes] = {}

    def tree(files: Files) -> Tree:
        entries = {}
        for path, (data, executable) in files.items():
            digest = Digest.of(data)
            blobs[digest] = data
            entries[RelPath(path)] = Entry(digest, executable)
        return Tree(entries)

    result = merge_trees(tree(base), tree(ours), tree(theirs), lambda digest: blobs[digest])
    blobs.update(result.blobs)
    files = {str(p): (blob_id(blobs[e.digest]), e.executable) for p, e in result.tree.items()}
    return files, {str(c.path) for c in result.conflicts}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_trees_merge_as_git_merges_them(kind: Kind, tmp_path: Path) -> None:
    cases = list(triples(kind))
    place = tmp_path / "repo.git"
    commits(place, cases)
    verdicts = asked(place, kind, len(cases))
    trees = listed(place, [v.tree for v in verdicts])
    tally: Counter[str] = Counter()
    for number, (case, git, files) in enumerate(zip(cases, verdicts, trees, strict=True)):
        if kind.follow and _own_folder_inside(*case):
            continue
        mine, conflicts = ours_merged(*case)
        tally[
            f"git {'conflict' if git.conflicts else 'clean'}, here {'conflict' if conflicts else 'clean'}"
        ] += 1
        if not git.conflicts and not conflicts:
            assert mine == files, (number, case)
        for path in mine.keys() & files.keys() - git.conflicts - conflicts:
            if path in {*case[0], *case[1]} and b"\0" not in case[1].get(path, (b"",))[0]:
                assert mine[path] == files[path], (number, path, case)
        if git.conflicts and not conflicts:
            assert all(_known(path, *case) for path in git.conflicts), (number, git.conflicts, case)
    same = tally["git clean, here clean"] + tally["git conflict, here conflict"]
    assert tally["git clean, here clean"] > EXAMPLES / 4
    assert tally["git conflict, here conflict"] > EXAMPLES / 10
    assert tally["git clean, here conflict"] <= EXAMPLES / 200, tally
    assert same >= 0.97 * tally.total(), tally


def _own_folder_inside(base: Files, ours: Files, theirs: Files) -> bool:
    """Whether a side made a folder inside one that the other may rename: git leaves it behind, here it goes along."""
    folders = {path.rpartition("/")[0] for path in base}
    return any(
        path in FRESH and path not in base and path.rpartition("/")[0] not in folders
        for path in {*ours, *theirs}
    )


def _known(path: str, base: Files, ours: Files, theirs: Files) -> bool:
    """The cases that git calls a conflict and we don't.

    The user deleted a file that upstream only moved: it stays deleted. And a binary that moved is followed only
    where its bytes stay the same, so what the user did with it stands on its own.
    """
    stays_deleted = any(
        theirs.get(path) == entry and old not in ours for old, entry in base.items()
    )
    binary = any(b"\0" in side[path][0] for side in (ours, theirs) if path in side)
    alike = (
        path in theirs
        and path not in base
        and any(old not in ours and old not in theirs for old in base)
    )
    return stays_deleted or binary or alike
