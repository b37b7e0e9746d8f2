"""Trees without disk, for the tests of this room."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hermes_dist.decide.placement.place import Placed, place
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import Pin, PinKind
from hermes_dist.model.tree import Digest, Entry, Tree


class Shelf(dict[Digest, bytes]):
    """Contents by digest, and trees made of them."""

    def tree(self, files: Mapping[str, str | bytes | object]) -> Tree:
        entries = {}
        for path, content in files.items():
            if isinstance(content, bytes):
                data = content
            else:
                data = (content if isinstance(content, str) else json.dumps(content)).encode()
            digest = Digest.of(data)
            self[digest] = data
            entries[RelPath(path)] = Entry(digest)
        return Tree(entries)

    def read(self, digest: Digest) -> bytes:
        return self[digest]

    def place(self, files: Mapping[str, str | bytes | object] | Tree, **how: object) -> Placed:
        tree = files if isinstance(files, Tree) else self.tree(files)
        placed = place(tree, self.read, **{"name": "bot", **how})  # type: ignore[arg-type]
        self.update(placed.blobs)
        return placed

    def bytes_of(self, tree: Tree, path: str) -> bytes:
        return self[tree[RelPath(path)].digest]

    def text(self, tree: Tree, path: str) -> str:
        return self.bytes_of(tree, path).decode()

    def jobs(self, tree: Tree) -> list[dict[str, object]]:
        return json.loads(self.bytes_of(tree, "cron/jobs.json"))["jobs"]

    def files(self, tree: Tree) -> dict[str, str]:
        return {str(path): self[entry.digest].decode() for path, entry in tree.items()}


def packages_of(tree: Tree) -> tuple[LockedPackage, ...]:
    """What a lock says of a package that was received whole."""
    return (
        LockedPackage(
            source="github.com/a/b", pin=Pin(url="u", kind=PinKind.BRANCH, tree=tree.digest)
        ),
    )
