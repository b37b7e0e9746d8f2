"""Real git repositories for tests: made in a temporary folder by the real git."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

GIT = shutil.which("git") or "git"
PACKAGE: Mapping[str, str] = {
    "distribution.yaml": "name: bot\nversion: 1.0.0\n",
    "SOUL.md": "You are a bot.\n",
    "skills/hello/SKILL.md": "---\nname: hello\n---\nSay hello.\n",
}


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
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *(["--bare"] if bare else []), str(path))

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
        return self.git(
            "hash-object", "-w", "--stdin", data=data.encode() if isinstance(data, str) else data
        )

    def raw(self, kind: str, data: bytes) -> str:
        """Write an object that git itself might refuse."""
        return self.git("hash-object", "-t", kind, "-w", "--stdin", "--literally", data=data)

    def raw_tree(self, *entries: tuple[str, bytes, str]) -> str:
        """Write a tree of (mode, name, id) in just that order."""
        return self.raw(
            "tree",
            b"".join(m.encode() + b" " + n + b"\0" + bytes.fromhex(o) for m, n, o in entries),
        )

    def commit_tree(self, tree: str, *parents: str, branch: str = "main") -> str:
        self.clock += 60
        commit = self.git(
            "commit-tree", tree, "-m", "change", *(w for p in parents for w in ("-p", p))
        )
        self.git("update-ref", f"refs/heads/{branch}", commit)
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
        index = self.gitdir / "test-index"
        index.unlink(missing_ok=True)
        tips = self.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}").split()
        env_index = ("-c", "core.bare=true")
        os.environ["GIT_INDEX_FILE"] = str(index)
        try:
            if tips and not orphan:
                self.git(*env_index, "read-tree", tips[0])
            lines = []
            for path, content in files.items():
                if content is None:
                    lines.append(f"0 {'0' * 40}\t{path}")
                else:
                    mode = "100755" if path in executable else "100644"
                    lines.append(f"{mode} {self.blob(content)}\t{path}")
            self.git(
                *env_index,
                "update-index",
                "--add",
                "--index-info",
                data="\n".join(lines).encode() + b"\n",
            )
            tree = self.git(*env_index, "write-tree")
        finally:
            del os.environ["GIT_INDEX_FILE"]
        return self.commit_tree(tree, *(() if orphan else tips), branch=branch)

    def tag(self, name: str, commit: str = "main", *, annotated: bool = False) -> None:
        self.git("tag", "-f", *(["-a", "-m", name] if annotated else []), name, commit)

    def check_out(self) -> None:
        """Fill the work tree from main."""
        self.git("reset", "-q", "--hard", "main")
