"""What a fetch brings does not grow with the history, and what is said of two commits stays true."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from gitrepo import GIT, PACKAGE, Repo
from random_histories import BEGAN, History
from servers import GitHttp

from hermes_dist.world.child import Bounds, run
from hermes_dist.world.git import reach, repositories
from hermes_dist.world.git.cache import is_pinned
from hermes_dist.world.git.cli import CliTool
from hermes_dist.world.git.embedded import DulwichTool
from hermes_dist.world.git.repositories import BareGit, Patience

TOOLS = ("git", "dulwich")
LONG = 60


def git_of(tool: str, root: Path) -> BareGit:
    env = dict(os.environ)
    return BareGit(
        root, CliTool(GIT, env) if tool == "git" else DulwichTool(env), patience=Patience()
    )


def commits_in(cache: Path) -> int:
    """How many commits a cache holds."""
    words = [GIT, f"--git-dir={cache}", "cat-file", "--batch-all-objects", "--unordered"]
    kinds = subprocess.run(
        [*words, "--batch-check=%(objecttype)"], check=True, capture_output=True
    ).stdout
    return kinds.split().count(b"commit")


def check(cache: Path, held: set[str]) -> None:
    """A cache is whole, and has everything that somebody holds."""
    assert all(is_pinned(cache, commit) for commit in held)
    words = [GIT, f"--git-dir={cache}", "fsck", "--connectivity-only", "--no-dangling"]
    subprocess.run(words, check=True, capture_output=True)


class Life:
    """Profiles that follow a repository through one cache, each with a commit of its own."""

    def __init__(self, path: Path, seed: int, tool: str) -> None:
        self.chance, self.tool, self.path = random.Random(seed), tool, path
        self.history = History(path / "r.git", self.chance, honest=seed % 3 == 0)
        self.url = f"file://{self.history.repo.path}"
        self.history.grow(self.chance.randint(1, 12))
        self.held = [self.history.tip]
        self.git.fetch(self.url, self.history.tip)

    @property
    def git(self) -> BareGit:
        return git_of(self.tool, self.path / "cache")

    def change(self, *, losing: bool) -> None:
        kind = self.chance.choice(["grow", "grow", "grow", "rewrite", "stay", "lose"])
        if kind == "grow":
            self.history.grow(self.chance.randint(1, 5))
        elif kind == "rewrite":
            self.history.rewrite()
        elif kind == "lose" and losing:
            self.history.lose()

    def act(self) -> Iterator[tuple[str, str]]:
        """Do something with the cache; yields what was said of two commits, and what is true."""
        git, tip = self.git, self.history.tip
        at = self.chance.randrange(len(self.held))
        old, new = self.held[at], tip
        kind = self.chance.choice(["update", "update", "update", "install", "ask", "join"])
        if kind == "update":
            git.fetch(self.url, tip, before=old)
            self.held[at] = tip
        elif kind == "install":
            self.held.append(self.chance.choice(self.history.line()))
            git.fetch(self.url, self.held[-1])
        elif kind == "ask":
            new = self.chance.choice([*self.held, tip])
        elif (command := git.tool.join(git.cache(self.url))) is not None:
            assert run(command, Bounds()).ok
        if kind in ("update", "ask"):
            yield git.relation(self.url, old, new), self.history.relation(old, new)
        check(git.cache(self.url), {*self.held})


@pytest.mark.parametrize(
    ("tool", "seed"),
    [*(("git", seed) for seed in range(5)), *(("dulwich", seed) for seed in (0, 1))],
)
def test_what_is_said_of_two_commits_is_true_whatever_was_fetched_in_between(
    tmp_path: Path, tool: str, seed: int
) -> None:
    life = Life(tmp_path, seed, tool)
    for _ in range(10):
        life.change(losing=False)
        for said, true in life.act():
            assert said == true


@pytest.mark.parametrize("seed", range(6, 11))
def test_what_a_server_lost_is_unknown_at_worst(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repositories, "HISTORY", 8)
    monkeypatch.setattr(repositories, "_LINE", 2)
    life = Life(tmp_path, seed, "git")
    for _ in range(10):
        life.change(losing=True)
        for said, true in life.act():
            assert said in (true, "unknown")


class Followed:
    """A repository of many commits behind a server, and a cache of it."""

    def __init__(self, path: Path, tool: str, server: GitHttp) -> None:
        self.repo = Repo(path / "bot.git", bare=True)
        self.line = [self.repo.commit({**PACKAGE, "n.md": f"{n}\n"}) for n in range(LONG)]
        self.tool, self.root, self.url = tool, path / "cache", f"{server.url}/bot.git"
        self.brought = 0

    @property
    def git(self) -> BareGit:
        return git_of(self.tool, self.root)

    @property
    def cache(self) -> Path:
        return self.git.cache(self.url)

    def fetch(self, commit: str, before: str = "") -> None:
        """Fetch a commit, as an update does."""
        there = commits_in(self.cache) if self.cache.exists() else 0
        git = self.git
        git.fetch(self.url, commit, before=before)
        git.originals(self.url, [(commit, "commit")])
        self.brought = commits_in(self.cache) - there
        check(self.cache, {commit, *([before] if before else [])})


@pytest.fixture(params=TOOLS)
def followed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Followed]:
    with GitHttp(tmp_path) as server:
        yield Followed(tmp_path, request.param, server)


@pytest.mark.parametrize("later", [1, 30])
def test_an_update_brings_what_lies_in_between(followed: Followed, later: int) -> None:
    old, new = followed.line[-1 - later], followed.line[-1]
    followed.fetch(old)
    followed.fetch(new, before=old)
    assert followed.brought == later
    assert followed.git.relation(followed.url, old, new) == "forward"


def test_a_forced_push_brings_what_is_newer_than_what_was_there(followed: Followed) -> None:
    old = followed.line[-1]
    followed.fetch(old)
    followed.repo.git("update-ref", "refs/heads/main", followed.line[-4])
    followed.repo.clock += 600
    new = followed.repo.commit({"other.md": "Other.\n"})
    followed.fetch(new, before=old)
    assert followed.brought == 1
    assert followed.git.relation(followed.url, old, new) == "unrelated"


@pytest.mark.parametrize(("lost", "brought"), [(1, 0), (8, 40)])
def test_where_two_long_histories_part_is_found_near_them(
    followed: Followed, monkeypatch: pytest.MonkeyPatch, lost: int, brought: int
) -> None:
    """What leads to one of two commits can't follow it, so nothing behind it has to be known."""
    monkeypatch.setattr(repositories, "HISTORY", 45)
    old = followed.line[-1]
    followed.fetch(old)
    followed.repo.git("update-ref", "refs/heads/main", followed.line[-1 - lost])
    for number in range(lost):
        new = followed.repo.commit({"other.md": f"{number}\n"})
    followed.fetch(new, before=old)
    there = commits_in(followed.cache)
    assert followed.git.relation(followed.url, old, new) == "unrelated"
    assert commits_in(followed.cache) - there <= brought


