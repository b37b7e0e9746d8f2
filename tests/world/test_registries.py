"""Registries on disk: synced by what changed, searched leniently, read strictly, followed forward only."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from shelf_of import GitShelf, Shelf, entry

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import DistError, Invalid, Refused, Unreachable, UsageError
from hermes_dist.model.registry import Registry, RegistryKind, entry_path
from hermes_dist.world.disk.store import Store
from hermes_dist.world.registry.api import Registries
from hermes_dist.world.registry.files import registry_of
from hermes_dist.world.registry.index import Index


@pytest.fixture
def layout(home: Path) -> Layout:
    root = home / ".hermes"
    root.mkdir()
    return Layout(HERMES, root, home)


def opened(layout: Layout, *, offline: bool = False) -> Registries:
    return Registries(layout, Store(layout.store), dict(os.environ), offline=offline)


def folder(shelf: Shelf, name: str = "ours") -> Registry:
    return registry_of(str(shelf.path), name)


def names(found: Sequence[object]) -> list[str]:
    return [hit.name for hit in found]  # type: ignore[attr-defined]


class Counting:
    """An index, and what it was given to read."""

    def __init__(self, path: Path) -> None:
        self.index = Index(path / "x.db", "x")
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []

    def put(self, name: str, **more: object) -> None:
        self.files[entry_path(name)] = entry(name, "github.com/you/bot", **more)

    def sync(self) -> object:
        self.asked.clear()
        return self.index.sync(
            {p: str(hash(d)) for p, d in self.files.items()}, self._read, {"revision": "r"}
        )

    def _read(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        self.asked += paths
        return ((path, self.files[path]) for path in paths)


def test_a_second_sync_reads_only_what_changed(tmp_path: Path) -> None:
    shelf = Counting(tmp_path)
    for n in range(50):
        shelf.put(f"bot-{n}", description="A bot.")
    first = shelf.sync()
    assert (first.packages, first.added, first.changed) == (50, 50, 0)  # type: ignore[attr-defined]
    shelf.put("bot-7", description="A robot.")
    del shelf.files[entry_path("bot-8")]
    shelf.put("bot-50", description="A bot.")
    second = shelf.sync()
    assert sorted(shelf.asked) == [entry_path("bot-50"), entry_path("bot-7")]
    assert (second.packages, second.added, second.changed, second.removed) == (50, 1, 1, 1)  # type: ignore[attr-defined]
    assert names(shelf.index.search(["robot"], 10)) == ["bot-7"]
    assert "bot-7" in names(shelf.index.search(["bot"], 100))
    assert shelf.index.get("bot-8") is None
    third = shelf.sync()
    assert shelf.asked == []
    assert third.packages == 50  # type: ignore[attr-defined]


def test_what_changed_is_not_found_by_its_old_words(tmp_path: Path) -> None:
    shelf = Counting(tmp_path)
    shelf.put("bot", description="An abacus.", env=["OLD_KEY"])
    shelf.sync()
    shelf.put("bot", description="A calculator.")
    shelf.sync()
    assert shelf.index.search(["abacus"], 10) == []
    assert shelf.index.search(["old_key"], 10) == []
    assert names(shelf.index.search(["calculator"], 10)) == ["bot"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["coder"], ["coder", "heavy-coder", "painter"]),
        (["GITHUB_TOKEN"], ["coder"]),
        (["cron"], ["painter"]),
        (["cod"], ["coder", "heavy-coder", "painter"]),
        (["painting", "cafe"], ["painter"]),
        (["nothing"], []),
        (['"'], []),
        (["*"], []),
        (["coder", "paint"], ["painter"]),
        (["NEAR("], []),
        (["a' OR 1"], []),
    ],
)
def test_words_are_found_in_names_keywords_descriptions_variables_and_what_runs(
    tmp_path: Path, words: list[str], found: list[str]
) -> None:
    shelf = Counting(tmp_path)
    shelf.put("heavy-coder", description="For code.")
    shelf.put("painter", description="No coder but a painting café.", runs={"cron": 2, "mcp": 0})
    shelf.put("coder", description="For code.", env=["GITHUB_TOKEN"])
    shelf.sync()
    assert names(shelf.index.search(words, 10)) == found


@pytest.mark.parametrize(
    ("path", "data"),
    [
        (entry_path("bot"), b"{"),
        (entry_path("bot"), b"[]"),
        (entry_path("bot"), entry("bat", "x")),
        (entry_path("bot"), b"[" * 99_999),
        (entry_path("bot"), b" " * (1 << 20) + b"{}"),
        ("packages/xx/bot.json", entry("bot", "x")),
        ("packages/BO/BOT.json", b"{}"),
    ],
)
def test_an_entry_that_is_not_understood_is_passed_over_and_told(
    tmp_path: Path, path: str, data: bytes
) -> None:
    shelf = Counting(tmp_path)
    shelf.put("good", description="Fine.")
    shelf.files[path] = data
    done = shelf.sync()
    assert [where for where, _ in done.skipped] == [path]  # type: ignore[attr-defined]
    assert names(shelf.index.search(["fine"], 10)) == ["good"]
    del shelf.files[path]
    assert shelf.sync().skipped == ()  # type: ignore[attr-defined]


def test_odd_fields_and_newer_ones_do_not_hide_a_package(tmp_path: Path) -> None:
    shelf = Counting(tmp_path)
    shelf.put(
        "odd",
        description=3,
        keywords="word",
        env=[1, "KEY"],
        category=None,
        runs=[],
        later={"x": 1},
    )
    shelf.put("odder", description="\ud800 surrogate", versions_={}, title=["a"])
    assert shelf.sync().skipped == ()  # type: ignore[attr-defined]
    assert set(names(shelf.index.search(["odd"], 10))) == {"odd", "odder"}


def test_a_damaged_index_is_told_and_made_again(layout: Layout, tmp_path: Path) -> None:
    shelf, registries = Shelf(tmp_path / "shelf"), opened(layout)
    shelf.put("bot", "github.com/you/bot")
    registry = folder(shelf)
    registries.add(registry)
    file = layout.shared / "registry" / "ours.db"
    file.write_bytes(b"not a database" * 1000)
    assert registries.sync(registry).added == 1
    assert names(registries.search(["bot"], 5))[0] == "bot"
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("DROP TABLE words")
    with pytest.raises(DistError, match="can't be read") as caught:
        registries.search(["bits"], 5)
    assert "registry sync ours" in caught.value.advice(str)


def test_a_folder_is_read_as_it_is_now(layout: Layout, tmp_path: Path) -> None:
    shelf, registries = Shelf(tmp_path / "shelf"), opened(layout)
    registry = folder(shelf)
    registries.add(registry)
    assert registries.get(registry, "bot") is None
    shelf.put("bot", "github.com/you/bot")
    found = registries.get(registry, "bot")
    assert found is not None
    assert found.source.location == "https://github.com/you/bot"
    shelf.put("bot", "ext::sh -c id")
    with pytest.raises(Invalid) as caught:
        registries.get(registry, "bot")
    assert caught.value.where == "registry ours: packages/bo/bot.json: source"


def test_a_search_in_a_folder_finds_what_came_since_the_last_sync(
    layout: Layout, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path / "shelf")
    opened(layout).add(folder(shelf))
    shelf.put("bot", "github.com/you/bot")
    assert names(opened(layout).search(["bot"], 5))[:1] == ["bot"]
    assert "bot" in opened(layout).similar("bit")
    # A folder that is away is searched as it was read last.
    shelf.path.rename(tmp_path / "away")
    assert names(opened(layout).search(["bot"], 5))[:1] == ["bot"]


def test_a_search_compares_a_folder_only_after_something_in_it_changed(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, synced = Shelf(tmp_path / "shelf"), list[str]()
    sync = Index.sync

    def counted(self: Index, listing: Mapping[str, str], *more: object) -> object:
        synced.append(" ".join(sorted(listing)))
        return sync(self, listing, *more)  # type: ignore[arg-type]  # as it came

    shelf.put("bot", "github.com/you/bot", description="Old words.")
    shelf.put("cat", "github.com/you/cat", description="Old words.")
    opened(layout).add(folder(shelf))
    monkeypatch.setattr(Index, "sync", counted)
    assert names(opened(layout).search(["old"], 5)) == ["bot", "cat"]
    assert synced.count("packages/bo/bot.json packages/ca/cat.json") == 0
    # Written in place: the folder's own times stay as they are.
    shelf.put("bot", "github.com/you/bot", description="New words.")
    assert names(opened(layout).search(["old"], 5)) == ["cat"]
    assert names(opened(layout).search(["new"], 5))[:1] == ["bot"]
    assert synced.count("packages/bo/bot.json packages/ca/cat.json") == 1
    (shelf.path / entry_path("cat")).unlink()
    assert names(opened(layout).search(["old"], 5)) == []
    index = layout.shared / "registry" / "ours.db"
    with closing(sqlite3.connect(index)) as db, db:
        db.execute("DELETE FROM meta WHERE name = 'fingerprint'")
    assert names(opened(layout).search(["new"], 5))[:1] == ["bot"]
    index.write_bytes(b"x" * 4096)
    assert names(opened(layout).search(["new"], 5))[:1] == ["bot"]


def test_symlinks_in_a_registry_are_no_entries(layout: Layout, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    real = shelf.put("bot", "github.com/you/bot")
    (real.parent / "bob.json").symlink_to(real)
    (shelf.path / "packages" / "li").symlink_to(real.parent)
    assert opened(layout).add(folder(shelf)).packages == 1


@pytest.mark.parametrize(
    "marker", [None, "", "[]", "{}", '{"format": "1"}', '{"format": true}', '{"format": 2}']
)
def test_what_is_no_registry_is_not_added(
    layout: Layout, tmp_path: Path, marker: str | None
) -> None:
    shelf = Shelf(tmp_path / "shelf")
    (shelf.path / "registry.json").unlink()
    if marker is not None:
        (shelf.path / "registry.json").write_text(marker)
    registries = opened(layout)
    with pytest.raises(Invalid):
        registries.add(folder(shelf))
    assert [one.name for one in registries.all()] == ["default"]


def test_registries_are_remembered_and_forgotten_with_all_that_is_theirs(
    layout: Layout, tmp_path: Path
) -> None:
    registry = folder(Shelf(tmp_path / "shelf"))
    opened(layout).add(registry)
    assert [one.name for one in opened(layout).all()] == ["default", "ours"]
    with pytest.raises(DistError, match="already"):
        opened(layout).add(registry)
    opened(layout).remove("ours")
    opened(layout).remove("default")
    assert opened(layout).all() == ()
    assert list((layout.shared / "registry").glob("*.db")) == []
    opened(layout).add_carried()
    assert [one.name for one in opened(layout).all()] == ["default"]
    with pytest.raises(UsageError, match="no registry 'ours'"):
        opened(layout).named("ours")


def test_a_git_registry_brings_what_is_new(layout: Layout, tmp_path: Path) -> None:
    shelf = GitShelf(tmp_path / "shelf.git")
    shelf.put("bot", "github.com/you/bot")
    registry = registry_of(shelf.url, "ours")
    assert registry.kind is RegistryKind.GIT
    opened(layout).add(registry)
    tip = shelf.put("bat", "github.com/you/bat")
    done = opened(layout).sync(registry)
    assert (done.packages, done.added, done.changed, done.revision) == (2, 1, 0, tip)
    assert opened(layout).get(registry, "bat") is not None
    again = opened(layout).sync(registry)
    assert (again.packages, again.added, again.revision) == (2, 0, tip)


def test_asking_for_a_name_syncs_a_git_registry_once_for_each_command(
    layout: Layout, tmp_path: Path
) -> None:
    shelf = GitShelf(tmp_path / "shelf.git")
    registry = registry_of(shelf.url, "ours")
    opened(layout).add(registry)
    shelf.put("bot", "github.com/you/bot")
    registries = opened(layout)
    assert registries.get(registry, "bot") is not None
    shelf.put("bat", "github.com/you/bat")
    assert registries.get(registry, "bat") is None
    assert opened(layout, offline=True).get(registry, "bat") is None
    assert opened(layout).get(registry, "bat") is not None


def test_a_registry_that_goes_back_is_refused(layout: Layout, tmp_path: Path) -> None:
    shelf = GitShelf(tmp_path / "shelf.git")
    first = shelf.put("bot", "github.com/you/bot")
    shelf.put("bat", "github.com/you/bat")
    registry = registry_of(shelf.url, "ours")
    opened(layout).add(registry)
    shelf.repo.git("update-ref", "refs/heads/main", first)
    with pytest.raises(Refused, match="went back"):
        opened(layout).sync(registry)
    with pytest.raises(Refused):
        opened(layout).get(registry, "bot")
    assert opened(layout, offline=True).get(registry, "bat") is not None
    assert opened(layout).sync(registry, accept_rewritten=True).packages == 1


def test_a_registry_whose_history_was_rewritten_is_refused(layout: Layout, tmp_path: Path) -> None:
    shelf = GitShelf(tmp_path / "shelf.git")
    shelf.put("bot", "github.com/you/bot")
    registry = registry_of(shelf.url, "ours")
    opened(layout).add(registry)
    shelf.repo.commit(
        {
            "registry.json": '{"format": 1}',
            entry_path("bot"): entry("bot", "github.com/mallory/bot"),
        },
        orphan=True,
    )
    with pytest.raises(Refused, match="was rewritten"):
        opened(layout).sync(registry)
    assert opened(layout).sync(registry, accept_rewritten=True).changed == 1


def test_a_registry_that_can_not_be_reached_is_told(layout: Layout, tmp_path: Path) -> None:
    shelf = GitShelf(tmp_path / "shelf.git")
    registry = registry_of(shelf.url, "ours")
    opened(layout).add(registry)
    shelf.repo.path.rename(tmp_path / "away.git")
    with pytest.raises(Unreachable):
        opened(layout).sync(registry)


def test_a_registry_from_elsewhere_names_no_place_of_this_machine(
    layout: Layout, tmp_path: Path
) -> None:
    shelf, registries = Shelf(tmp_path / "shelf"), opened(layout)
    shelf.put("bot", "file:///srv/bot")
    assert registries.get(folder(shelf), "bot") is not None
    carried = Registry(name="default", kind=RegistryKind.FOLDER, location=str(shelf.path))
    with pytest.raises(Invalid):
        registries.get(carried, "bot")
