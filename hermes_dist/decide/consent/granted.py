"""Approvals: effects are approved by the digest of their content."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from hermes_dist.model.lock_package import Approval, digests_of
from hermes_dist.model.plan import Effect
from hermes_dist.model.source import Pin
from hermes_dist.model.tree import Digest


class Granted(Struct, frozen=True):
    """The approved effects; call it with an effect to ask whether that one is approved.

    Attributes:
        now: Digests that this operation approves.
        before: Digests that were approved earlier.
        everything: This operation approves all effects.
    """

    now: frozenset[Digest] = frozenset()
    before: frozenset[Digest] = frozenset()
    everything: bool = False

    def __call__(self, effect: Effect) -> bool:
        return self.everything or effect.digest in self.now or effect.digest in self.before


def grant(
    digests: frozenset[Digest], *, everything: bool = False, before: frozenset[Digest] = frozenset()
) -> Granted:
    """Approve effects by content: those whose digest is in ``digests`` or ``before``, or all of them."""
    return Granted(digests, before, everything)


def approvals_after(
    before: Iterable[Approval], agreed: Iterable[Effect], digests: frozenset[Digest], pin: Pin
) -> tuple[Approval, ...]:
    """Return the approvals after an operation: the earlier ones, and one for each newly approved effect.

    An approval from an older lock is a digest alone; it gains the place of its effect once that effect is seen again.

    Args:
        before: The approvals of the lock.
        agreed: The approved effects.
        digests: The approved digests, whether or not their effects are seen now.
        pin: The package that they came with.

    Returns:
        The approvals, the newest of each place last.
    """
    known = dict.fromkeys(before)
    at = {(approval.path, approval.key, approval.digest): approval for approval in known}
    newest = {(approval.path, approval.key): approval for approval in known}
    version = f"{pin.version} {pin.short}".strip()
    for effect in agreed:
        bare = Approval("", "", effect.digest)
        since = "" if bare in known else version
        known.pop(bare, None)
        place = (str(effect.path), effect.key, effect.digest)
        approval = at.get(place) or Approval(*place, since, effect.facts)
        # The newest of a place comes last. If it is this one, it stays where it is: asking again changes nothing.
        if newest.get(place[:2]) != approval:
            known.pop(approval, None)
            known[approval] = None
            newest[place[:2]] = approval
    told = digests_of(known)
    return (*known, *(Approval("", "", digest, version) for digest in sorted(digests - told)))
