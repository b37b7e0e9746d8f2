"""Keys that a package ships as examples: they may leave a home that has not changed them."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from hermes_dist.decide.placement.jobs import JOBS
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.decide.secrets.scan import secrets_in
from hermes_dist.errors import Lost
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Read

_LIVE = (CONFIG, JOBS)
"""Documents that the machine itself writes into: whether a server or a job is on, and when it ran."""


class Examples(Struct, frozen=True):
    """What a package ships.

    Attributes:
        contents: Whole files, by digest.
        values: Values that look like secrets, in the documents that the machine writes into.
    """

    contents: frozenset[Digest] = frozenset()
    values: Mapping[RelPath, frozenset[str]] = {}

    def has(self, entry: Entry) -> bool:
        """Whether a file is byte for byte one of the package's, wherever it is now."""
        return entry.digest in self.contents

    def at(self, path: RelPath) -> frozenset[str]:
        """Return the package's own values at a path that look like secrets."""
        return self.values.get(path, frozenset())


def examples_of(lock: Lock | None, read: Read) -> Examples:
    """Return what the package of a lock ships; nothing without a lock.

    Args:
        lock: The lock of the home.
        read: Gives contents by digest.
    """
    if lock is None:
        return Examples()
    upstream = (entry for entry in lock.upstream.values() if entry)
    contents = (entry.digest for entry in (*lock.base.values(), *lock.shipped.values(), *upstream))
    values = {path: _secrets_at(path, lock.base[path], read) for path in _LIVE if path in lock.base}
    return Examples(frozenset(contents), values)


def _secrets_at(path: RelPath, entry: Entry, read: Read) -> frozenset[str]:
    try:
        return secrets_in(path, read(entry.digest))
    except Lost:
        return frozenset()
