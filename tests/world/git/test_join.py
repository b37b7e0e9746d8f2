"""Packs are joined in the background: nobody waits, nobody is disturbed, and a kill at any moment loses nothing."""

from __future__ import annotations

import contextlib
import copy
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from gitrepo import GIT, PACKAGE, Repo

from hermes_dist.brand import HERMES, Layout
from hermes_dist.world.child import Command, Detached
from hermes_dist.world.disk.locks import flock
from hermes_dist.world.git import repositories
from hermes_dist.world.git.cache import is_pinned, names_in
from hermes_dist.world.git.cli import CliTool
from hermes_dist.world.git.join import MANY, is_crowded, join, packs_in, reading
from hermes_dist.world.git.repositories import BareGit, open_git


class Old:
    """A cache after many fetches."""

    def __init__(self, home: Path, tmp_path: Path, count: int = MANY) -> None:
        self.repo = Repo(tmp_path / "bot.git", bare=True)
        self.url = f"file://{self.repo.path}"
        self.layout = Layout(HERMES, tmp_path / "root", home)
        self.env = {"HOME": str(home), "PATH": os.environ["PATH"]}
        self.commits: list[str] = []
        self.repo.commit(PACKAGE)  # the boundary is above it
        for number in range(count):
            self.next(number)
        self.cache = self.git.cache(self.url)

    def again(self, home: Path, commits: list[str]) -> Old:
        """The same cache for another home, its folder put back to what it was at these commits."""
        made = copy.copy(self)
        made.repo = copy.copy(self.repo)
        made.repo.files = dict(self.repo.files)
        made.layout = Layout(HERMES, self.layout.root, home)
        made.env = {**self.env, "HOME": str(home)}
        made.commits = list(commits)
        return made

    @property
    def git(self) -> BareGit:
        git = open_git(self.layout, self.env)
        assert isinstance(git, BareGit)
        return git

    def next(self, number: int) -> None:
        commit = self.repo.commit({"SOUL.md": f"You are bot {number}.\n" * 9})
        before = self.commits[-1] if self.commits else ""
        self.commits.append(self.git.fetch(self.url, commit, before=before))

    def begun(self) -> Detached:
        command = self.git.tool.join(self.cache)
        assert command is not None
        begun = join(self.cache, command)
        assert begun is not None
        return begun

    def offline(self) -> BareGit:
        git = open_git(self.layout, self.env, offline=True)
        assert isinstance(git, BareGit)
        return git

    def check(self) -> None:
        """Everything that was fetched is there, and the next commit comes as it always does."""
        git = self.offline()
        for number, commit in enumerate(self.commits):
            assert is_pinned(self.cache, commit)
            files = git.listing(self.url, git.fetch(self.url, commit), None).files
            soul = next(file.oid for file in files if file.path == "SOUL.md")
            assert dict(git.blobs(self.url, [soul]))[soul].startswith(b"You are bot %d." % number)
        assert git.relation(self.url, self.commits[0], self.commits[-1]) == "forward"
        words = [GIT, f"--git-dir={self.cache}", "fsck", "--connectivity-only"]
        subprocess.run(words, check=True, capture_output=True)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The caches that are to be joined when this process ends, which no test does."""
    caches: list[Path] = []
    monkeypatch.setattr(repositories, "join_at_exit", lambda cache, _: caches.append(cache))
    return caches


class Made(NamedTuple):
    """A cache after many fetches, and what is to be there when a test begins."""

    old: Old
    place: Path
    kept: Path
    commits: list[str]
    asked: list[Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Made once, as each fetch is a handful of git's processes; its URL names it, so it stays where it is."""
    place, kept = (tmp_path_factory.mktemp(name) for name in ("old", "kept"))
    asked: list[Path] = []
    with pytest.MonkeyPatch.context() as patch:
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "Ada Author")
            patch.setenv(f"GIT_{who}_EMAIL", "ada@example.org")
        patch.setattr(repositories, "join_at_exit", lambda cache, _: asked.append(cache))
        old = Old(tmp_path_factory.mktemp("home"), place)
    shutil.copytree(place, kept, symlinks=True, dirs_exist_ok=True)
    return Made(old, place, kept, list(old.commits), asked)


