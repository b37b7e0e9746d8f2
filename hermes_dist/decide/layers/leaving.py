"""What leaves a profile with a layer; what the user edited of it stays, as the user's own, without a question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from hermes_dist.decide.parts import part_of
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import ABSENT, get, kind_of, load_data
from hermes_dist.model.keypath import KeyPath, parse_key
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect
from hermes_dist.model.tree import Digest, Read, Tree


def gone_from(
    before: Sequence[LockedPackage], now: Sequence[LockedPackage]
) -> tuple[LockedPackage, ...]:
    """List the layers that a profile stood on and no longer does, and those of which it has fewer parts now.

    Args:
        before: Its layers as received.
        now: The layers that it stands on now.
    """
    still = {one.name: set(one.only) for one in now}

    def is_gone(one: LockedPackage) -> bool:
        parts = still.get(one.name)
        return parts is None or bool(parts and (not one.only or set(one.only) - parts))

    return tuple(one for one in before if is_gone(one))


def parts_gone(before: LockedPackage, now: Sequence[LockedPackage], tree: Tree) -> Tree:
    """Return what of a layer's files a profile has no more: all, or those of the parts that it has no more.

    Args:
        before: The layer as received.
        now: The layers that the profile stands on now.
        tree: The files of the layer, in the spelling of packages.
    """
    parts = {part for one in now if one.name == before.name for part in one.only}
    return tree.where(lambda path: part_of(path) not in parts)


class Leaving:
    """Tells of a place that upstream has no more whether it leaves with a layer.

    Args:
        layers: What the layers that are gone brought, in the home's spelling.
        theirs: What upstream offers now, in the same spelling.
        parked: Removals that wait for approval. What is around one and left with its layer is there for it alone.
        read: Gives contents by digest.
    """

    def __init__(
        self, layers: Iterable[Tree], theirs: Tree, parked: Iterable[Effect], read: Read
    ) -> None:
        self._layers = tuple(layers)
        self._theirs = theirs
        self._around = frozenset(_around(parked))
        self._read = read
        self._known: dict[Digest, object] = {}

    def __call__(self, path: RelPath, key: KeyPath) -> bool:
        """Answer for a key in a file, or for the whole file."""
        if path not in self._theirs:
            return any(path in tree for tree in self._layers)
        if (path, key) in self._around:
            return True
        ways = [key[:end] for end in range(1, len(key) + 1)]
        # Where a section left as a whole, everything in it did.
        left = [way for way in ways if get(self._data(self._theirs, path), way) is ABSENT]
        brought = [self._data(tree, path) for tree in self._layers]
        return any(get(data, way) is not ABSENT for data in brought for way in left)

    def _data(self, tree: Tree, path: RelPath) -> object:
        """The data of a document; nothing of one that is not there or can't be read."""
        entry, kind = tree.get(path), kind_of(path)
        if entry is None or kind is None:
            return ABSENT
        if entry.digest not in self._known:
            with suppress(Invalid):
                self._known[entry.digest] = load_data(self._read(entry.digest), kind)
        return self._known.get(entry.digest, ABSENT)


def _around(parked: Iterable[Effect]) -> Iterator[tuple[RelPath, KeyPath]]:
    for effect in parked:
        key = parse_key(effect.key) if effect.key else ()
        yield from ((effect.path, key[:end]) for end in range(1, len(key)))
