"""The repositories of the tests are what git itself would have made."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import pytest
from gitrepo import Repo

FILES = {"a.txt": "1", "a/x": "2", "a-b": b"\xff", "run.sh": "x", "ü/ö": "y"}


def made_by_git(place: Path, message: str = "change") -> str:
    """Commit a work tree by git itself."""
    other = Repo(place)
    other.clock += 60
    for path, content in FILES.items():
        file = place / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    (place / "run.sh").chmod(0o755)
    other.git("add", ".")
    other.git("commit", "-q", "-m", message)
    return other.git("rev-parse", "HEAD")


def test_a_commit_has_the_id_that_git_gives_it(tmp_path: Path) -> None:
    ours = Repo(tmp_path / "ours", bare=True).commit(FILES, executable=("run.sh",))
    assert ours == made_by_git(tmp_path / "theirs")


def test_git_finds_nothing_to_complain_about_and_reads_what_was_meant(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    first = repo.commit(FILES)
    repo.git("pack-refs", "--all")
    second = repo.commit({"a.txt": None, "a/x": "3"})
    alone = repo.commit({"z": "z"}, branch="other", orphan=True)
    repo.tag("v1", "main")
    repo.tag("v2", first, annotated=True)
    assert repo.git("fsck", "--strict") == ""
    assert repo.git("rev-list", "main").split() == [second, first]
    assert repo.git("rev-list", "other") == alone
    assert repo.git("rev-parse", "v1", "v2^{}").split() == [second, first]
    repo.check_out()
    found = {p.relative_to(repo.path).as_posix(): p.read_bytes() for p in repo.path.glob("[!.]*/*")}
    assert found == {"a/x": b"3", os.fsdecode("ü/ö".encode()): b"y"}


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("tree", b""),
        ("tree", b"100664 \x1b..\0" + bytes(20)),
        ("tree", b"40000 a/b\0" + b"x" * 20 + b"100644 a\0" + b"y" * 20),
        ("commit", b"tree " + b"0" * 40 + b"\nauthor nobody\n\n"),
    ],
)
def test_an_object_that_git_would_refuse_is_stored_byte_by_byte(
    kind: str, data: bytes, tmp_path: Path
) -> None:
    ours, theirs = (Repo(tmp_path / name, bare=True) for name in ("ours", "theirs"))
    made = ours.raw(kind, data)
    words = ("hash-object", "-t", kind, "-w", "--stdin", "--literally")
    assert theirs.git(*words, data=data) == made
    one, other = (repo.gitdir / "objects" / made[:2] / made[2:] for repo in (ours, theirs))
    assert zlib.decompress(one.read_bytes()) == zlib.decompress(other.read_bytes())
