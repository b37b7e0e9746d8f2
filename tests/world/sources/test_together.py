"""Packages of one commit that are needed soon are read together, and are then what each is that is read alone."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from gitrepo import HOOK, Repo, side_by_side

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import DistError
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.limits import LIMITS, Limits
from hermes_dist.world.disk.store import Store
from hermes_dist.world.git.cache import known_tree
from hermes_dist.world.git.repositories import BareGit
from hermes_dist.world.sources import commit_trees
from hermes_dist.world.sources.api import Offer, Sources, open_sources

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
NAMES = [f"p{n}" for n in range(10)]


class Machine:
    """A machine with a store; each read is by a new program."""

    def __init__(self, root: Path, *, path: str = os.environ["PATH"]) -> None:
        self.layout = Layout(HERMES, root, root)
        self.store = Store(self.layout.store)
        self.env = {**os.environ, "PATH": path}

    def sources(self, limits: Limits = LIMITS) -> Sources:
        return open_sources(self.layout, lambda: self.store, self.env, limits=limits)

    def read(
        self,
        repo: Repo,
        commit: str,
        names: Iterable[str] = NAMES,
        *,
        together: bool = True,
        limits: Limits = LIMITS,
    ) -> Mapping[str, Offer | str]:
        """Fetch packages; what goes wrong is the text of the error."""
        sources = self.sources(limits)
        specs = {name: parse_source(f"file://{repo.path}//{name}") for name in names}
        if together:
            sources.fetch_together([(spec, commit, "") for spec in specs.values()])
        found: dict[str, Offer | str] = {}
        for name, spec in specs.items():
            try:
                found[name] = sources.fetch(spec, "", commit)
            except DistError as error:
                found[name] = f"{error}: {error.hint}"
        sources.keep_trees()
        return found


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "machine")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "r.git", bare=True)


@pytest.fixture
def commit(repo: Repo) -> str:
    return repo.commit(side_by_side(NAMES), executable=(f"p2/{HOOK}",))


@pytest.mark.parametrize("path", [os.environ["PATH"], "/nonexistent"])
def test_they_are_what_they_are_alone(
    machine: Machine, repo: Repo, commit: str, tmp_path: Path, path: str
) -> None:
    commit = repo.commit(
        {
            "p3/large.bin": POINTER,
            "p4/A.md": "x",
            "p4/a.md": "y",
            "p5/distribution.yaml": None,
            "p6/big": "x" * 2000,
            "p7/inner/distribution.yaml": "name: inner\nversion: 1\n",
        }
    )
    names = [*NAMES, "p7/inner", "nowhere", "p0/SOUL.md"]
    limits = LIMITS._replace(blob=1000)
    alone = Machine(tmp_path / "alone").read(repo, commit, names, together=False, limits=limits)
    there = Machine(tmp_path / "together", path=path)
    assert there.read(repo, commit, names, limits=limits) == alone
    wrong = [name for name, what in alone.items() if isinstance(what, str)]
    assert wrong == ["p4", "p6", "nowhere", "p0/SOUL.md"]
    for offer in alone.values():
        for entry in offer.tree.values() if isinstance(offer, Offer) else ():
            there.store.read(entry.digest)
    assert not there.store.has(Digest.of(b"x" * 2000))
    assert there.read(repo, commit, names, limits=limits) == alone


def test_all_take_two_programs_and_one_file_in_the_store(
    machine: Machine, repo: Repo, commit: str, started: list[str]
) -> None:
    machine.read(repo, commit)
    assert started == ["fetch", "ls-tree", "cat-file"]
    assert len(machine.store.boxes.names()) == 1
    started.clear()
    machine.read(repo, commit)
    assert started == []
    newer = repo.commit({f"{name}/SOUL.md": f"Now I am {name}.\n" for name in NAMES})
    machine.read(repo, newer)
    assert started == ["fetch", "ls-tree", "cat-file"]
    newest = repo.commit({"p1/SOUL.md": "I am the one.\n"})
    machine.read(repo, newest)
    assert started[3:] == ["fetch", "ls-tree", "cat-file"]


def test_each_commit_of_each_repository_is_a_group(
    machine: Machine, repo: Repo, commit: str, tmp_path: Path, started: list[str]
) -> None:
    other = Repo(tmp_path / "other.git", bare=True)
    there = other.commit({f"{name}/SOUL.md": name for name in "abc"})
    newer = repo.commit({"p0/SOUL.md": "New.\n"})
    sources = machine.sources()
    wanted = [
        *((f"file://{other.path}//{name}", there) for name in "abc"),
        *((f"file://{repo.path}//{name}", commit) for name in NAMES[:3]),
        (f"file://{repo.path}//p0", newer),
        (f"file://{other.path}", there),
        (str(tmp_path), ""),
    ]
    sources.fetch_together([(parse_source(text), at, "") for text, at in wanted])
    assert started == ["fetch", "ls-tree", "cat-file"] * 2
    for text, at in wanted[:6]:
        sources.fetch(parse_source(text), "", at)
    assert started == ["fetch", "ls-tree", "cat-file"] * 2
    for text, at in wanted[6:8]:
        sources.fetch(parse_source(text), "", at)
    assert started[6:] == ["fetch", "ls-tree", "cat-file", "ls-tree", "cat-file"]


def test_a_large_one_is_compared_with_what_it_was(
    machine: Machine,
    repo: Repo,
    commit: str,
    started: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(commit_trees, "MANY", 4)
    commit = repo.commit({"p8/more.md": "More.\n"})
    machine.read(repo, commit)
    assert known_tree(machine.layout.git_cache, f"file://{repo.path}", "p8").is_file()
    newer = repo.commit({"p8/more.md": "Much more.\n", "p1/SOUL.md": "New.\n"})
    started.clear()
    found = machine.read(repo, newer)
    assert started == ["fetch", "ls-tree", "cat-file", "diff-tree", "cat-file"]
    assert found == machine.read(repo, newer, together=False)


def test_what_fails_is_told_by_who_needs_it_and_tried_once(
    machine: Machine, repo: Repo, commit: str, started: list[str]
) -> None:
    gone = "1" * 40
    sources = machine.sources()
    specs = [parse_source(f"file://{repo.path}//{name}") for name in NAMES[:3]]
    sources.fetch_together([(spec, gone, "") for spec in specs])
    once = [*started]
    with pytest.raises(DistError):
        sources.fetch(specs[0], "", gone)
    assert started == once
    assert sources.fetch(specs[0], "", commit).tree


def test_a_store_that_can_not_be_written_is_told_and_keeps_nothing(
    machine: Machine, repo: Repo, commit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("hermes_dist.world.disk.contents.batch.write_all", full)
        patch.setattr("hermes_dist.world.disk.contents.batch.NewBox.add", full)
        found = machine.read(repo, commit)
        assert found == machine.read(repo, commit, together=False)
    assert all(isinstance(what, str) for what in found.values())
    assert list(machine.store.digests()) == []
    assert all(isinstance(what, Offer) for what in machine.read(repo, commit).values())


def test_what_a_damaged_cache_held_is_fetched_again(
    machine: Machine, repo: Repo, commit: str, started: list[str]
) -> None:
    machine.read(repo, commit, ["p0"])
    git = machine.sources().git
    assert isinstance(git, BareGit)
    cache = git.cache(f"file://{repo.path}")
    for pack in cache.glob("objects/pack/*.pack"):
        pack.chmod(0o600)
        pack.write_bytes(pack.read_bytes()[:100] + bytes(200))
    started.clear()
    found = machine.read(repo, commit, NAMES[:3])
    assert all(isinstance(what, Offer) for what in found.values())
    assert started[:2] == ["ls-tree", "fetch"]


def test_how_two_commits_are_related_is_asked_once(
    machine: Machine, repo: Repo, commit: str, started: list[str]
) -> None:
    newer = repo.commit({"p0/SOUL.md": "New.\n"})
    sources = machine.sources()
    specs = [parse_source(f"file://{repo.path}//{name}") for name in NAMES[:3]]
    sources.fetch_together([(spec, newer, "") for spec in specs])
    assert sources.relation(specs[0], commit, newer) == "forward"
    started.clear()
    assert [sources.relation(spec, commit, newer) for spec in specs] == ["forward"] * 3
    assert started == []
    assert sources.relation(specs[0], newer, commit) == "backward"


def test_the_root_of_a_repository_is_read_alone(machine: Machine, repo: Repo, commit: str) -> None:
    sources = machine.sources()
    whole, part = (parse_source(f"file://{repo.path}{name}") for name in ("", "//p1"))
    sources.fetch_together([(whole, commit, ""), (part, commit, "")])
    inside = sources.fetch(whole, "", commit).tree.where(lambda path: path.startswith("p1/"))
    assert [RelPath(path[3:]) for path in inside] == list(sources.fetch(part, "", commit).tree)
