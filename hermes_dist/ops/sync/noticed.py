"""What a machine noticed at a meeting place: what waits, and the signs that something is wrong there."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.plan import Effect
from hermes_dist.model.sync.record import Record


class Noticed(Struct, frozen=True, kw_only=True):
    """What `sync now` and `sync status` both say.

    Attributes:
        profile: The profile.
        record: What this machine remembers.
        conflicts: Where the machines disagree and nobody has settled it yet.
        parked: What waits for approval here.
        changed: Machines whose keys are other ones than this machine saw first.
        strange: Files that wait because a machine wrote them that nobody accepted here, by its name.
        unvouched: Shared files that none of the machines left as they are there; they wait.
        damaged: Files about machines that can't be read: what depends on them waits.
        withheld: What somebody holds back of what a machine sent, by its name.
    """

    profile: ProfileName
    record: Record
    conflicts: tuple[str, ...] = ()
    parked: tuple[Effect, ...] = ()
    changed: tuple[str, ...] = ()
    strange: Mapping[str, tuple[RelPath, ...]] = field(default_factory=dict)
    unvouched: tuple[RelPath, ...] = ()
    damaged: tuple[RelPath, ...] = ()
    withheld: Mapping[str, tuple[RelPath, ...]] = field(default_factory=dict)

    @property
    def waiting(self) -> tuple[str, ...]:
        """The places of what waits for approval."""
        return tuple(sorted({effect.place for effect in self.parked}))
