"""The data of documents that many questions are asked about: each is read once, also for many layers and keys."""

from __future__ import annotations

from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, kind_of, load_data
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Read, Tree


def data_at(path: RelPath, tree: Tree, read: Read) -> object:
    """The data of a document in a tree; an empty map if it is not there, or is not a document.

    Raises:
        Invalid: It can't be read.
    """
    return Documents(read).at(path, tree)


class Documents:
    """Reads documents, and remembers their data, or why it can't be read.

    Args:
        read: Gives contents by digest.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._known: dict[tuple[Digest, Kind], object] = {}

    def at(self, path: RelPath, tree: Tree) -> object:
        """As :func:`data_at`.

        Raises:
            Invalid: It can't be read.
        """
        entry, kind = tree.get(path), kind_of(path)
        return {} if entry is None or kind is None else self.data(entry, kind)

    def data(self, entry: Entry, kind: Kind) -> object:
        """Return the data of a document, which is not to be changed.

        Raises:
            Invalid: It can't be read.
        """
        at = entry.digest, kind
        if at not in self._known:
            self._known[at] = self._loaded(*at)
        known = self._known[at]
        if isinstance(known, Invalid):
            raise known
        return known

    def _loaded(self, digest: Digest, kind: Kind) -> object:
        try:
            return load_data(self._read(digest), kind)
        except Invalid as err:
            return err
