"""Repositories whose history was made at random: merges, forced pushes, dates that lie, tags."""

from __future__ import annotations

import random
from pathlib import Path

from dulwich.index import commit_tree
from dulwich.objects import ObjectID
from gitrepo import Repo

BEGAN = 1_700_000_000


class History:
    """A repository that moves, and all that was ever in it.

    Args:
        path: Where to make it.
        chance: What decides.
        honest: Whether the dates of commits follow one another.
    """

    def __init__(self, path: Path, chance: random.Random, *, honest: bool) -> None:
        self.repo = Repo(path, bare=True)
        self.chance, self.honest = chance, honest
        self.parents: dict[str, tuple[str, ...]] = {}
        self.time = BEGAN
        self.tip = ""
        self.grow()

    def grow(self, count: int = 1) -> None:
        """Commit to the main branch, now and then after a merge of what began at an older commit."""
        for _ in range(count):
            parents = (self.tip,) if self.tip else ()
            if parents and self.chance.random() < 0.3:
                side = self.chance.choice(self.line())
                for _ in range(self.chance.randint(1, 3)):
                    side = self._commit(side)
                parents = (self.tip, side)
            self.tip = self._commit(*parents)
            if self.chance.random() < 0.3:
                self.repo.tag(f"v{len(self.parents)}", self.tip)
        self._push()

    def rewrite(self) -> None:
        """Push something else: what was there earlier, with new commits or none, or another history."""
        kind = self.chance.choice(["amended", "older", "branched", "other"])
        line = self.line()
        if kind == "amended":
            parents = self.parents[self.tip]
            self.tip = self._commit(*parents)
        elif kind == "other":
            self.tip = self._commit()
        else:
            self.tip = self.chance.choice(line)
            for _ in range(self.chance.randint(0, 3) if kind == "branched" else 0):
                self.tip = self._commit(self.tip)
        self._push()

    def lose(self) -> None:
        """Delete what no branch and no tag leads to."""
        self.repo.git("reflog", "expire", "--expire=now", "--all")
        self.repo.git("gc", "-q", "--prune=now")
        self.repo.files.clear()

    def line(self) -> list[str]:
        """The commits that the tip leads to, in no order."""
        return sorted(self.before(self.tip))

    def before(self, commit: str) -> set[str]:
        """A commit and all that it leads to."""
        found, waiting = {commit}, [commit]
        while waiting:
            more = set(self.parents[waiting.pop()]) - found
            found |= more
            waiting += more
        return found

    def relation(self, old: str, new: str) -> str:
        """How a commit really follows another one."""
        if old == new:
            return "same"
        if old in self.before(new):
            return "forward"
        return "backward" if new in self.before(old) else "unrelated"

    def _commit(self, *parents: str) -> str:
        self.time += 60
        self.repo.clock = self.time if self.honest else self._odd_date()
        blob = ObjectID(self.repo.blob(f"{len(self.parents)}\n").encode())
        tree = commit_tree(self.repo.objects, [(b"SOUL.md", blob, 0o100644)]).decode()
        commit = self.repo.commit_tree(tree, *parents, branch="made")
        self.parents[commit] = parents
        return commit

    def _odd_date(self) -> int:
        """What the clock of a machine says that is wrong, or that was not asked."""
        return self.chance.choice(
            [
                self.time,
                BEGAN,
                self.time + 10**8,
                315_532_800,
                self.time - self.chance.randint(0, 9) * 60,
            ]
        )

    def _push(self) -> None:
        heads = self.repo.path / "refs/heads"
        (heads / "made").unlink(missing_ok=True)
        (heads / "main").write_text(f"{self.tip}\n")
