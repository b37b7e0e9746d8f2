"""Many small packages of one commit are read from git once; what is remembered of them is what git says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from gitrepo import HOOK, Repo, side_by_side

from hermes_dist.brand import HERMES, Layout
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import parse_source
from hermes_dist.world.disk.store import Store
from hermes_dist.world.git.cache import known_tree
from hermes_dist.world.ports import Listing
from hermes_dist.world.sources.api import Offer, Sources, open_sources

NAMES = ("one", "two", "three")


class Machine:
    """A machine that reads the packages of one repository; each read is by a new program."""

    def __init__(self, root: Path) -> None:
        self.repo = Repo(root / "r.git", bare=True)
        self.layout = Layout(HERMES, root / "machine", root / "machine")
        self.store = Store(self.layout.store)
        self.url = f"file://{self.repo.path}"
        self.listed: list[str] = []

    @property
    def record(self) -> Path:
        return known_tree(self.layout.git_cache, self.url, None).with_name("known-trees")

    def read(self, commit: str, names: tuple[str, ...] = NAMES) -> dict[str, Offer]:
        """Fetch packages, and note which of them git listed."""
        self.listed.clear()
        sources = self.sources()
        listing = sources.git.listing

        def noted(url: str, commit: str, subfolder: RelPath | None) -> Listing:
            self.listed.append(str(subfolder))
            return listing(url, commit, subfolder)

        sources.git.listing = noted  # type: ignore[method-assign]
        specs = {name: parse_source(f"{self.url}//{name}") for name in names}
        found = {name: sources.fetch(spec, "", commit) for name, spec in specs.items()}
        sources.keep_trees()
        for offer in found.values():
            for entry in offer.tree.values():
                self.store.read(entry.digest)
        return found

    def sources(self) -> Sources:
        return open_sources(self.layout, lambda: self.store, dict(os.environ))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def commit(machine: Machine) -> str:
    return machine.repo.commit(side_by_side(NAMES), executable=(f"two/{HOOK}",))


def test_packages_of_one_commit_are_listed_once(machine: Machine, commit: str) -> None:
    first = machine.read(commit)
    assert sorted(machine.listed) == sorted(NAMES)
    assert machine.read(commit) == first
    assert machine.listed == []
    assert [e.executable for e in first["two"].tree.values()] == [False, False, True]


def test_another_commit_is_read_from_git(machine: Machine, commit: str) -> None:
    machine.read(commit)
    newer = machine.repo.commit({"one/SOUL.md": "I am other.\n"})
    found = machine.read(newer)
    assert sorted(machine.listed) == sorted(NAMES)
    assert found == machine.read(newer)
    assert machine.listed == []
    machine.read(commit)
    assert sorted(machine.listed) == sorted(NAMES)


def test_one_package_alone_is_not_remembered(machine: Machine, commit: str) -> None:
    for _ in range(2):
        machine.read(commit, ("one",))
        assert machine.listed == ["one"]
    assert not machine.record.exists()


def test_a_package_of_which_something_was_left_out_is_read_from_git(
    machine: Machine, commit: str
) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    commit = machine.repo.commit({"one/large.bin": pointer})
    first = machine.read(commit)
    assert [left.path for left in first["one"].left_out] == ["large.bin"]
    assert machine.read(commit) == first
    assert machine.listed == ["one"]


def test_what_the_store_lost_is_read_from_git(machine: Machine, commit: str) -> None:
    first = machine.read(commit)
    gone = first["two"].tree[RelPath("SOUL.md")].digest
    machine.store.path(gone).unlink()
    assert machine.read(commit) == first
    assert machine.listed == ["two"]


@pytest.mark.parametrize("damage", ["cut", "empty", "edited", "sealed", "format", "deep"])
def test_a_damaged_record_is_as_good_as_none(machine: Machine, commit: str, damage: str) -> None:
    from hermes_dist.world.records import head

    first = machine.read(commit)
    data = machine.record.read_bytes()
    body = data.partition(b"\n")[2].replace(b"SOUL.md", b"../SOUL")
    deep = b'{"a":' * 100_000
    wrong = {
        "cut": data[:-10],
        "empty": b"",
        "edited": data.replace(b"SOUL.md", b"SOUP.md"),
        "sealed": head(b"1", body) + body,
        "format": head(b"1", b"[]") + b"[]",
        "deep": head(b"1", deep) + deep,
    }
    machine.record.write_bytes(wrong[damage])
    assert machine.read(commit) == first
    assert sorted(machine.listed) == sorted(NAMES)
    assert machine.record.read_bytes() == data


def test_a_record_that_can_not_be_written_is_done_without(machine: Machine, commit: str) -> None:
    first = machine.read(commit, ("one",))
    machine.record.mkdir()
    assert machine.read(commit)["one"] == first["one"]
    assert sorted(machine.listed) == sorted(NAMES)
