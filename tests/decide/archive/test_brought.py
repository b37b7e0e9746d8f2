"""The user's edits that wait after an import: what upstream offers with them, and the base without them."""

from __future__ import annotations

import pytest
import yaml
from msgspec.structs import replace
from shelf import Shelf, packages_of

from hermes_dist.decide.archive.brought import (
    authors_of,
    brought,
    still_waiting,
    with_authors,
    with_edited,
)
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Tree

CONFIG, HOOK = RelPath("config.yaml"), RelPath("hooks/h/run.py")
AUTHORS = {CONFIG: "a: 1\nb: 1\nkeep: 1\n", HOOK: "old\n"}
ARCHIVE = {CONFIG: "a: 2\nb: 1\nkeep: 9\nown: 1\n", HOOK: "mine\n", RelPath("mine.py"): "own\n"}
WAITING = [(CONFIG, "a"), (CONFIG, "own"), (RelPath("hooks/h"), ""), (RelPath("mine.py"), "")]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def lock(shelf: Shelf) -> Lock:
    """The lock after an import: two settings and a hook wait as the archive held them."""
    theirs, archive = shelf.tree(AUTHORS), shelf.tree(ARCHIVE)
    edited = brought(theirs, archive, WAITING, shelf.read)
    shelf.update(edited.blobs)
    authors = authors_of(theirs, edited.tree)
    upstream = {path: edited.tree[path] for path in authors}
    return Lock(packages=packages_of(theirs), base=theirs, upstream=upstream, authored=authors)


def data(shelf: Shelf, tree: Tree) -> object:
    return yaml.safe_load(shelf.read(tree[CONFIG].digest))


def test_what_waits_is_the_archives_and_nothing_else_is(shelf: Shelf, lock: Lock) -> None:
    offered = lock.theirs()
    assert data(shelf, offered) == {"a": 2, "b": 1, "keep": 1, "own": 1}
    assert shelf.read(offered[HOOK].digest) == b"mine\n"
    # A file of the user's own does not become upstream's.
    assert set(offered) == {CONFIG, HOOK}


def test_an_edit_waits_until_its_author_changes_the_same(shelf: Shelf, lock: Lock) -> None:
    news = {CONFIG: "a: 1\nb: 5\nkeep: 1\n", HOOK: "new\n"}
    offered = with_edited(shelf.tree(news), lock, shelf.read)
    shelf.update(offered.blobs)
    assert data(shelf, offered.tree) == {"a": 2, "b": 5, "keep": 1, "own": 1}
    assert shelf.read(offered.tree[HOOK].digest) == b"new\n"
    changed = with_edited(shelf.tree({**news, CONFIG: "a: 7\nkeep: 1\n"}), lock, shelf.read)
    shelf.update(changed.blobs)
    assert data(shelf, changed.tree) == {"a": 7, "keep": 1, "own": 1}


def test_base_holds_what_the_author_wrote_where_an_edit_arrived(shelf: Shelf, lock: Lock) -> None:
    assert with_authors(lock.theirs(), lock, shelf.read).tree == shelf.tree(AUTHORS)
    # Only one of two settings has arrived.
    half = shelf.tree({CONFIG: "a: 2\nb: 1\nkeep: 1\n", HOOK: "old\n"})
    base = with_authors(half, lock, shelf.read)
    shelf.update(base.blobs)
    assert data(shelf, base.tree) == {"a": 1, "b": 1, "keep": 1}


def test_a_lock_without_edits_changes_nothing(shelf: Shelf) -> None:
    tree = shelf.tree(AUTHORS)
    for lock in (None, Lock(packages=packages_of(tree))):
        assert with_edited(tree, lock, shelf.read).tree == tree
        assert with_authors(tree, lock, shelf.read).tree == tree
        assert still_waiting(lock, tree, {}) == {}


def test_what_still_waits_is_remembered_with_its_authors_newest_version(
    shelf: Shelf, lock: Lock
) -> None:
    news = shelf.tree({CONFIG: "a: 1\nb: 5\n", HOOK: "old\n"})
    assert still_waiting(lock, news, {CONFIG: news[CONFIG]}) == {CONFIG: news[CONFIG]}
    # An approval offers the lock's own version, and the author's stays known.
    same = replace(lock)
    assert still_waiting(same, lock.theirs(), lock.upstream) == lock.authored
