"""Withdraw approval: which approvals go, and a home in which whatever lost its approval does not run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from hermes_dist.decide.consent.activate import switch_off
from hermes_dist.decide.consent.code import is_owned_by
from hermes_dist.decide.consent.contents import OWNER
from hermes_dist.decide.consent.parking import put_back
from hermes_dist.decide.consent.switches import is_unit, unit_of
from hermes_dist.model.discreet import Contents
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import Approval
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect
from hermes_dist.model.tree import EMPTY, Digest, Read, Tree


class Withdrawn(Contents, frozen=True):
    """The home and base without the parts that lost their approval, and the new contents."""

    ours: Tree
    base: Tree
    blobs: Mapping[Digest, bytes]


def withdraw(
    ours: Tree, base: Tree, places: Iterable[tuple[RelPath, str]], package: str, read: Read
) -> Withdrawn:
    """Switch off servers and jobs, and take all other places out of a home and its base.

    Args:
        ours: The home.
        base: What it last received.
        places: The places that lost their approval.
        package: The package's name, which goes into the reason that jobs are paused for.
        read: Gives contents by digest.
    """
    every = tuple(places)
    units = {unit for place in every if is_unit(unit := unit_of(*place))}
    others = [place for place in every if unit_of(*place) not in units]
    if not every:
        return Withdrawn(ours, base, {})
    off = switch_off(ours, sorted(units, key=str), read, package)

    def read_all(digest: Digest) -> bytes:
        return off.blobs[digest] if digest in off.blobs else read(digest)

    # Base loses these places, too; otherwise their absence would look like a deletion by the user, and no update
    # would offer them again.
    left = put_back(off.tree, EMPTY, others, read_all)
    older = put_back(base, EMPTY, others, read)
    return Withdrawn(left.tree, older.tree, {**off.blobs, **left.blobs, **older.blobs})


def approvals_for(approved: Iterable[Approval], effects: Iterable[Effect]) -> frozenset[Approval]:
    """Find every approval that applies to effects: by content, by place, or for code that they load.

    Args:
        approved: The approvals of a lock.
        effects: The effects that lose their approval.
    """
    each = tuple(effects)
    digests = {effect.digest for effect in each}
    places = {(str(effect.path), effect.key) for effect in each}
    units = {unit for effect in each if is_unit(unit := unit_of(effect.path, effect.key))}

    def counts(approval: Approval) -> bool:
        if approval.digest in digests:
            return True
        if owner := dict(approval.facts).get(OWNER):
            return any(is_owned_by(owner, effect) for effect in each)
        if (approval.path, approval.key) in places:
            return True
        # An approval from an older lock has no place, so there is no unit to compare.
        return bool(approval.path) and unit_of(RelPath(approval.path), approval.key) in units

    return frozenset(filter(counts, approved))


def without_approvals(lock: Lock, effects: Iterable[Effect]) -> Lock:
    """Return a lock in which these effects are not approved, and wait."""
    each = tuple(effects)
    taken = approvals_for(lock.approved, each)
    units = {unit_of(effect.path, effect.key) for effect in each}
    waits = (replace(effect, off=is_unit(unit_of(effect.path, effect.key))) for effect in each)
    return replace(
        lock,
        approved=tuple(a for a in lock.approved if a not in taken),
        off=tuple(off for off in lock.off if unit_of(off.path, off.key) not in units),
        parked=tuple(dict.fromkeys((*lock.parked, *waits))),
    )
