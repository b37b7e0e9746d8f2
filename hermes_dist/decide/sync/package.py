"""What is synced about a profile's package: its version, which becomes the base on the other machines.

So a version that one machine took is known on all of them, and the author's next one merges everywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.leaving.export import lock_to_go
from hermes_dist.merge.trees import merge_trees
from hermes_dist.model.discreet import Contents
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_head import Demand
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Conflict, Effect
from hermes_dist.model.side import Side
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree

_T = TypeVar("_T")
_At = TypeVar("_At", Conflict, Effect)
_State = tuple[Entry | None, bool, Entry | None, bool, Entry | None]
"""A path in a lock: its base, and whether upstream and the author have another version, with these."""


class Three(Struct, frozen=True):
    """The lock of a package on three sides; None for a profile without a package.

    Attributes:
        base: As this machine last saw it at the meeting place.
        ours: This machine's.
        theirs: As it is at the meeting place now.
    """

    base: Lock | None
    ours: Lock | None
    theirs: Lock | None

    @property
    def ours_moved(self) -> bool:
        """Whether this machine took another version, or another package."""
        return _head(self.ours) != _head(self.base)

    @property
    def theirs_moved(self) -> bool:
        """Whether another machine did."""
        return _head(self.theirs) != _head(self.base)

    @property
    def both_moved(self) -> bool:
        """Whether this machine and another took different versions."""
        return self.ours_moved and self.theirs_moved and _head(self.ours) != _head(self.theirs)


def to_travel(lock: Lock) -> Lock:
    """Return what other machines may know of a lock: nothing of what was decided for this machine alone."""
    return replace(lock_to_go(lock), kept=frozenset(), off=(), parked=())


def _head(lock: Lock | None) -> object:
    """What a lock says about the package as a whole."""
    if lock is None:
        return None
    packages = [
        (
            p.source,
            p.registry,
            p.name,
            p.pin,
            p.partial,
            p.included,
            p.layer,
            p.over,
            p.only,
            p.taken,
        )
        for p in lock.packages
    ]
    inputs = tuple(one for one in lock.inputs if one.value is not None)
    return (packages, lock.shipped, lock.released, inputs, lock.unfilled, lock.held)


def joined(three: Three, side: Side) -> Lock | None:
    """Merge what is known of a package.

    Args:
        three: The three sides.
        side: Whose version is newer, if both moved.

    Returns:
        The lock for this machine: what was decided here stays.
    """
    if three.both_moved:
        if side is Side.THEIRS:
            return _as_here(three.theirs, three.ours)
        return three.ours
    head = three.theirs if three.theirs_moved else three.ours
    if head is None:
        return None
    if three.ours is None or three.theirs is None:
        return _as_here(head, three.ours)
    return _as_here(_by_path(head, three), three.ours)


def _by_path(head: Lock, three: Three) -> Lock:
    """Merge the state of each path: a conflict may have been settled on one machine, and not on the other."""
    ours, theirs = three.ours or head, three.theirs or head
    old = three.base.theirs() if three.base else EMPTY
    paths = {*ours.base, *theirs.base, *ours.upstream, *theirs.upstream, *old}
    taken = frozenset(
        path
        for path in paths
        if _state(ours, path) == _state(three.base, path)
        or (three.theirs_moved and _state(theirs, path) != _state(three.base, path))
    )
    return _mixed(head, ours, theirs, taken)


def _state(lock: Lock | None, path: RelPath) -> _State:
    if lock is None:
        return (None, False, None, False, None)
    up, author = lock.upstream, lock.authored
    return (lock.base.get(path), path in up, up.get(path), path in author, author.get(path))


def _mixed(head: Lock, ours: Lock, theirs: Lock, taken: Collection[RelPath]) -> Lock:
    """Return a lock with the state of some paths from theirs, and of all others from ours."""

    def pick(one: Mapping[RelPath, _T], other: Mapping[RelPath, _T]) -> dict[RelPath, _T]:
        stays = {path: value for path, value in one.items() if path not in taken}
        return stays | {path: value for path, value in other.items() if path in taken}

    def choose(one: Iterable[_At], other: Iterable[_At]) -> tuple[_At, ...]:
        sides = ((one, False), (other, True))
        return tuple(each for side, mine in sides for each in side if (each.path in taken) is mine)

    base = pick(ours.base, theirs.base)
    return replace(
        head,
        base=EMPTY.with_entries(base),
        upstream=pick(ours.upstream, theirs.upstream),
        authored=pick(ours.authored, theirs.authored),
        conflicts=choose(ours.conflicts, theirs.conflicts),
        parked=choose(ours.parked, ()),
        moved=pick(ours.moved, theirs.moved),
    )


def _as_here(lock: Lock | None, here: Lock | None) -> Lock | None:
    """Return a lock with everything that is decided for this machine alone."""
    if lock is None:
        return None
    if here is None:
        return replace(to_travel(lock), generation=0)
    made = replace(
        lock,
        approved=here.approved,
        answers=here.answers,
        kept=here.kept,
        off=here.off,
        generation=here.generation,
        more=here.more,
    )
    # Wherever the package comes from now, nobody but the user of this machine takes a demand back; that nothing has to
    # be signed was said of the old source alone.
    stays = lock.source == here.source or here.demands is not Demand.NONE
    return made.with_top(demands=here.demands if stays else None)


def without_open(lock: Lock, here: Lock | None, waiting: Collection[RelPath]) -> Lock:
    """Return a lock for a home that has not received some paths from the others yet.

    Args:
        lock: The merged lock.
        here: This machine's lock before.
        waiting: Where something of the others is in conflict here, or waits for approval.
    """
    known = {p for p in waiting if p in lock.base or (here is not None and p in here.base)}
    return lock.not_received(sorted(known), here) if known else lock


def to_send(ours: Lock, theirs: Lock | None, waiting: Collection[RelPath]) -> Lock:
    """Return the lock to send: where something of the others waits here, theirs stays."""
    travelling = to_travel(ours)
    if theirs is None or not waiting:
        return travelling
    return _mixed(travelling, travelling, theirs, frozenset(waiting))


class Lifted(Contents, frozen=True, kw_only=True):
    """A base at another version of the package."""

    tree: Tree
    blobs: Mapping[Digest, bytes]


def lifted(base: Tree, three: Three, newer: Side, read: Read) -> Lifted:
    """Bring the base of the files to the older of two versions that two machines took.

    What the author changed up to there is then no edit of either machine, and no conflict between them.

    Args:
        base: The files as this machine last saw them.
        three: The lock of the package on three sides.
        newer: Whose version is newer.
        read: Gives contents by digest.
    """
    older = three.ours if newer is Side.THEIRS else three.theirs
    if three.base is None or older is None:
        return Lifted(tree=base, blobs={})
    merged = merge_trees(
        three.base.theirs(), base, older.theirs(), read, lambda _path, _key: Side.OURS
    )
    return Lifted(tree=merged.tree, blobs=merged.blobs)
