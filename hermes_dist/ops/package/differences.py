"""What in a home differs from what it received, and what is the user's own; only loaded if something differs."""

from __future__ import annotations

from msgspec import Struct

from hermes_dist.decide.changes import Change, KeyChange, changes_between, key_changes
from hermes_dist.decide.own import OwnUnit, without_own
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Tree, together
from hermes_dist.ops.change.mask import Mask
from hermes_dist.ops.change.observe import Observed, as_received
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home

__all__ = ["Differences", "KeyChange", "differences"]


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


def differences(ctx: Context, home: Home, lock: Lock, seen: Observed) -> Differences:
    """List what in a home differs from what it received, with the secrets in it hidden."""
    received, read = as_received(lock.base, seen)
    rest = without_own(seen.ours, received, lock.theirs(), read)
    read = together(rest.blobs, read)
    mask = Mask.of(ctx, home.path)
    edited: list[Change] = []
    keys: list[tuple[RelPath, tuple[KeyChange, ...]]] = []
    own: list[RelPath] = []
    for change in changes_between(received, rest.tree, read):
        packaged = bool(change.was) or change.path in lock.base
        if not packaged and change.path not in lock.upstream:
            own.append(change.path)
        if packaged and not _is_open(lock, change, seen.ours):
            edited.append(change)
            changed = tuple(mask.key(key) for key in key_changes(change, read))
            if changed:
                keys.append((change.path, changed))
    return Differences(tuple(edited), tuple(keys), tuple(own), rest.own)


def _is_open(lock: Lock, change: Change, ours: Tree) -> bool:
    """Whether a difference is only a conflict that is listed already."""
    return (
        any(c.path == change.path and not c.key for c in lock.conflicts) and change.path not in ours
    )