@pytest.mark.parametrize(
    ("older", "newer", "said"),
    [
        ({"o": []}, {"n": []}, "unrelated"),
        ({"o": ["p"]}, {"n": ["p"]}, "unrelated"),
        ({"o": ["p"]}, {"n": ["q"]}, "unknown"),
        ({"o": ["p"]}, {"n": ["q"], "q": ["p"]}, "unrelated"),
        ({"o": ["p"]}, {"n": ["p", "q"]}, "unknown"),
        ({"o": ["p", "q"]}, {"n": ["p"]}, "unknown"),
        ({"o": ["p"], "p": []}, {"n": []}, "unrelated"),
        ({"o": ["p"]}, {"n": []}, "unknown"),
        ({"o": ["p"]}, {"n": ["q", "o"]}, "forward"),
        ({"o": ["n"]}, {"n": ["q"]}, "backward"),
        ({}, {"n": ["o"]}, "forward"),
        ({}, {"n": []}, "unknown"),
    ],
)
def test_two_cut_histories_tell_what_they_can(
    older: dict[str, list[str]], newer: dict[str, list[str]], said: str
) -> None:
    assert reach.related("o", older, "n", newer) == said


def test_an_older_version_beside_a_newer_one_brings_no_history(followed: Followed) -> None:
    followed.fetch(followed.line[-1])
    followed.fetch(followed.line[LONG // 2])
    assert followed.brought == 1


def test_a_merge_of_an_older_branch_brings_what_is_new(followed: Followed) -> None:
    repo, old = followed.repo, followed.line[-1]
    followed.fetch(old)
    repo.git("update-ref", "refs/heads/side", followed.line[5])
    side = repo.commit({"side.md": "Side.\n"}, branch="side")
    new = repo.commit_tree(repo.git("rev-parse", "main^{tree}"), old, side)
    followed.fetch(new, before=old)
    assert followed.brought == 2
    assert followed.git.relation(followed.url, old, new) == "forward"
    assert followed.git.relation(followed.url, side, new) == "forward"


@pytest.mark.parametrize("date", [0, 315_532_800])
def test_a_date_that_nobody_can_have_brings_no_history(followed: Followed, date: int) -> None:
    followed.repo.clock = date - 60
    old = followed.repo.commit({"n.md": "then\n"})
    followed.fetch(old)
    followed.repo.clock = BEGAN
    new = followed.repo.commit({"n.md": "now\n"})
    followed.fetch(new, before=old)
    assert followed.brought == 1
    assert followed.git.relation(followed.url, old, new) == "forward"


def test_a_source_that_went_back_is_known_from_what_is_there(followed: Followed) -> None:
    """Each update tells git anew where the history ends, and the server no longer has it."""
    first, second, third = followed.line[-20], followed.line[-10], followed.line[-1]
    followed.fetch(first)
    followed.fetch(second, before=first)
    followed.fetch(third, before=second)
    back = followed.line[-15]
    followed.repo.git("update-ref", "refs/heads/main", back)
    followed.repo.git("-c", "gc.pruneExpire=now", "gc", "-q", "--prune=now")
    assert followed.git.relation(followed.url, third, back) == "backward"
    assert followed.git.relation(followed.url, first, third) == "forward"
    followed.fetch(back, before=third)
    check(followed.cache, {first, second, third, back})


def test_a_commit_between_two_that_were_fetched_needs_no_server(followed: Followed) -> None:
    old, new, between = followed.line[-20], followed.line[-1], followed.line[-9]
    followed.fetch(old)
    followed.fetch(new, before=old)
    shutil.rmtree(followed.repo.path)
    followed.fetch(between)
    assert (is_pinned(followed.cache, between), followed.brought) == (True, 0)
    assert followed.git.relation(followed.url, old, new) == "forward"


def test_ends_that_are_not_there_stop_no_fetch(followed: Followed) -> None:
    old, new, odd = followed.line[5], followed.line[-1], followed.line[-9]
    followed.fetch(new)
    with (followed.cache / "shallow").open("a") as file:
        file.write(f"{odd}\n")
    assert followed.git.relation(followed.url, old, new) == "forward"
    assert odd not in reach.ends_in(followed.cache)
    check(followed.cache, {new})


def test_ends_that_move_while_somebody_looks_make_no_histories_apart(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = followed.line[5], followed.line[-1]
    followed.fetch(old)
    followed.fetch(new)
    look = BareGit._walk

    def walk(git: BareGit, cache: Path, commit: str, limit: int) -> list[list[str]]:
        (cache / "shallow").write_text(f"{old}\n{new}\n")
        lines = look(git, cache, commit, limit)
        (cache / "shallow").write_text("")
        return lines

    monkeypatch.setattr(BareGit, "_walk", walk)
    monkeypatch.setattr(BareGit, "_try_to_fetch", lambda *_: None)
    assert followed.git.relation(followed.url, old, new) == "unknown"


def test_the_date_of_a_commit_is_noted_once_and_of_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "_KEPT", 3)
    for number in range(9):
        reach.note_date(tmp_path, f"{number}" * 40, BEGAN + number)
        reach.note_date(tmp_path, f"{number}" * 40, 1)
    assert reach.date_of(tmp_path, "8" * 40) == BEGAN + 8
    assert reach.date_of(tmp_path, "1" * 40) == 0
    assert [file.name for file in tmp_path.iterdir()] == ["dates"]
    (tmp_path / "dates").write_bytes(
        b"\xff\n\n" + b"7" * 40 + b" -5\n" + b"6" * 40 + b" " + b"9" * 5000
    )
    assert reach.date_of(tmp_path, "6" * 40) == 0
    assert reach.date_of(tmp_path, "7" * 40) == 0
    reach.note_date(tmp_path / "none", "7" * 40, BEGAN)


@pytest.mark.parametrize(
    ("line", "date"),
    [
        (b"committer Ada <a@x> 1700000000 +0100", 1_700_000_000),
        (b"committer Ada <a@x> -5 +0000", 0),
        (b"committer Ada <a@x> %b +0000" % (b"9" * 5000), 0),
        (b"committer Ada <a@x>", 0),
        (b"committer", 0),
        (b"author Ada <a@x> 1700000000 +0100", 0),
    ],
)
def test_a_date_is_read_from_the_text_of_a_commit(line: bytes, date: int) -> None:
    text = b"tree 0\n" + line + b"\n\ncommitter Eve <e@x> 5 +0000\n"
    assert reach.date_in(text) == date
    assert reach.back_to(date) == (reach.Reach(since=date) if date else reach.Reach(depth=1))
