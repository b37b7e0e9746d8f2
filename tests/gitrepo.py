"""Real git repositories for tests, made in this process: git itself would be a dozen processes for each commit.

What is made is byte by byte what git makes; ``tests/test_gitrepo.py`` compares them. GitPython would not save anything: it
starts git for each object that it stores.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from dulwich.index import commit_tree
from dulwich.object_store import DiskObjectStore
from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tree

GIT = shutil.which("git") or "git"
PACKAGE: Mapping[str, str] = {
    "distribution.yaml": "name: bot\nversion: 1.0.0\n",
    "SOUL.md": "You are a bot.\n",
    "skills/hello/SKILL.md": "---\nname: hello\n---\nSay hello.\n",
}

HOOK = "hooks/run.sh"
"""A script in each package of :func:`side_by_side`."""


def side_by_side(names: Iterable[str]) -> dict[str, str]:
    """The files of a repository with a small package in each of these folders."""
    return {
        f"{name}/{path}": text
        for name in names
        for path, text in {
            "distribution.yaml": f"name: {name}\nversion: 1.0.0\n",
            "SOUL.md": f"I am {name}.\n",
            HOOK: "#!/bin/sh\n",
        }.items()
    }


_KINDS = {"commit": Commit.type_num, "tree": Tree.type_num}
_ID = re.compile("[0-9a-f]{40}")


@cache
def _empty(*, bare: bool) -> Path:
    """An empty repository as git makes it, to be copied."""
    place = Path(tempfile.mkdtemp(prefix="hermes-dist-git-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    words = [GIT, "init", "-q", "-b", "main", "--template=", *(["--bare"] if bare else [])]
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run([*words, str(place)], env=env, check=True)
    for folder in ("hooks", "info"):
        (place / ("." if bare else ".git") / folder).mkdir()
    return place


class Repo:
    """A git repository with a work tree (``path``) or without one.

    Args:
        path: Where to make it.
        bare: Whether it is bare; commits are made all the same.
    """

    def __init__(self, path: Path, *, bare: bool = False) -> None:
        self.path = path
        self.bare = bare
        self.clock = 1_700_000_000
        self.files: dict[str, dict[str, tuple[int, str]]] = {}
        shutil.copytree(_empty(bare=bare), path, dirs_exist_ok=True)
        self.objects = DiskObjectStore(self.gitdir / "objects", loose_compression_level=1)

    @property
    def gitdir(self) -> Path:
        return self.path if self.bare else self.path / ".git"

    def git(self, *words: str, data: bytes | None = None) -> str:
        env = {
            **os.environ,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_DATE": f"{self.clock} +0000",
            "GIT_COMMITTER_DATE": f"{self.clock} +0000",
        }
        done = subprocess.run(
            [GIT, "-C", str(self.path), *words],
            env=env,
            input=data,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, (words, done.stderr.decode(errors="replace"))
        return done.stdout.decode(errors="surrogateescape").rstrip("\n")

    def blob(self, data: bytes | str) -> str:
        return self._keep(Blob.from_string(data.encode() if isinstance(data, str) else data))

    def _keep(self, made: ShaFile) -> str:
        self.objects.add_object(made)
        return made.id.decode()

    def raw(self, kind: str, data: bytes) -> str:
        """Write an object that git itself might refuse."""
        return self._keep(ShaFile.from_raw_string(_KINDS[kind], data))

    def raw_tree(self, *entries: tuple[str, bytes, str]) -> str:
        """Write a tree of (mode, name, id) in just that order."""
        return self.raw(
            "tree",
            b"".join(m.encode() + b" " + n + b"\0" + bytes.fromhex(o) for m, n, o in entries),
        )

    def commit_tree(self, tree: str, *parents: str, branch: str = "main") -> str:
        self.clock += 60
        made = Commit()
        made.tree = ObjectID(tree.encode())
        made.parents = [ObjectID(self._id(parent).encode()) for parent in parents]
        made.author, made.committer = (
            f"{os.environ[f'GIT_{who}_NAME']} <{os.environ[f'GIT_{who}_EMAIL']}>".encode()
            for who in ("AUTHOR", "COMMITTER")
        )
        made.author_time = made.commit_time = self.clock
        made.author_timezone = made.commit_timezone = 0
        made.message = b"change\n"
        commit = self._keep(made)
        self._point(f"refs/heads/{branch}", commit)
        return commit

    def commit(
        self,
        files: Mapping[str, str | bytes | None],
        *,
        branch: str = "main",
        executable: tuple[str, ...] = (),
        orphan: bool = False,
    ) -> str:
        """Commit ``files`` on top of a branch (None deletes); the work tree and the index are not used."""
        tip = "" if orphan else self._tip(f"refs/heads/{branch}")
        new = dict(self._files_of(tip))
        for path, content in files.items():
            new.pop(path, None)
            if content is not None:
                new[path] = (0o100755 if path in executable else 0o100644, self.blob(content))
        entries = [
            (os.fsencode(path), ObjectID(blob.encode()), mode) for path, (mode, blob) in new.items()
        ]
        tree = commit_tree(self.objects, entries).decode()
        commit = self.commit_tree(tree, *([tip] if tip else []), branch=branch)
        self.files[commit] = new
        return commit

    def tag(self, name: str, commit: str = "main", *, annotated: bool = False) -> None:
        if annotated:
            self.git("tag", "-f", "-a", "-m", name, name, commit)
        else:
            self._point(f"refs/tags/{name}", self._id(commit))

    def _files_of(self, commit: str) -> Mapping[str, tuple[int, str]]:
        """The files of a commit, from memory where it was made here."""
        if not commit:
            return {}
        if commit not in self.files:
            lines = self.git("ls-tree", "-r", "-z", commit).split("\0")[:-1]
            heads = ((*line.partition("\t")[0].split(), line.partition("\t")[2]) for line in lines)
            self.files[commit] = {path: (int(mode, 8), blob) for mode, _, blob, path in heads}
        return self.files[commit]

    def _point(self, ref: str, commit: str) -> None:
        file = self.gitdir / ref
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{commit}\n")

    def _tip(self, ref: str) -> str:
        """The commit at which a reference points; empty for none."""
        file = self.gitdir / ref
        if file.is_file() and _ID.fullmatch(text := file.read_text().strip()):
            return text
        if not (self.gitdir / "packed-refs").exists():
            return ""
        return self.git("for-each-ref", "--format=%(objectname)", ref)

    def _id(self, name: str) -> str:
        if _ID.fullmatch(name):
            return name
        return self._tip(f"refs/heads/{name}") or self.git("rev-parse", name)

    def pointers(self) -> dict[str, str]:
        """What each branch and tag points at, by its path; for :meth:`put_back`."""
        refs = self.gitdir / "refs"
        return {
            str(file.relative_to(self.gitdir)): file.read_text()
            for file in refs.rglob("*")
            if file.is_file()
        }

    def put_back(self, pointers: Mapping[str, str]) -> None:
        """Let branches and tags point where they did; those that were made since are gone."""
        for name in self.pointers().keys() - pointers.keys():
            (self.gitdir / name).unlink()
        for name, text in pointers.items():
            (self.gitdir / name).write_text(text)

    def check_out(self) -> None:
        """Fill the work tree from main."""
        self.git("reset", "-q", "--hard", "main")
