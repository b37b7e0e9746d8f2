"""What is fetched ahead is read ahead: whoever needs it then starts no git, and is told what failed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from gitrepo import PACKAGE, Repo

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import DistError, Invalid, NoSuchRef
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import EMPTY, Tree
from hermes_dist.world import child
from hermes_dist.world.disk.limits import LIMITS, Limits
from hermes_dist.world.disk.store import Store
from hermes_dist.world.sources import commit_trees
from hermes_dist.world.sources.api import Offer, Sources, open_sources


class Machine:
    """A machine that follows one repository; each time with sources that remember nothing."""

    def __init__(self, root: Path, repo: Repo, limits: Limits = LIMITS) -> None:
        layout = Layout(HERMES, root, root)
        self.repo, self.spec = repo, parse_source(f"file://{repo.path}")
        self.store = Store(layout.store)
        self._layout, self._limits = layout, limits

    def sources(self) -> Sources:
        return open_sources(self._layout, lambda: self.store, dict(os.environ), limits=self._limits)

    def fetch(self, commit: str, before: Tree = EMPTY) -> Offer:
        return self.sources().fetch(self.spec, "", commit, before=before)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "r.git", bare=True)


@pytest.fixture
def machine(tmp_path: Path, repo: Repo) -> Machine:
    return Machine(tmp_path / "root", repo)


def forbid_children(patch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a program was started")

    patch.setattr(child, "_start", refuse)


@pytest.mark.parametrize("many", [1, 200])
def test_what_was_read_ahead_needs_no_git(
    machine: Machine, repo: Repo, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(commit_trees, "MANY", many)
    old = repo.commit(PACKAGE)
    before = machine.fetch(old).tree
    new = repo.commit({"SOUL.md": "Other.\n", "more.md": "More.\n"})
    sources = machine.sources()
    sources.fetch_ahead(machine.spec, new, old)
    with monkeypatch.context() as patch:
        forbid_children(patch)
        assert sources.relation(machine.spec, old, new) == "forward"
        offer = sources.fetch(machine.spec, "", new, before=before)
        [raw] = sources.git.originals(sources.url(machine.spec), [(new, "commit")])
    assert raw.startswith(b"tree ")
    assert offer == machine.fetch(new, before)
    soul = offer.tree[RelPath("SOUL.md")]
    assert machine.store.read(soul.digest) == b"Other.\n"


@pytest.mark.parametrize("steps", [1, 15, 16, 17])
def test_a_few_commits_more_need_no_walk(
    machine: Machine, repo: Repo, started: list[str], steps: int
) -> None:
    old = repo.commit(PACKAGE)
    machine.sources().fetch_ahead(machine.spec, old)
    commits = [repo.commit({"SOUL.md": f"{n}\n"}) for n in range(steps)]
    sources = machine.sources()
    started.clear()
    sources.fetch_ahead(machine.spec, commits[-1], old)
    assert sources.relation(machine.spec, old, commits[-1]) == "forward"
    walked = ["cat-file"] if steps <= 16 else ["cat-file", "rev-list"]
    assert started == ["fetch", "ls-tree", "cat-file", *walked]


def test_a_commit_whose_history_was_not_fetched_tells_of_its_parent(
    machine: Machine, repo: Repo, started: list[str]
) -> None:
    old, new = repo.commit(PACKAGE), repo.commit({"more.md": "More.\n"})
    sources = machine.sources()
    sources.fetch_ahead(machine.spec, new, old)
    assert sources.relation(machine.spec, old, new) == "forward"
    assert started == ["fetch", "ls-tree", "cat-file", "cat-file"]


def test_a_merge_leads_to_both_of_its_parents(machine: Machine, repo: Repo) -> None:
    main = repo.commit(PACKAGE)
    side = repo.commit({"side.md": "Side.\n"}, branch="side")
    merge = repo.commit_tree(repo.git("rev-parse", "main^{tree}"), main, side)
    sources = machine.sources()
    sources.fetch(machine.spec, "", merge)
    assert sources.relation(machine.spec, side, merge) == "forward"
    assert sources.relation(machine.spec, main, merge) == "forward"


def test_a_relation_is_asked_again_the_second_time(machine: Machine, repo: Repo) -> None:
    old, new = repo.commit(PACKAGE), repo.commit({"more.md": "More.\n"})
    sources = machine.sources()
    sources.fetch_ahead(machine.spec, new, old)
    assert [sources.relation(machine.spec, old, new) for _ in range(2)] == ["forward"] * 2
    assert sources.relation(machine.spec, new, old) == "backward"


def test_an_unsafe_package_is_told_by_who_needs_it_and_in_the_same_words(
    tmp_path: Path, repo: Repo
) -> None:
    machine = Machine(tmp_path / "root", repo, LIMITS._replace(blob=10))
    commit = repo.commit({**PACKAGE, "large.md": "x" * 11})
    said = []
    for ahead in (True, False):
        sources = machine.sources()
        if ahead:
            sources.fetch_ahead(machine.spec, commit)
        with pytest.raises(Invalid) as caught:
            sources.fetch(machine.spec, "", commit)
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_a_commit_that_is_not_there_is_told_by_who_needs_it(machine: Machine, repo: Repo) -> None:
    repo.commit(PACKAGE)
    sources = machine.sources()
    sources.fetch_ahead(machine.spec, "0" * 40, "1" * 40)
    with pytest.raises(DistError):
        sources.fetch(machine.spec, "", "0" * 40)


@pytest.mark.parametrize("ahead", [False, True])
def test_a_branch_that_is_rewritten_between_the_question_and_the_fetch_is_told_as_that(
    machine: Machine, repo: Repo, ahead: bool
) -> None:
    repo.commit(PACKAGE)
    sources = machine.sources()
    ref, commit = sources.resolve_ref(machine.spec, sources.refs(machine.spec))
    repo.git("update-ref", "-d", ref)
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "-q", "--prune=now")
    repo.commit({"other.md": "Other.\n"})
    if ahead:
        sources.fetch_ahead(machine.spec, commit)
    with pytest.raises(NoSuchRef, match="main was rewritten") as caught:
        sources.fetch(machine.spec, ref, commit)
    assert commit[:7] in caught.value.what


def test_contents_that_are_too_many_are_refused_though_each_change_is_small(
    tmp_path: Path, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit_trees, "MANY", 1)
    machine = Machine(tmp_path / "root", repo, LIMITS._replace(total=100_000))
    before = machine.fetch(repo.commit({**PACKAGE, "large.md": "x" * 60_000})).tree
    commit = repo.commit({"more.md": "y" * 60_000})
    sources = machine.sources()
    sources.fetch_ahead(machine.spec, commit)
    with pytest.raises(Invalid, match="more than 0 MiB in all"):
        sources.fetch(machine.spec, "", commit, before=before)
