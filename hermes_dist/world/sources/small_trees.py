"""The trees of small packages in one commit, remembered beside the cache of its repository.

A profile can stand on hundreds of layers in one repository, and an update with nothing new needs the tree of each. git
would have to be started twice for each; one file says them all. It can be thrown away at any time, and holds only trees
of which nothing was left out.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Tree, mode_of
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.disk.store import Store
from hermes_dist.world.git.cache import known_tree
from hermes_dist.world.records import body_at, head

_FORMAT = b"1"
"""Raise it whenever the rules for what a package may hold change: what is recorded was judged by the older ones."""
_PROGRAM = "755 "
_Trees = dict[str, dict[str, str]]
"""By the folder of each package: mode and digest of each file."""


class _Record(msgspec.Struct, frozen=True):
    """The trees of one commit."""

    commit: str
    trees: _Trees


class SmallTrees:
    """Remembers the trees of packages.

    Args:
        root: The folder of caches.
        store: Where contents are kept.
    """

    def __init__(self, root: Path, store: Store) -> None:
        self._root, self._store = root, store
        self._records: dict[str, _Record] = {}
        self._new: dict[tuple[str, str], dict[str, Tree]] = {}

    def read(self, url: str, commit: str, subfolder: RelPath | None) -> Tree | None:
        """Return the tree of a package; None if it is not remembered, or the store lost one of its contents."""
        if url not in self._records:
            self._records[url] = _record_at(self._place(url))
        record = self._records[url]
        rows = record.trees.get(subfolder or "") if record.commit == commit else None
        if rows is None:
            return None
        try:
            tree = Tree((RelPath(path), _entry(row)) for path, row in rows.items())
        except Invalid:
            return None
        if not all(self._is_kept(entry.digest) for entry in tree.values()):
            return None
        self.take(url, commit, subfolder, tree)
        return tree

    def _is_kept(self, digest: Digest) -> bool:
        """Whether the store has a content; it then counts as young, so that no clean-up removes it."""
        size = self._store.size(digest)
        return size is not None and self._store.keeps(digest, size)

    def take(self, url: str, commit: str, subfolder: RelPath | None, tree: Tree) -> None:
        """Note a tree that was read; :meth:`keep` writes it."""
        self._new.setdefault((url, commit), {})[subfolder or ""] = tree

    def keep(self) -> None:
        """Write what was noted, for each repository that more than one package came from; a failure is ignored."""
        for (url, commit), trees in self._new.items():
            rows = {folder: _rows(tree) for folder, tree in trees.items()}
            record = _Record(commit, rows)
            if len(trees) > 1 and record != self._records.get(url):
                self._write(url, record)

    def _write(self, url: str, record: _Record) -> None:
        body = msgspec.json.encode(record)
        try:
            atomic_write(self._place(url), head(_FORMAT, body) + body, 0o600)
        except DistError:
            return
        self._records[url] = record

    def _place(self, url: str) -> Path:
        return known_tree(self._root, url, None).with_name("known-trees")


def _record_at(place: Path) -> _Record:
    body = body_at(place, _FORMAT)
    if body is not None:
        with suppress(msgspec.MsgspecError, UnicodeError, RecursionError):
            return msgspec.json.decode(body, type=_Record)
    return _Record("", {})


def _rows(tree: Tree) -> dict[str, str]:
    return {str(path): f"{mode_of(entry)} {entry.digest}" for path, entry in tree.items()}


def _entry(row: str) -> Entry:
    return Entry(Digest(row[4:]), row.startswith(_PROGRAM))
