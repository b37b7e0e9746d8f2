"""Trees made over a listing are those that git makes, whatever the names."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import pytest
from budget import examples
from gitrepo import Repo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hermes_dist.world.git.objects import Objects

NAMES = st.sampled_from(["a", "a.b", "a-b", "a0", "ab", "b", "B", "é", "z"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
FILES = st.dictionaries(
    PATHS, st.tuples(st.sampled_from(["100644", "100755"]), st.binary(max_size=3)), max_size=8
)
_numbers = itertools.count()


def apart(files: dict[str, tuple[str, bytes]]) -> dict[str, tuple[str, bytes]]:
    """Without files that are folders of others."""
    return {
        path: file
        for path, file in files.items()
        if not any(other.startswith(f"{path}/") for other in files)
    }


def blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0%s" % (len(data), data)).hexdigest()


def written(repo: Repo, files: dict[str, tuple[str, bytes]]) -> str:
    """The tree that git itself makes."""
    index = repo.gitdir / f"index-{next(_numbers)}"
    lines = "".join(f"{mode} {repo.blob(data)}\t{path}\n" for path, (mode, data) in files.items())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_INDEX_FILE", str(index))
        if lines:
            repo.git(
                "-c", "core.bare=true", "update-index", "--add", "--index-info", data=lines.encode()
            )
        return repo.git("-c", "core.bare=true", "write-tree")


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    return Repo(tmp_path_factory.mktemp("objects") / "r.git", bare=True)


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(before=FILES.map(apart), after=FILES.map(apart))
def test_the_tree_is_the_one_that_git_makes(
    repo: Repo, before: dict[str, tuple[str, bytes]], after: dict[str, tuple[str, bytes]]
) -> None:
    root = written(repo, before)
    listing = []
    for line in repo.git("-c", "core.quotePath=false", "ls-tree", "-r", "-t", root).splitlines():
        head, path = line.split("\t")
        mode, kind, oid = head.split()
        listing.append((mode, kind, oid, 0, path.encode()))
    changes = {path.encode(): None for path in before if path not in after}
    changes |= {
        path.encode(): (mode, blob(data))
        for path, (mode, data) in after.items()
        if before.get(path) != (mode, data)
    }
    assert Objects().tree(listing, changes) == written(repo, after)


def test_objects_of_sha256_repositories_have_long_names(tmp_path: Path) -> None:
    objects = Objects(sha256=True)
    tree = objects.tree([], {b"a/b": ("100644", objects.add("blob", b"x"))})
    commit = objects.commit(
        tree,
        [],
        "first",
        author="A <a@b> 1 +0000",
        committer="A <a@b> 1 +0000",
        sign=lambda _: b"-----BEGIN\nX\n-----END",
    )
    assert {len(oid) for oid in objects.made} == {64}
    assert b"gpgsig-sha256 -----BEGIN\n X\n -----END\n\nfirst\n" in objects.made[commit]
