"""What in a home differs from what it received, and what is the user's own; only loaded if something differs."""

from __future__ import annotations

from msgspec import Struct

from hermes_dist.decide.changes import Change, KeyChange, changes_between, key_changes
from hermes_dist.decide.own import OwnUnit, without_own
from hermes_dist.model.discreet import Contents
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Read, Tree, together
from hermes_dist.ops.change.mask import Mask
from hermes_dist.ops.change.observe import Observed, as_received
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home

__all__ = ["Differences", "Edits", "KeyChange", "differences", "edits_in"]


class Differences(Struct, frozen=True):
    """What differs from base.

    Attributes:
        edited: Package files that were edited.
        keys: The keys that were edited, by document.
        own: Files of the user's own.
        units: Servers and jobs of the user's own.
    """

    edited: tuple[Change, ...] = ()
    keys: tuple[tuple[RelPath, tuple[KeyChange, ...]], ...] = ()
    own: tuple[RelPath, ...] = ()
    units: tuple[OwnUnit, ...] = ()


class Edits(Contents, frozen=True, kw_only=True):
    """The edits of a home, with everything that is needed to look at them; secrets are not hidden.

    Attributes:
        edited: Package files that were edited.
        own: Files of the user's own.
        units: Servers and jobs of the user's own.
        received: What the home received.
        read: Reads the contents of both sides.
    """

    edited: tuple[Change, ...]
    own: tuple[RelPath, ...]
    units: tuple[OwnUnit, ...]
    received: Tree
    read: Read


def differences(ctx: Context, home: Home, lock: Lock, seen: Observed) -> Differences:
    """List what in a home differs from what it received, with the secrets in it hidden."""
    found = edits_in(lock, seen)
    mask = Mask.of(ctx, home.path)
    keys: list[tuple[RelPath, tuple[KeyChange, ...]]] = []
    for change in found.edited:
        changed = tuple(mask.key(key) for key in key_changes(change, found.read))
        if changed:
            keys.append((change.path, changed))
    return Differences(found.edited, tuple(keys), found.own, found.units)


def edits_in(lock: Lock, seen: Observed) -> Edits:
    """Find what in a home differs from what it received."""
    received, read = as_received(lock.base, seen)
    rest = without_own(seen.ours, received, lock.theirs(), read)
    read = together(rest.blobs, read)
    edited: list[Change] = []
    own: list[RelPath] = []
    for change in changes_between(received, rest.tree, read):
        packaged = bool(change.was) or change.path in lock.base
        if not packaged and change.path not in lock.upstream:
            own.append(change.path)
        if packaged and not _is_open(lock, change, seen.ours):
            edited.append(change)
    return Edits(edited=tuple(edited), own=tuple(own), units=rest.own, received=received, read=read)


def _is_open(lock: Lock, change: Change, ours: Tree) -> bool:
    """Whether a difference is only a conflict that is listed already."""
    return (
        any(c.path == change.path and not c.key for c in lock.conflicts) and change.path not in ours
    )