@pytest.fixture
def old(home: Path, made: Made, later: list[Path]) -> Old:
    """That cache as it was made, for this test."""
    old, place, kept, commits, asked = made
    shutil.rmtree(place)
    shutil.copytree(kept, place, symlinks=True)
    later += asked
    return old.again(home, commits)


def _ended(begun: Detached) -> int:
    while (code := begun.exited()) is None:
        time.sleep(0.005)
    return code


def test_a_cache_of_many_packs_is_joined_and_keeps_all_that_was_fetched(
    old: Old, later: list[Path]
) -> None:
    assert later == [old.cache]
    assert packs_in(old.cache) == MANY
    shallow = (old.cache / "shallow").read_text()
    names = names_in(old.cache, "refs/dist")
    assert names == sorted(old.commits)
    assert _ended(old.begun()) == 0
    assert packs_in(old.cache) <= 2
    assert (old.cache / "shallow").read_text() == shallow
    assert names_in(old.cache, "refs/dist") == names
    assert not [path for path in (old.cache / "refs").rglob("*") if path.is_file()]
    old.check()


def test_the_next_fetch_brings_only_what_is_new(old: Old) -> None:
    _ended(old.begun())
    before = {*(old.cache / "objects/pack").iterdir()}
    old.next(MANY)
    new = {*(old.cache / "objects/pack").glob("*.pack")} - before
    assert len(new) == 1
    assert new.pop().stat().st_size < 1000
    assert old.git.relation(old.url, old.commits[0], old.commits[-1]) == "forward"
    old.check()


def test_a_join_that_failed_is_not_tried_at_each_fetch(old: Old, later: list[Path]) -> None:
    for number in range(MANY, MANY + 11):
        old.next(number)
    assert later == [old.cache] * 2
    assert [n for n in range(60) if is_crowded(n)] == [30, 40, 50]


def test_who_reads_or_fetches_is_not_disturbed(old: Old) -> None:
    command = old.git.tool.join(old.cache)
    assert command is not None
    with reading(old.cache), reading(old.cache):
        assert join(old.cache, command) is None
    with flock(old.cache.with_suffix(".lock")):
        assert join(old.cache, command) is None
    assert packs_in(old.cache) == MANY
    contents = old.git.blobs(old.url, [_any_blob(old)])
    next(contents)
    assert join(old.cache, command) is None, "a git still reads"
    contents.close()  # type: ignore[attr-defined]  # it is a generator
    assert _ended(old.begun()) == 0


def _any_blob(old: Old) -> str:
    return old.git.listing(old.url, old.commits[0], None).files[0].oid


def test_who_comes_during_a_join_waits_for_it(old: Old) -> None:
    slow = join(old.cache, Command(("/bin/sh", "-c", "sleep 0.4"), old.env))
    assert slow is not None
    assert join(old.cache, Command(("/bin/sh", "-c", ":"), old.env)) is None
    began = time.monotonic()
    with reading(old.cache):
        assert time.monotonic() - began > 0.2
    assert slow.exited() == 0


def test_a_cache_that_is_gone_is_not_made_again(old: Old, tmp_path: Path) -> None:
    gone = tmp_path / "nowhere" / "cache.git"
    assert join(gone, Command(("/bin/sh", "-c", ":"), old.env)) is None
    assert not gone.parent.exists()
    with reading(gone):
        pass


@pytest.mark.parametrize("after", [0.0, 0.004, 0.008, 0.012, 0.016, 0.02, 0.03])
def test_a_join_that_is_killed_loses_nothing(old: Old, after: float) -> None:
    begun = old.begun()
    time.sleep(after)
    with contextlib.suppress(ProcessLookupError):  # it had ended
        os.killpg(begun.pid, signal.SIGKILL)
    _ended(begun)
    old.check()
    old.next(MANY)
    left = [p.name for p in old.cache.rglob("*") if p.name.startswith((".tmp-", "tmp_"))]
    assert left == [], "what it left is gone with the next fetch"
    old.check()
    assert _ended(old.begun()) == 0, "the locks of the dead are free"
    old.check()


