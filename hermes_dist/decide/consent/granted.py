"""Who said yes to what: effects are granted by the digest of their content."""

from __future__ import annotations

from msgspec import Struct

from hermes_dist.model.plan import Effect
from hermes_dist.model.tree import Digest


class Granted(Struct, frozen=True):
    """Which effects have their yes; called with one, it answers.

    Attributes:
        now: Digests that get their yes with this operation.
        before: Digests that got it earlier: what is off nevertheless, the user switched off.
        everything: All get it with this operation.
    """

    now: frozenset[Digest] = frozenset()
    before: frozenset[Digest] = frozenset()
    everything: bool = False

    def __call__(self, effect: Effect) -> bool:
        return self.everything or effect.digest in self.now or effect.digest in self.before

    def is_new(self, effect: Effect) -> bool:
        """Whether it gets its yes with this operation."""
        return effect.digest in self.now or (self.everything and effect.digest not in self.before)


def grant(
    digests: frozenset[Digest], *, everything: bool = False, before: frozenset[Digest] = frozenset()
) -> Granted:
    """Say yes to effects by content: those whose digest is among ``digests`` or was ``before``, or all."""
    return Granted(digests, before, everything)
