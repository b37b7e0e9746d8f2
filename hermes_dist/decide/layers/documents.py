"""The data of documents that many questions are asked about: each is read once, also for many layers and keys."""

from __future__ import annotations

from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.tree import Digest, Entry, Read


class Documents:
    """Reads documents, and remembers their data, or why it can't be read.

    Args:
        read: Gives contents by digest.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._known: dict[tuple[Digest, Kind], object] = {}

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