@pytest.mark.parametrize(
    "half", ["repack --geometric=2 -n -q", "repack -a -n -q", "pack-refs --all --no-prune"]
)
def test_half_a_join_is_a_cache_like_any_other(old: Old, half: str) -> None:
    """What is there if it is killed between its steps: new packs beside the old ones, refs in both places."""
    words = [GIT, f"--git-dir={old.cache}", *half.split()]
    subprocess.run(words, check=True, capture_output=True)
    (old.cache / "objects/pack/.tmp-77-pack-00.pack").write_bytes(b"PACK")
    (old.cache / "objects/pack/pack-00.keep").touch()
    old.check()
    old.next(MANY)
    assert not list((old.cache / "objects/pack").glob("*.keep"))
    assert _ended(old.begun()) == 0
    assert packs_in(old.cache) <= 2
    old.check()


def test_an_older_git_joins_all_and_keeps_what_nothing_leads_to(
    old: Old, tmp_path: Path, home: Path
) -> None:
    stray = subprocess.run(
        [GIT, f"--git-dir={old.cache}", "hash-object", "-w", "--stdin"],
        input=b"read right now",
        check=True,
        capture_output=True,
    ).stdout.decode()
    program = tmp_path / "git-of-2.20"
    program.write_text(f'#!/bin/sh\ncase "$*" in *--geometric*) exit 129;; esac\nexec {GIT} "$@"\n')
    program.chmod(0o755)
    tool = CliTool(str(program), {"HOME": str(home), "PATH": os.environ["PATH"]})
    begun = join(old.cache, tool.join(old.cache))
    assert begun is not None
    assert _ended(begun) == 0
    assert packs_in(old.cache) == 1
    words = [GIT, f"--git-dir={old.cache}", "cat-file", "-p", stray.strip()]
    assert subprocess.run(words, check=True, capture_output=True).stdout == b"read right now"
    old.check()


_FETCH = """
import sys
from pathlib import Path
from hermes_dist.brand import HERMES, Layout
from hermes_dist.world.git.repositories import open_git
root, home, url, commit, path = sys.argv[1:]
layout = Layout(HERMES, Path(root), Path(home))
open_git(layout, {"HOME": home, "PATH": path}).fetch(url, commit)
"""


def test_a_command_that_ends_leaves_the_work_to_another_process(
    home: Path, tmp_path: Path, later: list[Path]
) -> None:
    old = Old(home, tmp_path, MANY - 1)
    assert later == []
    commit = old.repo.commit({"SOUL.md": f"You are bot {MANY - 1}.\n"})
    old.commits.append(commit)
    words = [str(old.layout.root), str(home), old.url, commit, os.environ["PATH"]]
    subprocess.run([sys.executable, "-c", _FETCH, *words], check=True)
    assert _in_time(lambda: packs_in(old.cache) <= 2)
    with flock(old.cache.with_suffix(".lock"), timeout=10):
        pass
    old.check()


def _in_time(done: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(0.01)
    return False


@pytest.fixture
def aged(old: Old) -> Old:
    for number in range(5):
        os.utime(old.cache / "refs/dist" / old.commits[number], (1, 1))
    return old


def test_commits_that_nobody_needs_go_with_what_only_they_led_to(aged: Old) -> None:
    old = aged
    rewritten = old.repo.commit({"SOUL.md": "Rewritten.\n"})
    lost = old.git.fetch(old.url, rewritten, before=old.commits[-1])
    os.utime(old.cache / "refs/dist" / lost, (1, 1))
    shallow = (old.cache / "shallow").read_text()
    needed = {old.commits[0], old.commits[-1]}
    old.git.forget(old.cache.name, needed, before=2)
    gone = {*old.commits[1:5], lost}
    assert {*names_in(old.cache, "refs/dist")} == {*old.commits} - gone
    assert packs_in(old.cache) == 1
    assert (old.cache / "shallow").read_text() == shallow
    show = [GIT, f"--git-dir={old.cache}", "cat-file", "-e"]
    assert subprocess.run([*show, lost], check=False, capture_output=True).returncode
    assert subprocess.run([*show, old.commits[2]], check=False).returncode == 0, "an ancestor stays"
    for commit in (lost, *old.commits[1:5]):
        assert old.git.fetch(old.url, commit) == commit, "it comes again"
    old.check()


def test_nothing_is_forgotten_of_a_cache_in_use(aged: Old) -> None:
    with reading(aged.cache):
        aged.git.forget(aged.cache.name, set(), before=2)
    assert names_in(aged.cache, "refs/dist") == sorted(aged.commits)
    aged.git.forget("no-such-cache.git", set(), before=2)
