"""Likeness: what is a rename here is one for git, too."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest
from budget import examples
from templated import KINDS, Case, case_of, found


def by_git(cases: list[Case], place: Path) -> list[dict[str, str]]:
    """What ``git diff -M50%`` takes for renames, in a real repository."""
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "init", "-q", "--bare", str(place)], check=True, env=env)
    stream: list[bytes] = []
    for number, case in enumerate(cases):
        for name, files in (("base", case.base), ("side", case.side)):
            stream.append(f"commit refs/heads/{name}{number}\ncommitter A <a@b> 1 +0000\n".encode())
            stream.append(b"data 0\ndeleteall\n")
            for path, text in files.items():
                data = text.encode()
                stream.append(f"M 644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n")
    git = ["git", "-C", str(place)]
    subprocess.run([*git, "fast-import", "--quiet"], input=b"".join(stream), check=True, env=env)
    pairs = []
    for number in range(len(cases)):
        words = ["diff", "-M50%", "--name-status", f"base{number}", f"side{number}"]
        out = subprocess.run([*git, *words], capture_output=True, check=True, text=True).stdout
        rows = [line.split("\t") for line in out.splitlines()]
        pairs.append({row[1]: row[2] for row in rows if row[0].startswith("R")})
    return pairs


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_a_rename_here_is_one_for_git(kind: str, tmp_path: Path) -> None:
    rng = random.Random(kind)
    cases = [
        case_of(rng, kind, rename=number % 3 > 0, edited=rng.uniform(0, 0.9))
        for number in range(examples(1_500, least=60))
    ]
    here = [found(case.base, case.side) for case in cases]
    for number, (ours, theirs) in enumerate(
        zip(here, by_git(cases, tmp_path / "x.git"), strict=True)
    ):
        assert ours.items() <= theirs.items(), (number, cases[number])
